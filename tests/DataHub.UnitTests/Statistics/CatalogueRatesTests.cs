using DataHub.Core.Registry;
using DataHub.Core.Statistics;
using DataHub.UnitTests.Flows;
using DataHub.UnitTests.Registry;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Statistics;

/// <summary>The seeds with a few rows changed, so that the rates are neither all nor nothing.</summary>
public sealed class CatalogueRatesTests : IDisposable
{
    private static readonly DateOnly Day = new(2026, 3, 4);

    private static readonly int InForce = Journey.Registry.Items.Count(i => i.Flow != "service.joint" && i.ValidFrom <= Day && !(Day > i.ValidTo));

    private static readonly int HighFrequency = Journey.Registry.Items.Count(i => i.HighFrequency && i.ValidFrom <= Day && !(Day > i.ValidTo));

    private readonly SeedCopy seeds = new();

    public void Dispose() => seeds.Dispose();

    [Fact]
    public void In_the_seeds_every_item_in_force_is_available_online_across_city_limits()
    {
        var rates = CatalogueRates.Of(Journey.Registry, Day);
        rates.Count.ShouldBe(10);
        rates.Where(r => r.HighFrequency).ShouldAllBe(r => r.Items == HighFrequency && r.CrossCityRate == 1 && r.OnlineRate == 1);
        rates.Where(r => !r.HighFrequency).ShouldAllBe(r => r.Items == InForce && r.CrossCityRate == 1 && r.OnlineRate == 1);
    }

    [Fact]
    public void An_item_counts_where_another_city_offers_it_and_an_agreement_in_this_direction_is_in_force()
    {
        // Of the transfers and results nothing is left; Chengdu may send three items to Deyang, Deyang one to Chengdu.
        Agreements(
            "510100,510600,service.online,id-card.renewal,2024-01-01,",
            "510100,510600,service.online,id-card.loss,2024-01-01,2026-03-04",
            "510100,510600,service.online,household.certificate,2024-01-01,2026-03-03",
            "510100,512000,service.online,public-rental.application,2024-01-01,",
            "510600,510100,service.online,birth.registration,2024-01-01,");

        // The renewal is in force and the loss until this day; the certificate's agreement has ended, and Ziyang offers no public rental.
        Rate("510100").ShouldBe(new CatalogueRate("510100", true, HighFrequency, 2, 2));
        Rate("510100").CrossCityRate.ShouldBe(Math.Round(2m / HighFrequency, 4));
        Rate("510600").ShouldBe(new CatalogueRate("510600", true, HighFrequency, 1, 1));
        Rate("511400").ShouldBe(new CatalogueRate("511400", true, HighFrequency, 0, 0));
        Rate("511400").OnlineRate.ShouldBeNull();
        Rate("").ShouldBe(new CatalogueRate("", true, HighFrequency, 3, 3));
    }

    [Fact]
    public void An_item_that_is_not_offered_online_counts_as_available_but_not_as_online()
    {
        Agreements("510100,510600,service.online,id-card.renewal,2024-01-01,", "510100,510600,service.online,id-card.loss,2024-01-01,");
        var items = seeds.PathTo("items.csv");
        File.WriteAllText(items, File.ReadAllText(items).Replace("id-card.renewal,居民身份证异地换领,service.online,online|collect-on-behalf", "id-card.renewal,居民身份证异地换领,service.online,collect-on-behalf", StringComparison.Ordinal));
        Rate("510100").ShouldBe(new CatalogueRate("510100", true, HighFrequency, 2, 1));
        Rate("510100").OnlineRate.ShouldBe(0.5m);
    }

    private void Agreements(params string[] rows) =>
        File.WriteAllLines(seeds.PathTo("agreements.csv"), rows.Prepend("sourceCity,targetCity,flow,item,validFrom,validTo"));

    private CatalogueRate Rate(string city) => CatalogueRates.Of(RegistrySnapshot.Load(seeds.Folder), Day).Single(r => r.City == city && r.HighFrequency);
}

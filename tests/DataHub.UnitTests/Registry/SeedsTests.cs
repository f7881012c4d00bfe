using DataHub.Contracts.Payloads;
using DataHub.Core.Registry;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Registry;

/// <summary>The committed seeds themselves.</summary>
public sealed class SeedsTests
{
    private static readonly RegistrySnapshot Registry = RegistrySnapshot.Load(RegistrySnapshot.FindSeeds());

    [Fact]
    public void The_four_cities_and_their_districts_are_there()
    {
        Registry.Cities.Select(c => c.Code).ShouldBe(["510100", "510600", "511400", "512000"]);
        Registry.Districts.Count.ShouldBe(35);
        Registry.District("510681").ShouldBe(new District("510681", "广汉市", "510600"));
        Registry.Cities.ShouldAllBe(c => c.Code.StartsWith("51", StringComparison.Ordinal) && Registry.CityByKey(c.Key) == c);
        Registry.Districts.ShouldAllBe(d => d.Code.StartsWith(d.CityCode.Substring(0, 4), StringComparison.Ordinal));
    }

    [Fact]
    public void There_are_at_least_33_cross_city_items_in_force_and_a_third_of_all_is_frequent()
    {
        var today = new DateOnly(2026, 11, 22);
        var services = Registry.Items.Where(i => i.Flow == "service.online" && i.ValidFrom <= today && (i.ValidTo is null || i.ValidTo >= today)).ToList();
        services.Count.ShouldBeGreaterThanOrEqualTo(33);
        services.ShouldAllBe(i => i.Materials.Count > 0 && i.Basis.Length > 0);
        services.ShouldAllBe(i => i.OfferedBy.Count >= 2, "an item of one city alone is not handled across cities");
        services.Count(i => i.Modes.Contains(ServiceMode.Online)).ShouldBeGreaterThanOrEqualTo(services.Count * 9 / 10);
    }

    [Fact]
    public void Every_pair_of_cities_may_transfer_pensions_and_ask_for_results()
    {
        var on = new DateOnly(2026, 11, 22);
        foreach (var source in Registry.Cities)
        {
            foreach (var target in Registry.Cities.Where(c => c != source))
            {
                Registry.HasAgreement(source.Code, target.Code, "transfer.pension", "pension.employee", on).ShouldBeTrue();
                Registry.HasAgreement(source.Code, target.Code, "recognition.use", "img.chest-ct", on).ShouldBeTrue();
                Registry.HasAgreement(source.Code, target.Code, "service.online", "medical.remote-filing", on).ShouldBeTrue();
            }
        }
    }

    [Fact]
    public void Every_district_has_a_service_hall_and_every_city_hospitals_and_an_agency_for_pensions()
    {
        Registry.Districts.ShouldAllBe(d => Registry.Agency($"A{d.Code}-SH")!.CityCode == d.CityCode);
        Registry.Cities.ShouldAllBe(c => Registry.Agencies.Any(a => a.CityCode == c.Code && a.Kind == "social-insurance"));
        Registry.Cities.ShouldAllBe(c => Registry.Hospitals.Any(h => h.CityCode == c.Code && h.Grade == HospitalGrade.ThirdA));
    }

    [Fact]
    public void Every_code_of_every_city_comes_back_from_a_round_trip()
    {
        foreach (var row in Registry.Codes.Rows)
        {
            var native = Registry.Codes.ToNative(row.City, row.Table, row.Canonical);
            native.ShouldNotBeNull();
            Registry.Codes.ToCanonical(row.City, row.Table, native).ShouldBe(row.Canonical);
            Registry.Codes.ToCanonical(row.City, row.Table, row.Native).ShouldBe(row.Canonical);
        }
    }

    [Fact]
    public void Meishan_s_codes_have_one_length_per_table() =>
        Registry.Codes.Rows.Where(r => r.City == "511400").GroupBy(r => r.Table)
            .ShouldAllBe(t => t.Select(r => r.Native.Length).Distinct().Count() == 1);
}

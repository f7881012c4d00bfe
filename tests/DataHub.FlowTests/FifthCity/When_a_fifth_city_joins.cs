using DataHub.Core.Registry;
using DataHub.Core.Validation;
using DataHub.Host;
using DataHub.Host.Demo;
using DataHub.Host.Roles;
using DataHub.Simulators.Cases;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.FifthCity;

/// <summary>A city joins by rows in the seeds and one entry that names its interface; nothing of the hub knows it.</summary>
public sealed class When_a_fifth_city_joins
{
    private const int Cases = 120;

    private static readonly string[] Businesses = ["service.", "transfer.", "recognition."];

    [Theory]
    [InlineData("chengdu", NativeInterface.Rest)]
    [InlineData("deyang", NativeInterface.Soap)]
    [InlineData("meishan", NativeInterface.Tables)]
    [InlineData("ziyang", NativeInterface.Files)]
    public async Task Its_cases_and_those_of_the_others_with_it_end_as_expected(string like, NativeInterface native)
    {
        using var seeds = new FifthCitySeeds(like);
        await using var fixture = await HostFixture.WithSimulatorsAsync(o => o with
        {
            SeedsDirectory = seeds.Folder,
            Interfaces = new Dictionary<string, NativeInterface>(HubModules.Interfaces) { [FifthCitySeeds.Key] = native },
        });
        var plan = Plan(fixture.Host);
        var runner = new DemoRunner(fixture.Host);

        await runner.RunAsync(plan, HostFixture.PlanEndsWithin, static _ => { }, TestContext.Current.CancellationToken);

        runner.Results.Where(r => r.Standing is CaseStanding.Open or CaseStanding.Unexpected).Select(r => $"{r.Case.CaseNumber}: {r.Why}").ShouldBeEmpty();
        var reconciled = runner.Results.Where(r => r.Standing == CaseStanding.Reconciled).Select(r => r.Hub!.State).ToList();
        foreach (var business in Businesses)
            reconciled.ShouldContain(s => s.SourceCity == FifthCitySeeds.Code && s.Flow.StartsWith(business, StringComparison.Ordinal), business);
        foreach (var business in Businesses[..2])
            reconciled.ShouldContain(s => s.TargetCity == FifthCitySeeds.Code && s.Flow.StartsWith(business, StringComparison.Ordinal), business);
    }

    /// <summary>The moment is part of what is drawn: so many seconds on, the cases hold all that the test asks for.</summary>
    private static IReadOnlyList<PlannedCase> Plan(DataHubHost host)
    {
        var (now, generator) = (TimeProvider.System.GetUtcNow(), new CaseGenerator(host.Options.Knobs, host.Registry));
        return Enumerable.Range(0, 100).Select(s => generator.Generate(Cases, now.AddSeconds(-s), TimeSpan.FromSeconds(1))).First(plan =>
        {
            var good = plan.Where(p => p.Expected.Expectation is Expectation.Reconciled).ToList();
            var source = good.Where(p => p.City == FifthCitySeeds.Code).ToList();
            var target = good.Where(p => Routing.TargetOf(((ReadOutcome.Ok)PayloadReader.Read(p.Type, p.Data.Span)).Payload, host.Registry, null).City == FifthCitySeeds.Code).ToList();
            return Businesses.All(b => source.Exists(p => Of(p, b))) && Businesses[..2].All(b => target.Exists(p => Of(p, b)));
        });

        static bool Of(PlannedCase planned, string business) => planned.Expected.Flow.StartsWith(business, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_the_entry_the_host_says_where_it_is_missing()
    {
        using var seeds = new FifthCitySeeds("chengdu");
        var refused = await Should.ThrowAsync<HostRefusedException>(HostFixture.WithPlayedCitiesAsync(o => o with
        {
            SeedsDirectory = seeds.Folder,
            Cities = new Dictionary<string, DataHub.Adapters.Pipeline.CityEndpoint> { [FifthCitySeeds.Key] = new() },
        }));
        refused.Message.ShouldBe($"No native interface is registered for the city '{FifthCitySeeds.Key}'; add it to HubModules.Interfaces.");

        refused = await Should.ThrowAsync<HostRefusedException>(HostFixture.WithSimulatorsAsync(o => o with { SeedsDirectory = seeds.Folder }));
        refused.Message.ShouldBe($"No native interface is registered for the city '{FifthCitySeeds.Key}', so its system cannot be simulated; add it to HubModules.Interfaces.");
    }
}

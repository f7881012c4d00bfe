using DataHub.Core.Registry;
using DataHub.Host.Demo;
using DataHub.Simulators.Cases;
using DataHub.UnitTests.Flows;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Operations;

/// <summary>One city's system is down: the others go on, and it catches up when it is back.</summary>
public sealed class DownCityTests
{
    [Theory]
    [InlineData(Samples.Chengdu)]
    [InlineData(Samples.Deyang)]
    [InlineData(Samples.Meishan)]
    [InlineData(Samples.Ziyang)]
    public async Task The_other_cities_go_on_and_the_city_catches_up(string down)
    {
        await using var fixture = await HostFixture.WithSimulatorsAsync();
        var host = fixture.Host;
        var knobs = host.Cities[down].System.Knobs;
        host.Cities[down].System.Knobs = knobs with { Down = true };
        var runner = new DemoRunner(host);
        var running = runner.RunAsync(new DemoPlan(60, knobs.Seed, TimeProvider.System.GetUtcNow()), HostFixture.PlanEndsWithin, static _ => { }, TestContext.Current.CancellationToken);

        // What needs nothing of the city ends.
        await HostFixture.UntilAsync(() => Others(runner.Results, host.Registry, down) is { Count: >= 5 } others && others.All(r => r.Standing == CaseStanding.Reconciled), "the other cities' cases end");
        running.IsCompleted.ShouldBeFalse();
        runner.Results.Where(r => r.Case.City == down).ShouldAllBe(r => r.Standing == CaseStanding.Open);
        var waiting = await host.Store.PendingDeliveriesAsync(down, 0, 1000, default);
        waiting.ShouldNotBeEmpty();

        host.Cities[down].System.Knobs = knobs;
        var summary = await running;
        summary.Success.ShouldBeTrue(string.Join('\n', runner.Results.Where(r => r.Standing is CaseStanding.Open or CaseStanding.Unexpected).Select(r => $"{r.Case.CaseNumber} {r.Standing} {r.Why}")));
        await Conservation.SettledAsync(host);
        await Conservation.HoldsAsync(host);
        (await host.Store.ParkedDeliveriesAsync(down, default)).ShouldBeEmpty();
    }

    /// <summary>Cases between two cities that are both up, that nobody else's corrections can touch.</summary>
    private static List<CaseResult> Others(IReadOnlyList<CaseResult> results, RegistrySnapshot registry, string down) =>
        [.. results.Where(r => r.Case.City != down && r.Case.Expected.Expectation is Expectation.Reconciled && r.Hub is { State.Flow: not "recognition.notice" } hub && hub.State.TargetCity != down
            && !JointParties.HasPartIn(r.Case, registry, down))];
}

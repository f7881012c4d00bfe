using DataHub.Host.Demo;
using DataHub.Simulators;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests;

/// <summary>The seeds' samples on a real host: through sockets, tables and files, byte for byte.</summary>
public sealed class When_the_samples_are_run
{
    [Fact]
    public async Task Each_ends_as_its_list_says_although_the_host_was_stopped_in_between()
    {
        await using var fixture = await HostFixture.WithSimulatorsAsync(o => o with { Knobs = Knobs.Default with { Seed = 7 } });
        var plan = new DemoPlan(Cases: 0, Seed: 7, TimeProvider.System.GetUtcNow());
        using (var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken))
        {
            var first = new DemoRunner(fixture.Host);
            await Should.ThrowAsync<OperationCanceledException>(first.RunAsync(
                plan, HostFixture.PlanEndsWithin,
                lines =>
                {
                    if (lines.Sum(l => l.Completed) > 0)
                        stop.Cancel();
                },
                stop.Token));
        }

        await fixture.StopAsync();
        await fixture.StartAsync();
        var again = new DemoRunner(fixture.Host);
        var summary = await again.RunAsync(plan, HostFixture.PlanEndsWithin, static _ => { }, TestContext.Current.CancellationToken);

        again.Results.Where(r => r.Standing is CaseStanding.Open or CaseStanding.Unexpected).Select(r => $"{r.Case.CaseNumber}: {r.Why}").ShouldBeEmpty();
        summary.Success.ShouldBeTrue();
        summary.Submitted.ShouldBe(fixture.Host.Samples.All.Count);
        (summary.Reconciled, summary.Refused).ShouldBe((
            fixture.Host.Samples.All.Count(s => s.Expectation is Simulators.Cases.Expectation.Reconciled),
            fixture.Host.Samples.All.Count(s => s.Expectation is Simulators.Cases.Expectation.Refused)));
    }
}

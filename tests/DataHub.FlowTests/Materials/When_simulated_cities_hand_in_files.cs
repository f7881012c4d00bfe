using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using DataHub.Core.Validation;
using DataHub.Host.Demo;
using DataHub.Simulators;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Materials;

public sealed class When_simulated_cities_hand_in_files
{
    [Fact]
    public async Task The_other_city_fetches_every_one_of_them_and_finds_the_digest_that_the_message_named()
    {
        await using var fixture = await HostFixture.WithSimulatorsAsync(o => o with { Knobs = o.Knobs with { FileRate = 1, InvalidRate = 0 } });
        var (plan, _) = DemoPlan.LoadOrCreate(fixture.DataDirectory, 24, Knobs.Default.Seed, DemoPlan.SharedStart(TimeProvider.System.GetUtcNow()));
        var runner = new DemoRunner(fixture.Host);
        var summary = await runner.RunAsync(plan, HostFixture.PlanEndsWithin, static _ => { }, TestContext.Current.CancellationToken);
        summary.Success.ShouldBeTrue(string.Join('\n', runner.Results.Where(r => r.Standing is CaseStanding.Open or CaseStanding.Unexpected).Select(r => $"{r.Case.CaseNumber} {r.ExchangeId} {r.Standing} {r.Why}")));

        var files = fixture.Host.Cities.Values.Select(c => c.System.Files!).ToList();
        files.Sum(f => f.Summary.HandedIn).ShouldBeGreaterThan(0);
        // Each that another city was told of, at least once: the parts of a joint application share the files of their whole, and
        // where the hub opened none of the parts nobody hears of them.
        var whole = runner.Results.Where(r => r is { Hub.State: { Flow: JointFlow.Code, Outcome.Code: "not-completed" } }).Select(r => r.Case).ToList();
        var untold = whole.SelectMany(c => ((JointApplication)((ReadOutcome.Ok)PayloadReader.Read(c.Type, c.Data.Span)).Payload).Materials.Select(m => m.Digest)).Distinct().Count();
        // A message that ends nothing may still be under way when every case has ended.
        await HostFixture.UntilAsync(
            () => files.Sum(f => f.Summary.Waiting) == 0 && files.Sum(f => f.Summary.Fetched) >= files.Sum(f => f.Summary.HandedIn) - untold, "all files are fetched");
        files.Sum(f => f.Summary.Wrong).ShouldBe(0);
    }
}

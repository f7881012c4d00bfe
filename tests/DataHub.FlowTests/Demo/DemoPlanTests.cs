using DataHub.Core.Registry;
using DataHub.FlowTests.Distributed;
using DataHub.Host.Demo;
using DataHub.Simulators;
using DataHub.Simulators.Cases;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Demo;

/// <summary>What cities submit whose simulated systems are processes of their own.</summary>
public sealed class DemoPlanTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("datahub-plan-").FullName;

    [Fact]
    public void Systems_that_start_within_the_same_ten_minutes_draw_the_same_cases()
    {
        var registry = RegistrySnapshot.Load(RegistrySnapshot.FindSeeds());
        var first = CasesOf("chengdu", new DateTimeOffset(2026, 3, 4, 10, 0, 0, TimeSpan.FromHours(8)), registry);
        var last = CasesOf("deyang", new DateTimeOffset(2026, 3, 4, 10, 9, 59, TimeSpan.FromHours(8)), registry);
        last.Select(c => c.CaseNumber).ShouldBe(first.Select(c => c.CaseNumber));
        last.Select(c => Convert.ToHexString(c.Data.Span)).ShouldBe(first.Select(c => Convert.ToHexString(c.Data.Span)));
        first.ShouldContain(c => c.City == "510100");

        var next = new DateTimeOffset(2026, 3, 4, 10, 10, 0, TimeSpan.FromHours(8));
        DemoPlan.SharedStart(next).ShouldBe(next, "the next ten minutes draw others");
    }

    [Fact]
    public async Task A_system_that_runs_alone_plans_from_the_start_that_all_share()
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["DATAHUB_CITY_PATH"] = Path.Combine(folder, "drop"), ["DATAHUB_SEEDS"] = RegistrySnapshot.FindSeeds() };
        await using var system = new RoleProcess("simulator-ziyang", ["simulator", "ziyang", "--cases", "3"], settings, folder, static _ => { });
        var data = Path.Combine(folder, "simulator-ziyang");
        await system.StartAsync();
        await HostFixture.UntilAsync(() => File.Exists(Path.Combine(data, "demo-plan.json")), "the plan is made");

        var (plan, _) = DemoPlan.LoadOrCreate(data, 0, 0, default);
        plan.Cases.ShouldBe(3);
        plan.Start.ShouldBe(DemoPlan.SharedStart(plan.Start));
    }

    [Fact]
    public void A_system_that_starts_again_goes_on_with_the_cases_it_had()
    {
        var start = new DateTimeOffset(2026, 3, 4, 10, 0, 0, TimeSpan.FromHours(8));
        DemoPlan.LoadOrCreate(folder, 10, 1, start).Continued.ShouldBeFalse();
        var (plan, continued) = DemoPlan.LoadOrCreate(folder, 20, 2, start.AddDays(1));
        continued.ShouldBeTrue();
        plan.ShouldBe(new DemoPlan(10, 1, start));
    }

    private IReadOnlyList<PlannedCase> CasesOf(string city, DateTimeOffset now, RegistrySnapshot registry)
    {
        var own = Directory.CreateDirectory(Path.Combine(folder, city)).FullName;
        var (plan, _) = DemoPlan.LoadOrCreate(own, 40, 7, DemoPlan.SharedStart(now));
        return plan.AllCases(SampleCases.None, Knobs.Default, registry);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);
}

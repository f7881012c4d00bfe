using DataHub.Host;
using DataHub.Host.Commands;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Host;

public sealed class MovedTimeTests
{
    private static readonly DateTimeOffset Begin = new(2026, 3, 5, 9, 0, 0, TimeSpan.FromHours(8));

    [Fact]
    public void A_moved_clock_starts_where_it_is_told_and_runs_at_its_speed()
    {
        var real = new Stopwatch();
        var moved = new MovedTime(Begin, 3600, real);
        moved.GetUtcNow().ShouldBe(Begin);
        real.Elapsed = TimeSpan.FromSeconds(24);
        moved.GetUtcNow().ShouldBe(Begin.AddDays(1));
        moved.GetUtcNow().Offset.ShouldBe(TimeSpan.Zero);
    }

    [Fact]
    public void Production_refuses_a_moved_clock()
    {
        var options = new DataHubOptions { DataDirectory = "data", Time = new MovedTime(Begin, 1, TimeProvider.System) };
        options.Faults().ShouldNotContain(f => f.Contains("--clock"));
        (options with { Production = true }).Faults().ShouldContain(f => f.Contains("--clock"));
    }

    [Fact]
    public void What_measures_the_machine_is_not_hurried_by_a_fast_clock() =>
        new Start("data", "http://127.0.0.1:5080", 0, 1, true) { Clock = Begin, Speed = 60 }.ToOptions().Hub.ReconcileWithin.ShouldBe(TimeSpan.FromHours(5));

    private sealed class Stopwatch : TimeProvider
    {
        public TimeSpan Elapsed { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Elapsed.Ticks;
    }
}

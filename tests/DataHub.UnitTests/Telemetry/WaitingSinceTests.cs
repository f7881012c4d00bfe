using DataHub.Core.Telemetry;
using DataHub.UnitTests.Messaging;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Telemetry;

public sealed class WaitingSinceTests
{
    private readonly ManualClock clock = new();

    [Fact]
    public void The_oldest_has_waited_since_it_came_until_it_is_taken_away()
    {
        var waiting = new WaitingSince(clock);
        waiting.Oldest.ShouldBe(TimeSpan.Zero);
        waiting.Add(1);
        clock.Advance(TimeSpan.FromSeconds(10));
        waiting.Add(5);
        clock.Advance(TimeSpan.FromSeconds(5));

        waiting.Oldest.ShouldBe(TimeSpan.FromSeconds(15));
        waiting.Remove(1);
        waiting.Oldest.ShouldBe(TimeSpan.FromSeconds(5));
        waiting.Remove(4);
        waiting.Oldest.ShouldBe(TimeSpan.FromSeconds(5));
        waiting.Remove(5);
        waiting.Oldest.ShouldBe(TimeSpan.Zero);
    }

    [Fact]
    public void A_long_queue_is_remembered_by_few_moments_and_the_age_stays_near_the_truth_while_it_drains()
    {
        var waiting = new WaitingSince(clock);
        var came = new List<DateTimeOffset>();
        for (var number = 1; number <= 20_000; number++)
        {
            waiting.Add(number);
            came.Add(clock.GetUtcNow());
            clock.Advance(TimeSpan.FromSeconds(0.5));
        }

        waiting.Marks.ShouldBeLessThan(600);
        foreach (var held in new[] { 1, 100, 5_000, 12_345, 19_990 })
        {
            waiting.Remove(held);
            var truth = clock.GetUtcNow() - came[held];
            waiting.Oldest.ShouldBeGreaterThanOrEqualTo(truth);
            (waiting.Oldest - truth).ShouldBeLessThanOrEqualTo(TimeSpan.FromSeconds(Math.Max(1, 10_000 / 64.0)));
        }
    }
}

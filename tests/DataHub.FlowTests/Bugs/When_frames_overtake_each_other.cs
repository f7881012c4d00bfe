using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using DataHub.Core.Messaging;
using DataHub.Host.Demo;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Bugs;

/// <summary>
/// The bus hands several frames of one link to handlers that run side by side. A later frame that was ready first used to be a
/// gap: dropped, and sent again only when the sender's patience had ended.
/// </summary>
public sealed partial class When_frames_overtake_each_other(ITestOutputHelper output)
{
    // Longer than the test may take: whatever is dropped as a gap is never seen again.
    private static readonly LinkOptions Patient = new() { ResendAfter = TimeSpan.FromMinutes(10), ResendAtMost = TimeSpan.FromMinutes(10), FrameCount = 4 };

    [Fact]
    public async Task Nothing_has_to_be_sent_again()
    {
        var bus = new TestBus();
        var numbers = new ConcurrentBag<string>();
        var overtaken = 0;
        var frames = 0;
        bus.OnFrame = (queue, frame) =>
        {
            foreach (Match number in DeliveryNumber().Matches(System.Text.Encoding.UTF8.GetString(frame)))
                numbers.Add(queue + " " + number.Value);
            if (Interlocked.Increment(ref frames) % 3 > 0)
                return [frame];
            Interlocked.Increment(ref overtaken);
            _ = Task.Run(async () =>
            {
                // The fault itself: the frame is ready later than the one behind it, however long that one takes.
                await Task.Delay(20);
                await bus.InjectAsync(queue, frame);
            });
            return [];
        };
        await using var fixture = await HostFixture.WithSimulatorsAsync(o => o with { Bus = bus.Wrap, Hub = o.Hub with { Links = Patient }, Adapters = o.Adapters with { Link = Patient } });

        var runner = new DemoRunner(fixture.Host);
        var summary = await runner.RunAsync(new DemoPlan(60, 1, TimeProvider.System.GetUtcNow()), HostFixture.PlanEndsWithin, static _ => { }, TestContext.Current.CancellationToken);

        output.WriteLine($"{frames} frames, {overtaken} overtaken; {summary}");
        summary.Success.ShouldBeTrue();
        overtaken.ShouldBeGreaterThan(20);
        numbers.Count.ShouldBeGreaterThan(100);
        numbers.GroupBy(n => n).Where(g => g.Count() > 1).Select(g => g.Key).ShouldBeEmpty("each message is sent once");
    }

    [GeneratedRegex("\"deliverysequence\":\"[0-9]+\"")]
    private static partial Regex DeliveryNumber();
}

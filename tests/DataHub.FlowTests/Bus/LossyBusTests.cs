using DataHub.Core.Messaging;
using DataHub.Host.Demo;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Bus;

/// <summary>A bus that loses, repeats and delays frames: what the links are for.</summary>
public sealed class LossyBusTests(ITestOutputHelper output)
{
    private static readonly LinkOptions Impatient = new() { ResendAfter = TimeSpan.FromMilliseconds(200), ResendAtMost = TimeSpan.FromSeconds(1), FrameCount = 8 };

    [Fact]
    public async Task Frames_lost_repeated_and_late_change_nothing_but_the_time()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var bus = new TestBus();
        var late = new Dictionary<string, byte[]>();
        var (sent, lost, repeated, delayed) = (0, 0, 0, 0);
        bus.OnFrame = (queue, frame) =>
        {
            lock (late)
            {
                sent++;
                List<byte[]> now = [frame];
                switch (random.Next(10))
                {
                    case 0 or 1:
                        lost++;
                        now.Clear();
                        break;
                    case 2 or 3:
                        repeated++;
                        now.Add(frame);
                        break;
                    case 4 when late.TryAdd(queue, frame):
                        // Comes after the next frame of this queue, or never: then it is sent again.
                        delayed++;
                        return [];
                }

                if (late.Remove(queue, out var held))
                    now.Add(held);
                return now;
            }
        };
        await using var fixture = await HostFixture.WithSimulatorsAsync(o => o with { Bus = bus.Wrap, Hub = o.Hub with { Links = Impatient }, Adapters = o.Adapters with { Link = Impatient } });

        var runner = new DemoRunner(fixture.Host);
        var summary = await runner.RunAsync(new DemoPlan(60, 1, TimeProvider.System.GetUtcNow()), HostFixture.PlanEndsWithin, static _ => { }, TestContext.Current.CancellationToken);

        output.WriteLine($"seed {seed}: {sent} frames, {lost} lost, {repeated} repeated, {delayed} delayed; {summary}");
        summary.Success.ShouldBeTrue(string.Join('\n', runner.Results.Where(r => r.Standing is CaseStanding.Open or CaseStanding.Unexpected).Select(r => $"{r.Case.CaseNumber} {r.ExchangeId} {r.Standing} {r.Why}")));
        lost.ShouldBeGreaterThan(20);
        repeated.ShouldBeGreaterThan(20);
        await Conservation.SettledAsync(fixture.Host);
        await Conservation.HoldsAsync(fixture.Host);
    }
}

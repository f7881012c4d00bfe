using System.Collections.Concurrent;
using System.Text;
using DataHub.Core.Messaging;
using DataHub.Core.Messaging.RabbitMq;
using DataHub.TestServers;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Rabbit;

/// <summary>A RabbitMQ of the test's own, because it is cut off and killed.</summary>
public sealed class OutageTests : IAsyncLifetime
{
    private RabbitServer Server { get; set; } = null!;

    private RabbitFrameBus Bus { get; set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Server = await RabbitServer.StartAsync();
        var options = RabbitBench.Options(Server.Uri);
        await RabbitTopologyDeclarer.DeclareAsync(options, RabbitBench.Topology(options));
        Bus = await RabbitBench.StartBusAsync(options);
    }

    [Fact]
    public async Task A_frame_is_not_acknowledged_before_its_handler_ends()
    {
        var started = 0;
        await using var taking = await Bus.ConnectAsync(new FrameEndpoint(RabbitBench.Queue, async (_, stop) =>
        {
            if (Interlocked.Increment(ref started) == 1)
                await Task.Delay(Timeout.Infinite, stop);
        }), default);
        await Bus.SendAsync(RabbitBench.Queue, "[]"u8.ToArray(), default);
        await RabbitBench.Until(() => Volatile.Read(ref started) == 1, "the handler runs");
        await Server.ControlAsync("close_all_connections", "a test");
        await RabbitBench.Until(() => Volatile.Read(ref started) == 2, "the frame is handed out again");
        await RabbitBench.Until(async () => (await Server.ControlAsync("list_queues", "name", "messages", "--no-table-headers")).Contains(RabbitBench.Queue + "\t0", StringComparison.Ordinal), "it is acknowledged");
    }

    [Fact]
    public async Task After_an_outage_of_RabbitMQ_sending_and_taking_go_on_and_nothing_confirmed_is_lost()
    {
        var (confirmed, number) = (new ConcurrentBag<string>(), 0);
        using var stop = new CancellationTokenSource();
        var sending = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                var frame = $"[{Interlocked.Increment(ref number)}]";
                try
                {
                    await Bus.SendAsync(RabbitBench.Deliver, Encoding.UTF8.GetBytes(frame), stop.Token);
                    confirmed.Add(frame);
                }
                catch (Exception e) when (e is FrameNotSentException or OperationCanceledException)
                {
                    // As a link does: the next one.
                }
            }
        });
        await RabbitBench.Until(() => confirmed.Count >= 100, "frames are sent");
        var taker = new Taker();
        await using var taking = await Bus.ConnectAsync(taker.Endpoint(RabbitBench.Deliver), default);
        await Server.KillAsync();
        await Server.StartAgainAsync();
        var before = confirmed.Count;
        await RabbitBench.Until(() => confirmed.Count >= before + 100, "frames are sent again");
        await stop.CancelAsync();
        await sending;
        await RabbitBench.Until(() => confirmed.All(taker.Got.Contains), "all that was confirmed is taken");
    }

    [Fact]
    public async Task While_RabbitMQ_is_away_a_send_fails_and_the_bus_says_that_it_is_not_healthy()
    {
        await using var taking = await Bus.ConnectAsync(new Taker().Endpoint(), default);
        Bus.Healthy.ShouldBeTrue();
        await Server.KillAsync();
        await Should.ThrowAsync<FrameNotSentException>(async () =>
        {
            // The first may end with the connection; the second finds none.
            await Bus.SendAsync(RabbitBench.Queue, "[]"u8.ToArray(), default);
            await Bus.SendAsync(RabbitBench.Queue, "[]"u8.ToArray(), default);
        });
        await RabbitBench.Until(() => !Bus.Healthy, "the bus is not healthy");
        await Server.StartAgainAsync();
        await RabbitBench.Until(() => Bus.Healthy, "the bus is healthy again");
    }

    public async ValueTask DisposeAsync()
    {
        await Bus.DisposeAsync();
        await Server.DisposeAsync();
    }
}

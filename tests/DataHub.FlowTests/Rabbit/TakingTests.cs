using System.Text;
using DataHub.Core.Messaging;
using DataHub.Core.Messaging.RabbitMq;
using DataHub.TestServers;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Rabbit;

/// <summary>When a frame is done with, and when it comes again.</summary>
public sealed class TakingTests(SharedServers servers)
{
    [Fact]
    public async Task A_frame_whose_handler_fails_comes_again()
    {
        await using var bench = await RabbitBench.StartAsync(servers);
        var tries = 0;
        await using var taking = await bench.Bus.ConnectAsync(new FrameEndpoint(RabbitBench.Queue, (_, _) => Interlocked.Increment(ref tries) < 3 ? throw new InvalidOperationException("not now") : Task.CompletedTask), default);
        await bench.PublishAsync("[]"u8.ToArray());
        await RabbitBench.Until(() => Volatile.Read(ref tries) == 3, "it is taken at the third try");
        await taking.DisposeAsync();
        (await bench.CountAsync(RabbitBench.Queue)).ShouldBe(0u, "it was acknowledged");
        (await bench.CountAsync(RabbitTopology.Parked)).ShouldBe(0u);
    }

    [Fact]
    public async Task A_frame_that_always_fails_is_parked_with_its_cause_and_the_queue_goes_on()
    {
        await using var bench = await RabbitBench.StartAsync(servers);
        var (tries, others) = (0, 0);
        await using var taking = await bench.Bus.ConnectAsync(new FrameEndpoint(RabbitBench.Queue, (frame, _) =>
        {
            if (frame.Span[0] != 'P')
                return Task.FromResult(Interlocked.Increment(ref others));
            Interlocked.Increment(ref tries);
            throw new InvalidOperationException("a defect");
        }), default);
        await bench.PublishAsync("P"u8.ToArray());
        await bench.PublishAsync("[]"u8.ToArray());
        var parked = await bench.GetAsync(RabbitTopology.Parked);
        parked.Body.ToArray().ShouldBe("P"u8.ToArray());
        parked.BasicProperties.Persistent.ShouldBeTrue();
        Text(parked.BasicProperties.Headers!["parked-from"]).ShouldBe(RabbitBench.Queue);
        Text(parked.BasicProperties.Headers["parked-cause"]).ShouldBe(nameof(InvalidOperationException));
        tries.ShouldBe(bench.Settings.Attempts);
        await RabbitBench.Until(() => Volatile.Read(ref others) == 1, "the frame behind it is taken");
        await taking.DisposeAsync();
        (await bench.CountAsync(RabbitBench.Queue)).ShouldBe(0u, "both were acknowledged");
    }

    [Fact]
    public async Task A_frame_that_RabbitMQ_hands_out_too_often_is_parked()
    {
        await using var bench = await RabbitBench.StartAsync(servers);
        await bench.PublishAsync("P"u8.ToArray());
        await RabbitBench.Until(async () =>
        {
            // A process that ends with the frame in its hands: its connection is gone, nothing was said about the frame.
            await using var victim = await RabbitBench.ConnectAsync(bench.Settings);
            await using var channel = await victim.CreateChannelAsync();
            return await channel.BasicGetAsync(RabbitBench.Queue, autoAck: false) is null && await bench.CountAsync(RabbitTopology.Parked) == 1;
        }, "the frame is parked");
        (await bench.GetAsync(RabbitTopology.Parked)).Body.ToArray().ShouldBe("P"u8.ToArray());
    }

    [Fact]
    public async Task A_handler_that_is_told_to_stop_leaves_its_frame_to_the_next_consumer()
    {
        await using var bench = await RabbitBench.StartAsync(servers);
        var started = 0;
        var first = await bench.Bus.ConnectAsync(new FrameEndpoint(RabbitBench.Queue, async (_, stop) =>
        {
            Interlocked.Increment(ref started);
            await Task.Delay(Timeout.Infinite, stop);
        }), default);
        for (var i = 0; i < 40; i++)
            await bench.PublishAsync(Encoding.UTF8.GetBytes($"[{i}]"));
        await RabbitBench.Until(() => Volatile.Read(ref started) == FrameBusConfiguration.FramesAtOnce, "as many as may are under way");
        await first.DisposeAsync();
        var taker = new Taker();
        await using var other = await RabbitBench.StartBusAsync(bench.Settings);
        await using var second = await other.ConnectAsync(taker.Endpoint(), default);
        await RabbitBench.Until(() => taker.Got.Distinct(StringComparer.Ordinal).Count() == 40, "all come to the other");
        taker.Got.Count.ShouldBe(40);
    }

    [Fact]
    public async Task A_queue_is_taken_given_back_and_taken_again_while_the_bus_runs()
    {
        await using var bench = await RabbitBench.StartAsync(servers);
        for (var round = 0; round < 3; round++)
        {
            var taker = new Taker();
            await using (await bench.Bus.ConnectAsync(taker.Endpoint(), default))
            {
                await bench.PublishAsync("[1]"u8.ToArray());
                await RabbitBench.Until(() => taker.Got.Count == 1, "the frame is taken");
            }

            await bench.PublishAsync("[2]"u8.ToArray());
            Encoding.UTF8.GetString((await bench.GetAsync(RabbitBench.Queue)).Body.Span).ShouldBe("[2]");
            taker.Got.Count.ShouldBe(1);
        }
    }

    private static string Text(object? header) => Encoding.UTF8.GetString((byte[])header!);
}

using System.Collections.Concurrent;
using System.Text;
using DataHub.Contracts.Envelope;
using DataHub.Core.Messaging;
using MassTransit;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Messaging;

/// <summary>What the links rely on in MassTransit, held here so that a new version of it cannot change it unnoticed.</summary>
public sealed class FrameBusPinTests
{
    [Fact]
    public async Task A_frames_bytes_pass_unchanged()
    {
        byte[][] frames = [Encoding.UTF8.GetBytes("[ {\"a\" : 1.0, \"名\":\"𠮷\\u4e2d\"} ]"), [0, 0xFF, 0xFE, 1], new byte[1024 * 1024], "[]"u8.ToArray()];
        var got = new ConcurrentQueue<byte[]>();
        await using var bench = await Bench.StartAsync(new FrameEndpoint("one", (frame, _) =>
        {
            got.Enqueue(frame.ToArray());
            return Task.CompletedTask;
        }));
        foreach (var frame in frames)
        {
            await bench.Bus.SendAsync("one", frame, default);
            await Until.HoldsAsync(() => !got.IsEmpty, "the frame arrives");
            got.TryDequeue(out var arrived).ShouldBeTrue();
            arrived.ShouldBe(frame);
        }
    }

    [Fact]
    public async Task A_frame_travels_as_a_cloudevents_batch_without_an_envelope()
    {
        await using var bench = await Bench.StartAsync(new FrameEndpoint("one", static (_, _) => Task.CompletedTask));
        await bench.Bus.SendAsync("one", "[]"u8.ToArray(), default);
        await Until.HoldsAsync(() => !bench.Received.IsEmpty, "the frame arrives");
        bench.Received.ShouldHaveSingleItem().ShouldBe((EventFormat.BatchMediaType, "[]"));
    }

    [Fact]
    public async Task Each_queue_has_its_own_consumer()
    {
        var got = new ConcurrentQueue<string>();
        FrameEndpoint Endpoint(string queue) => new(queue, (_, _) =>
        {
            got.Enqueue(queue);
            return Task.CompletedTask;
        });
        await using var bench = await Bench.StartAsync(Endpoint("one"), Endpoint("two"));
        await bench.Bus.SendAsync("two", "[]"u8.ToArray(), default);
        await bench.Bus.SendAsync("one", "[]"u8.ToArray(), default);
        await Until.HoldsAsync(() => got.Count == 2, "both arrive");
        got.Order().ShouldBe(["one", "two"]);
    }

    [Fact]
    public async Task A_frame_is_held_until_its_handler_completes_and_only_so_many_are_under_way()
    {
        var (started, most, release) = (0, 0, new TaskCompletionSource());
        await using var bench = await Bench.StartAsync(new FrameEndpoint("one", async (_, _) =>
        {
            InterlockedMax(ref most, Interlocked.Increment(ref started));
            await release.Task;
            Interlocked.Decrement(ref started);
        }));
        for (var i = 0; i < 40; i++)
            await bench.Bus.SendAsync("one", "[]"u8.ToArray(), default);
        await Until.HoldsAsync(() => Volatile.Read(ref started) == FrameBusConfiguration.FramesAtOnce, "the limit is reached");
        bench.Completed.ShouldBe(0, "nothing is confirmed before its handler is done");
        release.SetResult();
        await Until.HoldsAsync(() => bench.Completed == 40, "all are confirmed");
        most.ShouldBe(FrameBusConfiguration.FramesAtOnce);
    }

    [Fact]
    public async Task A_handler_that_is_cancelled_or_fails_gets_its_frame_once()
    {
        var (cancelled, failed) = (0, 0);
        await using var bench = await Bench.StartAsync(
            new FrameEndpoint("one", (_, _) => Interlocked.Increment(ref cancelled) > 0 ? throw new OperationCanceledException() : Task.CompletedTask),
            new FrameEndpoint("two", (_, _) => Interlocked.Increment(ref failed) > 0 ? throw new InvalidOperationException("a defect") : Task.CompletedTask));
        await bench.Bus.SendAsync("one", "[]"u8.ToArray(), default);
        await bench.Bus.SendAsync("two", "[]"u8.ToArray(), default);
        await Until.HoldsAsync(() => bench.Completed == 2 && bench.Faulted == 1, "one is confirmed, one has failed");
        await bench.Bus.SendAsync("one", "[]"u8.ToArray(), default);
        await Until.HoldsAsync(() => bench.Completed == 3, "the queue goes on");
        (cancelled, failed).ShouldBe((2, 1));
    }

    [Fact]
    public async Task Handlers_run_side_by_side_and_a_links_order_puts_their_frames_right()
    {
        const int Frames = 2000;
        var order = new FrameOrder(TimeProvider.System);
        var posted = new ConcurrentQueue<long>();
        await using var bench = await Bench.StartAsync(new FrameEndpoint("one", async (frame, cancel) =>
        {
            // As in a node: some frames take longer to read, and each waits for its commit.
            var number = BitConverter.ToInt64(frame.Span);
            if (number % 7 == 0)
                Thread.SpinWait(100_000);
            await order.PostAsync(number, number, () =>
            {
                posted.Enqueue(number);
                return ValueTask.CompletedTask;
            }, cancel);
            await Task.Delay(1, cancel);
        }));
        for (var number = 1L; number <= Frames; number++)
            await bench.Bus.SendAsync("one", BitConverter.GetBytes(number), default);
        await Until.HoldsAsync(() => posted.Count == Frames, "all are posted");
        posted.ShouldBe(Enumerable.Range(1, Frames).Select(n => (long)n));
    }

    private static void InterlockedMax(ref int target, int value)
    {
        int seen;
        while ((seen = Volatile.Read(ref target)) < value && Interlocked.CompareExchange(ref target, value, seen) != seen)
        {
        }
    }

    private sealed class Bench : IReceiveObserver, IAsyncDisposable
    {
        private readonly IBusControl bus;
        private int completed;
        private int faulted;

        private Bench(FrameEndpoint[] endpoints)
        {
            bus = MassTransit.Bus.Factory.CreateUsingInMemory(configure =>
            {
                configure.UseFrames();
                configure.AddFrameEndpoints(endpoints);
            });
            bus.ConnectReceiveObserver(this);
            Bus = new MassTransitFrameBus(bus);
        }

        public IFrameBus Bus { get; }

        public ConcurrentQueue<(string? ContentType, string Body)> Received { get; } = new();

        public int Completed => Volatile.Read(ref completed);

        public int Faulted => Volatile.Read(ref faulted);

        public static async Task<Bench> StartAsync(params FrameEndpoint[] endpoints)
        {
            var bench = new Bench(endpoints);
            await bench.bus.StartAsync();
            return bench;
        }

        public Task PreReceive(ReceiveContext context)
        {
            Received.Enqueue((context.ContentType?.MediaType, context.Body.GetString()));
            return Task.CompletedTask;
        }

        public Task PostReceive(ReceiveContext context)
        {
            Interlocked.Increment(ref completed);
            return Task.CompletedTask;
        }

        public Task ReceiveFault(ReceiveContext context, Exception exception) => Task.CompletedTask;

        public Task PostConsume<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType) where T : class => Task.CompletedTask;

        public Task ConsumeFault<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType, Exception exception) where T : class
        {
            Interlocked.Increment(ref faulted);
            return Task.CompletedTask;
        }

        public async ValueTask DisposeAsync() => await bus.StopAsync(TimeSpan.FromSeconds(5));
    }
}

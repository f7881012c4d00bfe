using DataHub.Core.Messaging;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Messaging;

public sealed class InMemoryFrameBusTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);

    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_frame_that_is_sent_before_anybody_takes_from_its_queue_arrives_once_somebody_does()
    {
        await using var bus = await InMemoryFrameBus.StartAsync(cancel);
        var sending = bus.SendAsync("q", "[1]"u8.ToArray(), cancel);
        sending.IsCompleted.ShouldBeFalse();

        var arrived = new TaskCompletionSource<byte[]>();
        await using var taking = await bus.ConnectAsync(new FrameEndpoint("q", (frame, _) =>
        {
            arrived.TrySetResult(frame.ToArray());
            return Task.CompletedTask;
        }), cancel);

        await sending.WaitAsync(Deadline, cancel);
        (await arrived.Task.WaitAsync(Deadline, cancel)).ShouldBe("[1]"u8.ToArray());
    }

    [Fact]
    public async Task A_sender_that_waits_for_a_taker_can_be_stopped()
    {
        await using var bus = await InMemoryFrameBus.StartAsync(cancel);
        using var stop = new CancellationTokenSource();
        var sending = bus.SendAsync("q", "[1]"u8.ToArray(), stop.Token);
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(sending.WaitAsync(Deadline, cancel));
    }

    [Fact]
    public async Task A_frame_that_is_sent_after_the_taker_has_left_waits_for_the_next_taker()
    {
        await using var bus = await InMemoryFrameBus.StartAsync(cancel);
        var (first, others, next) = (new Taker("q"), new Taker("other"), new Taker("q"));
        await (await bus.ConnectAsync(first.Endpoint, cancel)).DisposeAsync();
        var sending = bus.SendAsync("q", "[1]"u8.ToArray(), cancel);

        // Time enough for a frame that does not wait.
        await using var another = await bus.ConnectAsync(others.Endpoint, cancel);
        for (var i = 1; i <= 20; i++)
        {
            await bus.SendAsync("other", "[2]"u8.ToArray(), cancel);
            await others.HasAsync(i);
        }

        sending.IsCompleted.ShouldBeFalse();
        await using var taking = await bus.ConnectAsync(next.Endpoint, cancel);
        await sending.WaitAsync(Deadline, cancel);
        await next.HasAsync(1);
        first.Count.ShouldBe(0);
    }

    private sealed class Taker(string queue)
    {
        private int count;

        public int Count => Volatile.Read(ref count);

        public FrameEndpoint Endpoint => new(queue, (_, _) =>
        {
            Interlocked.Increment(ref count);
            return Task.CompletedTask;
        });

        public Task HasAsync(int frames) => Until.HoldsAsync(() => Count == frames, $"{frames} frames come to {queue}");
    }
}

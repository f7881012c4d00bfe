using DataHub.Core.Messaging;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Messaging;

public sealed class InMemoryFrameBusTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

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
        await Should.ThrowAsync<OperationCanceledException>(sending);
    }
}

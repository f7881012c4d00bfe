using System.Collections.Concurrent;
using DataHub.Core.Messaging;
using DataHub.Core.Messaging.RabbitMq;
using MassTransit;
using Microsoft.Extensions.Logging.Abstractions;
using NSubstitute;
using NSubstitute.Core;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Messaging;

/// <summary>How a consumer is replaced, on a bus that only counts.</summary>
public sealed class RabbitTakingTests : IAsyncDisposable
{
    private readonly IBusControl bus = Substitute.For<IBusControl>();
    private readonly HostReceiveEndpointHandle handle = Substitute.For<HostReceiveEndpointHandle>();
    private readonly ManualClock clock = new();
    private readonly Queue<Exception> failing = new();
    private readonly Queue<Exception> refusing = new();
    private RabbitTaking? taking;
    private IReceiveEndpointObserver? observer;
    private readonly IBusControl fresh = Substitute.For<IBusControl>();
    private readonly RenewableBus renewable;
    private readonly ConcurrentDictionary<RabbitTaking, Task<IBusControl>?> queues = new();
    private QueueState? state = new(Consumers: 1, Waiting: 0);
    private int connects;
    private int made;
    private bool failAtOnce;

    public RabbitTakingTests()
    {
        bus.ConnectReceiveEndpoint("q", default).ReturnsForAnyArgs(Connect);
        fresh.ConnectReceiveEndpoint("q", default).ReturnsForAnyArgs(Connect);
        renewable = new RenewableBus(_ => Task.FromResult(Interlocked.Increment(ref made) == 1 ? bus : fresh), "c", clock, NullLogger.Instance);
    }

    [Fact]
    public async Task An_endpoint_whose_stop_was_cancelled_by_another_than_us_is_replaced_all_the_same()
    {
        handle.StopAsync(default).ReturnsForAnyArgs(_ => failing.TryDequeue(out var fault) ? Task.FromException(fault) : Task.CompletedTask);
        failing.Enqueue(new OperationCanceledException("the channel was closed"));
        await TakenAsync();

        await observer!.Faulted(null!);
        await ReplacedAsync();
    }

    [Fact]
    public async Task An_endpoint_whose_stop_does_not_end_is_replaced_all_the_same()
    {
        handle.StopAsync(default).ReturnsForAnyArgs(_ => new TaskCompletionSource().Task);
        await TakenAsync();

        await observer!.Completed(null!);
        await ReplacedAsync();
    }

    [Fact]
    public async Task An_endpoint_that_came_back_by_itself_is_replaced_too_because_its_next_loss_may_be_silent()
    {
        await TakenAsync();

        await observer!.Faulted(null!);
        await observer.Ready(null!);
        await ReplacedAsync();
    }

    [Fact]
    public async Task An_endpoint_that_RabbitMQ_does_not_know_is_replaced_although_nobody_said_that_it_was_lost()
    {
        await TakenAsync();
        await PausedAsync();
        state = null;
        await PausedAsync();
        connects.ShouldBe(1, "there is a consumer, or no answer");

        state = new(Consumers: 0, Waiting: 0);
        await ReplacedAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_bus_on_which_no_endpoint_comes_about_is_given_up_whether_they_fail_at_once_or_say_nothing(bool fail)
    {
        failAtOnce = fail;
        Take();
        await PassingUntilAsync(() => fresh.ReceivedCalls().Any(), "the queue is consumed on another bus");
        made.ShouldBe(2);
    }

    [Fact]
    public async Task A_queue_that_cannot_be_consumed_does_not_take_the_bus_from_the_others_while_these_have_their_consumers()
    {
        await TakenAsync();
        var good = observer!;
        failAtOnce = true;
        await using var bad = Taking("bad");
        await PassingUntilAsync(() => connects > 30, "the queue is tried again and again");
        made.ShouldBe(1);

        await good.Faulted(null!);
        await PassingUntilAsync(() => fresh.ReceivedCalls().Any(), "the bus is given up when it serves nobody any more");
    }

    [Fact]
    public async Task A_bus_that_serves_others_is_given_up_all_the_same_where_a_queue_finds_no_consumer_for_very_long()
    {
        await TakenAsync();
        failAtOnce = true;
        await using var bad = Taking("bad");
        await PassingUntilAsync(() => fresh.ReceivedCalls().Any(), "the queues are consumed on another bus");
        connects.ShouldBeGreaterThan(60, "that is after minutes");
    }

    [Fact]
    public async Task While_RabbitMQ_does_not_answer_the_bus_is_kept()
    {
        (failAtOnce, state) = (true, null);
        Take();
        await PassingUntilAsync(() => connects > 20, "the queue is tried again and again");
        made.ShouldBe(1);
    }

    [Fact]
    public async Task A_consumer_that_is_given_nothing_while_frames_wait_is_replaced_and_its_bus_with_it()
    {
        await TakenAsync();
        state = new(Consumers: 1, Waiting: 3);
        await PassingUntilAsync(() => fresh.ReceivedCalls().Any(), "the queue is consumed on another bus");
    }

    [Fact]
    public async Task A_queue_whose_bus_was_given_up_by_another_is_consumed_on_the_new_one()
    {
        await TakenAsync();
        clock.Advance(RenewableBus.LivesAtLeast);
        renewable.GiveUp(renewable.Current, RenewableBus.LivesAtLeast);
        await PassingUntilAsync(() => fresh.ReceivedCalls().Any(), "the queue is consumed on another bus");
    }

    [Fact]
    public async Task A_bus_that_cannot_be_connected_to_at_first_is_tried_again()
    {
        refusing.Enqueue(new OperationCanceledException("not now"));
        Take();
        await PassingUntilAsync(() => Volatile.Read(ref connects) == 1, "the queue is consumed");
        refusing.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_consumer_that_cannot_be_stopped_does_not_keep_its_owner()
    {
        handle.StopAsync(default).ReturnsForAnyArgs(Task.FromException(new IOException("away")));
        Take();
        await taking!.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (taking is not null)
            await taking.DisposeAsync();
        await renewable.DisposeAsync();
    }

    private void Take() => taking = Taking("q");

    private RabbitTaking Taking(string queue) => new(
        new FrameEndpoint(queue, static (_, _) => Task.CompletedTask), renewable, queues, (_, _) => Task.FromResult(state), new RabbitMqOptions(), clock, NullLogger.Instance,
        static (_, _, _, _) => Task.CompletedTask, default);

    /// <summary>Consumed, and ready.</summary>
    private async Task TakenAsync()
    {
        Take();
        await Until.HoldsAsync(() => Volatile.Read(ref connects) == 1, "the queue is consumed");
        await observer!.Ready(null!);
        await taking!.Ready;
    }

    private HostReceiveEndpointHandle Connect(CallInfo call)
    {
        if (refusing.TryDequeue(out var refusal))
            throw refusal;
        var endpoint = Substitute.For<IRabbitMqReceiveEndpointConfigurator>();
        endpoint.ConnectReceiveEndpointObserver(Arg.Do<IReceiveEndpointObserver>(o => observer = o));
        call.Arg<Action<IReceiveEndpointConfigurator>>()(endpoint);
        if (failAtOnce)
            _ = observer!.Faulted(null!);
        Interlocked.Increment(ref connects);
        return handle;
    }

    private Task ReplacedAsync() => PassingUntilAsync(() => Volatile.Read(ref connects) > 1, "the queue is consumed again");

    /// <summary>Time passes whenever it is waited for.</summary>
    private async Task PassingUntilAsync(Func<bool> condition, string what) => await Until.HoldsAsync(
        () =>
        {
            if (clock.Waiting > 0)
                clock.Advance(TimeSpan.FromSeconds(5));
            return condition();
        },
        what);

    private async Task PausedAsync()
    {
        await Until.HoldsAsync(() => clock.Waiting == 1, "it pauses");
        clock.Advance(TimeSpan.FromSeconds(5));
    }
}

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
    private RabbitTaking? taking;
    private IReceiveEndpointObserver? observer;
    private uint? known = 1;
    private int connects;
    private Func<Task<IBusControl>> another = static () => throw new IOException("no other is asked for");

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
        known = null;
        await PausedAsync();
        connects.ShouldBe(1, "there is a consumer, or no answer");

        known = 0;
        await ReplacedAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_endpoint_that_is_neither_there_nor_lost_after_half_a_minute_is_replaced_by_one_on_a_bus_of_its_own_if_there_can_be_one(bool canBe)
    {
        var fresh = Substitute.For<IBusControl>();
        if (canBe)
            another = () => Task.FromResult(fresh);
        bus.ConnectReceiveEndpoint("q", default).ReturnsForAnyArgs(Connect);
        fresh.ConnectReceiveEndpoint("q", default).ReturnsForAnyArgs(Connect);
        Take();
        await ReplacedAsync();
        fresh.ReceivedCalls().Count().ShouldBe(canBe ? 1 : 0);
    }

    [Fact]
    public async Task A_bus_that_cannot_be_connected_to_at_first_is_tried_again()
    {
        failing.Enqueue(new OperationCanceledException("not now"));
        bus.ConnectReceiveEndpoint("q", default).ReturnsForAnyArgs(call => failing.TryDequeue(out var fault) ? throw fault : Connect(call));
        Take();
        connects.ShouldBe(0);

        await PausedAsync();
        await Until.HoldsAsync(() => Volatile.Read(ref connects) == 1, "the queue is consumed");
    }

    [Fact]
    public async Task A_consumer_that_cannot_be_stopped_does_not_keep_its_owner()
    {
        bus.ConnectReceiveEndpoint("q", default).ReturnsForAnyArgs(Connect);
        handle.StopAsync(default).ReturnsForAnyArgs(Task.FromException(new IOException("away")));
        Take();
        await taking!.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (taking is not null)
            await taking.DisposeAsync();
    }

    private void Take() => taking = new RabbitTaking(
        new FrameEndpoint("q", static (_, _) => Task.CompletedTask), bus, () => another(), (_, _) => Task.FromResult(known), new RabbitMqOptions(), clock, NullLogger.Instance,
        static (_, _, _, _) => Task.CompletedTask, default);

    /// <summary>Consumed, and ready.</summary>
    private async Task TakenAsync()
    {
        bus.ConnectReceiveEndpoint("q", default).ReturnsForAnyArgs(Connect);
        Take();
        await observer!.Ready(null!);
        await taking!.Ready;
    }

    private HostReceiveEndpointHandle Connect(CallInfo call)
    {
        var endpoint = Substitute.For<IRabbitMqReceiveEndpointConfigurator>();
        endpoint.ConnectReceiveEndpointObserver(Arg.Do<IReceiveEndpointObserver>(o => observer = o));
        call.Arg<Action<IReceiveEndpointConfigurator>>()(endpoint);
        Interlocked.Increment(ref connects);
        return handle;
    }

    private async Task ReplacedAsync() => await Until.HoldsAsync(
        () =>
        {
            if (clock.Waiting > 0)
                clock.Advance(TimeSpan.FromSeconds(5));
            return Volatile.Read(ref connects) > 1;
        },
        "the queue is consumed again");

    private async Task PausedAsync()
    {
        await Until.HoldsAsync(() => clock.Waiting == 1, "it pauses");
        clock.Advance(TimeSpan.FromSeconds(5));
    }
}

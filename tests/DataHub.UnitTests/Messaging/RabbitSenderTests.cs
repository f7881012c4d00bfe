using DataHub.Core.Messaging;
using DataHub.Core.Messaging.RabbitMq;
using MassTransit;
using Microsoft.Extensions.Logging.Abstractions;
using NSubstitute;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Messaging;

/// <summary>Sends on a bus that does not keep to the time it is given.</summary>
public sealed class RabbitSenderTests
{
    private readonly IBusControl bus = Substitute.For<IBusControl>();
    private readonly ISendEndpoint endpoint = Substitute.For<ISendEndpoint>();
    private readonly ManualClock clock = new();
    private int made;

    [Fact]
    public async Task A_send_that_never_ends_is_given_up_and_does_not_hold_up_the_next()
    {
        bus.GetSendEndpoint(default!).ReturnsForAnyArgs(endpoint);
        endpoint.Send(default!, default(IPipe<SendContext<Frame>>)!, default).ReturnsForAnyArgs(Never<int>(), Task.CompletedTask);
        await using var sender = Sender();
        var fault = await Should.ThrowAsync<FrameNotSentException>(() => sender.SendAsync("q", [1], [], default).WaitAsync(TimeSpan.FromSeconds(60)));
        fault.InnerException.ShouldBeAssignableTo<OperationCanceledException>();
        await sender.SendAsync("q", [2], [], default);
    }

    [Fact]
    public async Task A_send_whose_endpoint_never_comes_is_given_up()
    {
        bus.GetSendEndpoint(default!).ReturnsForAnyArgs(Never<ISendEndpoint>());
        await using var sender = Sender();
        await Should.ThrowAsync<FrameNotSentException>(() => sender.SendAsync("q", [1], [], default).WaitAsync(TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public async Task A_send_that_its_caller_cancels_ends_at_once_and_as_cancelled()
    {
        bus.GetSendEndpoint(default!).ReturnsForAnyArgs(endpoint);
        endpoint.Send(default!, default(IPipe<SendContext<Frame>>)!, default).ReturnsForAnyArgs(Never<int>());
        await using var sender = Sender(TimeSpan.FromHours(1));
        using var stop = new CancellationTokenSource();
        var sending = sender.SendAsync("q", [1], [], stop.Token);
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => sending.WaitAsync(TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public async Task A_bus_whose_sends_never_end_is_replaced_by_a_new_one_once_and_not_at_every_send()
    {
        var other = Substitute.For<IBusControl>();
        bus.GetSendEndpoint(default!).ReturnsForAnyArgs(Never<ISendEndpoint>());
        other.GetSendEndpoint(default!).ReturnsForAnyArgs(endpoint);
        endpoint.Send(default!, default(IPipe<SendContext<Frame>>)!, default).ReturnsForAnyArgs(Task.CompletedTask);
        // Long enough for two sends at once to be under way together on a busy machine.
        await using var sender = Sender(TimeSpan.FromSeconds(2), other);
        await FailAsync();
        made.ShouldBe(1, "it is too young to be given up");
        clock.Advance(RenewableBus.LivesAtLeast);
        await Task.WhenAll(FailAsync(), FailAsync());

        await sender.SendAsync("q", [2], [], default);
        made.ShouldBe(2);
        await Until.HoldsAsync(() => bus.ReceivedCalls().Any(c => c.GetMethodInfo().Name == nameof(IBusControl.StopAsync)), "the old one is stopped");

        async Task FailAsync() => await Should.ThrowAsync<FrameNotSentException>(() => sender.SendAsync("q", [1], [], default).WaitAsync(TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public async Task A_bus_that_could_not_be_made_is_made_again()
    {
        bus.GetSendEndpoint(default!).ReturnsForAnyArgs(endpoint);
        endpoint.Send(default!, default(IPipe<SendContext<Frame>>)!, default).ReturnsForAnyArgs(Task.CompletedTask);
        await using var sender = new RabbitSender(
            _ => Interlocked.Increment(ref made) == 1 ? throw new IOException("the password's file is being changed") : Task.FromResult(bus), "c", new RabbitMqOptions(), clock, NullLogger.Instance);
        await Should.ThrowAsync<FrameNotSentException>(() => sender.SendAsync("q", [1], [], default));
        clock.Advance(RenewableBus.LivesAtLeast);
        await Should.ThrowAsync<FrameNotSentException>(() => sender.SendAsync("q", [1], [], default));
        await sender.SendAsync("q", [1], [], default);
    }

    [Fact]
    public async Task A_bus_on_which_a_send_fails_is_kept()
    {
        bus.GetSendEndpoint(default!).ReturnsForAnyArgs(endpoint);
        endpoint.Send(default!, default(IPipe<SendContext<Frame>>)!, default).ReturnsForAnyArgs(Task.FromException(new InvalidOperationException()), Task.CompletedTask);
        await using var sender = Sender(TimeSpan.FromHours(1));
        clock.Advance(RenewableBus.LivesAtLeast);
        await Should.ThrowAsync<FrameNotSentException>(() => sender.SendAsync("q", [1], [], default));
        await sender.SendAsync("q", [2], [], default);
        made.ShouldBe(1);
    }

    [Fact]
    public async Task A_bus_on_which_nothing_can_be_sent_for_long_is_replaced_although_each_send_fails_at_once()
    {
        var other = Substitute.For<IBusControl>();
        bus.GetSendEndpoint(default!).ReturnsForAnyArgs(endpoint);
        other.GetSendEndpoint(default!).ReturnsForAnyArgs(endpoint);
        endpoint.Send(default!, default(IPipe<SendContext<Frame>>)!, default).ReturnsForAnyArgs(_ => made == 1 ? Task.FromException(new InvalidOperationException("already closed")) : Task.CompletedTask);
        await using var sender = Sender(others: other);
        clock.Advance(RenewableBus.LivesAtLeast);
        await Should.ThrowAsync<FrameNotSentException>(() => sender.SendAsync("q", [1], [], default));
        made.ShouldBe(1, "it may be back at once");
        clock.Advance(RabbitSender.FailsAtMost);
        await Should.ThrowAsync<FrameNotSentException>(() => sender.SendAsync("q", [1], [], default));

        await sender.SendAsync("q", [2], [], default);
        made.ShouldBe(2);
    }

    private RabbitSender Sender(TimeSpan? connectTimeout = null, IBusControl? others = null) => new(
        _ => Task.FromResult(Interlocked.Increment(ref made) == 1 ? bus : others ?? bus),
        "c",
        new RabbitMqOptions { ConnectTimeout = connectTimeout ?? TimeSpan.FromMilliseconds(50) }, clock, NullLogger.Instance);

    private static Task<T> Never<T>() => new TaskCompletionSource<T>().Task;
}

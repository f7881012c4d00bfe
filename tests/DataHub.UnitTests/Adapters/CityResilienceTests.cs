using DataHub.Adapters.Pipeline;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Adapters;

public sealed class CityResilienceTests
{
    private static readonly CityResilienceOptions Quick = new()
    {
        AttemptTimeout = TimeSpan.FromMilliseconds(200),
        Retries = 2,
        RetryDelay = TimeSpan.FromMilliseconds(1),
        BreakerThroughput = 4,
        BreakerOpenFor = TimeSpan.FromMinutes(1),
        MaxConcurrency = 2,
    };

    private static readonly DeliveryOutcome Held = new DeliveryOutcome.Held(null);

    [Fact]
    public async Task A_transient_fault_is_retried_until_it_passes()
    {
        using var pipeline = CityResilience.Pipeline("test", Quick);
        var calls = 0;
        var outcome = await pipeline.CallAsync(
            _ => ++calls < 3 ? throw new HttpRequestException("down") : ValueTask.FromResult(Held), default);
        outcome.ShouldBe(Held);
        calls.ShouldBe(3);
    }

    [Fact]
    public async Task A_permanent_refusal_is_not_retried()
    {
        using var pipeline = CityResilience.Pipeline("test", Quick);
        var calls = 0;
        var outcome = await pipeline.CallAsync(
            _ =>
            {
                calls++;
                return ValueTask.FromResult<DeliveryOutcome>(new DeliveryOutcome.Rejected("401"));
            },
            default);
        outcome.ShouldBeOfType<DeliveryOutcome.Rejected>();
        calls.ShouldBe(1);
    }

    [Fact]
    public async Task The_breaker_opens_after_repeated_faults_and_then_nothing_is_tried()
    {
        using var pipeline = CityResilience.Pipeline("test", Quick);
        var calls = 0;
        for (var i = 0; i < 2; i++)
            (await pipeline.CallAsync(_ => Fault(), default)).ShouldBeOfType<DeliveryOutcome.Transient>();
        pipeline.IsOpen.ShouldBeTrue();
        var before = calls;
        var outcome = (await pipeline.CallAsync(_ => Fault(), default)).ShouldBeOfType<DeliveryOutcome.Transient>();
        calls.ShouldBe(before);
        outcome.RetryAfter.ShouldNotBeNull().ShouldBeGreaterThan(TimeSpan.FromSeconds(30));

        ValueTask<DeliveryOutcome> Fault()
        {
            calls++;
            throw new IOException("gone");
        }
    }

    [Fact]
    public async Task A_city_that_does_not_answer_in_time_is_a_transient_fault()
    {
        using var pipeline = CityResilience.Pipeline("test", Quick with { Retries = 0 });
        var outcome = await pipeline.CallAsync(
            async token =>
            {
                await Task.Delay(Timeout.Infinite, token);
                return Held;
            },
            default);
        outcome.ShouldBeOfType<DeliveryOutcome.Transient>().Why.ShouldContain("no answer");
    }

    [Fact]
    public async Task A_cancellation_that_is_not_the_callers_is_a_transient_fault_and_opens_the_breaker()
    {
        // As HttpClient tells that a connection did not come about in time.
        using var pipeline = CityResilience.Pipeline("test", Quick);
        var calls = 0;
        var outcome = await pipeline.CallAsync(_ => NoConnection(), default);
        outcome.ShouldBeOfType<DeliveryOutcome.Transient>().Why.ShouldBe("test: TimeoutException");
        calls.ShouldBe(1 + Quick.Retries);

        await pipeline.CallAsync(_ => NoConnection(), default);
        pipeline.IsOpen.ShouldBeTrue();

        ValueTask<DeliveryOutcome> NoConnection()
        {
            calls++;
            throw new TaskCanceledException("no connection", new TimeoutException());
        }
    }

    [Fact]
    public async Task A_call_that_its_caller_gives_up_is_neither_tried_again_nor_counted_against_the_city()
    {
        using var pipeline = CityResilience.Pipeline("test", Quick);
        var calls = 0;
        for (var i = 0; i < 2 * Quick.BreakerThroughput; i++)
        {
            using var giveUp = new CancellationTokenSource();
            await Should.ThrowAsync<OperationCanceledException>(pipeline.CallAsync(
                async token =>
                {
                    calls++;
                    await giveUp.CancelAsync();
                    token.ThrowIfCancellationRequested();
                    return Held;
                },
                giveUp.Token));
        }

        calls.ShouldBe(2 * Quick.BreakerThroughput);
        pipeline.IsOpen.ShouldBeFalse();
    }

    [Fact]
    public async Task Calls_beyond_the_bulkhead_wait_their_turn_and_are_no_fault_of_the_city()
    {
        using var pipeline = CityResilience.Pipeline("test", Quick with { AttemptTimeout = TimeSpan.FromMinutes(1) });
        var gate = new TaskCompletionSource<DeliveryOutcome>();
        var (underWay, most) = (0, 0);
        var calls = Enumerable.Range(0, 100).Select(_ => pipeline.CallAsync(_ => CallAsync(), default)).ToArray();

        Volatile.Read(ref underWay).ShouldBe(Quick.MaxConcurrency);
        calls.ShouldAllBe(call => !call.IsCompleted);
        gate.SetResult(Held);
        (await Task.WhenAll(calls)).ShouldAllBe(outcome => outcome == Held);
        most.ShouldBe(Quick.MaxConcurrency);

        async ValueTask<DeliveryOutcome> CallAsync()
        {
            var now = Interlocked.Increment(ref underWay);
            lock (gate)
                most = Math.Max(most, now);
            var outcome = await gate.Task;
            Interlocked.Decrement(ref underWay);
            return outcome;
        }
    }

    [Fact]
    public async Task A_call_that_is_given_up_while_it_waits_frees_its_place()
    {
        using var pipeline = CityResilience.Pipeline("test", Quick with { AttemptTimeout = TimeSpan.FromMinutes(1) });
        using var giveUp = new CancellationTokenSource();
        var gate = new TaskCompletionSource<DeliveryOutcome>();
        var held = Enumerable.Range(0, Quick.MaxConcurrency).Select(_ => pipeline.CallAsync(_ => new ValueTask<DeliveryOutcome>(gate.Task), default)).ToArray();
        var waiting = pipeline.CallAsync(_ => new ValueTask<DeliveryOutcome>(gate.Task), giveUp.Token);
        await giveUp.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(waiting);
        gate.SetResult(Held);
        await Task.WhenAll(held);
        (await pipeline.CallAsync(_ => new ValueTask<DeliveryOutcome>(Held), default)).ShouldBe(Held);
    }

    [Fact]
    public async Task The_reason_of_a_fault_names_no_content()
    {
        using var pipeline = CityResilience.Pipeline("test", Quick with { Retries = 0 });
        var outcome = await pipeline.CallAsync(_ => throw new HttpRequestException("张三 510107199001011234"), default);
        outcome.ShouldBeOfType<DeliveryOutcome.Transient>().Why.ShouldBe("test: HttpRequestException");
    }
}

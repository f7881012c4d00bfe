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
    public async Task Calls_beyond_the_bulkhead_and_its_queue_are_turned_away()
    {
        using var pipeline = CityResilience.Pipeline("test", Quick with { AttemptTimeout = TimeSpan.FromMinutes(1) });
        var gate = new TaskCompletionSource<DeliveryOutcome>();
        var held = Enumerable.Range(0, 4).Select(_ => pipeline.CallAsync(_ => new ValueTask<DeliveryOutcome>(gate.Task), default)).ToArray();
        var outcome = await pipeline.CallAsync(_ => new ValueTask<DeliveryOutcome>(gate.Task), default);
        outcome.ShouldBeOfType<DeliveryOutcome.Transient>().Why.ShouldContain("too many");
        gate.SetResult(Held);
        (await Task.WhenAll(held)).ShouldAllBe(o => o == Held);
    }

    [Fact]
    public async Task The_reason_of_a_fault_names_no_content()
    {
        using var pipeline = CityResilience.Pipeline("test", Quick with { Retries = 0 });
        var outcome = await pipeline.CallAsync(_ => throw new HttpRequestException("张三 510107199001011234"), default);
        outcome.ShouldBeOfType<DeliveryOutcome.Transient>().Why.ShouldBe("test: HttpRequestException");
    }
}

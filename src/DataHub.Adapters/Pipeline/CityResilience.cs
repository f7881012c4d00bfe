using DataHub.Core.Registry;
using DataHub.Core.Telemetry;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace DataHub.Adapters.Pipeline;

/// <summary>Bounds of the calls to one city's system.</summary>
public sealed record CityResilienceOptions
{
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Attempts after the first, for transient faults only. Longer waits belong to the outgoing queue.</summary>
    public int Retries { get; init; } = 2;

    /// <summary>Median pause before the first retry; grows exponentially, with jitter.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Calls under way at once; the others wait their turn, which is no fault of the city and costs no attempt. Callers bound how many wait.</summary>
    public int MaxConcurrency { get; init; } = 8;

    /// <summary>Calls within <see cref="BreakerWindow"/> before the breaker judges.</summary>
    public int BreakerThroughput { get; init; } = 8;

    public double BreakerFailureRatio { get; init; } = 0.5;

    public TimeSpan BreakerWindow { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan BreakerOpenFor { get; init; } = TimeSpan.FromSeconds(3);
}

/// <summary>Makes the pipeline that every call to a city's system goes through: bulkhead, retry, circuit breaker, timeout.</summary>
public static class CityResilience
{
    public static CityPipeline Pipeline(City city, CityResilienceOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(city);
        return new(city.Key, city.Code, options, time);
    }

    /// <summary>For a system that is none of the cities'.</summary>
    public static CityPipeline Pipeline(string name, CityResilienceOptions options) => new(name, name, options, TimeProvider.System);
}

/// <summary>
/// One city's calls. Never throws but for cancellation by the caller and for defects: a fault that may pass is a
/// <see cref="DeliveryOutcome.Transient"/>. One per city, so that a dead city slows no other.
/// </summary>
public sealed class CityPipeline : IDisposable
{
    private readonly string _cityKey;
    private readonly CityResilienceOptions _options;
    private readonly SemaphoreSlim _bulkhead;
    private readonly CircuitBreakerStateProvider _breaker = new();
    private readonly ResiliencePipeline<DeliveryOutcome> _pipeline;
    private readonly IDisposable _shown;

    internal CityPipeline(string cityKey, string cityCode, CityResilienceOptions options, TimeProvider time)
    {
        _cityKey = cityKey;
        _options = options;
        _bulkhead = new SemaphoreSlim(options.MaxConcurrency);

        var builder = new ResiliencePipelineBuilder<DeliveryOutcome> { Name = cityKey, TimeProvider = time };
        if (options.Retries > 0)
        {
            builder.AddRetry(new RetryStrategyOptions<DeliveryOutcome>
            {
                // A city that says when to come back is not pressed: the outgoing queue waits that long. Retry stands outside
                // the breaker, and an open circuit is no fault to it: it ends the attempts at once.
                ShouldHandle = static arguments => ValueTask.FromResult(
                    arguments.Outcome.Result is not DeliveryOutcome.Transient { RetryAfter: not null } && IsFault(arguments.Outcome, arguments.Context)),
                MaxRetryAttempts = options.Retries,
                Delay = options.RetryDelay,
                MaxDelay = TimeSpan.FromSeconds(5),
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
            });
        }

        _pipeline = builder
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<DeliveryOutcome>
            {
                ShouldHandle = static arguments => ValueTask.FromResult(IsFault(arguments.Outcome, arguments.Context)),
                FailureRatio = options.BreakerFailureRatio,
                MinimumThroughput = options.BreakerThroughput,
                SamplingDuration = options.BreakerWindow,
                BreakDuration = options.BreakerOpenFor,
                StateProvider = _breaker,
            })
            .AddTimeout(options.AttemptTimeout)
            .Build();
        _shown = Gauges.Breaker.Watch(() => _breaker.CircuitState switch { CircuitState.Closed => 0, CircuitState.HalfOpen => 1, _ => 2 }, new KeyValuePair<string, object?>("city", cityCode));
    }

    /// <summary>True while calls are refused without being tried.</summary>
    public bool IsOpen => _breaker.CircuitState is CircuitState.Open or CircuitState.Isolated;

    public async Task<DeliveryOutcome> CallAsync(
        Func<CancellationToken, ValueTask<DeliveryOutcome>> call, CancellationToken cancellationToken)
    {
        await _bulkhead.WaitAsync(cancellationToken);
        try
        {
            return await _pipeline.ExecuteAsync(static (call, token) => call(token), call, cancellationToken);
        }
        catch (BrokenCircuitException open)
        {
            return new DeliveryOutcome.Transient($"{_cityKey}: circuit open", open.RetryAfter ?? _options.BreakerOpenFor);
        }
        catch (TimeoutRejectedException)
        {
            return new DeliveryOutcome.Transient($"{_cityKey}: no answer within {_options.AttemptTimeout.TotalSeconds} s", null);
        }
        catch (Exception fault) when (IsTransient(fault) && !cancellationToken.IsCancellationRequested)
        {
            // The type alone: messages of I/O faults may quote what was sent.
            var cause = fault is OperationCanceledException { InnerException: { } inner } ? inner : fault;
            return new DeliveryOutcome.Transient($"{_cityKey}: {cause.GetType().Name}", null);
        }
        finally
        {
            _bulkhead.Release();
        }
    }

    public void Dispose()
    {
        _shown.Dispose();
        _bulkhead.Dispose();
    }

    private static bool IsFault(Outcome<DeliveryOutcome> outcome, ResilienceContext context) => outcome.Exception is { } fault
        ? fault is TimeoutRejectedException || (IsTransient(fault) && !context.CancellationToken.IsCancellationRequested)
        : outcome.Result is DeliveryOutcome.Transient;

    /// <summary>A cancellation too, where it is not the caller's: a connection that does not come about in time is told as one.</summary>
    private static bool IsTransient(Exception fault) =>
        fault is OperationCanceledException or HttpRequestException or IOException or TimeoutException or System.Net.Sockets.SocketException
            or Microsoft.Data.Sqlite.SqliteException { SqliteErrorCode: 5 or 6 } or Npgsql.NpgsqlException;
}

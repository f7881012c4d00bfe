using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using DataHub.Adapters.Pipeline;
using DataHub.Contracts.Payloads;
using DataHub.Core.Native;
using DataHub.Core.Registry;
using DataHub.Simulators;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace DataHub.UnitTests.Adapters;

/// <summary>The node behind an adapter, in memory: takes in each message id once.</summary>
internal sealed class MemoryIntake(string city) : IAdapterIntake
{
    public const string ExchangeId = "510100-20261122-0000000001";

    private readonly ConcurrentDictionary<string, NativeIntake> _taken = new(StringComparer.Ordinal);

    public string City => city;

    public ConcurrentQueue<NativeIntake> Taken { get; } = new();

    public ConcurrentQueue<(byte[] Native, string? MessageId, IReadOnlyList<Reason> Reasons)> Refused { get; } = new();

    /// <summary>What the node says instead of taking in.</summary>
    public IntakeOutcome? Says { get; set; }

    public bool JournalIsGone { get; set; }

    public Task<IntakeOutcome> TakeInAsync(NativeIntake message, CancellationToken cancellationToken)
    {
        if (JournalIsGone)
            throw new IOException("the journal cannot be written: 510107199001011234");
        if (Says is { } outcome)
            return Task.FromResult(outcome);
        var isNew = _taken.TryAdd(message.MessageId, message);
        if (isNew)
            Taken.Enqueue(message);
        return Task.FromResult<IntakeOutcome>(new IntakeOutcome.Accepted(message.MessageId, message.ExchangeId ?? ExchangeId, 1, !isNew));
    }

    public Task RefuseAsync(ReadOnlyMemory<byte> native, string? messageId, IReadOnlyList<Reason> reasons, CancellationToken cancellationToken)
    {
        if (JournalIsGone)
            throw new IOException("the journal cannot be written");
        Refused.Enqueue((native.ToArray(), messageId, reasons));
        return Task.CompletedTask;
    }
}

/// <summary>A city's system as a test wants it: answers each request by a function and remembers it.</summary>
internal sealed class CityDouble : IAsyncDisposable
{
    private NativeListener? _listener;

    public Uri Url => _listener!.Url;

    public ConcurrentQueue<(string Path, Dictionary<string, string> Headers, byte[] Body)> Requests { get; } = new();

    public required Func<HttpContext, Task> Answer { get; set; }

    public async Task<CityDouble> StartAsync()
    {
        _listener = await NativeListener.StartAsync(
            NativeListener.AnyPort,
            routes => routes.MapPost("/{**path}", async http =>
            {
                using var body = new MemoryStream();
                await http.Request.Body.CopyToAsync(body);
                Requests.Enqueue((
                    http.Request.Path, http.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase), body.ToArray()));
                await Answer(http);
            }),
            default);
        return this;
    }

    public static Func<HttpContext, Task> Always(int status, string body = "", string? retryAfter = null) => async http =>
    {
        http.Response.StatusCode = status;
        if (retryAfter is not null)
            http.Response.Headers.RetryAfter = retryAfter;
        await http.Response.WriteAsync(body);
    };

    public ValueTask DisposeAsync() => _listener?.DisposeAsync() ?? ValueTask.CompletedTask;
}

internal sealed class ManualTime : TimeProvider
{
    public DateTimeOffset Now { get; set; } = new(2026, 11, 20, 9, 0, 0, TimeSpan.FromHours(8));

    public override DateTimeOffset GetUtcNow() => Now;
}

/// <summary>One adapter over real sockets, with its node in memory.</summary>
internal sealed class AdapterBench : IAsyncDisposable
{
    public const string ApiKey = "test-key";
    public const string Secret = "a secret of the tests";

    private static readonly string Seeds = RegistrySnapshot.FindSeeds();
    private static readonly RegistrySnapshot Registry = RegistrySnapshot.Load(Seeds);
    private static readonly HttpClient Http = new();
    private NativeListener? _listener;

    public required MemoryIntake Intake { get; init; }

    public required ICityAdapter Adapter { get; init; }

    public required NativeMapping Mapping { get; init; }

    public required ManualTime Time { get; init; }

    public Uri Url => _listener!.Url;

    public static async Task<AdapterBench> StartAsync(string city, Func<CityAdapterContext, ICityAdapter> adapter, Uri? cityUrl = null)
    {
        var registered = Registry.CityByKey(city)!;
        var mapping = NativeMapping.Load(Seeds, city, Registry);
        var intake = new MemoryIntake(registered.Code);
        var time = new ManualTime();
        var endpoint = new CityEndpoint
        {
            BaseUrl = cityUrl ?? new Uri("http://127.0.0.1:1/"),
            ApiKey = ApiKey,
            Secret = Secret,
            Resilience = new CityResilienceOptions
            {
                AttemptTimeout = TimeSpan.FromMilliseconds(1500),
                Retries = 1,
                RetryDelay = TimeSpan.FromMilliseconds(1),
                BreakerThroughput = 4,
                BreakerOpenFor = TimeSpan.FromMinutes(1),
            },
        };
        var context = new CityAdapterContext(registered, Registry, mapping, intake, endpoint, time, NullLoggerFactory.Instance);
        var bench = new AdapterBench { Intake = intake, Adapter = adapter(context), Mapping = mapping, Time = time };
        bench._listener = await NativeListener.StartAsync(NativeListener.AnyPort, bench.Adapter.MapEndpoints, default);
        return bench;
    }

    /// <summary>Posts as a city's system would, with a signature made independently of the product's code.</summary>
    public async Task<(int Status, string Body, HttpResponseMessage Response)> PostAsync(
        string path, byte[] body, string secret = Secret, string key = ApiKey, TimeSpan clockOffset = default, bool signed = true, bool chunked = false)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Url, path)) { Content = new ByteArrayContent(body) };
        request.Headers.TransferEncodingChunked = chunked ? true : null;
        if (signed)
        {
            var timestamp = (Time.Now + clockOffset).ToUnixTimeSeconds().ToString();
            request.Headers.Add("X-Api-Key", key);
            request.Headers.Add("X-Timestamp", timestamp);
            request.Headers.Add("X-Signature", Signature(timestamp, body, secret));
        }

        var response = await Http.SendAsync(request);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(), response);
    }

    public static string Signature(string timestamp, byte[] body, string secret) =>
        Convert.ToHexString(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), (byte[])[.. Encoding.UTF8.GetBytes(timestamp + "\n"), .. body])).ToLowerInvariant();

    public async ValueTask DisposeAsync()
    {
        await _listener!.DisposeAsync();
        (Adapter as IDisposable)?.Dispose();
    }
}

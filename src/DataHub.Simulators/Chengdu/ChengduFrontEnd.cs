using System.Net.Http.Headers;
using DataHub.Core.Native;
using DataHub.Core.Native.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace DataHub.Simulators.Chengdu;

/// <summary>The REST side of Chengdu's simulated system: <c>contracts/native/chengdu.md</c> seen from the city.</summary>
public sealed class ChengduFrontEnd(HttpFrontEndOptions options, NativeMapping mapping, TimeProvider time) : INativePort, IAsyncDisposable
{
    private static readonly MediaTypeHeaderValue Json = new("application/json", "utf-8");
    private readonly HttpFrontEnd _http = new(options, mapping, time);
    private readonly string _casesPath = $"native/{mapping.City.Key}/cases";
    private NativeListener? _listener;

    /// <exception cref="InvalidOperationException">Not started.</exception>
    public Uri Url => _listener?.Url ?? throw new InvalidOperationException("The front-end has not been started.");

    /// <summary>Listens from now on and gives what comes to <paramref name="system"/>.</summary>
    public async Task StartAsync(CitySystem system, CancellationToken cancellationToken) => _listener = await NativeListener.StartAsync(
        options.Listen,
        routes =>
        {
            routes.MapPost("/webhooks/outcomes", http => DeliverAsync(http, system));
            routes.MapPost("/webhooks/refusals", http => NotifyAsync(http, system));
        },
        cancellationToken);

    public Task<PortOutcome> SendAsync(OutgoingNative message, CancellationToken cancellationToken) =>
        _http.Compose(message, out var refused) is { } record
            ? PostAsync(NativeJson.Write(record), cancellationToken)
            : Task.FromResult(refused);

    public Task<PortOutcome> SendRawAsync(string messageId, ReadOnlyMemory<byte> sample, CancellationToken cancellationToken) => PostAsync(sample, cancellationToken);
    public async ValueTask DisposeAsync()
    {
        if (_listener is not null)
            await _listener.DisposeAsync();
        _http.Dispose();
    }

    private Task<PortOutcome> PostAsync(ReadOnlyMemory<byte> body, CancellationToken cancellationToken) => _http.SendAsync(
        _casesPath, body, Json, answer => NativeJson.TryRead(answer, out var record, out _) ? _http.OfAck(record) : null, cancellationToken);

    private Task DeliverAsync(HttpContext http, CitySystem system) =>
        AnswerAsync(http, (record, token) => _http.DeliverAsync(system, record, token));

    private Task NotifyAsync(HttpContext http, CitySystem system) =>
        AnswerAsync(http, (record, token) => _http.NotifyAsync(system, record, token));

    private async Task AnswerAsync(HttpContext http, Func<NativeRecord, CancellationToken, Task<HeldAck?>> handle)
    {
        var (body, status) = await _http.ReceiveAsync(http.Request);
        http.Response.StatusCode = status;
        if (body is not { } bytes)
            return;
        try
        {
            if (!NativeJson.TryRead(bytes, out var record, out _) || await handle(record, http.RequestAborted) is not { } ack)
            {
                http.Response.StatusCode = StatusCodes.Status400BadRequest;
                return;
            }

            http.Response.ContentType = "application/json; charset=utf-8";
            await http.Response.Body.WriteAsync(NativeJson.Write(_http.ToNative(ack)), http.RequestAborted);
        }
        catch (CityUnavailableException)
        {
            http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        }
    }
}

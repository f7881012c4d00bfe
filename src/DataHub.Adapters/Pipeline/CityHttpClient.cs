using System.Net;
using System.Net.Http.Headers;
using DataHub.Core.Native;
using DataHub.Core.Native.Wire;

namespace DataHub.Adapters.Pipeline;

/// <summary>Signed POSTs to a city's system, each through the city's pipeline.</summary>
public sealed class CityHttpClient : IDisposable
{
    private readonly string _cityKey;
    private readonly Uri _baseUrl;
    private readonly NativeSignature _signature;
    private readonly HttpClient _client;
    private readonly CityPipeline _pipeline;

    /// <exception cref="ArgumentException">The endpoint lacks its URL, key or secret.</exception>
    public CityHttpClient(CityAdapterContext context, NativeSignature signature)
    {
        _cityKey = context.City.Key;
        _baseUrl = context.Endpoint.BaseUrl ?? throw new ArgumentException($"{_cityKey}: the URL of the city's system is missing.", nameof(context));
        _signature = signature;
        _pipeline = CityResilience.Pipeline(context.City, context.Endpoint.Resilience, context.Time);

        // Redirects would carry the signed body to another place; the pipeline alone bounds the time.
        _client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            ConnectTimeout = context.Endpoint.Resilience.AttemptTimeout,
        })
        {
            MaxResponseContentBufferSize = BoundedBody.MaxBytes,
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    public bool IsCircuitOpen => _pipeline.IsOpen;

    /// <param name="read">Reads the body of an answer, given its status; null where the status has to speak.</param>
    public Task<DeliveryOutcome> PostAsync(
        string path, byte[] body, MediaTypeHeaderValue mediaType, Func<HttpStatusCode, byte[], DeliveryOutcome?> read, CancellationToken cancellationToken) =>
        _pipeline.CallAsync(
            async attempt =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_baseUrl, path));
                request.Content = new ByteArrayContent(body);
                request.Content.Headers.ContentType = mediaType;
                _signature.Sign(request, body);
                using var response = await _client.SendAsync(request, attempt);
                return read(response.StatusCode, await response.Content.ReadAsByteArrayAsync(attempt)) ?? OfStatus(response);
            },
            cancellationToken);

    /// <summary>What the city's system answered, as the node understands it.</summary>
    public DeliveryOutcome OfAck(NativeAck acks, NativeRecord answer, string messageId)
    {
        if (acks.HeldFromNative(answer, out _) is not { } ack)
            return new DeliveryOutcome.Rejected($"{_cityKey}: the answer is not in the interface's form");
        if (ack.MessageId != messageId)
            return new DeliveryOutcome.Rejected($"{_cityKey}: the answer is for another message");
        return ack.Result switch
        {
            HeldResult.Held => new DeliveryOutcome.Held(ack.OutcomeCode is null ? null : new HeldOutcome(ack.OutcomeCode, ack.AmountFen, ack.Reference)),
            HeldResult.Busy => new DeliveryOutcome.Transient($"{_cityKey}: busy", null),
            _ => new DeliveryOutcome.Rejected($"{_cityKey}: rejected by the city's system"),
        };
    }

    public void Dispose()
    {
        _client.Dispose();
        _pipeline.Dispose();
    }

    private DeliveryOutcome OfStatus(HttpResponseMessage response)
    {
        if (response.StatusCode == HttpStatusCode.OK)
            return new DeliveryOutcome.Rejected($"{_cityKey}: the answer is not in the interface's form");
        var why = $"{_cityKey}: HTTP {(int)response.StatusCode}";
        return response.StatusCode is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError
            ? new DeliveryOutcome.Transient(why, response.Headers.RetryAfter?.Delta)
            : new DeliveryOutcome.Rejected(why);
    }
}

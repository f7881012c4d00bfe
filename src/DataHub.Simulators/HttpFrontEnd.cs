using System.Net;
using System.Net.Http.Headers;
using DataHub.Contracts;
using DataHub.Core.Errors;
using DataHub.Core.Native;
using DataHub.Core.Native.Wire;
using Microsoft.AspNetCore.Http;

namespace DataHub.Simulators;

/// <summary>Settings of a simulated system that speaks HTTP.</summary>
/// <param name="Listen">Address to listen on; port 0 for any free one.</param>
/// <param name="AdapterUrl">Root of the hub's adapter. Asked at each call, for it may start after the simulator.</param>
/// <param name="ApiKey">As in the adapter's endpoint.</param>
/// <param name="Secret">As in the adapter's endpoint.</param>
public sealed record HttpFrontEndOptions(Uri Listen, Func<Uri> AdapterUrl, string ApiKey, string Secret);

/// <summary>What the HTTP front-ends have in common: signed calls out, checked calls in, and the city's words for both.</summary>
internal sealed class HttpFrontEnd : IDisposable
{
    private static readonly TimeSpan RetryAfterFault = TimeSpan.FromSeconds(1);
    private readonly HttpFrontEndOptions _options;
    private readonly NativeMapping _mapping;
    private readonly NativeSignature _signature;
    private readonly HttpClient _client;

    public HttpFrontEnd(HttpFrontEndOptions options, NativeMapping mapping, TimeProvider time)
    {
        _options = options;
        _mapping = mapping;
        _signature = new NativeSignature(options.ApiKey, options.Secret, time);
        _client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false })
        {
            MaxResponseContentBufferSize = BoundedBody.MaxBytes,
            Timeout = TimeSpan.FromSeconds(20),
        };
    }

    /// <summary>The message in the city's words; null where these have none for it.</summary>
    public NativeRecord? Compose(OutgoingNative message, out PortOutcome refused)
    {
        try
        {
            refused = new PortOutcome.Retry(RetryAfterFault);
            return _mapping.ToNative(message.Type, message.MessageId, message.ExchangeId, message.Time, message.Data);
        }
        catch (NativeMappingException)
        {
            refused = new PortOutcome.Refused([Reasons.Of(ReasonCodes.NativeNotReadable, "$")]);
            return null;
        }
    }

    /// <param name="read">Reads the answer; null where it says nothing.</param>
    public async Task<PortOutcome> SendAsync(
        string path, ReadOnlyMemory<byte> body, MediaTypeHeaderValue mediaType, Func<byte[], PortOutcome?> read, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_options.AdapterUrl(), path));
        request.Content = new ReadOnlyMemoryContent(body);
        request.Content.Headers.ContentType = mediaType;
        _signature.Sign(request, body.Span);
        try
        {
            using var response = await _client.SendAsync(request, cancellationToken);
            var after = response.Headers.RetryAfter?.Delta ?? RetryAfterFault;
            return response.StatusCode >= HttpStatusCode.InternalServerError
                ? new PortOutcome.Retry(after)
                : read(await response.Content.ReadAsByteArrayAsync(cancellationToken)) ?? new PortOutcome.Retry(after);
        }
        catch (HttpRequestException)
        {
            return new PortOutcome.Retry(RetryAfterFault);
        }
        catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new PortOutcome.Retry(RetryAfterFault);
        }
    }

    public PortOutcome? OfAck(NativeRecord answer) => _mapping.Acks.SubmitFromNative(answer, out _) switch
    {
        { Result: SubmitResult.Accepted or SubmitResult.Duplicate, ExchangeId: { } exchangeId } => new PortOutcome.Accepted(exchangeId),
        { Result: SubmitResult.Refused } ack => new PortOutcome.Refused(ack.Reasons),
        { Result: SubmitResult.Busy } ack => new PortOutcome.Retry(TimeSpan.FromSeconds(ack.RetryAfterSeconds ?? 1)),
        _ => null,
    };

    /// <summary>The body of an authentic request; otherwise null with the status that answers it.</summary>
    public async Task<(ReadOnlyMemory<byte>? Body, int Status)> ReceiveAsync(HttpRequest request)
    {
        var body = await BoundedBody.ReadAsync(request, request.HttpContext.RequestAborted);
        if (body.Cut is { } cut)
            return (null, cut == BodyCut.TooLarge ? StatusCodes.Status413PayloadTooLarge : StatusCodes.Status408RequestTimeout);
        var check = _signature.Verify(
            request.Headers[NativeSignature.KeyHeader], request.Headers[NativeSignature.TimestampHeader],
            request.Headers[NativeSignature.SignatureHeader], body.Bytes.Span);
        return check == SignatureCheck.Authentic ? (body.Bytes, StatusCodes.Status200OK) : (null, StatusCodes.Status401Unauthorized);
    }

    /// <summary>Gives a delivered message to the city's system.</summary>
    /// <returns>The answer; null where the record is not in the interface's form.</returns>
    /// <exception cref="CityUnavailableException">The city's system is down.</exception>
    public async Task<HeldAck?> DeliverAsync(CitySystem system, NativeRecord record, CancellationToken cancellationToken)
    {
        if (_mapping.ToCanonical(record) is not NativeReadOutcome.Ok { Message: { ExchangeId: { } exchangeId } message })
            return null;
        try
        {
            var outcome = await system.HandleAsync(message.MessageId, message.Type, exchangeId, message.Data, cancellationToken);
            return new HeldAck(message.MessageId, HeldResult.Held, outcome?.Code, outcome?.AmountFen, outcome?.Reference);
        }
        catch (UnacceptableMessageException)
        {
            return new HeldAck(message.MessageId, HeldResult.Rejected);
        }
    }

    /// <summary>Gives the notice of a refusal to the city's system, which knows its own message by the number.</summary>
    /// <returns>The answer; null where the record is not in the interface's form.</returns>
    /// <exception cref="CityUnavailableException">The city's system is down.</exception>
    public async Task<HeldAck?> NotifyAsync(CitySystem system, NativeRecord record, CancellationToken cancellationToken)
    {
        if (_mapping.Acks.SubmitFromNative(record, out _) is not { Result: SubmitResult.Refused, MessageId: { } messageId, ExchangeId: { } exchangeId } notice)
            return null;
        await system.HandleRefusalAsync(messageId, type: "", exchangeId, notice.Reasons, cancellationToken);
        return new HeldAck(messageId, HeldResult.Held);
    }

    public NativeRecord ToNative(HeldAck ack) => _mapping.Acks.ToNative(ack);

    public void Dispose() => _client.Dispose();
}

using System.Net.Http.Headers;
using System.Xml.Linq;
using DataHub.Contracts;
using DataHub.Core.Errors;
using DataHub.Core.Native;
using DataHub.Core.Native.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace DataHub.Simulators.Deyang;

/// <summary>The SOAP side of Deyang's simulated system: <c>contracts/native/deyang.md</c> seen from the city.</summary>
public sealed class DeyangFrontEnd(HttpFrontEndOptions options, NativeMapping mapping, TimeProvider time) : INativePort, IAsyncDisposable
{
    private static readonly MediaTypeHeaderValue SoapXml = new(Soap.MediaType, "utf-8");
    private readonly HttpFrontEnd _http = new(options, mapping, time);
    private readonly string _servicePath = $"native/{mapping.City.Key}/service";
    private NativeListener? _listener;

    /// <exception cref="InvalidOperationException">Not started.</exception>
    public Uri Url => _listener?.Url ?? throw new InvalidOperationException("The front-end has not been started.");

    /// <summary>Listens from now on and gives what comes to <paramref name="system"/>.</summary>
    public async Task StartAsync(CitySystem system, CancellationToken cancellationToken) => _listener = await NativeListener.StartAsync(
        options.Listen, routes => routes.MapPost("/service", http => AnswerAsync(http, system)), cancellationToken);

    public Task<PortOutcome> SendAsync(OutgoingNative message, CancellationToken cancellationToken) =>
        _http.Compose(message, out var refused) is { } record
            ? PostAsync(Soap.Write(DeyangXml.Message(DeyangXml.Submit, record, mapping.TypeField)), cancellationToken)
            : Task.FromResult(refused);

    public Task<PortOutcome> SendRawAsync(string messageId, ReadOnlyMemory<byte> sample, CancellationToken cancellationToken) => PostAsync(sample, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (_listener is not null)
            await _listener.DisposeAsync();
        _http.Dispose();
    }

    private Task<PortOutcome> PostAsync(ReadOnlyMemory<byte> envelope, CancellationToken cancellationToken) =>
        _http.SendAsync(_servicePath, envelope, SoapXml, ReadAnswer, cancellationToken);

    private PortOutcome? ReadAnswer(byte[] answer)
    {
        if (!Soap.TryRead(answer, out var content, out _))
            return null;
        if (Soap.ReadFault(content) is { } fault)
            return fault.Code == SoapFaultCode.Receiver ? null : new PortOutcome.Refused([fault.Reason]);
        return content.Name == DeyangXml.SubmitAnswer ? _http.OfAck(NativeXml.Read(content)) : null;
    }

    private async Task AnswerAsync(HttpContext http, CitySystem system)
    {
        var (body, status) = await _http.ReceiveAsync(http.Request);
        if (body is not { } bytes)
        {
            var code = status == StatusCodes.Status413PayloadTooLarge ? ReasonCodes.TooLarge : ReasonCodes.NativeSignatureInvalid;
            await FaultAsync(http, status, new SoapFault(SoapFaultCode.Sender, Reasons.Of(code, "$", BoundedBody.MaxBytes)));
            return;
        }

        if (!Soap.TryRead(bytes, out var operation, out var fault))
        {
            await FaultAsync(http, StatusCodes.Status400BadRequest, fault);
            return;
        }

        try
        {
            if (await HandleAsync(system, operation, http.RequestAborted) is { } ack)
                await WriteAsync(http, StatusCodes.Status200OK, Soap.Write(NativeXml.Write(DeyangXml.DeliverAnswer, _http.ToNative(ack))));
            else
                await FaultAsync(http, StatusCodes.Status400BadRequest, new SoapFault(SoapFaultCode.Sender, Reasons.Of(ReasonCodes.SchemaInvalid, "$")));
        }
        catch (CityUnavailableException)
        {
            await FaultAsync(
                http, StatusCodes.Status500InternalServerError, new SoapFault(SoapFaultCode.Receiver, Reasons.Of(ReasonCodes.CityUnreachable, "$")));
        }
    }

    private async Task<HeldAck?> HandleAsync(CitySystem system, XElement operation, CancellationToken cancellationToken)
    {
        try
        {
            if (operation.Name == DeyangXml.Refusal)
                return await _http.NotifyAsync(system, NativeXml.Read(operation), cancellationToken);
            return operation.Name == DeyangXml.Deliver && DeyangXml.ReadMessage(operation, mapping.TypeField) is { } record
                ? await _http.DeliverAsync(system, record, cancellationToken)
                : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static Task FaultAsync(HttpContext http, int status, SoapFault fault) => WriteAsync(http, status, Soap.Write(fault, DeyangXml.Namespace));

    private static async Task WriteAsync(HttpContext http, int status, byte[] envelope)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = Soap.MediaType + "; charset=utf-8";
        await http.Response.Body.WriteAsync(envelope, http.RequestAborted);
    }
}

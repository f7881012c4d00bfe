using System.Net.Http.Headers;
using System.Xml.Schema;
using DataHub.Adapters.Pipeline;
using DataHub.Contracts;
using DataHub.Core.Errors;
using DataHub.Core.Native;
using DataHub.Core.Native.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataHub.Adapters.Deyang;

/// <summary>
/// Deyang's interface: SOAP 1.2 with Chinese element names, under a schema, both ways. What was understood is answered by
/// a receipt, be it a refusal; what was not is answered by a fault. Described for the city's engineers in
/// <c>contracts/native/deyang.md</c>.
/// </summary>
public sealed class DeyangAdapter : ICityAdapter, IDisposable
{
    private const string CityServicePath = "service";

    private static readonly MediaTypeHeaderValue SoapXml = new(Soap.MediaType, "utf-8");
    private readonly CityAdapterContext _context;
    private readonly CityHttpClient _city;
    private readonly HttpIntake _intake;
    private readonly XmlSchemaSet _schemas;

    /// <exception cref="ArgumentException">The endpoint lacks its URL, API key or secret.</exception>
    public DeyangAdapter(CityAdapterContext context)
    {
        _context = context;
        _schemas = DeyangSchema.Compile(DeyangSchema.Build(context.Mapping));
        var signature = new NativeSignature(context.Endpoint.ApiKey, context.Endpoint.Secret, context.Time);
        _city = new CityHttpClient(context, signature);
        _intake = new HttpIntake(context, signature, Parse);
    }

    public string City => _context.City.Code;

    /// <summary>Where a city of this interface hands in, below the adapter's root.</summary>
    public static string ServicePathOf(string cityKey) => $"/native/{cityKey}/service";

    public bool IsCircuitOpen => _city.IsCircuitOpen;

    public Task<DeliveryOutcome> DeliverAsync(Delivery delivery, CancellationToken cancellationToken)
    {
        byte[] body;
        try
        {
            var record = _context.Mapping.ToNative(delivery.Type, delivery.MessageId, delivery.ExchangeId, delivery.Time, delivery.Data);
            body = Soap.Write(DeyangXml.Message(DeyangXml.Deliver, record, _context.Mapping.TypeField));
        }
        catch (NativeMappingException fault)
        {
            return Task.FromResult<DeliveryOutcome>(new DeliveryOutcome.Rejected(fault.Message));
        }
        catch (System.Xml.XmlException)
        {
            return Task.FromResult<DeliveryOutcome>(new DeliveryOutcome.Rejected($"{_context.City.Key}: a text holds a character that XML cannot carry"));
        }

        return PostAsync(body, delivery.MessageId, cancellationToken);
    }

    public Task<DeliveryOutcome> NotifyRefusalAsync(RefusalNotice notice, CancellationToken cancellationToken)
    {
        var ack = new SubmitAck(notice.MessageId, SubmitResult.Refused, notice.ExchangeId, notice.Reasons);
        return PostAsync(Soap.Write(NativeXml.Write(DeyangXml.Refusal, _context.Mapping.Acks.ToNative(ack))), notice.MessageId, cancellationToken);
    }

    public void MapEndpoints(IEndpointRouteBuilder routes) => routes.MapPost(ServicePathOf(_context.City.Key), TakeInAsync);

    public Task RunAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _city.Dispose();

    private NativeParse Parse(ReadOnlyMemory<byte> body)
    {
        if (!Soap.TryRead(body, out var operation, out var fault))
            return new NativeParse(null, fault.Reason, FaultCode: fault.Code);
        if (operation.Name != DeyangXml.Submit)
            return new NativeParse(null, Reasons.Of(ReasonCodes.UnknownNativeKind, "$"));
        try
        {
            if (DeyangXml.ReadMessage(operation, _context.Mapping.TypeField) is { } record)
            {
                var nonconforming = DeyangSchema.FirstFault(_schemas, operation);
                return new NativeParse(record, null, nonconforming is null ? null : Reasons.Of(ReasonCodes.SchemaInvalid, nonconforming));
            }
        }
        catch (FormatException)
        {
            // Falls through to the same refusal.
        }

        return new NativeParse(null, Reasons.Of(ReasonCodes.SchemaInvalid, "$"));
    }

    private async Task TakeInAsync(HttpContext http)
    {
        var result = await _intake.HandleAsync(http.Request, http.RequestAborted);
        byte[] answer;
        if (result.Stage is IntakeStage.Accepted or IntakeStage.Refused)
        {
            http.Response.StatusCode = StatusCodes.Status200OK;
            answer = Soap.Write(NativeXml.Write(DeyangXml.SubmitAnswer, _context.Mapping.Acks.ToNative(result.Ack)));
        }
        else
        {
            http.Response.StatusCode = result.Status;
            var code = result.Stage == IntakeStage.Busy ? SoapFaultCode.Receiver : result.FaultCode;
            var reason = result.Stage == IntakeStage.Busy ? Reasons.Of(ReasonCodes.Overloaded, "$") : result.Ack.Reasons[0];
            answer = Soap.Write(new SoapFault(code, reason), DeyangXml.Namespace);
        }

        if (result.Ack.RetryAfterSeconds is { } seconds)
            http.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        http.Response.ContentType = Soap.MediaType + "; charset=utf-8";
        await http.Response.Body.WriteAsync(answer, http.RequestAborted);
    }

    private Task<DeliveryOutcome> PostAsync(byte[] body, string messageId, CancellationToken cancellationToken) =>
        _city.PostAsync(CityServicePath, body, SoapXml, (_, answer) => ReadAnswer(answer, messageId), cancellationToken);

    private DeliveryOutcome? ReadAnswer(byte[] answer, string messageId)
    {
        if (!Soap.TryRead(answer, out var content, out _))
            return null;
        if (Soap.ReadFault(content) is { } fault)
        {
            var why = $"{_context.City.Key}: fault {fault.Code} {fault.Reason.Code}";
            return fault.Code == SoapFaultCode.Receiver ? new DeliveryOutcome.Transient(why, null) : new DeliveryOutcome.Rejected(why);
        }

        try
        {
            return content.Name == DeyangXml.DeliverAnswer ? _city.OfAck(_context.Mapping.Acks, NativeXml.Read(content), messageId) : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }
}

using System.Net;
using System.Net.Http.Headers;
using DataHub.Adapters.Pipeline;
using DataHub.Core.Native;
using DataHub.Core.Native.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DataHub.Adapters.Chengdu;

/// <summary>
/// Chengdu's interface: REST with JSON, an API key and an HMAC both ways, webhooks for what the hub has for the city.
/// Described for the city's engineers in <c>contracts/native/chengdu.md</c>.
/// </summary>
public sealed class ChengduAdapter : ICityAdapter, IDisposable
{
    private const string OutcomesPath = "webhooks/outcomes";
    private const string RefusalsPath = "webhooks/refusals";

    private static readonly MediaTypeHeaderValue Json = new("application/json", "utf-8");
    private readonly CityAdapterContext _context;
    private readonly CityHttpClient _city;
    private readonly HttpIntake _intake;

    /// <exception cref="ArgumentException">The endpoint lacks its URL, API key or secret.</exception>
    public ChengduAdapter(CityAdapterContext context)
    {
        _context = context;
        var signature = new NativeSignature(context.Endpoint.ApiKey, context.Endpoint.Secret, context.Time);
        _city = new CityHttpClient(context, signature);
        _intake = new HttpIntake(context, signature, static body => NativeJson.TryRead(body, out var record, out var reason)
            ? new NativeParse(record, null)
            : new NativeParse(null, reason));
    }

    public string City => _context.City.Code;

    /// <summary>Where a city of this interface hands in, below the adapter's root.</summary>
    public static string CasesPathOf(string cityKey) => $"/native/{cityKey}/cases";

    public bool IsCircuitOpen => _city.IsCircuitOpen;

    public Task<DeliveryOutcome> DeliverAsync(Delivery delivery, CancellationToken cancellationToken)
    {
        NativeRecord record;
        try
        {
            record = _context.Mapping.ToNative(delivery.Type, delivery.MessageId, delivery.ExchangeId, delivery.Time, delivery.Data);
        }
        catch (NativeMappingException fault)
        {
            return Task.FromResult<DeliveryOutcome>(new DeliveryOutcome.Rejected(fault.Message));
        }

        return PostAsync(OutcomesPath, record, delivery.MessageId, cancellationToken);
    }

    public Task<DeliveryOutcome> NotifyRefusalAsync(RefusalNotice notice, CancellationToken cancellationToken) => PostAsync(
        RefusalsPath,
        _context.Mapping.Acks.ToNative(new SubmitAck(notice.MessageId, SubmitResult.Refused, notice.ExchangeId, notice.Reasons)),
        notice.MessageId,
        cancellationToken);

    public void MapEndpoints(IEndpointRouteBuilder routes) => routes.MapPost(CasesPathOf(_context.City.Key), TakeInAsync);

    public Task RunAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _city.Dispose();

    private async Task TakeInAsync(HttpContext http)
    {
        var result = await _intake.HandleAsync(http.Request, http.RequestAborted);
        http.Response.StatusCode = result.Status;
        http.Response.ContentType = "application/json; charset=utf-8";
        if (result.Ack.RetryAfterSeconds is { } seconds)
            http.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        await http.Response.Body.WriteAsync(NativeJson.Write(_context.Mapping.Acks.ToNative(result.Ack)), http.RequestAborted);
    }

    private Task<DeliveryOutcome> PostAsync(string path, NativeRecord record, string messageId, CancellationToken cancellationToken) => _city.PostAsync(
        path, NativeJson.Write(record), Json,
        (status, answer) => status == HttpStatusCode.OK && NativeJson.TryRead(answer, out var read, out _)
            ? _city.OfAck(_context.Mapping.Acks, read, messageId)
            : null,
        cancellationToken);
}

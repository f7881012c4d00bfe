using DataHub.Adapters.Pipeline;
using DataHub.Core.Native;
using DataHub.Core.Native.Ziyang;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace DataHub.Adapters.Ziyang;

/// <summary>Ziyang: GB18030 CSV files in drop folders, both ways (contracts/native/ziyang.md).</summary>
public sealed class ZiyangAdapter : ICityAdapter, IDisposable
{
    private const int MaxCalls = 1000;
    private static readonly TimeSpan OnFault = TimeSpan.FromSeconds(1);

    private readonly CityAdapterContext _context;
    private readonly ZiyangIntake _intake;
    private readonly ZiyangFolders _folders;
    private readonly ZiyangCalls<DeliveryOutcome> _deliveries;
    private readonly CityPipeline _pipeline;
    private readonly ILogger _log;

    /// <exception cref="ArgumentException">The endpoint names no path.</exception>
    public ZiyangAdapter(CityAdapterContext context)
    {
        _context = context;
        _log = context.Logs.CreateLogger<ZiyangAdapter>();
        _folders = new ZiyangFolders(context.Endpoint.Path ?? throw new ArgumentException("Ziyang needs the root of its drop folders.", nameof(context)), context.Mapping);
        _intake = new ZiyangIntake(_folders, context, _log);
        _deliveries = new ZiyangCalls<DeliveryOutcome>(
            _folders, _folders.In, _folders.InAck, _folders.HeldAckFormat, ReadAnswer, outcome => outcome is not DeliveryOutcome.Transient,
            context.Endpoint.PollInterval, context.Time, _log);
        // Calls wait for the city's next look at its folder, so many are under way at once; trying again within a call would only wait again.
        _pipeline = CityResilience.Pipeline(context.City, context.Endpoint.Resilience with { MaxConcurrency = MaxCalls, Retries = 0 }, context.Time);
    }

    public string City => _context.City.Code;

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

        // Numbers are unique per city only, and senders differ: the exchange tells them apart.
        return PostAsync($"{delivery.ExchangeId}/{delivery.MessageId}", new(ZiyangFolders.Messages, _folders.MessageFormat, record), cancellationToken);
    }

    public Task<DeliveryOutcome> NotifyRefusalAsync(RefusalNotice notice, CancellationToken cancellationToken)
    {
        var ack = new SubmitAck(notice.MessageId, SubmitResult.Refused, notice.ExchangeId, notice.Reasons);
        return PostAsync($"refusal/{notice.MessageId}", new(ZiyangFolders.Notices, _folders.SubmitAckFormat, _context.Mapping.Acks.ToNative(ack)), cancellationToken);
    }

    public void MapEndpoints(IEndpointRouteBuilder routes)
    {
        // The interface is a folder; there is nothing to call.
    }

    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(
        Poller.RunAsync(_intake.LookAsync, OnFault, _log, _context.Time, cancellationToken),
        _deliveries.RunAsync(OnFault, cancellationToken));

    public void Dispose() => _pipeline.Dispose();

    private Task<DeliveryOutcome> PostAsync(string key, ZiyangPosting posting, CancellationToken cancellationToken) =>
        _pipeline.CallAsync(async token => await _deliveries.AskAsync(key, posting, token), cancellationToken);

    private DeliveryOutcome ReadAnswer(ZiyangRow row)
    {
        var faults = row.Reasons;
        var ack = row.Record is { } record ? _context.Mapping.Acks.HeldFromNative(record, out faults) : null;
        return HeldAcks.Outcome(ack, faults);
    }
}

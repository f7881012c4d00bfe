using System.Globalization;
using DataHub.Adapters.Pipeline;
using DataHub.Core.Native;
using DataHub.Core.Native.Meishan;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace DataHub.Adapters.Meishan;

/// <summary>
/// Meishan: an exchange database that both sides write and poll (contracts/native/meishan.md). A crash between taking a row
/// in and setting its status leaves the row new: it is taken in again, which the node recognises as a repetition.
/// </summary>
public sealed class MeishanAdapter : ICityAdapter, IDisposable
{
    private const int GroupSize = 500;
    private const string NoticePrefix = "refusal/";
    private static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan WhileWaiting = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan OnFault = TimeSpan.FromSeconds(1);

    private readonly CityAdapterContext _context;
    private readonly IMeishanTables _tables;
    private readonly RecordIntake _intake;
    private readonly CityPipeline _pipeline;
    private readonly GroupedCalls<Posting, DeliveryOutcome> _postings = new(2 * GroupSize);
    private readonly ILogger _log;

    /// <exception cref="ArgumentException">The endpoint names no exchange database, or more than one.</exception>
    public MeishanAdapter(CityAdapterContext context)
    {
        _context = context;
        _tables = MeishanTables.Open(context.Endpoint.Path, context.Endpoint.ConnectionString, context.Mapping);
        _intake = new RecordIntake(context.Mapping, context.Intake, context.Time);
        // Calls wait for the city's poller, so many are under way at once; trying again within a call would only wait again.
        _pipeline = CityResilience.Pipeline(
            context.City, context.Endpoint.Resilience with { MaxConcurrency = GroupSize, Retries = 0 }, context.Time);
        _log = context.Logs.CreateLogger<MeishanAdapter>();
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

        if (!MeishanTable.CanHold(record))
            return Task.FromResult<DeliveryOutcome>(new DeliveryOutcome.Rejected("a text holds the character U+0000, which tables cannot store"));

        // Numbers are unique per city only, and senders differ: the exchange tells them apart.
        return PostAsync($"{delivery.ExchangeId}/{delivery.MessageId}", new Posting(_tables.Tables.Receive, record), cancellationToken);
    }

    public Task<DeliveryOutcome> NotifyRefusalAsync(RefusalNotice notice, CancellationToken cancellationToken)
    {
        var ack = new SubmitAck(notice.MessageId, SubmitResult.Refused, notice.ExchangeId, notice.Reasons);
        return PostAsync(NoticePrefix + notice.MessageId, new Posting(_tables.Tables.Notice, _context.Mapping.Acks.ToNative(ack)), cancellationToken);
    }

    public void MapEndpoints(IEndpointRouteBuilder routes)
    {
        // The interface is a database; there is nothing to call.
    }

    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(
        Poller.RunAsync(TakeInAsync, OnFault, _log, _context.Time, cancellationToken),
        Poller.RunAsync(WriteAsync, OnFault, _log, _context.Time, cancellationToken),
        Poller.RunAsync(ReadAnswersAsync, OnFault, _log, _context.Time, cancellationToken));

    public void Dispose()
    {
        _pipeline.Dispose();
        _tables.Dispose();
    }

    private static bool IsNotice(string key) => key.StartsWith(NoticePrefix, StringComparison.Ordinal);

    private Task<DeliveryOutcome> PostAsync(string key, Posting posting, CancellationToken cancellationToken) =>
        _pipeline.CallAsync(async token => await _postings.AskAsync(key, posting, token), cancellationToken);

    private async Task<TimeSpan> TakeInAsync(CancellationToken cancellationToken)
    {
        var rows = await _tables.ReadNewAsync(_tables.Tables.Send, GroupSize, cancellationToken);
        if (rows.Count == 0)
            return _context.Endpoint.PollInterval;
        var acks = await _intake.TakeInAsync([.. rows.Select(row => new ReceivedRecord(row.Record, row.Reasons, row.Native))], cancellationToken);
        var given = rows.Select((row, i) => new MeishanAnswer(
            row.Id,
            acks[i].Result == SubmitResult.Refused ? MeishanTable.Refused : MeishanTable.Done,
            new MeishanEntry(row.Id.ToString(CultureInfo.InvariantCulture), _context.Mapping.Acks.ToNative(acks[i]))));
        await _tables.AnswerAsync(_tables.Tables.Send, _tables.Tables.SendAck, [.. given], cancellationToken);
        return TimeSpan.Zero;
    }

    private async Task<TimeSpan> WriteAsync(CancellationToken cancellationToken)
    {
        var group = await _postings.TakeGroupAsync(GroupSize, Linger, _context.Time, cancellationToken);
        try
        {
            foreach (var rows in group.GroupBy(row => row.Item.Table))
                await _tables.InsertAsync(rows.Key, [.. rows.Select(row => new MeishanEntry(row.Key, row.Item.Record))], cancellationToken);
        }
        catch (Exception fault)
        {
            foreach (var (key, _) in group)
                _postings.Fail(key, fault);
            throw;
        }

        return TimeSpan.Zero;
    }

    private async Task<TimeSpan> ReadAnswersAsync(CancellationToken cancellationToken)
    {
        var waiting = _postings.WaitingKeys;
        if (waiting.Count == 0)
            return WhileWaiting;
        List<(string Key, DeliveryOutcome Outcome)> answers = [];
        List<string> refused = [];
        foreach (var row in await _tables.ReadByKeyAsync(_tables.Tables.ReceiveAck, waiting, cancellationToken))
        {
            var faults = row.Reasons;
            var ack = row.Record is { } record ? _context.Mapping.Acks.HeldFromNative(record, out faults) : null;
            answers.Add((row.Key!, HeldAcks.Outcome(ack, faults)));
            // Of an answer that cannot be read nobody knows whether the city holds the message: its row stays the only one.
            if (ack is { Result: HeldResult.Rejected })
                refused.Add(row.Key!);
        }

        try
        {
            // The answer is given once. When an operator has the message delivered again, it is a new row, which the city looks at again.
            foreach (var keys in refused.GroupBy(IsNotice))
                await _tables.SetAsideAsync(keys.Key ? _tables.Tables.Notice : _tables.Tables.Receive, _tables.Tables.ReceiveAck, [.. keys], cancellationToken);
        }
        finally
        {
            foreach (var (key, outcome) in answers)
                _postings.Answer(key, outcome);
        }

        return WhileWaiting;
    }

    private sealed record Posting(MeishanTable Table, NativeRecord Record);
}

using System.Collections.Concurrent;
using System.Globalization;
using DataHub.Core.Native;
using DataHub.Core.Native.Meishan;
using Microsoft.Extensions.Logging;

namespace DataHub.Simulators.Meishan;

/// <summary>Meishan's side of the exchange database: writes T_SEND, works off T_RECV and T_NOTICE.</summary>
public sealed class MeishanFrontEnd : INativePort, IDisposable
{
    private const int GroupSize = 500;
    private static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan WhileWaiting = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan OnFault = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(200);

    private readonly NativeMapping _mapping;
    private readonly TimeSpan _poll;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly IMeishanTables _tables;
    private readonly GroupedCalls<NativeRecord, PortOutcome> _calls = new(2 * GroupSize);

    /// <summary>By ROW_KEY in T_SEND: the row's ID, under which the answer comes.</summary>
    private readonly ConcurrentDictionary<string, string> _rows = new(StringComparer.Ordinal);

    /// <param name="tables">The exchange database; disposed of with this.</param>
    /// <param name="poll">Pause between two looks when nothing was found.</param>
    public MeishanFrontEnd(IMeishanTables tables, NativeMapping mapping, TimeSpan poll, TimeProvider time, ILogger log)
    {
        (_tables, _mapping, _poll, _time, _log) = (tables, mapping, poll, time, log);
    }

    public Task<PortOutcome> SendAsync(OutgoingNative message, CancellationToken cancellationToken) =>
        CityHandlers.Compose(_mapping, message, out var refused) is { } record
            ? SendAsync(message.MessageId, record, cancellationToken)
            : Task.FromResult(refused);

    /// <param name="sample">UTF-8 lines <c>COLUMN=value</c>; entries of lists as <c>LIST[1].COLUMN=value</c>.</param>
    public Task<PortOutcome> SendRawAsync(string messageId, ReadOnlyMemory<byte> sample, CancellationToken cancellationToken) =>
        SendAsync(messageId, _tables.Tables.Send.ReadSample(sample.Span), cancellationToken);

    /// <summary>Runs until cancelled.</summary>
    public Task RunAsync(CityHandlers city, CancellationToken cancellationToken) => Task.WhenAll(
        Poller.RunAsync(WriteAsync, OnFault, _log, _time, cancellationToken),
        Poller.RunAsync(ReadAnswersAsync, OnFault, _log, _time, cancellationToken),
        Poller.RunAsync(token => WorkOffAsync(_tables.Tables.Receive, record => record?.Text("EXCHANGE_NO") ?? "", (row, t) => city.HandleAsync(_mapping, row.Record, row.Reasons, t), token), OnFault, _log, _time, cancellationToken),
        Poller.RunAsync(token => WorkOffAsync(_tables.Tables.Notice, _ => "", (row, t) => city.HandleRefusalAsync(_mapping, row.Record, row.Reasons, t), token), OnFault, _log, _time, cancellationToken));

    public void Dispose() => _tables.Dispose();

    private async Task<PortOutcome> SendAsync(string key, NativeRecord record, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Patience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            return await _calls.AskAsync(key, record, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new PortOutcome.Retry(RetryAfter);
        }
        finally
        {
            _rows.TryRemove(key, out _);
        }
    }

    private async Task<TimeSpan> WriteAsync(CancellationToken cancellationToken)
    {
        var group = await _calls.TakeGroupAsync(GroupSize, Linger, _time, cancellationToken);
        try
        {
            var ids = await _tables.InsertAsync(_tables.Tables.Send, [.. group.Select(call => new MeishanEntry(call.Key, call.Item))], cancellationToken);
            foreach (var (key, id) in ids)
                _rows[key] = id.ToString(CultureInfo.InvariantCulture);
        }
        catch (Exception fault)
        {
            foreach (var (key, _) in group)
                _calls.Fail(key, fault);
            throw;
        }

        return TimeSpan.Zero;
    }

    private async Task<TimeSpan> ReadAnswersAsync(CancellationToken cancellationToken)
    {
        var waiting = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, id) in _rows)
            waiting[id] = key;
        if (waiting.Count == 0)
            return WhileWaiting;
        foreach (var row in await _tables.ReadByKeyAsync(_tables.Tables.SendAck, waiting.Keys, cancellationToken))
        {
            var faults = row.Reasons;
            var ack = row.Record is { } record ? _mapping.Acks.SubmitFromNative(record, out faults) : null;
            _calls.Answer(waiting[row.Key!], CityHandlers.Outcome(ack, faults, RetryAfter));
        }

        return WhileWaiting;
    }

    private async Task<TimeSpan> WorkOffAsync(
        MeishanTable table, Func<NativeRecord?, string> exchange, Func<MeishanRow, CancellationToken, Task<HeldAck>> handle, CancellationToken cancellationToken)
    {
        var rows = await _tables.ReadNewAsync(table, GroupSize, cancellationToken);
        if (rows.Count == 0)
            return _poll;
        var acks = await CityHandlers.HandleAllAsync(rows, row => exchange(row.Record), handle, cancellationToken);
        // Rows that could not be worked off stay new: the hub's side waits, and asks about them again.
        var done = Enumerable.Range(0, rows.Count).Where(i => acks[i].Result != HeldResult.Busy).Select(i => new MeishanAnswer(
            rows[i].Id,
            acks[i].Result == HeldResult.Held ? MeishanTable.Done : MeishanTable.Refused,
            new MeishanEntry(rows[i].Key ?? "", _mapping.Acks.ToNative(acks[i])))).ToList();
        if (done.Count > 0)
            await _tables.AnswerAsync(table, _tables.Tables.ReceiveAck, done, cancellationToken);
        return done.Count == 0 ? _poll : TimeSpan.Zero;
    }
}

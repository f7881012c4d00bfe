using System.Globalization;
using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Contracts.Payloads;
using DataHub.Core.Errors;
using DataHub.Core.Flows;
using DataHub.Core.Journal;
using DataHub.Core.Messaging;
using DataHub.Core.Storage;
using DataHub.Core.Validation;
using Microsoft.Extensions.Logging;

namespace DataHub.Adapters.Pipeline;

/// <summary>
/// Applies what the hub sends to a city: forwarded messages become native deliveries, receipts settle what the city
/// sent, and what the city holds is reported back.
/// </summary>
internal sealed class HubFrames(string city, ILogger log)
{
    private const int ReportEntries = 200;
    private const string ReportPrefix = "report-";

    // What is not remembered is read from the journal; between a message and its receipt lies less than this.
    private readonly Recent<(string Type, IPayload? Payload)> sent = new(10_000);

    /// <summary>True for ids that this node gives to its own reports: a city's system may not take one of them.</summary>
    public static bool IsReportId(string id, string city) => id.StartsWith(ReportPrefix + city + "-", StringComparison.Ordinal);

    /// <summary>Remembers committed messages of the city and the outcomes in them, until their receipts come.</summary>
    public void Remember(IReadOnlyList<(string MessageId, string Type, IPayload? Payload)> messages)
    {
        foreach (var (id, type, payload) in messages)
            sent.Put(id, (type, payload));
    }

    /// <summary>Forgets everything: the store may hold less than was thought.</summary>
    public void Forget() => sent.Clear();

    public async Task ApplyAsync(AdapterStep step, int shard, IReadOnlyList<ReceivedEvent> events, CancellationToken cancel)
    {
        foreach (var received in events)
        {
            if (received.Event is { Type: MessageTypes.LinkProgress })
                continue;
            if (received.Untrusted is { } untrusted)
            {
                await step.RefuseAsync(received.Raw, received.Event?.Id ?? "", received.Event?.Type ?? "", received.Event?.ExchangeId ?? Nodes.NoExchange,
                    received.Event?.SenderCity ?? "", untrusted, cancel);
                log.LogError("An event from the hub to {City} was refused: {Code}.", city, untrusted[0].Code);
                continue;
            }

            var e = received.Event!;
            var number = e.DeliverySequence!.Value;
            var link = step.Links[shard];
            if (number > link.Received + 1)
            {
                link.Tell = true;
                return;
            }

            if (number <= link.Received)
            {
                link.Tell = true;
                continue;
            }

            step.Advance(shard, number);
            Take(step, shard, received, e);
        }
    }

    /// <summary>
    /// Reads a parked message again, and where it can be read now does what taking it would have done. The row of the replay
    /// carries the message's bytes, as the parked row holds the message's key.
    /// </summary>
    public async Task<ReplayOutcome> ReplayAsync(AdapterStep step, JournalRow parked, CloudEvent e, JournalEntry operatorRow, CancellationToken cancel)
    {
        step.Append(operatorRow);
        step.Commit.ParkedResolved.Add(parked.Number);
        var (payload, invalid) = PayloadCheck.ReadShape(e);
        var received = new ReceivedEvent { Raw = parked.Body, Event = e, Payload = payload, Invalid = invalid };
        var key = "replayed:" + operatorRow.Key;
        if (payload is null)
        {
            step.Append(Entry(step, received, e, EntryKind.Parked, ReasonList.Write(invalid ?? [])) with { Key = key });
            return ReplayOutcome.ParkedAgain;
        }

        await step.LoadAsync([WantsOf([received])], cancel);
        var shard = step.Shards.Of(payload is HubReceipt receipt ? receipt.Entries[0].ExchangeId : e.ExchangeId);
        Apply(step, shard, step.Append(Entry(step, received, e, EntryKind.Received, null) with { Key = key }), e, payload);
        return ReplayOutcome.Worked;
    }

    /// <summary>Makes the messages that tell the hub what the city's system holds, at the end of a group.</summary>
    public void SendReports(AdapterStep step)
    {
        for (var shard = 0; shard < step.Links.Count; shard++)
        {
            foreach (var chunk in step.Links[shard].Reports.Chunk(ReportEntries))
            {
                // The exchange number's rule makes it unique over all shards.
                var number = step.Shards.ExchangeNumber(step.Links[shard].Assigned + 1, shard);
                step.Make(shard, string.Create(CultureInfo.InvariantCulture, $"{ReportPrefix}{city}-{number}"), Nodes.NoExchange, new HolderReport { Entries = chunk });
            }
        }
    }

    /// <summary>What applying these events will ask for.</summary>
    public Wants WantsOf(IReadOnlyList<ReceivedEvent> events)
    {
        var keys = new List<string>();
        var exchanges = new HashSet<string>(StringComparer.Ordinal);
        foreach (var received in events)
        {
            if (received.Untrusted is not null || received.Event is not { } e)
                continue;
            keys.Add(e.SenderCity + ":" + e.Id);
            if (received.Payload is HubReceipt receipt)
            {
                exchanges.UnionWith(receipt.Entries.Select(r => r.ExchangeId));
                keys.AddRange(receipt.Entries.Where(r => r.Verdict == Verdict.Accepted && !sent.TryGet(r.MessageId, out _)).Select(r => city + ":" + r.MessageId));
            }
            else if (e.ExchangeId != Nodes.NoExchange)
            {
                exchanges.Add(e.ExchangeId);
            }
        }

        return new Wants(keys, exchanges);
    }

    private void Take(AdapterStep step, int shard, ReceivedEvent received, CloudEvent e)
    {
        if (step.Known(e.SenderCity + ":" + e.Id) is not null)
            return;
        if (received.Payload is not { } payload)
        {
            // The hub accepted it and we cannot read it: versions differ. It is kept, and a person has to look.
            step.Append(Entry(step, received, e, EntryKind.Parked, ReasonList.Write(received.Invalid ?? [])));
            log.LogError("Message {MessageId} of {ExchangeId} from the hub cannot be read by {City} and was parked.", e.Id, e.ExchangeId, city);
            return;
        }

        Apply(step, shard, step.Append(Entry(step, received, e, EntryKind.Received, null)), e, payload);
    }

    private void Apply(AdapterStep step, int shard, int index, CloudEvent e, IPayload payload)
    {
        switch (payload)
        {
            case HubReceipt receipt:
                TakeReceipt(step, shard, index, e, receipt);
                break;
            case DeadlineNotice:
                // Told to the city's system; it changes nothing in the exchange.
                step.Deliver(index, e, e.ExchangeId);
                break;
            default:
                var row = Views.AfterReceiving(step.Exchange(e.ExchangeId), e, payload, city, step.Now);
                step.Put(row);
                step.Deliver(index, e, e.ExchangeId);
                break;
        }
    }

    private void TakeReceipt(AdapterStep step, int shard, int index, CloudEvent e, HubReceipt receipt)
    {
        step.Commit.Receipts.Add(new ReceiptRow(step.Shards.Nodes[shard], receipt.Entries[0].Sequence, receipt.Entries[^1].Sequence, index));
        for (var position = 0; position < receipt.Entries.Count; position++)
        {
            var entry = receipt.Entries[position];
            if (step.Exchange(entry.ExchangeId) is not { } row)
                continue;
            switch (entry.Verdict)
            {
                case Verdict.Accepted:
                    var outcome = OwnOutcome(step, row, entry);
                    step.Put(Views.AfterReceipt(row, entry, outcome, step.Now));
                    if (outcome is not null)
                        step.Report(Holding(row.State.ExchangeId, entry.MessageId, outcome, step.Now));
                    break;
                case Verdict.Refused:
                    step.Put(Views.AfterRefusal(row, entry, step.Now));
                    step.Deliver(index, e, entry.ExchangeId, refusal: true, position);
                    break;
            }
        }
    }

    /// <summary>The outcome in a message that this city itself sent, as remembered or from the journalled message.</summary>
    private Outcome? OwnOutcome(AdapterStep step, ExchangeRow row, ReceiptEntry entry)
    {
        if (sent.TryGet(entry.MessageId, out var message))
            return message.Payload is { } payload ? Views.OutcomeOf(row, message.Type, payload) : null;
        if (step.Known(city + ":" + entry.MessageId)?.Read() is not { } e || !CarriesOutcome(row.State.Flow, e.Type))
            return null;
        return PayloadReader.Read(e.Type, e.Data.Span) is ReadOutcome.Ok ok ? Views.OutcomeOf(row, e.Type, ok.Payload) : null;
    }

    /// <summary>True for a message that sets its exchange's outcome.</summary>
    public static bool CarriesOutcome(string flow, string type) =>
        FlowCatalogue.Find(flow)?.StepsOf(type) is [{ Outcome: OutcomeEffect.Set }, ..];

    /// <summary>A report entry for an outcome.</summary>
    public static HolderEntry Holding(string exchangeId, string messageId, Outcome outcome, DateTimeOffset at) => new()
    {
        ExchangeId = exchangeId,
        MessageId = messageId,
        Outcome = outcome.Code,
        AmountFen = outcome.AmountFen,
        OutcomeDigest = OutcomeText.Digest(exchangeId, outcome),
        HeldAt = at,
    };

    private static JournalEntry Entry(AdapterStep step, ReceivedEvent received, CloudEvent e, EntryKind kind, string? reasons) => new()
    {
        Kind = kind,
        Key = e.SenderCity + ":" + e.Id,
        MessageId = e.Id,
        Type = e.Type,
        ExchangeId = e.ExchangeId,
        Sender = e.SenderCity,
        Sequence = e.DeliverySequence ?? 0,
        At = step.Now,
        Body = received.Raw,
        Reasons = reasons,
    };
}

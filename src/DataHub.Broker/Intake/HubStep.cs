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

namespace DataHub.Broker.Intake;

/// <summary>
/// What the hub gathers while it works through one group of work, until the group is committed as one. Reads go to the
/// store once per id; later work in the same group sees what earlier work decided.
/// </summary>
internal sealed class HubStep(string node, long fence, INodeStore store, Recent<ExchangeRow> recent, DateTimeOffset now, Func<string, long> assignedOnLink, Func<string, long> receivedFrom)
{
    private readonly StepMemory memory = new(node, store, recent);
    private readonly Dictionary<string, PublishedResult> published = new(StringComparer.Ordinal);
    private readonly List<(string Patient, string Item, string ResultId)> indexed = [];
    private readonly Dictionary<string, long> linkNumbers = new(StringComparer.Ordinal);

    public NodeCommit Commit { get; } = new(node, fence);

    /// <summary>The shard that works.</summary>
    public string Node { get; } = node;

    public DateTimeOffset Now { get; } = now;

    /// <summary>Exchanges that this group brings to their last state.</summary>
    public List<ExchangeRow> Closed { get; } = [];

    /// <summary>Exchanges whose sides this group finds to hold the same.</summary>
    public List<ExchangeRow> Reconciled { get; } = [];

    /// <summary>Messages to hand to each city's link once committed.</summary>
    public Dictionary<string, List<OutgoingMessage>> Outgoing { get; } = new(StringComparer.Ordinal);

    /// <summary>Receipt entries per city, in the order of the city's numbers.</summary>
    public Dictionary<string, List<ReceiptEntry>> Receipts { get; } = new(StringComparer.Ordinal);

    /// <summary>The hub's own messages of this group, signed together at its end.</summary>
    public List<(string City, CloudEvent Event, (long From, long To)? Covers, ExchangeRow? About)> Own { get; } = [];

    /// <summary>Cities that must be told how far we hold their messages, even where nothing new was taken in.</summary>
    public HashSet<string> Tell { get; } = new(StringComparer.Ordinal);

    public long Received(string city) => Commit.Received.TryGetValue(city, out var number) ? number : receivedFrom(city);

    public void Advance(string city, long number)
    {
        Commit.Received[city] = number;
        Tell.Add(city);
    }

    public Task LoadAsync(IEnumerable<Wants> wants, CancellationToken cancel)
    {
        var keys = new HashSet<string>(StringComparer.Ordinal);
        var exchanges = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (k, e) in wants)
        {
            keys.UnionWith(k);
            exchanges.UnionWith(e);
        }

        return LoadAsync(keys, exchanges, cancel);
    }

    /// <summary>Reads these and, for parts of joint applications, their wholes: a part's outcome changes its whole with it.</summary>
    public async Task LoadAsync(IReadOnlyCollection<string> keys, IReadOnlyCollection<string> exchangeIds, CancellationToken cancel)
    {
        await memory.LoadAsync(keys, exchangeIds, cancel);
        var wholes = exchangeIds.Select(id => memory.Exchange(id)?.State.Facts.GetValueOrDefault(FactKeys.Whole)).OfType<string>().Distinct(StringComparer.Ordinal).ToList();
        if (wholes.Count > 0)
            await memory.LoadAsync([], wholes, cancel);
    }

    public KnownMessage? Known(string key) => memory.Known(key);

    public ExchangeRow? Exchange(string id) => memory.Exchange(id);

    public void Put(ExchangeRow row)
    {
        memory.Put(row);
        Commit.Exchanges[row.State.ExchangeId] = row;
    }

    /// <summary>Appends a journal row and remembers its key. Returns its index in the commit.</summary>
    public int Append(JournalEntry entry)
    {
        Commit.Entries.Add(entry);
        memory.Add(entry);
        return Commit.Entries.Count - 1;
    }

    /// <summary>Journals a refusal once, however often the same bytes come.</summary>
    /// <returns>False where the same bytes were refused before.</returns>
    public async Task<bool> RefuseAsync(ReadOnlyMemory<byte> raw, CloudEvent? e, IReadOnlyList<Reason> reasons, CancellationToken cancel)
    {
        var key = FrameReader.RefusedKey(raw.Span);
        await memory.LoadAsync([key], [], cancel);
        if (memory.Known(key) is not null)
            return false;
        Append(new JournalEntry
        {
            Kind = EntryKind.Refused,
            Key = key,
            MessageId = e?.Id ?? "",
            Type = e?.Type ?? "",
            ExchangeId = e?.ExchangeId ?? Nodes.NoExchange,
            Sender = e?.SenderCity ?? "",
            Sequence = e?.Sequence ?? 0,
            At = Now,
            Body = raw,
            Reasons = ReasonList.Write(reasons),
        });
        return true;
    }

    public void Receipt(CloudEvent e, Verdict verdict, string? state, IReadOnlyList<Reason>? reasons)
    {
        if (!Receipts.TryGetValue(e.SenderCity, out var entries))
            Receipts.Add(e.SenderCity, entries = []);
        entries.Add(EntryOf(e, verdict, state, reasons));
    }

    /// <summary>A receipt of its own for a message whose number an earlier receipt covers already.</summary>
    public void ReceiptOfReplay(CloudEvent e, long parkedNumber, Verdict verdict, string? state, IReadOnlyList<Reason>? reasons)
    {
        var receipt = new HubReceipt { City = e.SenderCity, Entries = [EntryOf(e, verdict, state, reasons)], TakenInAt = Now };
        var id = ReceiptId(string.Create(CultureInfo.InvariantCulture, $"{e.SenderCity}-{e.Sequence}-replay-{parkedNumber}"));
        Make(e.SenderCity, id, Nodes.NoExchange, receipt, (e.Sequence, e.Sequence));
    }

    /// <summary>Id of a receipt; unique over all shards, which number their links alike.</summary>
    public string ReceiptId(string what) => Node == Nodes.Hub ? "receipt-" + what : $"receipt-{Node}-{what}";

    private static ReceiptEntry EntryOf(CloudEvent e, Verdict verdict, string? state, IReadOnlyList<Reason>? reasons) => new()
    {
        MessageId = e.Id,
        Sequence = e.Sequence,
        Digest = e.DataDigest,
        ExchangeId = e.ExchangeId,
        Verdict = verdict,
        State = state,
        Reasons = reasons is { Count: > 0 } ? [.. reasons.Take(Reasons.MaxCount)] : null,
    };

    /// <summary>Sends a received message on to a city, unchanged.</summary>
    public void Forward(string city, int entryIndex, ReadOnlyMemory<byte> raw, ExchangeRow row) =>
        Send(city, new OutgoingMessage(NextNumber(city), raw, row.State.State, row.State.Version, row.State.Flow), entryIndex);

    public void Send(string city, OutgoingMessage message, int entryIndex)
    {
        Commit.Outgoing.Add(new OutgoingRow(city, message.LinkSequence, entryIndex, 0, message.HubState, message.HubVersion, message.Flow));
        if (!Outgoing.TryGetValue(city, out var messages))
            Outgoing.Add(city, messages = []);
        messages.Add(message);
    }

    public long NextNumber(string city) => linkNumbers[city] = linkNumbers.GetValueOrDefault(city, assignedOnLink(city)) + 1;

    /// <summary>Makes a message of the hub's own; it is signed and numbered with the rest of the group.</summary>
    /// <param name="covers">For a receipt: the city's numbers that it covers.</param>
    /// <param name="about">The exchange whose new state goes with the message.</param>
    public void Make(string city, string id, string exchangeId, IPayload payload, (long From, long To)? covers = null, ExchangeRow? about = null)
    {
        var data = PayloadReader.Write(payload);
        Own.Add((city, new CloudEvent
        {
            Id = id,
            Source = "/hub",
            Type = PayloadReader.TypeOf(payload),
            Time = Now,
            ExchangeId = exchangeId,
            Sequence = NextNumber(city),
            SenderCity = Nodes.Hub,
            TargetCity = city,
            DataDigest = Core.Signing.SignedText.DigestOf(data),
            Data = data,
        }, covers, about));
    }

    public async ValueTask<PublishedResult?> PublishedAsync(string resultId, CancellationToken cancel)
    {
        if (!published.TryGetValue(resultId, out var result) && await store.PublishedAsync(resultId, cancel) is { } stored)
            published[resultId] = result = stored;
        return result;
    }

    /// <summary>A patient's published results of these items, newest first, as this group of work leaves them.</summary>
    public async ValueTask<List<PublishedResult>> PublishedOfAsync(string patientKey, IReadOnlyCollection<string> items, int limit, CancellationToken cancel)
    {
        var stored = await store.PublishedOfAsync(patientKey, items, limit, cancel);
        var here = indexed.Where(i => i.Patient == patientKey && items.Contains(i.Item)).Select(i => published[i.ResultId]);
        return [.. stored.Select(r => published.GetValueOrDefault(r.ResultId, r)).Concat(here)
            .OrderByDescending(r => r.PerformedAt).ThenBy(r => r.ResultId, StringComparer.Ordinal).Take(limit)];
    }

    public void Index(PublishedResult result, string patientKey)
    {
        published[result.ResultId] = result;
        indexed.Add((patientKey, result.ItemCode, result.ResultId));
        Commit.Published.Add(new PublishedRow(result, patientKey));
    }

    public void AddHolder(PublishedResult result, string city)
    {
        if (result.Holders.Contains(city))
            return;
        published[result.ResultId] = result with { Holders = [.. result.Holders, city] };
        Commit.Holders.Add((result.ResultId, city));
    }

    /// <summary>A city's doctor recognised the result in an exchange, or took that back.</summary>
    public void Use(PublishedResult result, ResultUse use, bool recognised)
    {
        var others = result.Uses.Where(u => u.ExchangeId != use.ExchangeId);
        published[result.ResultId] = result with { Uses = recognised ? [.. others, use] : [.. others] };
        Commit.Uses.Add((result.ResultId, use, recognised));
    }

    public async ValueTask<bool> ConsentWithdrawnAsync(string city, string consentNumber, CancellationToken cancel) =>
        Commit.WithdrawnConsents.Contains((city, consentNumber)) || await store.ConsentWithdrawnAsync(city, consentNumber, cancel);

    public void WithdrawConsent(string city, string consentNumber) => Commit.WithdrawnConsents.Add((city, consentNumber));

    public void Change(PublishedResult result, string digest, bool revoked)
    {
        published[result.ResultId] = result with { ResultDigest = digest, Revoked = revoked };
        Commit.ChangedResults.Add((result.ResultId, digest, revoked));
    }
}

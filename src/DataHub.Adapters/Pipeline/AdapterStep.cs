using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Contracts.Payloads;
using DataHub.Core.Errors;
using DataHub.Core.Journal;
using DataHub.Core.Messaging;
using DataHub.Core.Statistics;
using DataHub.Core.Storage;
using DataHub.Core.Validation;

namespace DataHub.Adapters.Pipeline;

/// <summary>What a city's node gathers while it works through one group of work, until the group is committed as one.</summary>
internal sealed class AdapterStep(string city, long fence, HubShards shards, INodeStore store, Recent<ExchangeRow> recent, DateTimeOffset now, IReadOnlyList<HubEnd> ends, int openingShard)
{
    private readonly StepMemory memory = new(city, store, recent);
    private readonly ShardStep[] links = [.. ends.Select(e => new ShardStep(e.Assigned, e.Received))];

    public NodeCommit Commit { get; } = new(city, fence);

    public HubShards Shards { get; } = shards;

    /// <summary>Numbers of the link to each of the hub's shards, as they stand after what this group decided so far.</summary>
    public IReadOnlyList<ShardStep> Links => links;

    /// <summary>Shard for the exchanges that this group opens, where the flow does not bind it: one, so that they travel together.</summary>
    public int OpeningShard { get; } = openingShard;

    public DateTimeOffset Now { get; } = now;

    /// <summary>The city's own messages of this group with the shard that each goes to, signed together at its end.</summary>
    public List<(int Shard, CloudEvent Event)> Own { get; } = [];

    /// <summary>Ids of own messages that the city's system did not make itself, and is told of.</summary>
    public HashSet<string> Told { get; } = new(StringComparer.Ordinal);

    public void Advance(int shard, long number)
    {
        links[shard].Received = number;
        links[shard].Tell = true;
        Commit.Received[Shards.Nodes[shard]] = number;
    }

    /// <summary>The city's own messages of this group with the payload of those that carry an outcome, null for those that carry none.</summary>
    public List<(string MessageId, string Type, IPayload? Payload)> Sent { get; } = [];

    /// <summary>The events that are to be delivered, by the index of their entry in the commit.</summary>
    public Dictionary<int, CloudEvent> Delivered { get; } = [];

    /// <summary>Has an entry of this commit delivered to the city's system.</summary>
    public void Deliver(int entryIndex, CloudEvent e, string exchangeId, bool refusal = false, int position = 0)
    {
        Delivered[entryIndex] = e;
        Commit.NativeDeliveries.Add(new NativeDeliveryRow(0, entryIndex, exchangeId, refusal, position, 0, Now, null));
    }

    /// <summary>What the city's system holds: goes with this group to the shard of the exchange.</summary>
    public void Report(HolderEntry entry) => links[Shards.Of(entry.ExchangeId)].Reports.Add(entry);

    public Task LoadAsync(IEnumerable<Wants> wants, CancellationToken cancel) => memory.LoadAsync(wants, cancel);

    public Task LoadAsync(IReadOnlyCollection<string> keys, IReadOnlyCollection<string> exchangeIds, CancellationToken cancel) => memory.LoadAsync(keys, exchangeIds, cancel);

    public KnownMessage? Known(string key) => memory.Known(key);

    public ExchangeRow? Exchange(string id) => memory.Exchange(id);

    /// <summary>Keeps the row, and has it written where it is another than before: many messages change nothing of the city's view.</summary>
    public void Put(ExchangeRow row)
    {
        if (memory.Has(row))
            return;
        memory.Put(row);
        Commit.Exchanges[row.State.ExchangeId] = row;
    }

    public int Append(JournalEntry entry)
    {
        Commit.Entries.Add(entry);
        memory.Add(entry);
        return Commit.Entries.Count - 1;
    }

    /// <summary>Makes a message of the city's own and gives it the next number; it is signed with the rest of the group.</summary>
    public CloudEvent Make(int shard, string id, string type, string exchangeId, ReadOnlyMemory<byte> data)
    {
        var made = new CloudEvent
        {
            Id = id,
            Source = "/cities/" + city,
            Type = type,
            Time = Now,
            ExchangeId = exchangeId,
            Sequence = ++links[shard].Assigned,
            SenderCity = city,
            DataDigest = Core.Signing.SignedText.DigestOf(data.Span),
            Data = data,
        };
        Own.Add((shard, made));

        // Known at once, so that a repetition within the same group is recognised; the body follows with the signature.
        memory.Add(city + ":" + id, new KnownMessage(0, exchangeId, made.Sequence, default, made));
        return made;
    }

    public CloudEvent Make(int shard, string id, string exchangeId, IPayload payload) => Make(shard, id, PayloadReader.TypeOf(payload), exchangeId, PayloadReader.Write(payload));

    /// <summary>Journals a refusal once, however often the same bytes come.</summary>
    public async Task RefuseAsync(ReadOnlyMemory<byte> raw, string messageId, string type, string exchangeId, string sender, IReadOnlyList<Reason> reasons, CancellationToken cancel)
    {
        var kept = raw[..Math.Min(raw.Length, FrameReader.RefusedBytes)];
        var key = FrameReader.RefusedKey(kept.Span);
        await LoadAsync([key], [], cancel);
        if (memory.Known(key) is not null)
            return;
        Append(new JournalEntry
        {
            Kind = EntryKind.Refused,
            Key = key,
            MessageId = messageId,
            Type = type,
            ExchangeId = exchangeId,
            Sender = sender,
            Sequence = 0,
            At = Now,
            Body = kept,
            Reasons = ReasonList.Write(reasons),
        });

        // What the hub sent and cannot be trusted is a fault of the link, not of the city's applications.
        if (sender == city)
            RefusalStatistics.AddAtCity(Commit.Statistics, city, type, reasons, Now);
    }
}

/// <summary>One of the hub's shards, seen from a city: the link's numbers within a group.</summary>
internal sealed class ShardStep(long assigned, long received)
{
    /// <summary>Number of the last message made for the shard in this group or before.</summary>
    public long Assigned { get; set; } = assigned;

    /// <summary>Number of the shard's last message applied in this group or before.</summary>
    public long Received { get; set; } = received;

    /// <summary>True where the shard must be told how far we hold its messages.</summary>
    public bool Tell { get; set; }

    public List<HolderEntry> Reports { get; } = [];
}

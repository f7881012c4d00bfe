using DataHub.Contracts.Envelope;
using DataHub.Contracts.Payloads;
using DataHub.Core.Errors;
using DataHub.Core.Journal;
using DataHub.Core.Messaging;
using DataHub.Core.Storage;
using DataHub.Core.Validation;

namespace DataHub.Adapters.Pipeline;

/// <summary>What a city's node gathers while it works through one group of work, until the group is committed as one.</summary>
internal sealed class AdapterStep(string city, INodeStore store, DateTimeOffset now, long assigned, long received)
{
    private readonly StepMemory memory = new(city, store);

    public NodeCommit Commit { get; } = new(city);

    public DateTimeOffset Now { get; } = now;

    /// <summary>The city's own messages of this group, signed together at its end.</summary>
    public List<CloudEvent> Own { get; } = [];

    /// <summary>Number of the last message made in this group or before.</summary>
    public long Assigned { get; private set; } = assigned;

    /// <summary>Number of the hub's last message applied in this group or before.</summary>
    public long Received { get; private set; } = received;

    /// <summary>True where the hub must be told how far we hold its messages.</summary>
    public bool Tell { get; set; }

    /// <summary>What the city's system holds since the last group; goes to the hub with this one.</summary>
    public List<HolderEntry> Reports { get; } = [];

    public void Advance(long number, string hub)
    {
        Received = number;
        Commit.Received[hub] = number;
        Tell = true;
    }

    public Task LoadAsync(IReadOnlyCollection<string> keys, IReadOnlyCollection<string> exchangeIds, CancellationToken cancel) => memory.LoadAsync(keys, exchangeIds, cancel);

    public KnownMessage? Known(string key) => memory.Known(key);

    public ExchangeRow? Exchange(string id) => memory.Exchange(id);

    public void Put(ExchangeRow row)
    {
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
    public CloudEvent Make(string id, string type, string exchangeId, ReadOnlyMemory<byte> data)
    {
        var made = new CloudEvent
        {
            Id = id,
            Source = "/cities/" + city,
            Type = type,
            Time = Now,
            ExchangeId = exchangeId,
            Sequence = ++Assigned,
            SenderCity = city,
            DataDigest = Core.Signing.SignedText.DigestOf(data.Span),
            Data = data,
        };
        Own.Add(made);

        // Known at once, so that a repetition within the same group is recognised; the body follows with the signature.
        memory.Add(city + ":" + id, new KnownMessage(0, exchangeId, made.Sequence, EventFormat.Write(made)));
        return made;
    }

    public CloudEvent Make(string id, string exchangeId, IPayload payload) => Make(id, PayloadReader.TypeOf(payload), exchangeId, PayloadReader.Write(payload));

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
    }
}

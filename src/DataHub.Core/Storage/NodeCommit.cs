using DataHub.Core.Flows;
using DataHub.Core.Journal;
using DataHub.Core.Materials;
using DataHub.Core.Statistics;

namespace DataHub.Core.Storage;

/// <summary>
/// One node's view of an exchange: the flow's state, what each side reported to hold, and when they were found equal.
/// On a city's node <see cref="State"/> is what the hub said last.
/// </summary>
public sealed record ExchangeRow
{
    public required ExchangeState State { get; init; }

    /// <summary>Digest of the hub's (on a city: this city's) outcome text; null while there is none.</summary>
    public string? OutcomeDigest { get; init; }

    /// <summary>Digest that the source city reported to hold.</summary>
    public string? SourceDigest { get; init; }

    /// <summary>Digest that the target city reported to hold.</summary>
    public string? TargetDigest { get; init; }

    /// <summary>When source, hub and target were found to hold the same outcome; null until then.</summary>
    public DateTimeOffset? ReconciledAt { get; init; }

    /// <summary>What has been told of the deadline that runs now: 0 nothing, 1 the warning, 2 the breach, one more each time that it was told again.</summary>
    public int NoticeStage { get; init; }

    /// <summary>At the hub: the day on which the next stage is due to be told; null where nothing will be.</summary>
    public DateOnly? NoticeOn { get; init; }

    /// <summary>Reason codes, where the hub refused the message that would have opened the exchange.</summary>
    public string? RefusedFor { get; init; }
}

/// <summary>A committed message that must reach a peer: it stays until the peer says that it holds it.</summary>
/// <param name="Peer">Node code of the receiver.</param>
/// <param name="LinkSequence">Number on the link, from 1, without gaps.</param>
/// <param name="EntryIndex">Index of the journal entry in the same commit that carries the body; or -1.</param>
/// <param name="JournalNumber">Number of an earlier journal row that carries the body, where <paramref name="EntryIndex"/> is -1.</param>
/// <param name="HubState">State to tell with it; null on a city's link.</param>
public sealed record OutgoingRow(string Peer, long LinkSequence, int EntryIndex, long JournalNumber, string? HubState, int HubVersion, string? Flow);

/// <summary>A delivery to the city's own system that is not done yet.</summary>
/// <param name="JournalNumber">Journal row that carries the message; or, where it is in the same commit, 0.</param>
/// <param name="EntryIndex">Index of the entry in the same commit; -1 otherwise.</param>
/// <param name="Refusal">True for "the hub refused what you sent": the row is the receipt, <paramref name="Position"/> its entry.</param>
/// <param name="Position">Entry of the receipt that is meant; 0 for a delivery.</param>
public sealed record NativeDeliveryRow(long JournalNumber, int EntryIndex, string ExchangeId, bool Refusal, int Position, int Attempts, DateTimeOffset NextAttemptAt, string? ParkedCause);

/// <summary>A named break that a person works, or that healed by itself.</summary>
public sealed record BreakRow(string ExchangeId, string Code, string Detail, DateTimeOffset OpenedAt, DateTimeOffset? ClosedAt);

/// <summary>What a step does to breaks. The order of a commit's changes counts: the last word on a break stands.</summary>
public abstract record BreakChange
{
    private BreakChange()
    {
    }

    /// <summary>Opens a break, or changes the detail of one that is open. One that had healed is as old as its return.</summary>
    public sealed record Opened(BreakRow Break) : BreakChange;

    /// <summary>Closes the exchange's open breaks of these codes: their cause is gone.</summary>
    public sealed record Healed(string ExchangeId, IReadOnlyList<string> Codes, DateTimeOffset At) : BreakChange;
}

/// <summary>A receipt covers these numbers of the link between a city and a hub shard.</summary>
/// <param name="Peer">The other end, seen from the node: at the hub the city, at the city the hub's shard.</param>
public sealed record ReceiptRow(string Peer, long FromSequence, long ToSequence, int EntryIndex);

/// <summary>Entry in the hub's index of published results; the patient is known by a keyed digest.</summary>
public sealed record PublishedRow(PublishedResult Result, string PatientKey);

/// <summary>
/// Everything that one step of a node writes: committed together or not at all. Plain data, so that the same step can
/// be written by any provider, and several nodes' steps in one physical transaction.
/// </summary>
public sealed class NodeCommit(string node, long fence = 0)
{
    public string Node { get; } = node;

    /// <summary>Fence of the lease under which this was decided; 0 where one process has the whole database (embedded).</summary>
    public long Fence { get; } = fence;

    public List<JournalEntry> Entries { get; } = [];

    public List<OutgoingRow> Outgoing { get; } = [];

    /// <summary>Inserted or replaced: only the node's own loop writes its exchanges, always from the latest.</summary>
    public Dictionary<string, ExchangeRow> Exchanges { get; } = new(StringComparer.Ordinal);

    /// <summary>Per peer: highest number received and applied.</summary>
    public Dictionary<string, long> Received { get; } = new(StringComparer.Ordinal);

    /// <summary>Per peer: everything up to this number is held by the peer; the rows are forgotten.</summary>
    public Dictionary<string, long> Acknowledged { get; } = new(StringComparer.Ordinal);

    public List<NativeDeliveryRow> NativeDeliveries { get; } = [];

    /// <summary>Journal number and position of native deliveries that are done.</summary>
    public List<(long JournalNumber, int Position)> NativeDone { get; } = [];

    /// <summary>Parked journal rows that an operator has dealt with.</summary>
    public List<long> ParkedResolved { get; } = [];

    /// <summary>Requests of operators that this commit carries out, with their outcome.</summary>
    public List<(string RequestId, ReplayOutcome Outcome)> Replayed { get; } = [];

    public List<BreakChange> Breaks { get; } = [];

    public List<ReceiptRow> Receipts { get; } = [];

    public List<PublishedRow> Published { get; } = [];

    public List<(string ResultId, string City)> Holders { get; } = [];

    public List<(string ResultId, string Digest, bool Revoked)> ChangedResults { get; } = [];

    /// <summary>Recognitions of published results, and those that were taken back.</summary>
    public List<(string ResultId, ResultUse Use, bool Recognised)> Uses { get; } = [];

    public List<(string City, string ConsentNumber)> WithdrawnConsents { get; } = [];

    /// <summary>What this step changes in the counts.</summary>
    public StatisticDeltas Statistics { get; } = [];

    /// <summary>Files that the accepted messages of this commit name.</summary>
    public List<NamedMaterial> Materials { get; } = [];

    /// <summary>
    /// Digests of files that are not kept any longer: from this commit on they are not held, and their bytes are left over. One that
    /// was asked for since it was found due stays.
    /// </summary>
    public List<(string Digest, DateTimeOffset At)> MaterialsEnded { get; } = [];

    public bool IsEmpty => Entries.Count == 0 && Outgoing.Count == 0 && Exchanges.Count == 0 && Received.Count == 0 && Acknowledged.Count == 0
        && NativeDeliveries.Count == 0 && NativeDone.Count == 0 && Breaks.Count == 0 && ParkedResolved.Count == 0 && Replayed.Count == 0 && Statistics.IsEmpty;
}

/// <summary>Result of a commit: the number that the first of its journal entries got; the others follow without gaps.</summary>
public readonly record struct CommitResult(long FirstJournalNumber);

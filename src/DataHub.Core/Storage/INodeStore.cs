using DataHub.Core.Flows;
using DataHub.Core.Journal;

namespace DataHub.Core.Storage;

/// <summary>How far one link is: what was numbered, what the peer holds, what we hold of the peer's.</summary>
public readonly record struct LinkState(long Sent, long Acknowledged, long Received);

/// <summary>A message that has to be sent (again), with its body.</summary>
public sealed record OutgoingMessage(long LinkSequence, ReadOnlyMemory<byte> Body, string? HubState, int HubVersion, string? Flow);

/// <summary>A native delivery that is still to be done, with the journal row that carries it.</summary>
public sealed record PendingDelivery(JournalRow Row, string ExchangeId, bool Refusal, int Position, int Attempts, DateTimeOffset NextAttemptAt, string? ParkedCause);

/// <summary>What is known of a message that this node has already: to recognise a repetition, or a forgery of one.</summary>
public readonly record struct KnownMessage(long JournalNumber, string ExchangeId, long Sequence, ReadOnlyMemory<byte> Body);

/// <summary>
/// Durable state of all nodes that share a database. A commit is one transaction; what was committed survives the loss
/// of the process and of power. Reads see committed data only. Every method may throw <see cref="StoreUnavailableException"/>.
/// </summary>
public interface INodeStore : IAsyncDisposable
{
    /// <summary>Writes all of it or nothing. Completes when it is durable.</summary>
    Task<CommitResult> CommitAsync(NodeCommit commit, CancellationToken cancel);

    ValueTask<LinkState> LinkAsync(string node, string peer, CancellationToken cancel);

    /// <summary>Messages with these journal keys that the node already has.</summary>
    ValueTask<Dictionary<string, KnownMessage>> KnownAsync(string node, IReadOnlyCollection<string> keys, CancellationToken cancel);

    ValueTask<Dictionary<string, ExchangeRow>> ExchangesAsync(string node, IReadOnlyCollection<string> exchangeIds, CancellationToken cancel);

    /// <summary>The next messages for a peer after a link number, in order.</summary>
    ValueTask<List<OutgoingMessage>> OutgoingAsync(string node, string peer, long after, int limit, CancellationToken cancel);

    /// <summary>Native deliveries not done and not parked, oldest first.</summary>
    ValueTask<List<PendingDelivery>> PendingDeliveriesAsync(string node, long afterJournalNumber, int limit, CancellationToken cancel);

    /// <summary>Native deliveries that wait for an operator.</summary>
    ValueTask<List<PendingDelivery>> ParkedDeliveriesAsync(string node, CancellationToken cancel);

    /// <summary>Messages parked at the hub that no operator has dealt with.</summary>
    ValueTask<List<JournalRow>> ParkedAsync(string node, CancellationToken cancel);

    /// <summary>All journal rows of an exchange in one node, oldest first.</summary>
    ValueTask<List<JournalRow>> TimelineAsync(string node, string exchangeId, CancellationToken cancel);

    /// <summary>Journal rows of a node after a number, oldest first; of one kind, or all.</summary>
    ValueTask<List<JournalRow>> JournalAsync(string node, long after, EntryKind? kind, int limit, CancellationToken cancel);

    /// <summary>The journal row of the receipt that covers a city's sequence number, seen from a node.</summary>
    ValueTask<JournalRow?> ReceiptAsync(string node, string city, long sequence, CancellationToken cancel);

    ValueTask<PublishedResult?> PublishedAsync(string resultId, CancellationToken cancel);

    /// <summary>The latest result of an item for a patient that is not revoked.</summary>
    ValueTask<PublishedResult?> LatestPublishedAsync(string patientKey, string itemCode, CancellationToken cancel);

    /// <summary>Exchanges at the hub whose running leg was due on or before a day and whose notice stage is below one.</summary>
    ValueTask<List<ExchangeRow>> DueAsync(DateOnly onOrBefore, int stageBelow, int limit, CancellationToken cancel);

    /// <summary>
    /// Exchanges at the hub with an outcome that have not changed since a time and that a side has not reported to hold,
    /// oldest first. Those whose missing sides have open breaks already are left out, so that they hide no others.
    /// </summary>
    ValueTask<List<ExchangeRow>> UnreconciledAsync(DateTimeOffset unchangedSince, int limit, CancellationToken cancel);

    ValueTask<List<BreakRow>> BreaksAsync(string? exchangeId, bool openOnly, int limit, CancellationToken cancel);

    /// <summary>Exchanges of a node, in the order of their numbers.</summary>
    ValueTask<List<ExchangeRow>> ListExchangesAsync(string node, int limit, CancellationToken cancel);

    /// <summary>Counts of a node's exchanges by source city, flow, state, whether final, reconciled or refused.</summary>
    ValueTask<List<ExchangeCount>> CountExchangesAsync(string node, CancellationToken cancel);

    /// <summary>Nodes that have a journal in this database.</summary>
    ValueTask<List<string>> NodesAsync(CancellationToken cancel);
}

public sealed record ExchangeCount(string SourceCity, string Flow, string State, bool HasOutcome, bool Reconciled, bool Refused, bool Overdue, long Count);

/// <summary>The database could not be read or written. The hub takes nothing in while this lasts.</summary>
public sealed class StoreUnavailableException(string message, Exception inner) : Exception(message, inner);

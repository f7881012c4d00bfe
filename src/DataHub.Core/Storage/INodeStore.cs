using DataHub.Contracts.Envelope;
using DataHub.Core.Flows;
using DataHub.Core.Journal;
using DataHub.Core.Statistics;

namespace DataHub.Core.Storage;

/// <summary>How far one link is: what was numbered, what the peer holds, what we hold of the peer's.</summary>
public readonly record struct LinkState(long Sent, long Acknowledged, long Received);

/// <summary>A message that has to be sent (again), with its body.</summary>
/// <param name="CanWait">True where it may go with the next that is urgent (<see cref="Messaging.Urgency"/>).</param>
public sealed record OutgoingMessage(long LinkSequence, ReadOnlyMemory<byte> Body, string? HubState, int HubVersion, string? Flow, bool CanWait = false);

/// <summary>A native delivery that is still to be done, with the journal row that carries it.</summary>
public sealed record PendingDelivery(JournalRow Row, string ExchangeId, bool Refusal, int Position, int Attempts, DateTimeOffset NextAttemptAt, string? ParkedCause)
{
    /// <summary>The event itself, where it was committed a moment ago; the row then comes without its bytes.</summary>
    public CloudEvent? Known { get; init; }

    /// <summary>The event; null where the bytes are none.</summary>
    public CloudEvent? Read() => Known ?? EventFormat.ReadElement(Row.Body).Event;
}

/// <summary>What is known of a message that this node has already: to recognise a repetition, or a forgery of one.</summary>
/// <param name="Made">The event itself, where it was made a moment ago and has no bytes yet.</param>
public readonly record struct KnownMessage(long JournalNumber, string ExchangeId, long Sequence, ReadOnlyMemory<byte> Body, CloudEvent? Made = null)
{
    /// <summary>The event; null where the bytes are none.</summary>
    public CloudEvent? Read() => Made ?? EventFormat.ReadElement(Body).Event;
}

/// <summary>
/// Durable state of all nodes that share a database. A commit is one transaction; what was committed survives the loss
/// of the process and of power. Reads see committed data only. Every method may throw <see cref="StoreUnavailableException"/>.
/// </summary>
public interface INodeStore : IReplayRequests, IAsyncDisposable
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

    /// <summary>Native deliveries that wait for an operator, oldest first; the first 1,000.</summary>
    ValueTask<List<PendingDelivery>> ParkedDeliveriesAsync(string node, CancellationToken cancel);

    /// <summary>One native delivery that waits for an operator; null where none does under this number and position.</summary>
    ValueTask<PendingDelivery?> ParkedDeliveryAsync(string node, long number, int position, CancellationToken cancel);

    /// <summary>Messages parked at a node that no operator has dealt with, oldest first; the first 1,000.</summary>
    ValueTask<List<JournalRow>> ParkedAsync(string node, CancellationToken cancel);

    /// <summary>One parked message that no operator has dealt with; null where none is under this number.</summary>
    ValueTask<JournalRow?> ParkedMessageAsync(string node, long number, CancellationToken cancel);

    /// <summary>All journal rows of an exchange in one node, oldest first.</summary>
    ValueTask<List<JournalRow>> TimelineAsync(string node, string exchangeId, CancellationToken cancel);

    /// <summary>Journal rows of a node after a number, oldest first; of one kind, or all.</summary>
    ValueTask<List<JournalRow>> JournalAsync(string node, long after, EntryKind? kind, int limit, CancellationToken cancel);

    /// <summary>The journal row of the receipt that covers a number of the link between a city and a hub shard, seen from either end.</summary>
    /// <param name="peer">The other end: at the hub the city, at the city the hub's shard.</param>
    ValueTask<JournalRow?> ReceiptAsync(string node, string peer, long sequence, CancellationToken cancel);

    ValueTask<PublishedResult?> PublishedAsync(string resultId, CancellationToken cancel);

    /// <summary>Whether a city said that the patient took this consent back.</summary>
    ValueTask<bool> ConsentWithdrawnAsync(string city, string consentNumber, CancellationToken cancel);

    /// <summary>A patient's published results of these items, newest first, the revoked ones among them.</summary>
    ValueTask<List<PublishedResult>> PublishedOfAsync(string patientKey, IReadOnlyCollection<string> itemCodes, int limit, CancellationToken cancel);

    /// <summary>Exchanges of a hub shard of whose deadline something is to be told on or before a day, in the order of these days.</summary>
    ValueTask<List<ExchangeRow>> DueAsync(string node, DateOnly onOrBefore, int limit, CancellationToken cancel);

    /// <summary>
    /// Exchanges of a hub shard with an outcome that have not changed since a time and that a side has not reported to hold,
    /// oldest first. Those whose missing sides have open breaks already are left out, so that they hide no others.
    /// </summary>
    ValueTask<List<ExchangeRow>> UnreconciledAsync(string node, DateTimeOffset unchangedSince, int limit, CancellationToken cancel);

    ValueTask<List<BreakRow>> BreaksAsync(string? exchangeId, bool openOnly, int limit, CancellationToken cancel);

    /// <summary>Exchanges of a node, in the order of their numbers.</summary>
    ValueTask<List<ExchangeRow>> ListExchangesAsync(string node, int limit, CancellationToken cancel);

    /// <summary>Counts of a node's exchanges by source city, flow, state, whether final, reconciled or refused.</summary>
    ValueTask<List<ExchangeCount>> CountExchangesAsync(string node, CancellationToken cancel);

    /// <summary>One counter over all nodes, summed by key; keys whose sums are nothing are left out.</summary>
    /// <param name="counter">A name of <see cref="Counters"/>.</param>
    /// <param name="fromMonth">First month, as <c>yyyyMM</c>.</param>
    /// <param name="toMonth">Last month, included.</param>
    ValueTask<List<KeyValuePair<StatisticKey, StatisticValue>>> StatisticsAsync(string counter, int fromMonth, int toMonth, CancellationToken cancel);

    /// <summary>Nodes that have a journal in this database.</summary>
    ValueTask<List<string>> NodesAsync(CancellationToken cancel);
}

public sealed record ExchangeCount(string SourceCity, string Flow, string State, bool HasOutcome, bool Reconciled, bool Refused, bool Overdue, long Count);

/// <summary>
/// Who may write a node's rows. A node's numbers, chain and decisions have one writer at a time; with several processes
/// on one database that is whoever holds the node's lease. Correctness does not rest on clocks: every commit names the
/// fence that its lease was given, and one whose fence is no longer the node's is refused.
/// </summary>
public interface INodeLeases
{
    /// <summary>Takes a node's lease where it is free, expired, or held by the same owner; each taking raises the fence.</summary>
    /// <param name="node">Node code.</param>
    /// <param name="owner">Name of the process, unique among all.</param>
    /// <param name="ttl">The lease is free again this long after its last renewal.</param>
    /// <returns>The fence to name in commits; null where another owner holds the lease.</returns>
    ValueTask<long?> AcquireAsync(string node, string owner, TimeSpan ttl, CancellationToken cancel);

    /// <summary>Keeps the lease. False where another owner has taken it meanwhile: the node must stop.</summary>
    ValueTask<bool> RenewAsync(string node, long fence, TimeSpan ttl, CancellationToken cancel);

    /// <summary>Gives the lease back, so that another can take it at once. Without effect where it is not ours any more.</summary>
    ValueTask ReleaseAsync(string node, long fence, CancellationToken cancel);

    /// <summary>Says that a process is there and could take leases, so that others leave it its share.</summary>
    ValueTask AnnounceAsync(string role, string owner, TimeSpan ttl, CancellationToken cancel);

    /// <summary>Processes of a role that have announced themselves and are not expired, and the nodes' current holders.</summary>
    ValueTask<LeaseView> LeasesAsync(string role, CancellationToken cancel);

    /// <summary>Fixes a setting that all processes of a deployment must agree on: the first value stays for good.</summary>
    /// <returns>The value that holds.</returns>
    ValueTask<string> FixAsync(string setting, string value, CancellationToken cancel);
}

/// <summary>Who is there and who holds what, by the database's clock.</summary>
/// <param name="Members">Owners announced for the role.</param>
/// <param name="Holders">Owner per node, for leases that are not expired.</param>
public sealed record LeaseView(IReadOnlyList<string> Members, IReadOnlyDictionary<string, string> Holders);

/// <summary>Another process has taken this node over: what was decided here was not written and must be dropped.</summary>
public sealed class LeaseLostException(string node) : Exception($"Node {node} is written by another process.");

/// <summary>The database could not be read or written. The hub takes nothing in while this lasts.</summary>
public sealed class StoreUnavailableException(string message, Exception inner) : Exception(message, inner);

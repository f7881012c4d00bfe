using System.Collections.Frozen;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using DataHub.Contracts;
using DataHub.Contracts.Json;
using DataHub.Core.Errors;
using DataHub.Core.Journal;
using DataHub.Core.Storage;
using DataHub.Core.Validation;

namespace DataHub.Core.Telemetry;

/// <summary>
/// What a node counts and traces. Labels are codes of nodes, cities, message types and reasons: bounded sets, never ids.
/// Counting touches memory only, and happens after the commit that it counts.
/// </summary>
/// <param name="node">Node code.</param>
/// <param name="cities">Cities whose messages the node takes in; any other sender counts as <c>other</c>.</param>
/// <param name="time">The node's clock.</param>
public sealed class NodeMetrics(string node, IReadOnlyCollection<string> cities, TimeProvider time)
{
    private const string Other = "other";

    private static readonly FrozenDictionary<string, string> Types = PayloadTypes.ByName.Keys.ToFrozenDictionary(t => t, t => t[MessageTypes.Prefix.Length..], StringComparer.Ordinal);
    private static readonly Counter<long> TakenInCount = Counter("datahub.messages.taken_in", "{message}", "Messages that became durable at the node that took them in.");
    private static readonly Counter<long> RefusedCount = Counter("datahub.messages.refused", "{message}", "Messages that were refused and journalled with their reasons.");
    private static readonly Counter<long> ParkedCount = Counter("datahub.messages.parked", "{message}", "Messages that met a fault of the hub's own and wait for an operator.");
    private static readonly Counter<long> DuplicateCount = Counter("datahub.messages.duplicates", "{message}", "Repetitions that were recognised and not applied again.");
    private static readonly Counter<long> BusyCount = Counter("datahub.messages.busy", "{message}", "Messages whose sender was told to come again.");
    private static readonly Counter<long> ClosedCount = Counter("datahub.exchanges.closed", "{exchange}", "Exchanges that reached their last state.");
    private static readonly Counter<long> ReconciledCount = Counter("datahub.exchanges.reconciled", "{exchange}", "Exchanges whose sides were found to hold the same outcome.");
    private static readonly Counter<long> ResentCount = Counter("datahub.link.resends", "{resend}", "Times that a link sent again what its peer did not confirm.");
    private static readonly Histogram<int> CommitEntries = Signals.Meter.CreateHistogram("datahub.commit.entries", "{entry}", "Journal rows in one commit.", null,
        new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000] });
    private static readonly Histogram<double> CommitSeconds = Signals.Meter.CreateHistogram("datahub.commit.duration", "s", "Time until a commit was durable.", null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10] });

    private readonly KeyValuePair<string, object?> nodeTag = new("node", node);
    private volatile IReadOnlyList<(string Code, int Count)> openBreaks = [];

    /// <summary>Shows that this process runs the node, until disposed.</summary>
    public IDisposable Show(Func<bool> healthy) => new All(
        Gauges.Lease.Watch(static () => 1, nodeTag),
        Gauges.Healthy.Watch(() => healthy() ? 1 : 0, nodeTag),
        Gauges.BreaksOpen.Watch(() => openBreaks.Select(b => new Measurement<double>(b.Count, nodeTag, new("code", b.Code)))));

    /// <summary>Commits, and counts and traces what became durable.</summary>
    public async Task<CommitResult> CommitAsync(INodeStore store, NodeCommit commit, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(commit);
        var started = time.GetTimestamp();
        var result = await store.CommitAsync(commit, cancel);
        CommitSeconds.Record(time.GetElapsedTime(started).TotalSeconds, nodeTag);
        CommitEntries.Record(commit.Entries.Count, nodeTag);
        var traced = HubShards.IsHub(node) && ExchangeTrace.IsWatched;
        if (!traced && !TakenInCount.Enabled && !RefusedCount.Enabled)
            return result;
        var now = time.GetUtcNow();
        foreach (var entry in commit.Entries)
        {
            Count(entry);
            if (traced)
                Trace(entry, now);
        }

        return result;
    }

    /// <summary>A message came that is here already.</summary>
    public void Duplicate(string city, string type) => DuplicateCount.Add(1, Tags(city, type));

    /// <summary>A message was not taken in; it will come again.</summary>
    public void Busy(string type) => BusyCount.Add(1, Tags(node, type));

    /// <summary>Exchanges that a commit brought to their last state.</summary>
    public void Closed(IReadOnlyList<ExchangeRow> rows) => Ended(rows, ClosedCount, ExchangeTrace.Whole, r => r.State.OpenedAt);

    /// <summary>Exchanges whose sides were found equal in a commit.</summary>
    public void Reconciled(IReadOnlyList<ExchangeRow> rows) => Ended(rows, ReconciledCount, ExchangeTrace.Reconcile, r => r.State.ChangedAt);

    /// <summary>Sets what <see cref="Gauges.BreaksOpen"/> shows.</summary>
    public void OpenBreaks(IEnumerable<BreakRow> open) => openBreaks = [.. open.GroupBy(b => b.Code, StringComparer.Ordinal).Select(g => (g.Key, g.Count()))];

    /// <summary>A link begins again with what its peer did not confirm.</summary>
    public static void Resent(string node, string peer) => ResentCount.Add(1, new("node", node), new("peer", peer));

    private void Ended(IReadOnlyList<ExchangeRow> rows, Counter<long> counter, string span, Func<ExchangeRow, DateTimeOffset> from)
    {
        ArgumentNullException.ThrowIfNull(rows);
        foreach (var state in rows.Select(r => r.State))
            counter.Add(1, nodeTag, new("flow", state.Flow), new("source", state.SourceCity), new("target", state.TargetCity));
        if (!ExchangeTrace.IsWatched)
            return;
        var now = time.GetUtcNow();
        foreach (var row in rows)
            ExchangeTrace.Add(span, ActivityKind.Internal, new TracedMessage(node, row.State.SourceCity, row.State.ExchangeId, "", ""), from(row), now, row.State.State);
    }

    private void Count(JournalEntry entry)
    {
        switch (entry.Kind)
        {
            // The cities' business is taken in at their own nodes as "sent", at the hub as "received".
            case EntryKind.Sent when entry.Sender == node && PayloadCheck.IsBusiness(entry.Type):
            case EntryKind.Received when HubShards.IsHub(node) && PayloadCheck.IsBusiness(entry.Type):
                TakenInCount.Add(1, Tags(entry.Sender, entry.Type));
                break;
            case EntryKind.Refused:
                RefusedCount.Add(1, Tags(entry.Sender, entry.Type));
                break;
            case EntryKind.Parked:
                ParkedCount.Add(1, Tags(entry.Sender, entry.Type));
                break;
        }
    }

    private void Trace(JournalEntry entry, DateTimeOffset now)
    {
        var result = entry.Kind switch
        {
            EntryKind.Received => "accepted",
            EntryKind.Refused => "refused",
            EntryKind.Parked => "parked",
            _ => null,
        };
        if (result is null || !PayloadCheck.IsBusiness(entry.Type))
            return;
        var codes = entry.Reasons is { } reasons ? string.Join(',', ReasonList.Read(reasons).Select(r => r.Code).Distinct(StringComparer.Ordinal)) : "";
        ExchangeTrace.Add(ExchangeTrace.Decide, ActivityKind.Consumer, new TracedMessage(node, entry.Sender, entry.ExchangeId, entry.MessageId, entry.Type), entry.At, now, result, codes);
    }

    private TagList Tags(string city, string type) => new() { nodeTag, new("city", cities.Contains(city) ? city : Other), new("type", Types.GetValueOrDefault(type, Other)) };

    private static Counter<long> Counter(string name, string unit, string description) => Signals.Meter.CreateCounter<long>(name, unit, description);

    private sealed class All(params IDisposable[] parts) : IDisposable
    {
        public void Dispose()
        {
            foreach (var part in parts)
                part.Dispose();
        }
    }
}

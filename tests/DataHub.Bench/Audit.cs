using DataHub.Contracts;
using DataHub.Core.Flows;
using DataHub.Core.Journal;
using DataHub.Core.Storage;

namespace DataHub.Bench;

/// <summary>What an audit found.</summary>
/// <param name="ReconciledAt">Per case, Unix milliseconds.</param>
/// <param name="JournalRows">Rows of all journals, for the cost of an exchange in rows.</param>
internal sealed record AuditResult(IReadOnlyList<string> Faults, long[] ReconciledAt, long JournalRows);

/// <summary>
/// Reads the store after a run: every case that was handed in is reconciled, none has a second effect, every journal is
/// whole. Speed is claimed only after this.
/// </summary>
internal static class Audit
{
    private const int Page = 500;
    private const int FaultsShown = 20;

    public static async Task<AuditResult> RunAsync(BenchHost bench, int count)
    {
        var faults = new List<string>();
        var store = bench.Host.Store;
        var ids = bench.Tracker.ExchangeIds;
        if (bench.Tracker.Unfinished(count) is > 0 and var unfinished)
            faults.Add($"{unfinished} cases have no effect at the target or no decision at the source.");
        if (ids.Take(count).Distinct(StringComparer.Ordinal).Count() is var distinct && distinct != count)
            faults.Add($"{count} cases got {distinct} exchange ids.");

        var reconciledAt = new long[count];
        for (var from = 0; from < count && faults.Count < FaultsShown; from += Page)
            await ExchangesAsync(bench, from, Math.Min(count, from + Page), reconciledAt, faults);
        await ConservationAsync(bench, count, faults);
        var rows = await JournalsAsync(bench, count, faults);
        if (await store.BreaksAsync(null, openOnly: false, 1, default) is [var broken, ..])
            faults.Add($"A break was opened: {broken.Code} {broken.Detail}.");
        return new AuditResult(faults, reconciledAt, rows);
    }

    // Source, hub and target each hold the outcome that the case must have.
    private static async Task ExchangesAsync(BenchHost bench, int from, int to, long[] reconciledAt, List<string> faults)
    {
        var numbers = Enumerable.Range(from, to - from).Where(i => bench.Tracker.ExchangeIds[i] is not null).ToList();
        var store = bench.Host.Store;
        var hub = new Dictionary<string, ExchangeRow>(StringComparer.Ordinal);
        foreach (var shard in numbers.Select(i => bench.Tracker.ExchangeIds[i]!).GroupBy(bench.Host.Shards.NodeOf, StringComparer.Ordinal))
        {
            foreach (var (id, row) in await store.ExchangesAsync(shard.Key, [.. shard], default))
                hub.Add(id, row);
        }

        var cities = new Dictionary<string, Dictionary<string, ExchangeRow>>(StringComparer.Ordinal);
        foreach (var city in bench.Host.Registry.Cities)
        {
            var mine = numbers.Where(i => bench.Cases.Route(i).Source == city.Code || bench.Cases.Route(i).Target == city.Code);
            cities[city.Code] = await store.ExchangesAsync(city.Code, [.. mine.Select(i => bench.Tracker.ExchangeIds[i]!)], default);
        }

        foreach (var number in numbers)
        {
            var id = bench.Tracker.ExchangeIds[number]!;
            var route = bench.Cases.Route(number);
            var expected = OutcomeText.Digest(id, new Outcome("approved", null, BenchCases.CertificateOf(number)));
            var row = hub.GetValueOrDefault(id);
            reconciledAt[number] = row?.ReconciledAt?.ToUnixTimeMilliseconds() ?? 0;
            if (row is not { ReconciledAt: not null } || row.OutcomeDigest != expected || row.SourceDigest != expected || row.TargetDigest != expected)
                faults.Add($"{id} is not reconciled with its outcome at the hub.");
            if (row?.State.Version != 2)
                faults.Add($"{id} has version {row?.State.Version} at the hub; two messages make version 2.");
            if (cities[route.Source].GetValueOrDefault(id)?.OutcomeDigest != expected)
                faults.Add($"{id} has another outcome at its source.");
            if (cities[route.Target].GetValueOrDefault(id)?.OutcomeDigest != expected)
                faults.Add($"{id} has another outcome at its target.");
        }
    }

    // Taken in = reconciled + refused + open, and nothing that was not asked for.
    private static async Task ConservationAsync(BenchHost bench, int count, List<string> faults)
    {
        var counts = new List<ExchangeCount>();
        var parked = 0;
        foreach (var shard in bench.Host.Shards.Nodes)
        {
            counts.AddRange(await bench.Store.CountExchangesAsync(shard, default));
            parked += (await bench.Store.ParkedAsync(shard, default)).Count;
        }

        var (all, reconciled) = (counts.Sum(c => c.Count), counts.Where(c => c.Reconciled).Sum(c => c.Count));
        if (all != count || reconciled != count)
            faults.Add($"Requested {count}, at the hub {all}, reconciled {reconciled}.");
        if (parked > 0)
            faults.Add($"{parked} messages are parked.");
    }

    private static async Task<long> JournalsAsync(BenchHost bench, int count, List<string> faults)
    {
        var rows = 0L;
        var atHub = new Counts();
        foreach (var check in await JournalVerifier.VerifyAsync(bench.Host.Store, bench.Host.Keys.Ring, default))
        {
            rows += check.Rows;
            faults.AddRange(check.Faults.Take(FaultsShown).Select(f => $"The journal of {f.Node} does not hold at row {f.Number}: {f.What}."));
            await RowsAsync(bench.Host.Store, check.Node, HubShards.IsHub(check.Node) ? atHub : new Counts(), faults);
        }

        if (atHub.Submissions != count || atHub.Decisions != count)
            faults.Add($"The hub journalled {atHub.Submissions} submissions and {atHub.Decisions} decisions of {count} cases.");

        return rows;
    }

    // No message twice in a journal, no refusal, no parking; at the hub exactly the two messages of each case.
    private static async Task RowsAsync(INodeStore store, string node, Counts counts, List<string> faults)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var number = 0L;
        while (await store.JournalAsync(node, number, null, Page, default) is { Count: > 0 } rows)
        {
            number = rows[^1].Number;
            foreach (var row in rows)
            {
                if (row.Kind is not (EntryKind.Sent or EntryKind.Received) && faults.Count < FaultsShown)
                    faults.Add($"Row {row.Number} of the journal of {node} is {row.Kind}: {row.Reasons}");
                if (!seen.Add(row.Key))
                    faults.Add($"The journal of {node} holds {row.Key} twice.");
                counts.Submissions += row.Type == MessageTypes.ServiceSubmission ? 1 : 0;
                counts.Decisions += row.Type == MessageTypes.ServiceDecision ? 1 : 0;
            }
        }
    }

    private sealed class Counts
    {
        public int Submissions { get; set; }

        public int Decisions { get; set; }
    }
}

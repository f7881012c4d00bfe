using System.Text.Json.Nodes;
using DataHub.Core.Journal;

namespace DataHub.Bench;

/// <summary>
/// One deployment under full load for minutes: memory of each process and cost per exchange, segment by segment. What
/// grows here would end a process that runs for months.
/// </summary>
internal static class EnduranceBench
{
    /// <summary>Room in the load's own memory, which is taken as it is used: more than any machine has reached.</summary>
    private const int MaxPerSecond = 5_000;

    public static async Task<int> RunAsync(BenchOptions options)
    {
        try
        {
            await using var servers = await BenchServers.StartAsync();
            await servers.CheckpointAsync();
            await using var bench = await BenchHost.StartAsync(options, servers, (options.Minutes * 60 * MaxPerSecond) + options.N);
            var curve = new List<JsonObject>();
            var begin = BenchHost.Time.GetTimestamp();
            var count = 0;
            do
            {
                curve.Add(await SegmentAsync(bench, count, count + options.N, options.InFlight));
                count += options.N;
                ExchangeBench.Say(curve[^1].ToJsonString());
            }
            while (BenchHost.Time.GetElapsedTime(begin) < TimeSpan.FromMinutes(options.Minutes));

            var (closed, duplicates) = await DistributedBench.AuditAsync(bench, count);
            foreach (var journal in await JournalVerifier.VerifyAsync(bench.Store, bench.Host.Keys.Ring, default))
            {
                if (journal.Faults is [var fault, ..])
                    throw new BenchFailedException($"The journal of {journal.Node} does not hold at row {fault.Number}: {fault.What}.");
            }

            // The first quarter warms up: code is compiled, pools and caches fill.
            double Growth(string figure)
            {
                double Mean(IEnumerable<JsonObject> points) => points.Average(p => (double)p[figure]!);
                var quarter = Math.Max(1, curve.Count / 4);
                return ExchangeBench.Round(Mean(curve.TakeLast(quarter)) / Mean(curve.Skip(quarter).Take(quarter).DefaultIfEmpty(curve[^1])));
            }

            Console.WriteLine(new JsonObject
            {
                ["bench"] = "endurance",
                ["minutes"] = options.Minutes,
                ["inflight"] = options.InFlight,
                ["brokers"] = options.Brokers,
                ["shards"] = options.Shards,
                ["cores"] = Environment.ProcessorCount,
                ["audit"] = "passed",
                ["closed"] = closed,
                ["duplicates"] = duplicates,
                ["last_over_second_quarter"] = new JsonObject
                {
                    ["exchanges_per_s"] = Growth("exchanges_per_s"),
                    ["rss_mb_adapters_and_load"] = Growth("rss_mb_adapters_and_load"),
                    ["rss_mb_brokers"] = Growth("rss_mb_brokers"),
                    ["rss_mb_rabbitmq"] = Growth("rss_mb_rabbitmq"),
                },
                ["curve"] = new JsonArray([.. curve]),
            }.ToJsonString());
            return 0;
        }
        catch (BenchFailedException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return 1;
        }
    }

    private static async Task<JsonObject> SegmentAsync(BenchHost bench, int from, int to, int inFlight)
    {
        var before = DistributedBench.Processors(bench);
        var begin = BenchHost.Time.GetTimestamp();
        await Load.ClosedAsync(bench, from, to, inFlight);
        var took = BenchHost.Time.GetElapsedTime(begin);
        var after = DistributedBench.Processors(bench);
        // The load remembers its cases for an audit that would read each of them; here the database counts.
        Array.Clear(bench.Tracker.ExchangeIds, from, to - from);
        var n = (double)(to - from);
        return new JsonObject
        {
            ["closed"] = to,
            ["exchanges_per_s"] = ExchangeBench.Round(n / took.TotalSeconds),
            ["cpu_ms_adapters_and_load"] = ExchangeBench.Round((after.App - before.App) / n),
            ["cpu_ms_brokers"] = ExchangeBench.Round((after.Brokers - before.Brokers) / n),
            ["cpu_ms_rabbitmq"] = ExchangeBench.Round((after.Rabbit - before.Rabbit) / n),
            ["cpu_ms_database"] = ExchangeBench.Round((after.Postgres - before.Postgres) / n),
            ["rss_mb_adapters_and_load"] = ExchangeBench.Round(Reading.RssMb()),
            ["gc_heap_mb_adapters_and_load"] = ExchangeBench.Round(GC.GetGCMemoryInfo(GCKind.Any).HeapSizeBytes / 1048576.0),
            ["rss_mb_brokers"] = ExchangeBench.Round(bench.Brokers.Sum(b => b.RssMb)),
            ["rss_mb_rabbitmq"] = ExchangeBench.Round(bench.Servers!.Rabbit.ProcessIds.Sum(id => Reading.RssMb(id))),
            ["queue_mb"] = ExchangeBench.Round(bench.Servers.Rabbit.BytesOnDisk / 1048576.0),
        };
    }
}

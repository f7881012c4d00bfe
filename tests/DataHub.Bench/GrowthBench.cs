using System.Text.Json.Nodes;

namespace DataHub.Bench;

/// <summary>One host that is never emptied: what an exchange costs as the store grows.</summary>
internal static class GrowthBench
{
    private const int Segments = 20;

    public static async Task<int> RunAsync(BenchOptions options)
    {
        try
        {
            await using var bench = await BenchHost.StartAsync(options.DataDirectory, options.Rows);
            var curve = new JsonArray();
            var speeds = new List<double>();
            var size = options.Rows / Segments;
            for (var i = 0; i < Segments; i++)
            {
                var to = i == Segments - 1 ? options.Rows : (i + 1) * size;
                speeds.Add(await SegmentAsync(bench, i * size, to, options.InFlight, curve));
            }

            // Read before the audit, whose own memory is not the hub's.
            var peak = Reading.PeakRssMb();
            var audit = await Audit.RunAsync(bench, options.Rows);
            if (audit.Faults.Count > 0)
                throw new BenchFailedException("The audit failed, so no speed is claimed:" + Environment.NewLine + string.Join(Environment.NewLine, audit.Faults));
            Console.WriteLine(new JsonObject
            {
                ["bench"] = "growth",
                ["mode"] = "embedded",
                ["exchanges"] = options.Rows,
                ["inflight"] = options.InFlight,
                ["cores"] = Environment.ProcessorCount,
                ["audit"] = "passed",
                ["peak_rss_mb"] = ExchangeBench.Round(peak),
                // The first segment warms up.
                ["last_over_second_segment"] = ExchangeBench.Round(speeds[^1] / speeds[1]),
                ["curve"] = curve,
            }.ToJsonString());
            return 0;
        }
        catch (BenchFailedException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return 1;
        }
    }

    private static async Task<double> SegmentAsync(BenchHost bench, int from, int to, int inFlight, JsonArray curve)
    {
        var bytes = bench.DatabaseBytes;
        var before = Reading.Now();
        await Load.ClosedAsync(bench, from, to, inFlight);
        var after = Reading.Now();
        var n = (double)(to - from);
        var perSecond = n / BenchHost.Time.GetElapsedTime(before.At, after.At).TotalSeconds;
        var cpu = (after.Cpu - before.Cpu).TotalMilliseconds / n;
        var point = new JsonObject
        {
            ["stored"] = to,
            ["exchanges_per_s"] = ExchangeBench.Round(perSecond),
            ["cpu_ms"] = ExchangeBench.Round(cpu),
            ["allocated_kb"] = ExchangeBench.Round((after.Allocated - before.Allocated) / n / 1024),
            ["rss_mb"] = ExchangeBench.Round(Reading.RssMb()),
            ["gc_heap_mb"] = ExchangeBench.Round(GC.GetGCMemoryInfo(GCKind.Any).HeapSizeBytes / 1048576.0),
            ["gc_committed_mb"] = ExchangeBench.Round(GC.GetGCMemoryInfo(GCKind.Any).TotalCommittedBytes / 1048576.0),
            ["db_bytes"] = ExchangeBench.Round((bench.DatabaseBytes - bytes) / n),
            ["disk_written_kb"] = ExchangeBench.Round((after.WrittenToDisk - before.WrittenToDisk) / n / 1024),
        };
        ExchangeBench.Say(point.ToJsonString());
        curve.Add(point);
        return perSecond;
    }
}

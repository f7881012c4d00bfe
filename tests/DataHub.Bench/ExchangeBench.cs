using System.Globalization;
using System.Text.Json.Nodes;

namespace DataHub.Bench;

/// <summary>Whole exchanges on the embedded default: handed in at one city, decided at another, reconciled at the hub.</summary>
internal static class ExchangeBench
{
    /// <summary>A counted run after its audit.</summary>
    private sealed record Run(double PerSecond, double CpuMs, double AllocatedKb, double WrittenKb, double DatabaseBytes, double RowsPerExchange,
        double SignatureChecks, double CommitLimit, IReadOnlyList<double> Tenths, int Busy, int Repeated);

    private sealed record Latency(double Rate, double P50, double P99, double ReconciledP50, double ReconciledP99);

    public static async Task<int> RunAsync(BenchOptions options)
    {
        try
        {
            if (options.Distributed)
                return await DistributedBench.RunAsync(options);
            var (listening, accepted) = await Startup.MeasureAsync(3);
            Say($"start-up: listening after {listening:F0} ms, first request accepted after {accepted:F0} ms");
            var runs = new List<Run>();
            for (var i = 0; i < options.Runs; i++)
            {
                // The disk's limit is measured next to each run, so that a ratio compares neighbours.
                var limit = Limits.SqliteCommitsPerSecond(options.DataDirectory, 100);
                var run = await ThroughputAsync(options, limit);
                Say($"run {i + 1}: {run.PerSecond:F0} exchanges/s, {run.CpuMs:F3} ms CPU, {run.AllocatedKb:F1} KB allocated, {run.DatabaseBytes:F0} bytes of database per exchange; "
                    + $"audit passed; tenths {string.Join(' ', run.Tenths.Select(t => t.ToString("F0", CultureInfo.InvariantCulture)))}");
                runs.Add(run);
            }

            var peak = Reading.PeakRssMb();
            var perSecond = Statistics.Median(runs.Select(r => r.PerSecond));
            var latency = await LatencyAsync(options, options.Rate ?? perSecond / 2);
            Say($"latency at {latency.Rate:F0}/s: decision held after p50 {latency.P50:F1} ms, p99 {latency.P99:F1} ms; reconciled after p50 {latency.ReconciledP50:F1} ms, p99 {latency.ReconciledP99:F1} ms");
            await PrintAsync(options, runs, latency, peak, (listening, accepted));
            return 0;
        }
        catch (BenchFailedException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return 1;
        }
    }

    private static async Task<Run> ThroughputAsync(BenchOptions options, double limit)
    {
        var warm = Math.Clamp(options.N / 10, 100, 2_000);
        var count = warm + options.N;
        await using var bench = await BenchHost.StartAsync(options, null, count);
        await Load.ClosedAsync(bench, 0, warm, options.InFlight);
        var bytesBefore = bench.DatabaseBytes;
        var wallBefore = BenchHost.Time.GetUtcNow().ToUnixTimeMilliseconds();
        var checks = bench.Host.Keys.Verifier.RootChecks;
        var before = Reading.Now();
        await Load.ClosedAsync(bench, warm, count, options.InFlight);
        var after = Reading.Now();
        checks = bench.Host.Keys.Verifier.RootChecks - checks;
        var bytesAfter = bench.DatabaseBytes;
        var audit = await AuditedAsync(bench, count);

        var ends = audit.ReconciledAt[warm..];
        Array.Sort(ends);
        var n = (double)options.N;
        return new Run(
            n / Math.Max(0.001, (ends[^1] - wallBefore) / 1000.0),
            (after.Cpu - before.Cpu).TotalMilliseconds / n,
            (after.Allocated - before.Allocated) / n / 1024,
            (after.WrittenToDisk - before.WrittenToDisk) / n / 1024,
            (bytesAfter - bytesBefore) / n,
            audit.JournalRows / (double)count,
            checks / n,
            limit,
            Tenths(ends, wallBefore),
            bench.Tracker.BusyAnswers,
            bench.Tracker.RepeatedDeliveries);
    }

    private static async Task<Latency> LatencyAsync(BenchOptions options, double rate)
    {
        var warm = Math.Clamp(options.N / 10, 100, 2_000);
        // Half a minute at most: a percentile of some thousand exchanges does not get better by waiting longer.
        var measured = Math.Min(options.N, Math.Max(100, (int)(rate * 30)));
        var count = warm + measured;
        await using var bench = await BenchHost.StartAsync(options, null, count);
        await Load.ClosedAsync(bench, 0, warm, options.InFlight);
        var (ticks, wall) = (BenchHost.Time.GetTimestamp(), BenchHost.Time.GetUtcNow().ToUnixTimeMilliseconds());
        await Load.OpenAsync(bench, warm, count, rate);
        var audit = await AuditedAsync(bench, count);
        var time = BenchHost.Time;
        var tracker = bench.Tracker;
        var held = Enumerable.Range(warm, measured).Select(i => time.GetElapsedTime(tracker.Intended[i], tracker.HeldAt[i]).TotalMilliseconds).Order().ToList();
        var reconciled = Enumerable.Range(warm, measured)
            .Select(i => Math.Max(0, audit.ReconciledAt[i] - wall - time.GetElapsedTime(ticks, tracker.Intended[i]).TotalMilliseconds)).Order().ToList();
        return new Latency(rate, Statistics.Quantile(held, 0.5), Statistics.Quantile(held, 0.99), Statistics.Quantile(reconciled, 0.5), Statistics.Quantile(reconciled, 0.99));
    }

    internal static async Task<AuditResult> AuditedAsync(BenchHost bench, int count)
    {
        var audit = await Audit.RunAsync(bench, count);
        return audit.Faults.Count == 0
            ? audit
            : throw new BenchFailedException("The audit failed, so no speed is claimed:" + Environment.NewLine + string.Join(Environment.NewLine, audit.Faults));
    }

    // Exchanges per second in each tenth of the run, by the times at which the hub reconciled them.
    internal static List<double> Tenths(long[] sortedEnds, long begin)
    {
        var tenths = new List<double>();
        var (size, previous) = (sortedEnds.Length / 10, begin);
        for (var i = 1; i <= 10; i++)
        {
            var end = sortedEnds[(i * size) - 1];
            tenths.Add(size / Math.Max(0.001, (end - previous) / 1000.0));
            previous = end;
        }

        return tenths;
    }

    private static async Task PrintAsync(BenchOptions options, List<Run> runs, Latency latency, double peak, (double Listening, double Accepted) startup)
    {
        await using var bench = await BenchHost.StartAsync(options.DataDirectory, 1);
        var (validation, byType) = Limits.ValidationMicroseconds(bench.Host.Registry);
        foreach (var (type, cost) in byType)
            Say($"validation of {type}: {cost:F1} µs");
        var median = runs.OrderBy(r => r.PerSecond).ElementAt((runs.Count - 1) / 2);
        var line = new JsonObject
        {
            ["bench"] = "exchange",
            ["mode"] = "embedded",
            ["n"] = options.N,
            ["runs"] = runs.Count,
            ["inflight"] = options.InFlight,
            ["cores"] = Environment.ProcessorCount,
            ["city_pairs"] = bench.Cases.Pairs,
            ["payload_bytes"] = (int)Enumerable.Range(0, 200).Average(i => bench.Cases.Submission(i, BenchHost.Time.GetUtcNow()).Length),
            ["audit"] = "passed",
            ["exchanges_per_s"] = Round(Statistics.Median(runs.Select(r => r.PerSecond))),
            ["exchanges_per_s_runs"] = List(runs.Select(r => r.PerSecond)),
            ["cpu_ms_per_exchange"] = Round(Statistics.Median(runs.Select(r => r.CpuMs))),
            ["p50_ms"] = Round(latency.P50),
            ["p99_ms"] = Round(latency.P99),
            ["reconciled_p50_ms"] = Round(latency.ReconciledP50),
            ["reconciled_p99_ms"] = Round(latency.ReconciledP99),
            ["latency_rate_per_s"] = Round(latency.Rate),
            ["peak_rss_mb"] = Round(peak),
            ["allocated_kb_per_exchange"] = Round(Statistics.Median(runs.Select(r => r.AllocatedKb))),
            ["startup_ms"] = Round(startup.Accepted),
            ["listening_ms"] = Round(startup.Listening),
            ["validation_us_per_message"] = Round(validation),
            ["tenths_per_s"] = List(median.Tenths),
            ["last_tenth_over_first_tenth"] = Round(Statistics.Median(runs.Select(r => r.Tenths[^1] / r.Tenths[0]))),
            ["db_bytes_per_exchange"] = Round(Statistics.Median(runs.Select(r => r.DatabaseBytes))),
            ["disk_written_kb_per_exchange"] = Round(Statistics.Median(runs.Select(r => r.WrittenKb))),
            ["journal_rows_per_exchange"] = Round(median.RowsPerExchange),
            ["signature_checks_per_exchange"] = Round(Statistics.Median(runs.Select(r => r.SignatureChecks))),
            ["busy_answers"] = runs.Sum(r => r.Busy),
            ["repeated_deliveries"] = runs.Sum(r => r.Repeated),
            ["limit_sqlite_commits_of_100_per_s"] = Round(Statistics.Median(runs.Select(r => r.CommitLimit))),
            ["limit_sqlite_commits_of_1_per_s"] = Round(Limits.SqliteCommitsPerSecond(options.DataDirectory, 1)),
            ["limit_sha256_mb_per_s"] = Round(Limits.Sha256MbPerSecond()),
            ["exchanges_over_sqlite_rows"] = Round(Statistics.Median(runs.Select(r => r.PerSecond / (r.CommitLimit * 100)))),
        };
        Console.WriteLine(line.ToJsonString());
    }

    internal static double Round(double value) => double.IsFinite(value) ? Math.Round(value, Math.Abs(value) < 10 ? 4 : 1) : 0;

    internal static JsonArray List(IEnumerable<double> values) => [.. values.Select(v => JsonValue.Create(Round(v)))];

    internal static void Say(string line) => Console.WriteLine(line);
}

using System.Globalization;
using System.Text.Json.Nodes;
using Npgsql;

namespace DataHub.Bench;

/// <summary>Whole exchanges on RabbitMQ and PostgreSQL: adapters in this process, brokers in processes of their own.</summary>
internal static class DistributedBench
{
    /// <summary>So many that a single one which waits for the disk is not p99 by itself.</summary>
    private const int IdleExchanges = 200;

    /// <summary>Hub processes run for months: what is measured is compiled code, and three processes that share two cores need this long for it.</summary>
    private const int WarmUp = 20_000;

    /// <summary>A counted run after its audit. Processor time in milliseconds per exchange; requested and closed with the warm-up.</summary>
    private sealed record Run(double Seconds, double PerSecond, double App, double Brokers, double Rabbit, double Postgres, double WalBytes, double QueueBytes, double PeakRssMb, double BrokerRssMb,
        IReadOnlyList<double> Tenths, int Busy, int Repeated, int Requested, long Closed, long Duplicates, Reference BareBroker, Reference BareClassic, Reference Textbook, double BareRows);

    public static async Task<int> RunAsync(BenchOptions options)
    {
        await using var servers = await BenchServers.StartAsync();
        try
        {
            var runs = new List<Run>();
            for (var i = 0; i < options.Runs; i++)
            {
                var run = await ThroughputAsync(options, servers);
                ExchangeBench.Say(string.Create(CultureInfo.InvariantCulture,
                    $"run {i + 1}: {run.PerSecond:F0} exchanges/s; ms CPU per exchange: adapters and load {run.App:F3}, brokers {run.Brokers:F3}, RabbitMQ {run.Rabbit:F3}, PostgreSQL {run.Postgres:F3}; bare broker {run.BareBroker.PerSecond:F0}/s at {run.BareBroker.ProcessorMs:F2} ms (classic queues {run.BareClassic.PerSecond:F0}/s), textbook {run.Textbook.PerSecond:F0}/s at {run.Textbook.ProcessorMs:F2} ms, bare database {run.BareRows:F0} rows/s; audit passed; tenths {string.Join(' ', run.Tenths.Select(t => t.ToString("F0", CultureInfo.InvariantCulture)))}"));
                runs.Add(run);
            }

            var perSecond = Statistics.Median(runs.Select(r => r.PerSecond));
            var rate = options.Rate ?? perSecond / 2;
            var (held, idle) = await LatencyAsync(options, servers, rate);
            Print(options, runs, rate, held, idle);
            return 0;
        }
        catch (BenchFailedException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return 1;
        }
    }

    private static async Task<Run> ThroughputAsync(BenchOptions options, BenchServers servers)
    {
        // The machine's limits are measured next to each run, so that a ratio compares neighbours.
        var bare = await ServerLimits.BrokerAsync(servers, Math.Min(options.N, 5_000), options.InFlight, quorum: true);
        var classic = await ServerLimits.BrokerAsync(servers, Math.Min(options.N, 5_000), options.InFlight, quorum: false);
        var textbook = await ServerLimits.TextbookAsync(servers, Math.Min(options.N, 2_000), Math.Min(options.InFlight, 256));
        var rows = await ServerLimits.RowsPerSecondAsync(servers, TimeSpan.FromSeconds(2));
        var warm = Math.Min(options.N, WarmUp);
        var count = warm + options.N;
        await servers.DropDatabasesAsync();
        await servers.CheckpointAsync();
        await using var bench = await BenchHost.StartAsync(options, servers, count);
        await Load.ClosedAsync(bench, 0, warm, options.InFlight);
        var wal = await ScalarAsync(bench, "SELECT (pg_current_wal_lsn() - '0/0')::bigint");
        var queues = servers.QueueBytesWritten;
        await Statements.ResetAsync(bench);
        var begin = BenchHost.Time.GetUtcNow().ToUnixTimeMilliseconds();
        var before = Processors(bench);
        await Load.ClosedAsync(bench, warm, count, options.InFlight);
        var after = Processors(bench);
        foreach (var statement in await Statements.TopAsync(bench, options.N))
            ExchangeBench.Say(statement);
        ExchangeBench.Say("  " + await Statements.CommitsAsync(bench, options.N));
        wal = await ScalarAsync(bench, "SELECT (pg_current_wal_lsn() - '0/0')::bigint") - wal;
        queues = servers.QueueBytesWritten - queues;
        var (peak, brokers) = (Reading.PeakRssMb(), bench.Brokers.Sum(b => b.PeakRssMb));
        var audit = await ExchangeBench.AuditedAsync(bench, count);
        var (closed, duplicates) = await AuditAsync(bench, count);
        var ends = audit.ReconciledAt[warm..];
        Array.Sort(ends);
        var n = (double)options.N;
        var seconds = Math.Max(0.001, (ends[^1] - begin) / 1000.0);
        return new Run(
            seconds, n / seconds,
            (after.App - before.App) / n, (after.Brokers - before.Brokers) / n, (after.Rabbit - before.Rabbit) / n, (after.Postgres - before.Postgres) / n,
            wal / n, queues / n, peak, brokers, ExchangeBench.Tenths(ends, begin), bench.Tracker.BusyAnswers, bench.Tracker.RepeatedDeliveries, count, closed, duplicates, bare, classic, textbook, rows);
    }

    // Half the throughput on a fixed arrival schedule; then one exchange after another on an idle system.
    private static async Task<(List<double> Held, List<double> Idle)> LatencyAsync(BenchOptions options, BenchServers servers, double rate)
    {
        var warm = Math.Min(options.N, WarmUp);
        var measured = Math.Min(options.N, Math.Max(100, (int)(rate * 20)));
        var count = warm + measured;
        await servers.DropDatabasesAsync();
        await servers.CheckpointAsync();
        await using var bench = await BenchHost.StartAsync(options, servers, count + IdleExchanges);
        await Load.ClosedAsync(bench, 0, warm, options.InFlight);
        await Statements.ResetAsync(bench);
        var before = Processors(bench);
        await Load.OpenAsync(bench, warm, count, rate);
        var after = Processors(bench);
        foreach (var statement in await Statements.TopAsync(bench, measured))
            ExchangeBench.Say(statement);
        var commits = await Statements.CommitsAsync(bench, measured);
        var (app, brokers, rabbit, postgres) = ((after.App - before.App) / measured, (after.Brokers - before.Brokers) / measured, (after.Rabbit - before.Rabbit) / measured, (after.Postgres - before.Postgres) / measured);
        ExchangeBench.Say(string.Create(CultureInfo.InvariantCulture, $"at {rate:F0}/s, ms CPU per exchange: adapters and load {app:F3}, brokers {brokers:F3}, RabbitMQ {rabbit:F3}, PostgreSQL {postgres:F3}; {commits}"));
        ExchangeBench.Say("  p50/p99 ms of those handed in within each second: " + string.Join(' ', BySecond(bench, warm, count, rate)));
        await Load.ClosedAsync(bench, count, count + IdleExchanges, 1);
        ExchangeBench.Say("  ms of each one alone, one after another: " + string.Join(' ', Enumerable.Range(count, IdleExchanges).Select(i => Times(bench, i, i + 1)[0].ToString("F0", CultureInfo.InvariantCulture))));
        await ExchangeBench.AuditedAsync(bench, count + IdleExchanges);
        return (Times(bench, warm, count), Times(bench, count, count + IdleExchanges));
    }

    // A stall shows as seconds that stand out; a machine that is too busy, as seconds that are all alike.
    private static IEnumerable<string> BySecond(BenchHost bench, int from, int to, double rate) =>
        Enumerable.Range(from, to - from).Chunk(Math.Max(1, (int)rate)).Select(second =>
        {
            var times = Times(bench, second[0], second[^1] + 1);
            return string.Create(CultureInfo.InvariantCulture, $"{Statistics.Quantile(times, 0.5):F0}/{Statistics.Quantile(times, 0.99):F0}");
        });

    private static List<double> Times(BenchHost bench, int from, int to) =>
        [.. Enumerable.Range(from, to - from).Select(i => BenchHost.Time.GetElapsedTime(bench.Tracker.Intended[i], bench.Tracker.HeldAt[i]).TotalMilliseconds).Order()];

    /// <summary>The audit in SQL, beside the one that reads through the store: closed exchanges, and whatever is there twice.</summary>
    internal static async Task<(long Closed, long Duplicates)> AuditAsync(BenchHost bench, int count)
    {
        var closed = await ScalarAsync(bench, "SELECT count(*) FROM datahub.exchange_hub WHERE reconciled_at IS NOT NULL AND outcome_digest = source_digest AND outcome_digest = target_digest");
        var all = await ScalarAsync(bench, "SELECT count(*) FROM datahub.exchange_hub");
        var duplicates = await ScalarAsync(bench, Duplicates(""));
        var open = await ScalarAsync(bench, "SELECT (SELECT count(*) FROM datahub.native_delivery) + (SELECT count(*) FROM datahub.parked)");
        return closed == count && all == count && duplicates == 0 && open == 0 ? (closed, duplicates)
            : throw new BenchFailedException($"The audit in SQL failed, so no speed is claimed: {count} requested, {all} at the hub, {closed} closed alike on all sides, {duplicates} duplicates, {open} deliveries open.");
    }

    /// <summary>Counts the messages that a journal holds more than once.</summary>
    /// <param name="only">What limits them, as a condition; empty for all.</param>
    internal static string Duplicates(string only) =>
        $"SELECT coalesce(sum(n - 1), 0)::bigint FROM (SELECT count(*) AS n FROM datahub.journal WHERE kind IN (1, 2) {only} GROUP BY node, key HAVING count(*) > 1) d";

    internal static (double App, double Brokers, double Rabbit, double Postgres) Processors(BenchHost bench) => (
        Reading.Now().Cpu.TotalMilliseconds,
        bench.Brokers.Sum(b => b.ProcessorTime.TotalMilliseconds),
        bench.Servers!.Rabbit.ProcessorTime.TotalMilliseconds,
        bench.Servers.Postgres.ProcessorTime.TotalMilliseconds);

    /// <param name="exchanges">The parameter of the statement, where it has one.</param>
    internal static async Task<long> ScalarAsync(BenchHost bench, string sql, string[]? exchanges = null)
    {
        await using var connection = new NpgsqlConnection(bench.Database);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 600 };
        if (exchanges is not null)
            command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = exchanges });
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private static void Print(BenchOptions options, List<Run> runs, double rate, List<double> held, List<double> idle)
    {
        double Median(Func<Run, double> value) => ExchangeBench.Round(Statistics.Median(runs.Select(value)));
        double Seconds(Func<Run, double> milliseconds) => ExchangeBench.Round(runs.Sum(milliseconds) * options.N / 1000);
        Console.WriteLine(new JsonObject
        {
            ["bench"] = "exchange",
            ["mode"] = "distributed",
            ["n"] = options.N,
            ["runs"] = runs.Count,
            ["inflight"] = options.InFlight,
            ["brokers"] = options.Brokers,
            ["shards"] = options.Shards,
            ["cores"] = Environment.ProcessorCount,
            ["audit"] = "passed",
            ["exchanges_per_s"] = Median(r => r.PerSecond),
            ["exchanges_per_s_runs"] = ExchangeBench.List(runs.Select(r => r.PerSecond)),
            ["p50_ms"] = ExchangeBench.Round(Statistics.Quantile(held, 0.5)),
            ["p99_ms"] = ExchangeBench.Round(Statistics.Quantile(held, 0.99)),
            ["latency_rate_per_s"] = ExchangeBench.Round(rate),
            ["idle_p50_ms"] = ExchangeBench.Round(Statistics.Quantile(idle, 0.5)),
            ["idle_p99_ms"] = ExchangeBench.Round(Statistics.Quantile(idle, 0.99)),
            ["cpu_ms_app"] = Median(r => r.App + r.Brokers),
            ["cpu_ms_adapters_and_load"] = Median(r => r.App),
            ["cpu_ms_brokers"] = Median(r => r.Brokers),
            ["cpu_ms_rabbitmq"] = Median(r => r.Rabbit),
            ["cpu_ms_database"] = Median(r => r.Postgres),
            ["cpu_ms_all"] = Median(r => r.App + r.Brokers + r.Rabbit + r.Postgres),
            ["cpu_s_app"] = Seconds(r => r.App + r.Brokers),
            ["cpu_s_broker"] = Seconds(r => r.Rabbit),
            ["cpu_s_database"] = Seconds(r => r.Postgres),
            ["wall_s"] = ExchangeBench.Round(runs.Sum(r => r.Seconds)),
            ["peak_rss_mb"] = Median(r => r.PeakRssMb + r.BrokerRssMb),
            ["peak_rss_mb_adapters_and_load"] = Median(r => r.PeakRssMb),
            ["wal_bytes_per_exchange"] = Median(r => r.WalBytes),
            ["queue_bytes_per_exchange"] = Median(r => r.QueueBytes),
            ["requested"] = runs.Sum(r => r.Requested),
            ["closed"] = runs.Sum(r => r.Closed),
            ["duplicates"] = runs.Sum(r => r.Duplicates),
            ["busy_answers"] = runs.Sum(r => r.Busy),
            ["repeated_deliveries"] = runs.Sum(r => r.Repeated),
            ["limit_broker_per_s"] = Median(r => r.BareBroker.PerSecond),
            ["limit_broker_classic_per_s"] = Median(r => r.BareClassic.PerSecond),
            ["limit_db_rows_per_s"] = Median(r => r.BareRows),
            ["ratio_to_broker_limit"] = Median(r => r.PerSecond / r.BareBroker.PerSecond),
            ["ratio_to_classic_broker_limit"] = Median(r => r.PerSecond / r.BareClassic.PerSecond),
            ["textbook_per_s"] = Median(r => r.Textbook.PerSecond),
            ["ratio_to_textbook"] = Median(r => r.PerSecond / r.Textbook.PerSecond),
        }.ToJsonString());
    }
}

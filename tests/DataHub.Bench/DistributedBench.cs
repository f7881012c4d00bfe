using System.Globalization;
using System.Text.Json.Nodes;

namespace DataHub.Bench;

/// <summary>Whole exchanges on RabbitMQ and PostgreSQL: adapters in this process, brokers in processes of their own.</summary>
internal static class DistributedBench
{
    /// <summary>A counted run after its audit. Processor time in milliseconds per exchange.</summary>
    private sealed record Run(double PerSecond, double App, double Brokers, double Rabbit, double Postgres, double WalBytes, double QueueBytes, double PeakRssMb,
        IReadOnlyList<double> Tenths, int Busy, int Repeated);

    public static async Task<int> RunAsync(BenchOptions options)
    {
        await using var servers = await BenchServers.StartAsync();
        var runs = new List<Run>();
        for (var i = 0; i < options.Runs; i++)
        {
            var run = await ThroughputAsync(options, servers);
            ExchangeBench.Say(string.Create(CultureInfo.InvariantCulture, $"run {i + 1}: {run.PerSecond:F0} exchanges/s, ms CPU per exchange: adapters and load {run.App:F3}, brokers {run.Brokers:F3}, RabbitMQ {run.Rabbit:F3}, PostgreSQL {run.Postgres:F3}; busy {run.Busy}; tenths {string.Join(' ', run.Tenths.Select(t => t.ToString("F0", CultureInfo.InvariantCulture)))}"));
            runs.Add(run);
        }

        var perSecond = Statistics.Median(runs.Select(r => r.PerSecond));
        var line = new JsonObject
        {
            ["bench"] = "exchange",
            ["mode"] = "distributed",
            ["exchanges_per_s"] = ExchangeBench.Round(perSecond),
        };
        Console.WriteLine(line.ToJsonString());
        return 0;
    }

    private static async Task<Run> ThroughputAsync(BenchOptions options, BenchServers servers)
    {
        var warm = Math.Clamp(options.N / 10, 100, 4_000);
        var count = warm + options.N;
        await using var bench = await BenchHost.StartAsync(options, servers, count);
        await Load.ClosedAsync(bench, 0, warm, options.InFlight);
        var wal = await WalAsync(bench);
        var queues = servers.Rabbit.BytesOnDisk;
        var begin = BenchHost.Time.GetUtcNow().ToUnixTimeMilliseconds();
        var before = Processors(bench);
        await Load.ClosedAsync(bench, warm, count, options.InFlight);
        var after = Processors(bench);
        wal = await WalAsync(bench) - wal;
        queues = servers.Rabbit.BytesOnDisk - queues;
        var peak = Reading.PeakRssMb() + bench.Brokers.Sum(b => b.PeakRssMb);
        var audit = await ExchangeBench.AuditedAsync(bench, count);
        var ends = audit.ReconciledAt[warm..];
        Array.Sort(ends);
        var n = (double)options.N;
        return new Run(
            n / Math.Max(0.001, (ends[^1] - begin) / 1000.0),
            (after.App - before.App) / n, (after.Brokers - before.Brokers) / n, (after.Rabbit - before.Rabbit) / n, (after.Postgres - before.Postgres) / n,
            wal / n, queues / n, peak, ExchangeBench.Tenths(ends, begin), bench.Tracker.BusyAnswers, bench.Tracker.RepeatedDeliveries);
    }

    private static (double App, double Brokers, double Rabbit, double Postgres) Processors(BenchHost bench) => (
        Reading.Now().Cpu.TotalMilliseconds,
        bench.Brokers.Sum(b => b.ProcessorTime.TotalMilliseconds),
        bench.Servers!.Rabbit.ProcessorTime.TotalMilliseconds,
        bench.Servers.Postgres.ProcessorTime.TotalMilliseconds);

    private static async Task<double> WalAsync(BenchHost bench)
    {
        await using var connection = new Npgsql.NpgsqlConnection(bench.Database);
        await connection.OpenAsync();
        await using var command = new Npgsql.NpgsqlCommand("SELECT (pg_current_wal_lsn() - '0/0')::float8", connection);
        return (double)(await command.ExecuteScalarAsync())!;
    }
}

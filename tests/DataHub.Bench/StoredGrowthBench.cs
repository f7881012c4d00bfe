using System.Globalization;
using System.Text.Json.Nodes;
using Npgsql;

namespace DataHub.Bench;

/// <summary>
/// Throughput beside a history: exchanges already stored, made in the database itself, spread over the last twelve
/// months, against an empty database, in turns within one run.
/// </summary>
internal static class StoredGrowthBench
{
    private const int Turns = 3;

    /// <summary>A run after its audit; requested and closed with the warm-up.</summary>
    private sealed record Run(double PerSecond, int Requested, long Closed, long Duplicates);

    public static async Task<int> RunAsync(BenchOptions options)
    {
        await using var servers = await BenchServers.StartAsync();
        var keys = Directory.CreateTempSubdirectory("datahub-bench-keys-");
        options = options with { Keys = keys.FullName };
        try
        {
            // A deployment makes the tables; its database is then filled and used again.
            string filled;
            await using (var bench = await BenchHost.StartAsync(options, servers, 1))
                filled = bench.Database!;
            var begin = BenchHost.Time.GetTimestamp();
            await FillAsync(filled, options.Rows);
            var filling = BenchHost.Time.GetElapsedTime(begin);
            ExchangeBench.Say(string.Create(CultureInfo.InvariantCulture, $"{options.Rows} exchanges stored in {filling.TotalSeconds:F0} s"));
            var (empty, full) = (new List<Run>(), new List<Run>());
            for (var turn = 0; turn < Turns; turn++)
            {
                await servers.DropDatabasesAsync(except: filled);
                empty.Add(await MeasureAsync(options, servers, null, 0));
                await servers.DropDatabasesAsync(except: filled);
                full.Add(await MeasureAsync(options, servers, filled, turn));
                ExchangeBench.Say(string.Create(CultureInfo.InvariantCulture, $"turn {turn + 1}: empty {empty[^1].PerSecond:F0}/s, with {options.Rows} stored {full[^1].PerSecond:F0}/s; audit passed"));
            }

            List<Run> all = [.. empty, .. full];
            Console.WriteLine(new JsonObject
            {
                ["bench"] = "growth",
                ["mode"] = "distributed",
                ["stored"] = options.Rows,
                ["n"] = options.N,
                ["audit"] = "passed",
                ["exchanges_per_s_empty"] = ExchangeBench.List(empty.Select(r => r.PerSecond)),
                ["exchanges_per_s_stored"] = ExchangeBench.List(full.Select(r => r.PerSecond)),
                ["stored_over_empty"] = ExchangeBench.Round(Statistics.Median(full.Zip(empty, (f, e) => f.PerSecond / e.PerSecond))),
                ["requested"] = all.Sum(r => r.Requested),
                ["closed"] = all.Sum(r => r.Closed),
                ["duplicates"] = all.Sum(r => r.Duplicates),
                ["peak_rss_mb_adapters_and_load"] = ExchangeBench.Round(Reading.PeakRssMb()),
            }.ToJsonString());
            return 0;
        }
        catch (BenchFailedException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return 1;
        }
        finally
        {
            keys.Delete(recursive: true);
        }
    }

    private static async Task<Run> MeasureAsync(BenchOptions options, BenchServers servers, string? database, int turn)
    {
        // Case numbers make the messages' ids: those of an earlier turn on the same database must not come again.
        var warm = Math.Min(options.N, 10_000);
        var from = turn * (warm + options.N);
        var to = from + warm + options.N;
        // What filling or the other turn left to be written is not this turn's work.
        await servers.CheckpointAsync();
        await using var bench = await BenchHost.StartAsync(options, servers, to, database);
        var before = await CountAsync(bench);
        await Load.ClosedAsync(bench, from, from + warm, options.InFlight);
        var begin = BenchHost.Time.GetTimestamp();
        await Load.ClosedAsync(bench, from + warm, to, options.InFlight);
        var speed = options.N / BenchHost.Time.GetElapsedTime(begin).TotalSeconds;
        var closed = await CountAsync(bench) - before;
        // Of this run's exchanges alone; said twice which, as the index by exchange leaves this one out.
        var duplicates = await DistributedBench.ScalarAsync(bench, DistributedBench.Duplicates("AND exchange_id = ANY($1) AND exchange_id <> '000000-00000000-0000000000'"), bench.Tracker.ExchangeIds[from..to]!);
        return closed == to - from && duplicates == 0 ? new Run(speed, to - from, closed, duplicates)
            : throw new BenchFailedException($"The audit failed, so no speed is claimed: {to - from} requested, {closed} closed alike on all sides, {duplicates} duplicates.");
    }

    private static Task<long> CountAsync(BenchHost bench) =>
        DistributedBench.ScalarAsync(bench, "SELECT count(*) FROM datahub.exchange_hub WHERE reconciled_at IS NOT NULL AND changed_at > now() - interval '1 day' AND outcome_digest = source_digest AND outcome_digest = target_digest");

    // Rows as a run leaves them, but with short bodies and no hash chain: what they cost is their number and their keys.
    private static async Task FillAsync(string database, int rows)
    {
        await using var source = new NpgsqlDataSourceBuilder(database + ";Command Timeout=0").Build();
        await RunAsync(source, "SELECT datahub.ensure_partition(((now() - interval '2 days')::date - make_interval(months => m))::date) FROM generate_series(0, 12) m");
        const string Day = "(now() - interval '2 days' - make_interval(secs => (360.0 * 86400.0) * (1 - i / $1::float8)))";
        const string Id = "('510100-' || to_char(" + Day + ", 'YYYYMMDD') || '-' || lpad(i::text, 10, '0'))";
        const string Digest = "md5(i::text) || md5((i + 1)::text)";
        foreach (var (node, reconciled) in new[] { (0, "now() - interval '2 days'"), (510100, "NULL"), (510600, "NULL") })
        {
            var code = node.ToString(CultureInfo.InvariantCulture);
            await RunAsync(source, "INSERT INTO datahub.exchange (node, flow_version, version, notice_stage, opened_at, changed_at, reconciled_at, final, exchange_id, flow, item, source_city, target_city, state, outcome, reference, facts, outcome_digest, source_digest, target_digest) "
                + $"SELECT {code}, 1, 2, 0, {Day}, {Day}, {reconciled}, true, {Id}, 'service.online', 'stored', '510100', '510600', 'decided', 'approved', 'stored-' || i, '{{}}', {Digest}, {Digest}, {Digest} FROM generate_series(1, $1) i", rows);
            await RunAsync(source, "INSERT INTO datahub.journal (number, at, sequence, node, kind, hash, key, type, exchange_id, block) "
                + $"SELECT 2 * i + k - 1, {Day}, i, {code}, 2, decode({Digest}, 'hex'), '510100:stored-' || k || '-' || i, 'cn.chengdu-metro.datahub.service.submission.v1', {Id}, 2 * i - 1 "
                + "FROM generate_series(1, $1) i, generate_series(0, 1) k", rows);
            await RunAsync(source, $"INSERT INTO datahub.journal_block (number, at, node, bodies) SELECT 2 * i - 1, {Day}, {code}, decode({Digest}, 'hex') FROM generate_series(1, $1) i", rows);
            await RunAsync(source, $"INSERT INTO datahub.node (code, head_number, head_hash) VALUES ({code}, 2 * $1 + 2, decode(md5('a') || md5('b'), 'hex')) "
                + "ON CONFLICT (code) DO UPDATE SET head_number = excluded.head_number, head_hash = excluded.head_hash", rows);
        }

        await RunAsync(source, "VACUUM (ANALYZE) datahub.journal, datahub.journal_block, datahub.exchange");
        await RunAsync(source, "CHECKPOINT");
    }

    private static async Task RunAsync(NpgsqlDataSource source, string sql, int? rows = null)
    {
        await using var command = source.CreateCommand(sql);
        if (rows is { } count)
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = count });
        await command.ExecuteNonQueryAsync();
    }
}

using System.Globalization;
using Npgsql;

namespace DataHub.Bench;

/// <summary>Where PostgreSQL's time goes, by statement (pg_stat_statements).</summary>
internal static class Statements
{
    private const int Shown = 10;

    public static Task ResetAsync(BenchHost bench) => ReadAsync(bench, "CREATE EXTENSION IF NOT EXISTS pg_stat_statements; SELECT pg_stat_statements_reset()", static _ => "");

    /// <summary>The dearest statements, each with what it costs per exchange.</summary>
    public static Task<List<string>> TopAsync(BenchHost bench, int exchanges) => ReadAsync(bench,
        "SELECT total_exec_time, calls, rows, wal_bytes::float8, left(regexp_replace(query, '\\s+', ' ', 'g'), 90) FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid "
        + $"WHERE d.datname = current_database() ORDER BY total_exec_time DESC LIMIT {Shown.ToString(CultureInfo.InvariantCulture)}",
        r => string.Create(CultureInfo.InvariantCulture, $"  {r.GetDouble(0) * 1000 / exchanges,7:F1} µs, {(double)r.GetInt64(1) / exchanges,6:F3} calls, {(double)r.GetInt64(2) / exchanges,6:F2} rows, {r.GetDouble(3) / exchanges,7:F0} bytes of WAL per exchange: {r.GetString(4)}"));

    /// <summary>Commits of all nodes since the last reset, and the runs of messages that they gave to links (a frame each, or more).</summary>
    public static async Task<string> CommitsAsync(BenchHost bench, int exchanges) => (await ReadAsync(bench,
        "SELECT coalesce(sum(calls) FILTER (WHERE query LIKE 'SELECT datahub.advance_node%'), 0)::bigint, coalesce(sum(calls) FILTER (WHERE query LIKE 'INSERT INTO datahub.outgoing%'), 0)::bigint "
        + "FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = current_database()",
        r => string.Create(CultureInfo.InvariantCulture, $"{(double)r.GetInt64(0) / exchanges:F3} commits and {(double)r.GetInt64(1) / exchanges:F3} runs of messages per exchange"))).Single();

    private static async Task<List<string>> ReadAsync(BenchHost bench, string sql, Func<NpgsqlDataReader, string> read)
    {
        await using var connection = new NpgsqlConnection(bench.Database);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync();
        var lines = new List<string>();
        while (await reader.ReadAsync())
            lines.Add(read(reader));
        return lines;
    }
}

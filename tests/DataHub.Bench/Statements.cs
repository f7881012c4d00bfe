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

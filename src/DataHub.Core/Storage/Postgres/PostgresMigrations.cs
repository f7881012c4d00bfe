using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;

namespace DataHub.Core.Storage.Postgres;

/// <summary>
/// Applies the numbered SQL files beside this class, each once and in order, all in one transaction. Of several programs
/// that start at the same time one does it and the others wait. A program may lack the right to make tables where another has made them.
/// </summary>
internal static partial class PostgresMigrations
{
    // Any number that nobody else in this database uses for advisory locks.
    private const long Lock = 0x64617461687562;

    /// <exception cref="InvalidOperationException">The database is of a later version than this program.</exception>
    public static async Task ApplyAsync(NpgsqlDataSource source, CancellationToken cancel)
    {
        var files = typeof(PostgresMigrations).Assembly.GetManifestResourceNames()
            .Select(name => (Name: name, Match: MigrationName().Match(name)))
            .Where(f => f.Match.Success)
            .Select(f => (f.Name, Number: int.Parse(f.Match.Groups[1].Value, CultureInfo.InvariantCulture)))
            .OrderBy(f => f.Number)
            .ToList();
        await using var connection = await source.OpenConnectionAsync(cancel);
        if (await ReachedAsync(connection, files[^1].Number, cancel) == files[^1].Number)
            return;

        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await ExecuteAsync(connection, "SET LOCAL statement_timeout = 0", cancel);
        await ExecuteAsync(connection, string.Create(CultureInfo.InvariantCulture, $"SELECT pg_advisory_xact_lock({Lock})"), cancel);
        var reached = await ReachedAsync(connection, files[^1].Number, cancel);
        if (reached == 0)
        {
            await ExecuteAsync(connection, "CREATE SCHEMA IF NOT EXISTS datahub; "
                + "CREATE TABLE datahub.schema_version (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())", cancel);
        }

        foreach (var (name, number) in files.Where(f => f.Number > reached))
        {
            using var stream = typeof(PostgresMigrations).Assembly.GetManifestResourceStream(name)!;
            using var reader = new StreamReader(stream);
            await ExecuteAsync(connection, await reader.ReadToEndAsync(cancel), cancel);
            await ExecuteAsync(connection, string.Create(CultureInfo.InvariantCulture, $"INSERT INTO datahub.schema_version (version) VALUES ({number})"), cancel);
        }

        await transaction.CommitAsync(cancel);
    }

    private static async Task<int> ReachedAsync(NpgsqlConnection connection, int known, CancellationToken cancel)
    {
        // Asked of the catalogue's tables: what to_regclass remembers may be older than the lock.
        if (await ScalarAsync(connection, "SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'datahub' AND tablename = 'schema_version')", cancel) is not true)
            return 0;
        var reached = (int)(await ScalarAsync(connection, "SELECT max(version) FROM datahub.schema_version", cancel))!;
        return reached <= known ? reached : throw new InvalidOperationException($"The database is at version {reached}; this program knows {known}.");
    }

    private static async Task<object?> ScalarAsync(NpgsqlConnection connection, string sql, CancellationToken cancel)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(cancel);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancel)
    {
        // Waiting for another program's migration and making indexes on full tables may both take their time.
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancel);
    }

    [GeneratedRegex(@"\.Postgres\.([0-9]{3})_[a-z_]+\.sql$", RegexOptions.CultureInvariant)]
    private static partial Regex MigrationName();
}

using System.Globalization;
using Npgsql;

namespace DataHub.Bench;

/// <summary>
/// What a team would write that follows the textbook, for comparison in the same minute: each message is a transaction that keeps it
/// once and moves its exchange on, each statement a round trip; what it causes is published after the commit, and again where it
/// comes again. Nothing is validated, signed or routed.
/// </summary>
internal sealed class Textbook : IAsyncDisposable
{
    /// <summary>Below PostgreSQL's default of 100 connections.</summary>
    private const int Connections = 64;

    private static readonly string[] NodeOfHop = ["source", "hub", "target", "hub", "source"];

    private readonly NpgsqlDataSource source;

    private Textbook(NpgsqlDataSource source) => this.source = source;

    public static async Task<Textbook> CreateAsync(BenchServers servers)
    {
        var database = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(await servers.Postgres.CreateDatabaseAsync()) { MaxPoolSize = Connections, Timeout = 60, MaxAutoPrepare = 20, AutoPrepareMinUsages = 2 });
        await using var create = database.CreateCommand("""
            CREATE TABLE inbox (node text, message text, body bytea NOT NULL, PRIMARY KEY (node, message));
            CREATE TABLE exchange (node text, id bigint, closed boolean NOT NULL, PRIMARY KEY (node, id))
            """);
        await create.ExecuteNonQueryAsync();
        return new Textbook(database);
    }

    /// <summary>Keeps a message, once, and moves its exchange on.</summary>
    /// <param name="hop">0: the request at the source; 1 hub, 2 target, 3 hub, 4 source again.</param>
    public async Task TakeAsync(int hop, long number, byte[] body)
    {
        var node = NodeOfHop[hop];
        await using var connection = await source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        if (await ExecuteAsync(connection, "INSERT INTO inbox VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", node, Message(hop, number), body) == 0)
            return;
        if (hop < 3)
            await ExecuteAsync(connection, "INSERT INTO exchange VALUES ($1, $2, false)", node, number);
        else
        {
            await ExecuteAsync(connection, "SELECT closed FROM exchange WHERE node = $1 AND id = $2 FOR UPDATE", node, number);
            await ExecuteAsync(connection, "UPDATE exchange SET closed = true WHERE node = $1 AND id = $2", node, number);
        }

        await transaction.CommitAsync();
    }

    /// <exception cref="BenchFailedException">An exchange is open at its source or at the hub.</exception>
    public async Task AuditAsync()
    {
        await using var count = source.CreateCommand("SELECT count(*) FROM exchange WHERE node <> 'target' AND NOT closed");
        if ((long)(await count.ExecuteScalarAsync())! is var left and > 0)
            throw new BenchFailedException($"The comparison by the textbook left {left} exchanges open.");
    }

    public ValueTask DisposeAsync() => source.DisposeAsync();

    private static string Message(int hop, long number) => string.Create(CultureInfo.InvariantCulture, $"{number}-{hop}");

    private static async Task<int> ExecuteAsync(NpgsqlConnection connection, string sql, params object[] values)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values)
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        return await command.ExecuteNonQueryAsync();
    }
}

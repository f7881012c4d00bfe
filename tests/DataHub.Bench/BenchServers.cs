using DataHub.Core.Registry;
using DataHub.TestServers;
using Npgsql;

namespace DataHub.Bench;

/// <summary>RabbitMQ and PostgreSQL of the bench's own, durable as in production; each run gets an empty database and virtual host.</summary>
internal sealed class BenchServers : IAsyncDisposable
{
    // Files of 16 MB: all that the log may have (as in docker-compose.yml). A server that has run for a while uses old ones again;
    // in one that has just been made, each new file is filled with zeros first, while all commits wait.
    private const int LogFiles = 96;

    private BenchServers(RabbitServer rabbit, PostgresServer postgres)
    {
        Rabbit = rabbit;
        Postgres = postgres;
    }

    public RabbitServer Rabbit { get; }

    public PostgresServer Postgres { get; }

    /// <summary>Bytes that RabbitMQ has written to disk so far: queues, the consensus' log, tables.</summary>
    public long QueueBytesWritten => Rabbit.ProcessIds.Sum(Reading.BytesWritten);

    /// <summary>Starts both. fsync and synchronous_commit are on: PostgreSQL's defaults, which are not touched.</summary>
    public static async Task<BenchServers> StartAsync()
    {
        var rabbit = RabbitServer.StartAsync(new RabbitOptions
        {
            MemoryLimit = "4GB",
            Configuration = await File.ReadAllLinesAsync(Path.Combine(RegistrySnapshot.FindSeeds(), "..", "deploy", "rabbitmq", "30-queues.conf")),
        });
        var postgres = PostgresServer.StartAsync(new PostgresOptions
        {
            SharedBuffers = "1GB",
            MaxWalSize = $"{LogFiles * 16}MB",
            Statements = true,
            Configuration = ["checkpoint_timeout = 15min", $"min_wal_size = {LogFiles * 16}MB", "wal_compression = lz4", "jit = off"],
        });
        var servers = new BenchServers(await rabbit, await postgres);
        await servers.ExecuteAsync($"DO $$ BEGIN FOR i IN 1 .. {LogFiles} LOOP PERFORM pg_logical_emit_message(false, '', ''); PERFORM pg_switch_wal(); END LOOP; END $$");
        return servers;
    }

    /// <summary>Before a run: what was written is on disk, and the log's files before it are free to be used again.</summary>
    public Task CheckpointAsync() => ExecuteAsync("CHECKPOINT");

    /// <summary>Before a run that stands for itself: the databases of earlier ones are gone, or PostgreSQL's housekeeping in them (vacuum, analyze) falls into this one.</summary>
    /// <param name="except">Connection string of the one that stays.</param>
    public async Task DropDatabasesAsync(string? except = null)
    {
        var stays = new NpgsqlConnectionStringBuilder(except ?? Postgres.ConnectionString).Database!;
        var names = new List<string>();
        await using (var source = NpgsqlDataSource.Create(Postgres.ConnectionString))
        {
            await using var command = source.CreateCommand("SELECT format('%I', datname) FROM pg_database WHERE NOT datistemplate AND datname NOT IN ('postgres', current_database(), $1)");
            command.Parameters.AddWithValue(stays);
            await using var reader = await command.ExecuteReaderAsync();
            while (await reader.ReadAsync())
                names.Add(reader.GetString(0));
        }

        foreach (var name in names)
            await ExecuteAsync($"DROP DATABASE {name} WITH (FORCE)");
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(Postgres.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 300 };
        await command.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Rabbit.DisposeAsync();
        await Postgres.DisposeAsync();
    }
}

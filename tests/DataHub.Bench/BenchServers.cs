using DataHub.TestServers;

namespace DataHub.Bench;

/// <summary>RabbitMQ and PostgreSQL of the bench's own, durable as in production; each run gets an empty database and virtual host.</summary>
internal sealed class BenchServers : IAsyncDisposable
{
    private BenchServers(RabbitServer rabbit, PostgresServer postgres)
    {
        Rabbit = rabbit;
        Postgres = postgres;
    }

    public RabbitServer Rabbit { get; }

    public PostgresServer Postgres { get; }

    /// <summary>Starts both. fsync and synchronous_commit are on: PostgreSQL's defaults, which are not touched.</summary>
    public static async Task<BenchServers> StartAsync()
    {
        var rabbit = RabbitServer.StartAsync(new RabbitOptions { MemoryLimit = "4GB" });
        var postgres = PostgresServer.StartAsync(new PostgresOptions
        {
            SharedBuffers = "1GB",
            MaxWalSize = "8GB",
            Statements = true,
            Configuration = ["checkpoint_timeout = 15min", "wal_compression = lz4", "jit = off"],
        });
        return new BenchServers(await rabbit, await postgres);
    }

    public async ValueTask DisposeAsync()
    {
        await Rabbit.DisposeAsync();
        await Postgres.DisposeAsync();
    }
}

using RabbitMQ.Client;

namespace DataHub.TestServers;

/// <summary>
/// The RabbitMQ and the PostgreSQL of a test run, each started when a test first asks for it: the server of an environment variable
/// (<see cref="RabbitVariable"/>, <see cref="PostgresVariable"/>), else a container when compiled with Testcontainers, else a server of
/// our own. Where there is none, asking throws: a test that needs a server fails and never counts as skipped.
/// </summary>
public sealed class SharedServers : IAsyncDisposable
{
    public const string RabbitVariable = "DATAHUB_TEST_RABBITMQ";
    public const string PostgresVariable = "DATAHUB_TEST_POSTGRES";

    private readonly Lazy<Task<TestRabbit>> rabbit = new(StartRabbitAsync);
    private readonly Lazy<Task<TestPostgres>> postgres = new(StartPostgresAsync);

    public Task<TestRabbit> RabbitAsync() => rabbit.Value;

    public Task<TestPostgres> PostgresAsync() => postgres.Value;

    public async ValueTask DisposeAsync()
    {
        if (rabbit.IsValueCreated && rabbit.Value.IsCompletedSuccessfully)
            await (await rabbit.Value).DisposeAsync();
        if (postgres.IsValueCreated && postgres.Value.IsCompletedSuccessfully)
            await (await postgres.Value).DisposeAsync();
    }

    private static async Task<TestRabbit> StartRabbitAsync()
    {
        if (Environment.GetEnvironmentVariable(RabbitVariable) is { Length: > 0 } given)
            return new TestRabbit(given, server: null, container: null);
#if TESTCONTAINERS
        var (connectionString, container) = await Containers.StartRabbitAsync();
        return new TestRabbit(connectionString, server: null, container);
#else
        if (!RabbitServer.IsInstalled)
            throw new InvalidOperationException(Missing("RabbitMQ", "rabbitmq-server", RabbitVariable));
        var server = await RabbitServer.StartAsync();
        return new TestRabbit(server.ConnectionString, server, container: null);
#endif
    }

    private static async Task<TestPostgres> StartPostgresAsync()
    {
        if (Environment.GetEnvironmentVariable(PostgresVariable) is { Length: > 0 } given)
            return new TestPostgres(given, server: null, container: null);
#if TESTCONTAINERS
        var (connectionString, container) = await Containers.StartPostgresAsync();
        return new TestPostgres(connectionString, server: null, container);
#else
        if (!PostgresServer.IsInstalled)
            throw new InvalidOperationException(Missing("PostgreSQL", "postgresql", PostgresVariable));
        // Some hundred databases of which each is used for seconds: to look through all of them each minute is for nobody.
        var server = await PostgresServer.StartAsync(new PostgresOptions { Configuration = ["autovacuum_naptime = 10min"] });
        return new TestPostgres(server.ConnectionString, server, container: null);
#endif
    }

#if !TESTCONTAINERS
    private static string Missing(string what, string package, string variable) =>
        $"THIS TEST NEEDS {what} AND FOUND NONE: install Debian's package {package} (./test.sh does), or set {variable} to the connection " +
        "string of a server, or build with -p:UseTestcontainers=true where there is Docker (docs/testing.md).";
#endif
}

/// <summary>The RabbitMQ of a test run.</summary>
public sealed class TestRabbit : IAsyncDisposable
{
    private readonly IAsyncDisposable? container;
    private readonly SemaphoreSlim turn = new(1);

    internal TestRabbit(string connectionString, RabbitServer? server, IAsyncDisposable? container)
    {
        ConnectionString = connectionString;
        Server = server;
        this.container = container;
    }

    public string ConnectionString { get; }

    /// <summary>The server of our own, if it is one.</summary>
    public RabbitServer? Server { get; }

    /// <summary>Whether a test may stop and kill it. All tests share this server: one that stops a server starts its own.</summary>
    public bool CanBeStopped => Server is not null;

    /// <summary>
    /// A broker without the queues named. A server of our own gives each caller a virtual host; on any other the queues are deleted,
    /// and the next caller waits until this one has disposed what it got. A test asks for one at a time.
    /// </summary>
    public async Task<EmptyBroker> EmptyBrokerAsync(params IEnumerable<string> queues)
    {
        if (Server is not null)
            return new EmptyBroker(await Server.CreateVirtualHostAsync(), turn: null);

        await turn.WaitAsync();
        try
        {
            await using var connection = await new ConnectionFactory { Uri = new Uri(ConnectionString) }.CreateConnectionAsync();
            await using var channel = await connection.CreateChannelAsync();
            foreach (var queue in queues)
                await channel.QueueDeleteAsync(queue, ifUnused: false, ifEmpty: false);
            return new EmptyBroker(ConnectionString, turn);
        }
        catch
        {
            turn.Release();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Server is not null)
            await Server.DisposeAsync();
        if (container is not null)
            await container.DisposeAsync();
        turn.Dispose();
    }
}

/// <summary>A broker that nobody else uses until it is disposed.</summary>
public sealed class EmptyBroker : IDisposable
{
    private SemaphoreSlim? turn;

    internal EmptyBroker(string connectionString, SemaphoreSlim? turn)
    {
        ConnectionString = connectionString;
        this.turn = turn;
    }

    public string ConnectionString { get; }

    public void Dispose() => Interlocked.Exchange(ref turn, null)?.Release();
}

/// <summary>The PostgreSQL of a test run.</summary>
public sealed class TestPostgres : IAsyncDisposable
{
    private readonly IAsyncDisposable? container;

    internal TestPostgres(string connectionString, PostgresServer? server, IAsyncDisposable? container)
    {
        ConnectionString = connectionString;
        Server = server;
        this.container = container;
    }

    /// <summary>Of a user that may create databases.</summary>
    public string ConnectionString { get; }

    /// <summary>The server of our own, if it is one.</summary>
    public PostgresServer? Server { get; }

    /// <summary>Whether a test may stop and kill it. All tests share this server: one that stops a server starts its own.</summary>
    public bool CanBeStopped => Server is not null;

    /// <summary>Creates an empty database and gives its connection string.</summary>
    public Task<string> CreateDatabaseAsync(string? name = null) => PostgresServer.CreateDatabaseAsync(ConnectionString, name);

    public async ValueTask DisposeAsync()
    {
        if (Server is not null)
            await Server.DisposeAsync();
        if (container is not null)
            await container.DisposeAsync();
    }
}

using DataHub.TestServers;
using Xunit;

namespace DataHub.FlowTests.Compliance;

/// <summary>A PostgreSQL server for the tests of one class; each test makes a database of its own.</summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    public PostgresServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await PostgresServer.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}

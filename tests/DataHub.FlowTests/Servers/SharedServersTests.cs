using DataHub.TestServers;
using Npgsql;
using RabbitMQ.Client;
using Shouldly;
using Xunit;

[assembly: AssemblyFixture(typeof(SharedServers))]

namespace DataHub.FlowTests.Servers;

public sealed class SharedServersTests(SharedServers servers)
{
    [Fact]
    public async Task Every_test_gets_a_broker_without_the_queues_of_others()
    {
        const string Queue = "shared.servers";
        var rabbit = await servers.RabbitAsync();
        using (var first = await rabbit.EmptyBrokerAsync(Queue))
            await DeclareAsync(first, Queue);

        using var second = await rabbit.EmptyBrokerAsync(Queue);
        (await DeclareAsync(second, Queue)).ShouldBe(0u);
        if (rabbit.CanBeStopped)
            second.ConnectionString.ShouldNotBe(rabbit.ConnectionString);
    }

    [Fact]
    public async Task Every_test_gets_a_database_without_the_tables_of_others()
    {
        var postgres = await servers.PostgresAsync();
        var first = await postgres.CreateDatabaseAsync();
        var second = await postgres.CreateDatabaseAsync();
        (await TablesAsync(first, "CREATE TABLE of_the_first (id int)")).ShouldBe(1);
        (await TablesAsync(second, "SELECT 1")).ShouldBe(0);
    }

    // Leaves a message behind and says how many were there before.
    private static async Task<uint> DeclareAsync(EmptyBroker broker, string queue)
    {
        await using var connection = await new ConnectionFactory { Uri = new Uri(broker.ConnectionString) }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync(
            new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true));
        var declared = await channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false);
        await channel.BasicPublishAsync("", queue, mandatory: true, body: ReadOnlyMemory<byte>.Empty);
        return declared.MessageCount;
    }

    private static async Task<long> TablesAsync(string database, string sql)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var first = source.CreateCommand(sql);
        await first.ExecuteNonQueryAsync();
        await using var count = source.CreateCommand("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'");
        return (long)(await count.ExecuteScalarAsync())!;
    }
}

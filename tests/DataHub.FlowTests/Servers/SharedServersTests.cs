using System.Diagnostics;
using DataHub.TestServers;
using DataHub.UnitTests;
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

    [Fact]
    public async Task Servers_that_are_named_are_used_and_no_others_even_where_they_do_not_answer()
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["--no-progress", "--no-ansi", "--filter-method", "*Every_test_gets_a*"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            // Nothing listens on port 1.
            Environment =
            {
                [SharedServers.RabbitVariable] = "amqp://nobody:nothing@127.0.0.1:1/",
                [SharedServers.PostgresVariable] = "Host=127.0.0.1;Port=1;Username=nobody",
            },
        };
        using var run = Process.Start(start)!;
        var said = await run.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);

        said.ShouldMatch(@"total: 2\s+failed: 2\s");
        said.ShouldContain("Connection failed, host 127.0.0.1:1");
        said.ShouldContain("Failed to connect to 127.0.0.1:1");
    }

    [Fact]
    public void The_page_names_every_class_that_needs_servers_of_its_own()
    {
        var own = Directory.EnumerateFiles(Repository.PathTo("tests", "DataHub.FlowTests"), "*Tests.cs", SearchOption.AllDirectories)
            .Where(file => File.ReadAllText(file) is var text && new[] { nameof(RabbitServer), nameof(RabbitCluster), nameof(PostgresServer) }.Any(server => text.Contains($"{server}.StartAsync", StringComparison.Ordinal)))
            .Select(file => Path.GetFileNameWithoutExtension(file)).ToList();
        own.Count.ShouldBeGreaterThan(5);
        var page = File.ReadAllText(Repository.PathTo("docs", "testing.md"));
        own.Where(test => !page.Contains($"`{test}`", StringComparison.Ordinal)).ShouldBeEmpty();
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

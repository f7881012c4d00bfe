using DataHub.TestServers;
using Npgsql;
using Xunit;

namespace DataHub.FlowTests.Distributed;

/// <summary>
/// RabbitMQ and PostgreSQL that go away, come back, and in the end a primary that is lost for good, while traffic runs. Nothing between the
/// processes and their servers is in the clear.
/// </summary>
[Collection(nameof(Deployment))]
public sealed class FailingServersTests(ITestOutputHelper output)
{
    private const string RabbitName = "rabbitmq.datahub.example";

    [Fact]
    public async Task With_RabbitMQ_and_PostgreSQL_going_down_and_coming_back_and_the_primary_lost_for_good_every_exchange_ends_once()
    {
        var authority = new TestAuthority();
        var starting = RabbitCluster.StartAsync(new RabbitOptions { Tls = authority.Issue(RabbitName), AsksForCertificate = true });
        await using var primary = await PostgresServer.StartAsync(new PostgresOptions
        {
            Tls = authority.Issue("127.0.0.1"),
            // The standby looks for its primary this often: commits wait for it meanwhile.
            Configuration = ["wal_retrieve_retry_interval = 500ms"],
        });
        await using var standby = await primary.StartStandbyAsync(authority.Issue("127.0.0.1"));
        await using var cluster = await starting;
        await using var deployment = await StartAsync(cluster, primary, standby, authority);

        // The node that every process has connected to first.
        await AddAsync(deployment);
        await cluster.KillNodeAsync(0);
        deployment.Tell("a node of RabbitMQ is killed");
        await AddAsync(deployment);
        await deployment.Traffic.ProceedsAsync();
        deployment.Tell("traffic goes on without it");
        await cluster.StartNodeAgainAsync(0);
        deployment.Tell("the node is back");

        await AddAsync(deployment);
        await primary.RestartImmediateAsync();
        deployment.Tell("PostgreSQL was restarted");
        await deployment.Traffic.ProceedsAsync();

        // A broker dies while there is no bus: the other takes its shard, and its queues when they are there again.
        await AddAsync(deployment);
        await Task.WhenAll(cluster.Nodes.Select(n => n.StopAsync()));
        deployment.Tell("RabbitMQ is stopped");
        var lost = await deployment.BrokerOfAsync(0);
        // Not the holder of the second shard: after PostgreSQL's restart one broker may have both.
        var other = deployment[lost.Name == "broker-1" ? "broker-2" : "broker-1"];
        await lost.KillAsync();
        await HostFixture.UntilAsync(async () => await deployment.HolderAsync(deployment.Shards.Nodes[0]) == other.Instance, "the other broker takes the shard");
        deployment.Tell($"{other.Name} has taken the shard");
        await Task.WhenAll(cluster.Nodes.Select(n => n.StartAgainAsync()));
        deployment.Tell("RabbitMQ is back");
        await other.ReadyAsync();

        await AddAsync(deployment);
        await primary.StopImmediateAsync();
        deployment.Tell("the primary is lost");
        await deployment.Traffic.AddAsync(20, TimeSpan.FromSeconds(1));
        await standby.PromoteAsync();
        deployment.Tell("the standby is the primary");
        await deployment.Traffic.ProceedsAsync();
        deployment.Tell("traffic goes on");
        await AddAsync(deployment);

        await FinalAudit.HoldsAsync(deployment);
    }

    private async Task<Deployment> StartAsync(RabbitCluster cluster, PostgresServer primary, PostgresServer standby, TestAuthority authority)
    {
        var own = authority.Issue("processes").Write(Path.Combine(cluster.Nodes[0].Folder, "processes"));
        return await Deployment.StartAsync(output, await cluster.CreateVirtualHostAsync(), CreateDatabaseAsync, new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["DATAHUB_RABBITMQ_TLS_SERVER_NAME"] = RabbitName,
            ["DATAHUB_RABBITMQ_TLS_CA"] = own.Authority,
            ["DATAHUB_RABBITMQ_TLS_CERTIFICATE"] = own.Certificate,
            ["DATAHUB_RABBITMQ_TLS_KEY"] = own.Key,
        });

        // As an operator writes it: every server that may be the primary one day. The first has not been there for long.
        async Task<string> CreateDatabaseAsync() => new NpgsqlConnectionStringBuilder(await primary.CreateDatabaseAsync())
        {
            Host = $"127.0.0.1:{LoopbackPorts.Next()},127.0.0.1:{primary.Port},127.0.0.1:{standby.Port}",
            TargetSessionAttributes = "primary",
        }.ConnectionString;
    }

    private static async Task AddAsync(Deployment deployment)
    {
        await deployment.Traffic.AddAsync(40, TimeSpan.FromSeconds(2));
        await deployment.Traffic.UnderWayAsync();
    }
}

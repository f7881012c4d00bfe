using DataHub.TestServers;
using Xunit;

namespace DataHub.FlowTests.Distributed;

/// <summary>RabbitMQ and PostgreSQL that go away and come back, while traffic runs.</summary>
[Collection(nameof(Deployment))]
public sealed class FailingServersTests(ITestOutputHelper output)
{
    [Fact]
    public async Task With_RabbitMQ_and_PostgreSQL_going_down_and_coming_back_every_exchange_ends_once()
    {
        var starting = PostgresServer.StartAsync();
        await using var cluster = await RabbitCluster.StartAsync();
        await using var postgres = await starting;
        await using var deployment = await Deployment.StartAsync(output, await cluster.CreateVirtualHostAsync(), () => postgres.CreateDatabaseAsync());

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
        await postgres.RestartImmediateAsync();
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

        await FinalAudit.HoldsAsync(deployment);
    }

    private static async Task AddAsync(Deployment deployment)
    {
        await deployment.Traffic.AddAsync(40, TimeSpan.FromSeconds(2));
        await deployment.Traffic.UnderWayAsync();
    }
}

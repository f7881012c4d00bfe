using DataHub.TestServers;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Servers;

public sealed class RabbitClusterTests
{
    [Fact]
    public async Task A_quorum_queue_takes_and_gives_messages_while_any_one_node_is_dead()
    {
        await using var cluster = await RabbitCluster.StartAsync();
        var hosts = await cluster.CreateVirtualHostAsync();
        await QuorumQueue.PublishAsync(hosts[0], "with three nodes");

        // The node the queue was declared at is its leader.
        await cluster.KillNodeAsync(0);
        await QuorumQueue.PublishAsync(hosts[1], "with two nodes");

        await cluster.StartNodeAgainAsync(0);
        await cluster.KillNodeAsync(2);
        (await QuorumQueue.TakeAsync(hosts[0])).ShouldBe("with three nodes");
        (await QuorumQueue.TakeAsync(hosts[1])).ShouldBe("with two nodes");
    }
}

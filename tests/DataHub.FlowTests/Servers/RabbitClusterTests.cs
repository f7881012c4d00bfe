using System.Text;
using DataHub.TestServers;
using RabbitMQ.Client;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Servers;

public sealed class RabbitClusterTests
{
    private const string Queue = "kept";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_quorum_queue_takes_and_gives_messages_while_any_one_node_is_dead()
    {
        await using var cluster = await RabbitCluster.StartAsync();
        var hosts = await cluster.CreateVirtualHostAsync();
        await PublishAsync(hosts[0], "with three nodes");

        // The node the queue was declared at is its leader.
        await cluster.KillNodeAsync(0);
        await PublishAsync(hosts[1], "with two nodes");

        await cluster.StartNodeAgainAsync(0);
        await cluster.KillNodeAsync(2);
        (await TakeAsync(hosts[0])).ShouldBe("with three nodes");
        (await TakeAsync(hosts[1])).ShouldBe("with two nodes");
    }

    private static Task<bool> PublishAsync(string server, string text) => WithChannelAsync(server, async channel =>
    {
        await channel.QueueDeclareAsync(
            Queue, durable: true, exclusive: false, autoDelete: false,
            new Dictionary<string, object?> { ["x-queue-type"] = "quorum", ["x-quorum-initial-group-size"] = 3 });
        await channel.BasicPublishAsync("", Queue, mandatory: true, new BasicProperties { Persistent = true }, Encoding.UTF8.GetBytes(text));
        return true;
    });

    private static Task<string> TakeAsync(string server) => WithChannelAsync(server, async channel =>
        Encoding.UTF8.GetString((await channel.BasicGetAsync(Queue, autoAck: true)).ShouldNotBeNull().Body.Span));

    // Until the queue has a new leader, the cluster refuses (a negative confirm, a closed channel): a client tries again.
    private static async Task<T> WithChannelAsync<T>(string server, Func<IChannel, Task<T>> action)
    {
        using var deadline = new CancellationTokenSource(Patience);
        while (true)
        {
            try
            {
                await using var connection = await new ConnectionFactory { Uri = new Uri(server) }.CreateConnectionAsync();
                await using var channel = await connection.CreateChannelAsync(
                    new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true));
                return await action(channel);
            }
            catch (Exception) when (!deadline.IsCancellationRequested)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50));
            }
        }
    }
}

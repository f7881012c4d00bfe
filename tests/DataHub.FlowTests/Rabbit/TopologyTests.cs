using DataHub.Core.Messaging.RabbitMq;
using DataHub.TestServers;
using DataHub.UnitTests;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Rabbit;

/// <summary>What RabbitMQ holds of ours, and what is said when it holds something else.</summary>
public sealed class TopologyTests(SharedServers servers)
{
    [Fact]
    public void The_topology_is_the_committed_one() => Repository.ShouldMatchSnapshot(
        RabbitTopology.For(["510100", "510600", "511400", "512000"], 2, new RabbitMqOptions()).ToJson(),
        "A queue that exists keeps its arguments: docs/design/bus.md says how to move to others.",
        "contracts", "amqp", "topology.json");

    [Fact]
    public async Task RabbitMQ_holds_what_the_topology_says_and_declaring_it_again_is_harmless()
    {
        using var broker = await RabbitBench.BrokerAsync(servers);
        var options = RabbitBench.Options(new Uri(broker.ConnectionString));
        var topology = RabbitBench.Topology(options);
        await RabbitTopologyDeclarer.DeclareAsync(options, topology);
        await RabbitTopologyDeclarer.DeclareAsync(options, topology);
        await using var connection = await RabbitBench.ConnectAsync(options);
        await using var channel = await connection.CreateChannelAsync();
        foreach (var queue in topology.Queues)
            (await channel.QueueDeclarePassiveAsync(queue.Name)).MessageCount.ShouldBe(0u);
    }

    [Fact]
    public async Task A_queue_with_other_arguments_is_refused_by_name_and_argument()
    {
        using var broker = await RabbitBench.BrokerAsync(servers);
        var options = RabbitBench.Options(new Uri(broker.ConnectionString));
        await RabbitTopologyDeclarer.DeclareAsync(options, RabbitBench.Topology(options));
        var other = RabbitBench.With(options, maxQueueBytes: 8 * 1024 * 1024);
        var refused = await Should.ThrowAsync<BusRefusedException>(() => RabbitTopologyDeclarer.DeclareAsync(other, RabbitBench.Topology(other)));
        refused.Message.ShouldStartWith("The queue 'datahub.intake.510100' exists in RabbitMQ with another 'x-max-length-bytes': ");
        refused.Message.ShouldContain("8388608");
        refused.Message.ShouldContain("268435456");
    }

    [Fact]
    public async Task A_classic_queue_of_that_name_is_refused()
    {
        using var broker = await RabbitBench.BrokerAsync(servers);
        var options = RabbitBench.Options(new Uri(broker.ConnectionString));
        await using (var connection = await RabbitBench.ConnectAsync(options))
        await using (var channel = await connection.CreateChannelAsync())
            await channel.QueueDeclareAsync(RabbitBench.Queue, durable: true, exclusive: false, autoDelete: false);
        var refused = await Should.ThrowAsync<BusRefusedException>(() => RabbitTopologyDeclarer.DeclareAsync(options, RabbitBench.Topology(options)));
        refused.Message.ShouldStartWith("The queue 'datahub.intake.510100' exists in RabbitMQ with another 'x-");
    }

    [Fact]
    public async Task A_wrong_password_a_missing_virtual_host_and_a_dead_port_are_each_said_in_a_sentence_without_the_password()
    {
        using var broker = await RabbitBench.BrokerAsync(servers);
        var right = RabbitBench.Options(new Uri(broker.ConnectionString));
        (await RefusalAsync(RabbitBench.With(right, password: "not-the-one"))).ShouldContain("does not accept the user and password");
        (await RefusalAsync(RabbitBench.With(right, virtualHost: "not-there"))).ShouldContain("Set a virtual host that exists");
        (await RefusalAsync(RabbitBench.With(right, hosts: "127.0.0.1:1"))).ShouldContain("cannot be reached");

        async Task<string> RefusalAsync(RabbitMqOptions options)
        {
            var refused = await Should.ThrowAsync<BusRefusedException>(() => RabbitTopologyDeclarer.DeclareAsync(options, RabbitBench.Topology(options)));
            refused.ToString().ShouldNotContain(options.Password!);
            return refused.Message;
        }
    }
}

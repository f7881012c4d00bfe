using DataHub.Core.Messaging.RabbitMq;
using DataHub.UnitTests;
using RabbitMQ.Client;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Rabbit;

/// <summary>What RabbitMQ holds of ours, and what is said when it holds something else.</summary>
[Collection(RabbitFixture.Name)]
public sealed class TopologyTests(RabbitFixture fixture)
{
    [Fact]
    public async Task RabbitMQ_holds_what_the_topology_says_and_declaring_it_again_is_harmless()
    {
        var options = await fixture.NewVirtualHostAsync();
        var topology = RabbitBench.Topology(options);
        await RabbitTopologyDeclarer.DeclareAsync(options, topology);
        await RabbitTopologyDeclarer.DeclareAsync(options, topology);
        var held = await fixture.Server.ControlAsync("list_queues", "-p", options.VirtualHost, "name", "durable", "type", "--no-table-headers");
        held.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Replace('\t', ' ')).ShouldBe(topology.Queues.Select(q => q.Name + " true quorum"), ignoreOrder: true);
    }

    [Fact]
    public async Task A_queue_with_other_arguments_is_refused_by_name_and_argument()
    {
        var options = await fixture.NewVirtualHostAsync();
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
        var options = await fixture.NewVirtualHostAsync();
        await using (var connection = await RabbitBench.ConnectAsync(options))
        await using (var channel = await connection.CreateChannelAsync())
            await channel.QueueDeclareAsync(RabbitBench.Queue, durable: true, exclusive: false, autoDelete: false);
        var refused = await Should.ThrowAsync<BusRefusedException>(() => RabbitTopologyDeclarer.DeclareAsync(options, RabbitBench.Topology(options)));
        refused.Message.ShouldStartWith("The queue 'datahub.intake.510100' exists in RabbitMQ with another 'x-");
    }

    [Fact]
    public async Task A_wrong_password_a_missing_virtual_host_and_a_dead_port_are_each_said_in_a_sentence_without_the_password()
    {
        var right = await fixture.NewVirtualHostAsync();
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

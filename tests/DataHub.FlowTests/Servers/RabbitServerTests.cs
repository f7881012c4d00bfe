using DataHub.TestServers;
using DataHub.UnitTests;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Servers;

public sealed class RabbitServerTests
{
    [Fact]
    public async Task Confirmed_messages_survive_an_orderly_stop_and_a_kill()
    {
        // With the settings that it is deployed with: a line that RabbitMQ does not know would keep it from starting.
        var settings = await File.ReadAllLinesAsync(Repository.PathTo("deploy", "rabbitmq", "30-queues.conf"), TestContext.Current.CancellationToken);
        await using var server = await RabbitServer.StartAsync(new RabbitOptions { Configuration = settings });
        await QuorumQueue.PublishAsync(server.ConnectionString, "one");

        await server.StopAsync();
        server.IsRunning.ShouldBeFalse();
        server.ProcessIds.ShouldBeEmpty();
        await server.StartAgainAsync();
        await QuorumQueue.PublishAsync(server.ConnectionString, "two");

        await server.KillAsync();
        server.IsRunning.ShouldBeFalse();
        await server.StartAgainAsync();

        (await QuorumQueue.TakeAsync(server.ConnectionString)).ShouldBe("one");
        (await QuorumQueue.TakeAsync(server.ConnectionString)).ShouldBe("two");
        server.BytesOnDisk.ShouldBeGreaterThan(0);
        server.ProcessorTime.ShouldBeGreaterThan(TimeSpan.Zero);
    }

    [Fact]
    public async Task Two_servers_at_once_do_not_know_each_other_and_leave_nothing_behind()
    {
        var servers = await Task.WhenAll(RabbitServer.StartAsync(), RabbitServer.StartAsync());
        var processes = servers.SelectMany(static server => server.ProcessIds).ToList();
        await QuorumQueue.PublishAsync(servers[0].ConnectionString, "for the first");
        (await QuorumQueue.CountAsync(servers[1].ConnectionString)).ShouldBe(0u);

        foreach (var server in servers)
            await server.DisposeAsync();

        processes.Count.ShouldBeGreaterThan(2);
        Processes.Living(processes).ShouldBeEmpty();
        servers.ShouldAllBe(static server => !Directory.Exists(server.Folder));
    }
}

using System.Text;
using DataHub.TestServers;
using RabbitMQ.Client;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Servers;

public sealed class RabbitServerTests
{
    private const string Queue = "kept";

    [Fact]
    public async Task Durable_messages_survive_an_orderly_stop_and_a_kill()
    {
        await using var server = await RabbitServer.StartAsync();
        await PublishAsync(server.Uri, "one");

        await server.StopAsync();
        server.IsRunning.ShouldBeFalse();
        server.ProcessIds.ShouldBeEmpty();
        await server.StartAgainAsync();
        await PublishAsync(server.Uri, "two");

        await server.KillAsync();
        server.IsRunning.ShouldBeFalse();
        await server.StartAgainAsync();

        (await TakeAllAsync(server.Uri)).ShouldBe(["one", "two"]);
        server.BytesOnDisk.ShouldBeGreaterThan(0);
        server.ProcessorTime.ShouldBeGreaterThan(TimeSpan.Zero);
    }

    [Fact]
    public async Task Two_servers_at_once_do_not_know_each_other()
    {
        var servers = await Task.WhenAll(RabbitServer.StartAsync(), RabbitServer.StartAsync());
        await using var first = servers[0];
        await using var second = servers[1];
        await PublishAsync(first.Uri, "for the first");

        (await TakeAllAsync(second.Uri)).ShouldBeEmpty();
        (await TakeAllAsync(first.Uri)).ShouldBe(["for the first"]);
    }

    [Fact]
    public async Task A_server_leaves_neither_processes_nor_files()
    {
        var server = await RabbitServer.StartAsync();
        var processes = server.ProcessIds;
        processes.ShouldNotBeEmpty();

        await server.DisposeAsync();

        Processes.Living(processes).ShouldBeEmpty();
    }

    private static async Task PublishAsync(Uri server, string text)
    {
        await using var connection = await new ConnectionFactory { Uri = server }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync(
            new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true));
        await DeclareAsync(channel);
        await channel.BasicPublishAsync(
            "", Queue, mandatory: true, new BasicProperties { Persistent = true }, Encoding.UTF8.GetBytes(text));
    }

    private static async Task<List<string>> TakeAllAsync(Uri server)
    {
        await using var connection = await new ConnectionFactory { Uri = server }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        await DeclareAsync(channel);
        var texts = new List<string>();
        while (await channel.BasicGetAsync(Queue, autoAck: true) is { } message)
            texts.Add(Encoding.UTF8.GetString(message.Body.Span));
        return texts;
    }

    private static Task DeclareAsync(IChannel channel) =>
        channel.QueueDeclareAsync(
            Queue, durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = "quorum" });
}

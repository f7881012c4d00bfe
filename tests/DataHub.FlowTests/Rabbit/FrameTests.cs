using System.Text;
using DataHub.Core.Messaging;
using DataHub.Core.Messaging.RabbitMq;
using DataHub.TestServers;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Rabbit;

/// <summary>What an AMQP client in any language sees and may do.</summary>
public sealed class FrameTests(SharedServers servers)
{
    [Fact]
    public async Task A_plain_client_reads_a_frame_byte_for_byte_with_its_content_type_and_persistence()
    {
        byte[][] frames = [Encoding.UTF8.GetBytes("[ {\"a\" : 1.0, \"名\":\"𠮷\\u4e2d\"} ]"), [0, 0xFF, 0xFE, 1], new byte[1024 * 1024], "[]"u8.ToArray()];
        await using var bench = await RabbitBench.StartAsync(servers);
        foreach (var frame in frames)
        {
            await bench.Bus.SendAsync(RabbitBench.Queue, frame, default);
            var got = await bench.GetAsync(RabbitBench.Queue);
            got.Body.ToArray().ShouldBe(frame);
            got.BasicProperties.ContentType.ShouldBe("application/cloudevents-batch+json");
            got.BasicProperties.Persistent.ShouldBeTrue();
            // Of RabbitMQ and its client, none of MassTransit.
            got.BasicProperties.Headers!.Keys.ShouldBeSubsetOf(["x-delivery-count", "x-dotnet-pub-seq-no"]);
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("application/json")]
    [InlineData("application/cloudevents-batch+json; charset=utf-8")]
    [InlineData("application/vnd.masstransit+json")]
    public async Task A_plain_client_publishes_a_frame_under_any_content_type(string? contentType)
    {
        await using var bench = await RabbitBench.StartAsync(servers);
        var taker = new Taker();
        await using var taking = await bench.Bus.ConnectAsync(taker.Endpoint(), default);
        var properties = new BasicProperties { Persistent = true };
        if (contentType is not null)
            properties.ContentType = contentType;
        await bench.Client.BasicPublishAsync("", RabbitBench.Queue, mandatory: true, properties, "[{}]"u8.ToArray());
        await bench.Client.BasicPublishAsync(RabbitBench.Queue, "", mandatory: true, properties, "[ ]"u8.ToArray());
        await RabbitBench.Until(() => taker.Got.Count == 2, "both frames arrive");
        taker.Got.Order(StringComparer.Ordinal).ShouldBe(["[ ]", "[{}]"]);
    }

    [Fact]
    public async Task The_bus_makes_no_queue_that_was_not_declared()
    {
        await using var bench = await RabbitBench.StartAsync(servers);
        await using var taking = await bench.Bus.ConnectAsync(new FrameEndpoint(RabbitBench.Queue, (frame, _) => throw new InvalidOperationException("a defect")), default);
        await bench.Bus.SendAsync(RabbitBench.Queue, "[]"u8.ToArray(), default);
        await bench.Bus.SendAsync(RabbitBench.Deliver, "[]"u8.ToArray(), default);
        await bench.GetAsync(RabbitTopology.Parked);
        if ((await servers.RabbitAsync()).Server is { } server)
        {
            var queues = await server.ControlAsync("list_queues", "-p", bench.Settings.VirtualHost, "name", "--no-table-headers");
            queues.Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldBe(RabbitBench.Topology(bench.Settings).Queues.Select(q => q.Name), ignoreOrder: true);
        }

        await Should.ThrowAsync<OperationInterruptedException>(() => bench.Client.QueueDeclarePassiveAsync(RabbitBench.Queue + "_error"));
    }

    [Fact]
    public async Task A_frame_for_a_queue_that_is_not_there_is_not_swallowed()
    {
        await using var bench = await RabbitBench.StartAsync(servers);
        await bench.Client.QueueDeleteAsync(RabbitBench.Queue);
        await Should.ThrowAsync<FrameNotSentException>(() => bench.Bus.SendAsync(RabbitBench.Queue, "[]"u8.ToArray(), default));
    }

    [Fact]
    public async Task A_full_queue_refuses_and_does_not_grow()
    {
        await using var bench = await RabbitBench.StartAsync(servers, o => RabbitBench.With(o, maxQueueBytes: 4 * 1024 * 1024, sendTimeout: TimeSpan.FromSeconds(60)));
        var (frame, taken) = (new byte[1024 * 1024], 0);
        var refused = await Should.ThrowAsync<FrameNotSentException>(async () =>
        {
            for (; taken < 12; taken++)
                await bench.Bus.SendAsync(RabbitBench.Queue, frame, default);
        });
        refused.InnerException.ShouldNotBeNull();
        taken.ShouldBeInRange(4, 6);
        (await bench.CountAsync(RabbitBench.Queue)).ShouldBe((uint)taken);
        await bench.Bus.SendAsync(RabbitBench.Deliver, frame, default);
        await bench.GetAsync(RabbitBench.Queue);
        await bench.GetAsync(RabbitBench.Queue);
        await bench.GetAsync(RabbitBench.Queue);
        await RabbitBench.Until(async () =>
        {
            try
            {
                await bench.Bus.SendAsync(RabbitBench.Queue, frame, default);
                return true;
            }
            catch (FrameNotSentException)
            {
                return false;
            }
        }, "there is room again");
    }
}

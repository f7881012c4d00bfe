using System.Collections.Concurrent;
using DataHub.Core.Messaging;
using DataHub.Core.Messaging.RabbitMq;
using DataHub.TestServers;
using Microsoft.Extensions.Logging.Abstractions;
using RabbitMQ.Client;
using Xunit;

namespace DataHub.FlowTests.Rabbit;

/// <summary>One RabbitMQ for the tests that leave it running; each test has a virtual host of its own.</summary>
public sealed class RabbitFixture : IAsyncLifetime
{
    public const string Name = "RabbitMQ";

    public RabbitServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await RabbitServer.StartAsync();

    public async Task<RabbitMqOptions> NewVirtualHostAsync() => RabbitBench.Options(new Uri(await Server.CreateVirtualHostAsync()));

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}

[CollectionDefinition(RabbitFixture.Name)]
public sealed class RabbitCollection : ICollectionFixture<RabbitFixture>;

/// <summary>A declared topology, a bus on it, and a client that knows nothing of either.</summary>
internal sealed class RabbitBench : IAsyncDisposable
{
    public const string City = "510100";
    public const string Queue = "datahub.intake." + City;
    private readonly IConnection connection;

    private RabbitBench(RabbitFrameBus bus, IConnection connection, IChannel client, RabbitMqOptions options)
    {
        Bus = bus;
        this.connection = connection;
        Client = client;
        Settings = options;
    }

    public RabbitFrameBus Bus { get; }

    public IChannel Client { get; }

    public RabbitMqOptions Settings { get; }

    public static RabbitMqOptions Options(Uri uri) => new()
    {
        Hosts = $"{uri.Host}:{uri.Port}",
        VirtualHost = uri.AbsolutePath.Length > 1 ? Uri.UnescapeDataString(uri.AbsolutePath[1..]) : "/",
        User = uri.UserInfo.Split(':')[0],
        Password = uri.UserInfo.Split(':')[1],
        TryAgainAfter = TimeSpan.FromMilliseconds(1),
        TryAgainAtMost = TimeSpan.FromMilliseconds(2),
    };

    public static RabbitMqOptions With(RabbitMqOptions options, string? hosts = null, string? virtualHost = null, string? password = null, long? maxQueueBytes = null, TimeSpan? sendTimeout = null) => new()
    {
        Hosts = hosts ?? options.Hosts,
        VirtualHost = virtualHost ?? options.VirtualHost,
        User = options.User,
        Password = password ?? options.Password,
        MaxQueueBytes = maxQueueBytes ?? options.MaxQueueBytes,
        SendTimeout = sendTimeout ?? options.SendTimeout,
        TryAgainAfter = options.TryAgainAfter,
        TryAgainAtMost = options.TryAgainAtMost,
    };

    public static RabbitTopology Topology(RabbitMqOptions options) => RabbitTopology.For([City], 2, options);

    public static async Task<RabbitBench> StartAsync(RabbitMqOptions options)
    {
        await RabbitTopologyDeclarer.DeclareAsync(options, Topology(options));
        var connection = await ConnectAsync(options);
        var client = await connection.CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true));
        return new RabbitBench(await StartBusAsync(options), connection, client, options);
    }

    public static Task<RabbitFrameBus> StartBusAsync(RabbitMqOptions options) => RabbitFrameBus.StartAsync(options, TimeProvider.System, NullLoggerFactory.Instance, default);

    public static Task<IConnection> ConnectAsync(RabbitMqOptions options) => new ConnectionFactory
    {
        HostName = options.Hosts.Split(':')[0],
        Port = int.Parse(options.Hosts.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture),
        VirtualHost = options.VirtualHost,
        UserName = options.User!,
        Password = options.Password!,
        AutomaticRecoveryEnabled = false,
    }.CreateConnectionAsync();

    /// <summary>Publishes as any AMQP client could: to the exchange of the queue's name, with no properties at all.</summary>
    public ValueTask PublishAsync(byte[] body) => Client.BasicPublishAsync(Queue, "", mandatory: true, body);

    public async Task<BasicGetResult> GetAsync(string queue)
    {
        BasicGetResult? got = null;
        await Until(async () => (got = await Client.BasicGetAsync(queue, autoAck: true)) is not null, $"a frame lies in {queue}");
        return got!;
    }

    public async Task<uint> CountAsync(string queue) => (await Client.QueueDeclarePassiveAsync(queue)).MessageCount;

    /// <summary>Nothing waits in the queue and nothing that was handed out is unacknowledged.</summary>
    public Task ShouldBecomeEmptyAsync(string queue, RabbitServer server) => Until(async () =>
        (await server.ControlAsync("list_queues", "-p", Settings.VirtualHost, "name", "messages", "--no-table-headers")).Split('\n').Contains(queue + "\t0"), queue + " is empty");

    public static async Task Until(Func<Task<bool>> condition, string what)
    {
        var deadline = Environment.TickCount64 + 60_000;
        while (!await condition())
        {
            if (Environment.TickCount64 > deadline)
                throw new TimeoutException("It did not come to pass that " + what + ".");
            await Task.Delay(20);
        }
    }

    public static Task Until(Func<bool> condition, string what) => Until(() => Task.FromResult(condition()), what);

    public async ValueTask DisposeAsync()
    {
        await Bus.DisposeAsync();
        await connection.DisposeAsync();
    }
}

/// <summary>Takes frames and remembers them.</summary>
internal sealed class Taker
{
    public ConcurrentQueue<string> Got { get; } = new();

    public FrameEndpoint Endpoint(string queue = RabbitBench.Queue) => new(queue, (frame, _) =>
    {
        Got.Enqueue(System.Text.Encoding.UTF8.GetString(frame.Span));
        return Task.CompletedTask;
    });
}

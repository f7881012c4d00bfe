using System.Collections.Concurrent;
using DataHub.Core.Messaging;
using DataHub.Core.Messaging.RabbitMq;
using DataHub.TestServers;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using RabbitMQ.Client;

namespace DataHub.FlowTests.Rabbit;

/// <summary>A declared topology, a bus on it, and a client that knows nothing of either.</summary>
internal sealed class RabbitBench : IAsyncDisposable
{
    public const string City = "510100";
    public const string Queue = "datahub.intake." + City;
    public const string Deliver = "datahub.deliver." + City;
    private readonly EmptyBroker broker;
    private readonly IConnection connection;

    private RabbitBench(EmptyBroker broker, RabbitFrameBus bus, IConnection connection, IChannel client, RabbitMqOptions options)
    {
        this.broker = broker;
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

    public static async Task<RabbitBench> StartAsync(SharedServers servers, Func<RabbitMqOptions, RabbitMqOptions>? change = null)
    {
        var empty = await BrokerAsync(servers);
        var options = Options(new Uri(empty.ConnectionString));
        options = change?.Invoke(options) ?? options;
        await RabbitTopologyDeclarer.DeclareAsync(options, Topology(options));
        var open = await ConnectAsync(options);
        var client = await open.CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true));
        return new RabbitBench(empty, await StartBusAsync(options), open, client, options);
    }

    /// <summary>A RabbitMQ that holds nothing of ours.</summary>
    public static async Task<EmptyBroker> BrokerAsync(SharedServers servers) =>
        await (await servers.RabbitAsync()).EmptyBrokerAsync(RabbitTopology.For([City], 2, new RabbitMqOptions()).Queues.Select(static q => q.Name));

    public static Task<RabbitFrameBus> StartBusAsync(RabbitMqOptions options, ILoggerFactory? logs = null) =>
        RabbitFrameBus.StartAsync(options, TimeProvider.System, logs ?? NullLoggerFactory.Instance, default);

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

    public static async Task Until(Func<Task<bool>> condition, string what)
    {
        var deadline = Environment.TickCount64 + 180_000;
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
        broker.Dispose();
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

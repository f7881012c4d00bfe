using System.Collections.Concurrent;
using System.Text;
using DataHub.Core.Messaging;
using DataHub.Core.Messaging.RabbitMq;
using DataHub.FlowTests.Telemetry;
using DataHub.Host.Roles;
using DataHub.TestServers;
using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Rabbit;

/// <summary>On a RabbitMQ of these tests' own, because it is cut off and killed; each test has a virtual host of its own.</summary>
public sealed class OutageTests(OutageTests.OwnServer own) : IClassFixture<OutageTests.OwnServer>, IAsyncLifetime
{
    private RabbitServer Server => own.Server;

    private RabbitMqOptions Settings { get; set; } = null!;

    private RabbitFrameBus Bus { get; set; } = null!;

    private LogReader Log { get; } = new();

    public async ValueTask InitializeAsync()
    {
        if (!Server.IsRunning)
            await Server.StartAgainAsync();
        Settings = RabbitBench.Options(new Uri(await Server.CreateVirtualHostAsync()));
        await RabbitTopologyDeclarer.DeclareAsync(Settings, RabbitBench.Topology(Settings));
        Bus = await RabbitBench.StartBusAsync(Settings, LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Information).AddProvider(Log)));
    }

    [Fact]
    public async Task A_frame_is_not_acknowledged_before_its_handler_ends()
    {
        var started = 0;
        await using var taking = await Bus.ConnectAsync(new FrameEndpoint(RabbitBench.Queue, async (_, stop) =>
        {
            if (Interlocked.Increment(ref started) == 1)
                await Task.Delay(Timeout.Infinite, stop);
        }), default);
        await Bus.SendAsync(RabbitBench.Queue, "[]"u8.ToArray(), default);
        await RabbitBench.Until(() => Volatile.Read(ref started) == 1, "the handler runs");
        await Server.ControlAsync("close_all_connections", "--global", "a test");
        await RabbitBench.Until(() => Volatile.Read(ref started) == 2, "the frame is handed out again");
        await RabbitBench.Until(async () => (await QueuesAsync()).Contains(RabbitBench.Queue + "\t0", StringComparison.Ordinal), "it is acknowledged");
    }

    [Fact]
    public async Task After_an_outage_of_RabbitMQ_sending_and_taking_go_on_and_nothing_confirmed_is_lost()
    {
        var (confirmed, number) = (new ConcurrentBag<string>(), 0);
        using var stop = new CancellationTokenSource();
        var sending = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                var frame = $"[{Interlocked.Increment(ref number)}]";
                try
                {
                    await Bus.SendAsync(RabbitBench.Deliver, Encoding.UTF8.GetBytes(frame), stop.Token);
                    confirmed.Add(frame);
                }
                catch (Exception e) when (e is FrameNotSentException or OperationCanceledException)
                {
                    // As a link does: the next one.
                }
            }
        });
        await RabbitBench.Until(() => confirmed.Count >= 100, "frames are sent");
        var taker = new Taker();
        await using var taking = await Bus.ConnectAsync(taker.Endpoint(RabbitBench.Deliver), default);
        await Server.KillAsync();
        await Server.StartAgainAsync();
        var before = confirmed.Count;
        await RabbitBench.Until(() => confirmed.Count >= before + 100, "frames are sent again");
        await stop.CancelAsync();
        await sending;
        await RabbitBench.Until(() => confirmed.All(taker.Got.Contains), "all that was confirmed is taken");
    }

    [Fact]
    public async Task While_RabbitMQ_is_away_a_send_fails_and_the_bus_says_that_it_is_not_healthy()
    {
        await using var taking = await Bus.ConnectAsync(new Taker().Endpoint(), default);
        Bus.Healthy.ShouldBeTrue();
        await Server.KillAsync();
        await Should.ThrowAsync<FrameNotSentException>(async () =>
        {
            // The first may end with the connection; the second finds none.
            await Bus.SendAsync(RabbitBench.Queue, "[]"u8.ToArray(), default);
            await Bus.SendAsync(RabbitBench.Queue, "[]"u8.ToArray(), default);
        });
        await RabbitBench.Until(() => !Bus.Healthy, "the bus is not healthy");
        await Server.StartAgainAsync();
        await RabbitBench.Until(() => Bus.Healthy, "the bus is healthy again");
    }

    [Fact]
    public async Task Queues_are_consumed_again_however_often_and_whenever_their_connections_are_closed()
    {
        string[] queues = [RabbitBench.Queue, RabbitBench.Deliver];
        using var stop = new CancellationTokenSource();
        var sending = Task.WhenAll(queues.Select(queue => Task.Run(() => SendAsync(queue, stop.Token))));
        var taken = queues.ToDictionary(q => q, _ => 0L);
        var takings = new List<IAsyncDisposable>();
        foreach (var queue in queues)
        {
            takings.Add(await Bus.ConnectAsync(new FrameEndpoint(queue, async (_, _) =>
            {
                // Like a commit, which goes on whatever becomes of the connection.
                await Task.Delay(Random.Shared.Next(0, 400), CancellationToken.None);
                lock (taken)
                    taken[queue]++;
            }), default));
        }

        // The first rounds at moments that nobody chose, also while connections are being made; the last after an outage.
        for (var round = 0; round < 12; round++)
        {
            if (round is 4 or 8)
            {
                await Server.KillAsync();
                await Task.Delay(round * 1_000, TestContext.Current.CancellationToken);
                await Server.StartAgainAsync();
            }

            if (round % 4 is 1 or 3)
                await GoesOnAsync();
            else
                await Task.Delay(Random.Shared.Next(0, 2_000), TestContext.Current.CancellationToken);
            await Server.ControlAsync("close_all_connections", "--global", "a test");
        }

        await GoesOnAsync();
        await stop.CancelAsync();
        await sending;
        foreach (var taking in takings)
            await taking.DisposeAsync();

        async Task GoesOnAsync()
        {
            foreach (var queue in queues)
            {
                var before = Taken(queue);
                try
                {
                    await RabbitBench.Until(() => Taken(queue) > before + 20, $"frames of {queue} are taken");
                }
                catch (TimeoutException e)
                {
                    throw new TimeoutException($"{e.Message} {await QueuesAsync()}{string.Join('\n', Log.Lines.TakeLast(30))}", e);
                }
            }
        }

        long Taken(string queue)
        {
            lock (taken)
                return taken[queue];
        }
    }

    private async Task SendAsync(string queue, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await Bus.SendAsync(queue, "[]"u8.ToArray(), stop);
                await Task.Delay(10, stop);
            }
            catch (Exception e) when (e is FrameNotSentException or OperationCanceledException)
            {
                // As a link does: the next one.
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task One_queue_that_is_gone_or_held_by_another_keeps_a_node_from_that_queue_only(bool gone)
    {
        await using var elsewhere = await RabbitBench.ConnectAsync(Settings);
        await using var channel = await elsewhere.CreateChannelAsync();
        await channel.QueueDeleteAsync(RabbitBench.Queue);
        if (!gone)
        {
            // Looked at, it answers; consumed, it refuses.
            await channel.QueueDeclareAsync(RabbitBench.Queue, durable: true, exclusive: false, autoDelete: false);
            await channel.BasicConsumeAsync(RabbitBench.Queue, autoAck: false, "", noLocal: false, exclusive: true, arguments: null, new AsyncEventingBasicConsumer(channel));
        }

        var (bad, good) = (new Taker(), new Taker());
        await using var node = await NodeRun.StartAsync(stop => Task.Delay(Timeout.Infinite, stop), [bad.Endpoint(), good.Endpoint(RabbitBench.Deliver)], Bus);

        await Bus.SendAsync(RabbitBench.Deliver, "[1]"u8.ToArray(), default);
        await RabbitBench.Until(() => good.Got.Contains("[1]"), "the other queue is taken from");
        Bus.Healthy.ShouldBeFalse();

        await channel.QueueDeleteAsync(RabbitBench.Queue);
        await RabbitTopologyDeclarer.DeclareAsync(Settings, RabbitBench.Topology(Settings));
        await Bus.SendAsync(RabbitBench.Queue, "[2]"u8.ToArray(), default);
        await RabbitBench.Until(() => bad.Got.Contains("[2]"), "the queue is taken from when it can be");
        await RabbitBench.Until(() => Bus.Healthy, "the bus is healthy");
        Log.Lines.ShouldNotContain(line => line.Contains("of no use any more", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_password_that_was_changed_in_its_file_counts_from_the_next_connection_on()
    {
        var file = Path.Combine(Server.Folder, "password");
        await File.WriteAllTextAsync(file, Settings.Password);
        await using var bus = await RabbitBench.StartBusAsync(new RabbitMqOptions { Hosts = Settings.Hosts, VirtualHost = Settings.VirtualHost, User = Settings.User, PasswordFile = file });
        var taker = new Taker();
        await using var taking = await bus.ConnectAsync(taker.Endpoint(RabbitBench.Queue), default);

        await Server.ControlAsync("change_password", Settings.User!, "another-one");
        try
        {
            await File.WriteAllTextAsync(file, "another-one");
            await Server.ControlAsync("close_all_connections", "--global", "a test");
            await RabbitBench.Until(async () =>
            {
                try
                {
                    await bus.SendAsync(RabbitBench.Queue, "[]"u8.ToArray(), default);
                    return true;
                }
                catch (FrameNotSentException)
                {
                    return false;
                }
            }, "a frame is sent with the new password");
            await RabbitBench.Until(() => !taker.Got.IsEmpty, "it is taken");
        }
        finally
        {
            await Server.ControlAsync("change_password", Settings.User!, Settings.Password!);
        }
    }

    [Fact]
    public async Task A_user_who_may_not_make_the_queues_is_refused_and_it_is_said_what_to_permit()
    {
        await Server.ControlAsync("add_user", "narrow", "only-for-this-test");
        await Server.ControlAsync("set_permissions", "--vhost", Settings.VirtualHost, "narrow", "^$", ".*", ".*");
        var narrow = new RabbitMqOptions { Hosts = Settings.Hosts, VirtualHost = Settings.VirtualHost, User = "narrow", Password = "only-for-this-test" };

        var refused = await Should.ThrowAsync<BusRefusedException>(() => RabbitTopologyDeclarer.DeclareAsync(narrow, RabbitBench.Topology(narrow)));

        refused.Message.ShouldBe($"The user 'narrow' may not declare the exchange '{RabbitBench.Topology(narrow).Exchanges[0].Name}'; give it the permissions configure, write and read on datahub\\..*");
    }

    public ValueTask DisposeAsync() => Bus.DisposeAsync();

    private Task<string> QueuesAsync() => Server.ControlAsync("list_queues", "--vhost", Settings.VirtualHost, "name", "messages", "consumers", "--no-table-headers");

    public sealed class OwnServer : IAsyncLifetime
    {
        public RabbitServer Server { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Server = await RabbitServer.StartAsync();

        public ValueTask DisposeAsync() => Server.DisposeAsync();
    }
}

using DataHub.Adapters.Pipeline;
using DataHub.Contracts;
using DataHub.Core.Calendar;
using DataHub.Core.Flows;
using DataHub.Core.Messaging.RabbitMq;
using DataHub.Core.Registry;
using DataHub.Core.Validation;
using DataHub.Host;
using DataHub.Host.Roles;
using DataHub.TestServers;
using DataHub.UnitTests.Flows;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Roles;

/// <summary>
/// Hosts of single roles on one RabbitMQ and one PostgreSQL, all in this process. Chengdu and Deyang are played: Deyang
/// approves what Chengdu applies for.
/// </summary>
internal sealed class RoleHosts : IAsyncDisposable
{
    public const int Shards = 2;
    public static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(2);

    private readonly List<DataHubHost> hosts = [];
    private readonly EmptyBroker? broker;
    private readonly RabbitMqOptions rabbit;
    private PlayedCity? chengdu;

    private RoleHosts(string postgres, string rabbit, EmptyBroker? broker, RabbitMqTls? tls = null)
    {
        PostgresConnection = postgres;
        RabbitConnection = rabbit;
        this.rabbit = Rabbit(rabbit, tls);
        this.broker = broker;
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("datahub-roles-").FullName;

    public string PostgresConnection { get; }

    public string RabbitConnection { get; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<RoleHosts> CreateAsync(SharedServers servers)
    {
        var cities = RegistrySnapshot.Load(RegistrySnapshot.FindSeeds()).Cities.Select(c => c.Code);
        var empty = await (await servers.RabbitAsync()).EmptyBrokerAsync(RabbitTopology.For(cities, Shards, new RabbitMqOptions()).Queues.Select(q => q.Name));
        return new RoleHosts(await (await servers.PostgresAsync()).CreateDatabaseAsync(), empty.ConnectionString, empty);
    }

    /// <summary>On a RabbitMQ that the test may stop.</summary>
    /// <param name="postgres">Connection string of an empty database.</param>
    public static RoleHosts Create(RabbitServer rabbit, string postgres, RabbitMqTls? tls = null) => new(postgres, rabbit.ConnectionString, broker: null, tls);

    public async Task<DataHubHost> StartAsync(HostRole role, Func<DataHubOptions, DataHubOptions>? change = null)
    {
        var options = new DataHubOptions
        {
            DataDirectory = Path.Combine(Folder, "data"),
            Url = "http://127.0.0.1:0",
            Roles = HostRoles.Of(role),
            Shards = Shards,
            LeaseTime = LeaseTime,
            Postgres = PostgresConnection,
            RabbitMq = rabbit,
            CityOverrides = new Dictionary<string, Func<CityAdapterContext, ICityAdapter>> { ["chengdu"] = PlayChengdu, ["deyang"] = PlayDeyang },
        };
        var host = await DataHubHost.StartAsync((change ?? (o => o))(options), Cancel);
        hosts.Add(host);
        return host;
    }

    public async Task StopAsync(DataHubHost host)
    {
        hosts.Remove(host);
        await host.DisposeAsync();
    }

    /// <summary>Hands an application in at Chengdu, as often as its node is busy. Returns the exchange's id.</summary>
    public async Task<string> SubmitAsync(RegistrySnapshot registry)
    {
        var today = WorkingDayCalendar.ShanghaiDate(TimeProvider.System.GetUtcNow());
        var item = registry.Items.First(i => i.Instant && i.Flow == "service.online" && Authority.Check(registry, i.Flow, i.Code, Samples.Chengdu, Samples.Deyang, today).Count == 0);
        var data = PayloadReader.Write(Cases.Submission(registry, item.Code));
        return await TakeInAsync(chengdu!.Intake, new NativeIntake(Cases.NewId("R"), MessageTypes.ServiceSubmission, null, data, data));
    }

    /// <summary>Waits until the hub has reconciled every exchange.</summary>
    public static Task ReconciledAsync(DataHubHost host, IReadOnlyCollection<string> exchanges) => HostFixture.UntilAsync(async () =>
    {
        foreach (var shard in exchanges.GroupBy(host.Shards.NodeOf))
        {
            var rows = await host.Store.ExchangesAsync(shard.Key, [.. shard], Cancel);
            if (rows.Count < shard.Count() || rows.Values.Any(r => r.ReconciledAt is null))
                return false;
        }

        return true;
    }, "every exchange is reconciled");

    internal static RabbitMqOptions Rabbit(string connectionString, RabbitMqTls? tls = null)
    {
        var uri = new Uri(connectionString);
        var user = uri.UserInfo.Split(':');
        return new RabbitMqOptions
        {
            Hosts = $"{uri.Host}:{uri.Port}",
            VirtualHost = uri.AbsolutePath.Length > 1 ? Uri.UnescapeDataString(uri.AbsolutePath[1..]) : "/",
            User = Uri.UnescapeDataString(user[0]),
            Password = Uri.UnescapeDataString(user[1]),
            Tls = tls,
        };
    }

    private static async Task<string> TakeInAsync(IAdapterIntake intake, NativeIntake message)
    {
        IntakeOutcome outcome = new IntakeOutcome.Busy(TimeSpan.Zero);
        await HostFixture.UntilAsync(async () => (outcome = await intake.TakeInAsync(message, Cancel)) is not IntakeOutcome.Busy, "the city's node takes a message in");
        return outcome.ShouldBeOfType<IntakeOutcome.Accepted>().ExchangeId;
    }

    private PlayedCity PlayChengdu(CityAdapterContext context) => chengdu = new PlayedCity(context)
    {
        Answer = static delivery => Held(delivery),
    };

    private static PlayedCity PlayDeyang(CityAdapterContext context) => new(context)
    {
        Answer = delivery =>
        {
            if (delivery.Type == MessageTypes.ServiceSubmission)
            {
                // One number for one exchange, so that a delivery that is repeated decides nothing anew.
                var data = PayloadReader.Write(Samples.Approval);
                _ = Task.Run(() => TakeInAsync(context.Intake, new NativeIntake("D-" + delivery.ExchangeId, MessageTypes.ServiceDecision, delivery.ExchangeId, data, data)), Cancel);
            }

            return Held(delivery);
        },
    };

    private static DeliveryOutcome.Held Held(Delivery delivery) =>
        new(OutcomeReader.From(delivery.Type, Journey.Payload(delivery), delivery.Flow) is { } o ? new HeldOutcome(o.Code, o.AmountFen, o.Reference) : null);

    public async ValueTask DisposeAsync()
    {
        foreach (var host in hosts)
            await host.DisposeAsync();
        broker?.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}

using System.Diagnostics;
using System.Globalization;
using DataHub.Contracts;
using DataHub.Core.Messaging.RabbitMq;
using DataHub.Core.Registry;
using DataHub.Core.Signing;
using DataHub.Core.Storage.Postgres;
using DataHub.TestServers;
using Xunit;

namespace DataHub.FlowTests.Distributed;

/// <summary>
/// The whole system as processes: brokers, an adapter and a simulated system per city, on a real RabbitMQ and PostgreSQL.
/// Everything ends with the test.
/// </summary>
internal sealed class Deployment : IAsyncDisposable
{
    private const int ShardCount = 2;

    private readonly string folder = Directory.CreateTempSubdirectory("datahub-deployment-").FullName;
    private readonly Dictionary<string, RoleProcess> processes = new(StringComparer.Ordinal);
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private readonly ITestOutputHelper output;
    private EmptyBroker? broker;

    private Deployment(ITestOutputHelper output) => this.output = output;

    public static IReadOnlyList<string> CityKeys { get; } = ["chengdu", "deyang", "meishan", "ziyang"];

    public RegistrySnapshot Registry { get; } = RegistrySnapshot.Load(RegistrySnapshot.FindSeeds());

    public HubShards Shards { get; } = new(ShardCount);

    /// <summary>The deployment's database, read beside the processes.</summary>
    public PostgresNodeStore Store { get; private set; } = null!;

    public KeyStore Keys { get; private set; } = null!;

    public Traffic Traffic { get; private set; } = null!;

    /// <summary>Set at the end of the final audit; otherwise the processes' logs are shown.</summary>
    public bool Passed { get; set; }

    public IEnumerable<RoleProcess> Processes => processes.Values;

    public RoleProcess this[string name] => processes[name];

    /// <summary>Starts everything on the run's shared servers and waits until all can work.</summary>
    /// <param name="seed">Of the cases and the cities' behaviour.</param>
    public static async Task<Deployment> StartAsync(ITestOutputHelper output, SharedServers servers, int seed)
    {
        var topology = RabbitTopology.For(RegistrySnapshot.Load(RegistrySnapshot.FindSeeds()).Cities.Select(c => c.Code), ShardCount, new RabbitMqOptions());
        var empty = await (await servers.RabbitAsync()).EmptyBrokerAsync(topology.Queues.Select(q => q.Name));
        var postgres = await servers.PostgresAsync();
        return await StartAsync(new Deployment(output) { broker = empty }, [empty.ConnectionString], () => postgres.CreateDatabaseAsync(), seed);
    }

    /// <summary>Starts everything on servers that the test may stop, and waits until all can work.</summary>
    /// <param name="rabbit">Connection strings of RabbitMQ's nodes, with the virtual host.</param>
    public static Task<Deployment> StartAsync(ITestOutputHelper output, IReadOnlyList<string> rabbit, PostgresServer postgres, int seed) =>
        StartAsync(new Deployment(output), rabbit, () => postgres.CreateDatabaseAsync(), seed);

    private static async Task<Deployment> StartAsync(Deployment deployment, IReadOnlyList<string> rabbit, Func<Task<string>> createDatabase, int seed)
    {
        try
        {
            await deployment.BuildAsync(rabbit, await createDatabase(), await createDatabase(), seed);
            return deployment;
        }
        catch
        {
            await deployment.DisposeAsync();
            throw;
        }
    }

    public void Tell(string what) => output.WriteLine($"{clock.Elapsed.TotalSeconds,6:0.00} {what}");

    /// <summary>Instance that holds a node's lease; null for nobody.</summary>
    public async Task<string?> HolderAsync(string node)
    {
        var view = await Store.LeasesAsync("broker", default);
        return view.Holders.GetValueOrDefault(node)?.Split('/')[0];
    }

    /// <summary>The broker that holds a shard, once one does.</summary>
    public async Task<RoleProcess> BrokerOfAsync(int shard)
    {
        RoleProcess? found = null;
        await HostFixture.UntilAsync(async () =>
        {
            var holder = await HolderAsync(Shards.Nodes[shard]);
            found = Processes.FirstOrDefault(p => p.Running && p.Instance == holder);
            return found is not null;
        }, $"shard {shard} is held");
        return found!;
    }

    /// <summary>Adds a process of a role that is there already, such as a second adapter of a city.</summary>
    public async Task<RoleProcess> AddAsync(string name, RoleProcess like)
    {
        var process = like.Another(name);
        processes.Add(name, process);
        await process.StartAsync();
        return process;
    }

    private async Task BuildAsync(IReadOnlyList<string> rabbit, string database, string exchange, int seed)
    {
        var first = new Uri(rabbit[0]);
        var shared = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["DATAHUB_KEYS"] = Path.Combine(folder, "keys"),
            ["DATAHUB_SEEDS"] = RegistrySnapshot.FindSeeds(),
            ["DATAHUB_LEASE_SECONDS"] = "3",
            ["DATAHUB_SHARDS"] = ShardCount.ToString(CultureInfo.InvariantCulture),
            ["DATAHUB_POSTGRES"] = database,
            ["DATAHUB_RABBITMQ_HOSTS"] = string.Join(',', rabbit.Select(r => new Uri(r).Authority)),
            ["DATAHUB_RABBITMQ_VHOST"] = first.AbsolutePath.Length > 1 ? first.AbsolutePath[1..] : "/",
            ["DATAHUB_RABBITMQ_USER"] = first.UserInfo.Split(':')[0],
            ["DATAHUB_RABBITMQ_PASSWORD"] = first.UserInfo.Split(':')[1],
        };
        foreach (var name in (string[])["broker-1", "broker-2"])
            Add(name, ["broker"], shared);
        foreach (var city in CityKeys)
            AddCity(city, shared, exchange, seed);

        Traffic = new Traffic(this, folder, seed);
        // Together, as a deployment starts: whoever comes first makes the keys, the tables and the queues.
        await Task.WhenAll(Processes.Select(p => p.StartAsync()));
        await Task.WhenAll(Processes.Select(p => p.ReadyAsync()));
        Store = await PostgresNodeStore.OpenAsync(database, default);
        Keys = KeyStore.Load(Path.Combine(folder, "keys"));
        Tell("everything is ready");
    }

    private void AddCity(string city, Dictionary<string, string> shared, string exchange, int seed)
    {
        var simulator = $"http://127.0.0.1:{LoopbackPorts.Next()}";
        var reached = city switch
        {
            "meishan" => new Dictionary<string, string>(StringComparer.Ordinal) { ["DATAHUB_CITY_POSTGRES"] = exchange },
            "ziyang" => new Dictionary<string, string>(StringComparer.Ordinal) { ["DATAHUB_CITY_PATH"] = Path.Combine(folder, "ziyang-drop") },
            _ => new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["DATAHUB_CITY_URL"] = simulator,
                ["DATAHUB_CITY_API_KEY"] = "key-of-" + city,
                ["DATAHUB_CITY_SECRET"] = Guid.NewGuid().ToString("N"),
            },
        };
        var adapter = Add($"adapter-{city}", ["adapter", city], shared.Concat(reached));
        var links = city is "meishan" or "ziyang" ? [] : new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["DATAHUB_SIMULATOR_URL"] = simulator,
            ["DATAHUB_ADAPTER_URL"] = adapter.Url.ToString(),
        };
        Add($"simulator-{city}", ["simulator", city, "--fast", "--seed", seed.ToString(CultureInfo.InvariantCulture)], reached.Concat(links).Append(new("DATAHUB_SEEDS", shared["DATAHUB_SEEDS"])));
    }

    private RoleProcess Add(string name, IReadOnlyList<string> arguments, IEnumerable<KeyValuePair<string, string>> settings) =>
        processes[name] = new RoleProcess(name, arguments, new Dictionary<string, string>(settings, StringComparer.Ordinal), folder, Tell);

    public async ValueTask DisposeAsync()
    {
        if (!Passed)
            TellLogs();
        await Task.WhenAll(Processes.Select(p => p.DisposeAsync().AsTask()));
        if (Traffic is not null)
            await Traffic.DisposeAsync();
        if (Store is not null)
            await Store.DisposeAsync();
        Keys?.Dispose();
        broker?.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private void TellLogs()
    {
        foreach (var process in Processes)
            output.WriteLine($"--- {process.Name}\n{string.Join('\n', process.Log.Split('\n').Where(l => !l.Contains("\"info\",\"category\":\"Microsoft", StringComparison.Ordinal)).TakeLast(60))}");
    }
}

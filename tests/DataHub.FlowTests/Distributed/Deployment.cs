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
/// Everything ends with the test, or with the last of the tests that share it (<see cref="SharedDeployment"/>).
/// </summary>
internal sealed class Deployment : IAsyncDisposable
{
    private const int ShardCount = 2;

    private readonly string folder = Directory.CreateTempSubdirectory("datahub-deployment-").FullName;
    private readonly Dictionary<string, RoleProcess> processes = new(StringComparer.Ordinal);
    private readonly HashSet<string> added = new(StringComparer.Ordinal);
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private readonly EmptyBroker? broker;
    private ITestOutputHelper output;

    private Deployment(ITestOutputHelper output, EmptyBroker? broker) => (this.output, this.broker) = (output, broker);

    public static IReadOnlyList<string> CityKeys { get; } = ["chengdu", "deyang", "meishan", "ziyang"];

    /// <summary>Of the cases and the cities' behaviour.</summary>
    public int Seed { get; } = Environment.TickCount;

    public RegistrySnapshot Registry { get; } = RegistrySnapshot.Load(RegistrySnapshot.FindSeeds());

    public HubShards Shards { get; } = new(ShardCount);

    /// <summary>The deployment's database, read beside the processes.</summary>
    public PostgresNodeStore Store { get; private set; } = null!;

    public KeyStore Keys { get; private set; } = null!;

    public Traffic Traffic { get; private set; } = null!;

    /// <summary>Set at the end of the final audit; otherwise the processes' logs are shown.</summary>
    public bool Passed { get; set; }

    /// <summary>Whether further tests use it: then disposing of it after a test that passed ends nothing.</summary>
    public bool Shared => broker is not null;

    public IEnumerable<RoleProcess> Processes => processes.Values;

    public RoleProcess this[string name] => processes[name];

    /// <summary>Starts everything on the run's shared servers, for several tests, and waits until all can work.</summary>
    public static async Task<Deployment> StartAsync(ITestOutputHelper output, SharedServers servers)
    {
        var postgres = await servers.PostgresAsync();
        var topology = RabbitTopology.For(RegistrySnapshot.Load(RegistrySnapshot.FindSeeds()).Cities.Select(c => c.Code), ShardCount, new RabbitMqOptions());
        var empty = await (await servers.RabbitAsync()).EmptyBrokerAsync(topology.Queues.Select(q => q.Name));
        return await StartAsync(new Deployment(output, empty), [empty.ConnectionString], () => postgres.CreateDatabaseAsync(), further: null);
    }

    /// <summary>Starts everything on servers that the test may stop, and waits until all can work.</summary>
    /// <param name="rabbit">Connection strings of RabbitMQ's nodes, with the virtual host.</param>
    /// <param name="createDatabase">Gives the connection string of an empty database at each call.</param>
    /// <param name="further">More settings of the brokers and adapters.</param>
    public static Task<Deployment> StartAsync(
        ITestOutputHelper output, IReadOnlyList<string> rabbit, Func<Task<string>> createDatabase, IReadOnlyDictionary<string, string>? further = null) =>
        StartAsync(new Deployment(output, broker: null), rabbit, createDatabase, further);

    private static async Task<Deployment> StartAsync(
        Deployment deployment, IReadOnlyList<string> rabbit, Func<Task<string>> createDatabase, IReadOnlyDictionary<string, string>? further)
    {
        try
        {
            deployment.Tell($"seed {deployment.Seed}");
            await deployment.BuildAsync(rabbit, await createDatabase(), await createDatabase(), further);
            return deployment;
        }
        catch
        {
            await deployment.EndAsync();
            throw;
        }
    }

    /// <summary>Gives it to the next test as it was at its start: the processes that there were then, all of them ready.</summary>
    public async Task HandOnAsync(ITestOutputHelper next)
    {
        output = next;
        Passed = false;
        foreach (var name in added)
        {
            processes.Remove(name, out var process);
            await process!.DisposeAsync();
        }

        added.Clear();
        try
        {
            await Task.WhenAll(Processes.Where(p => !p.Running).Select(p => p.StartAsync()));
            await Task.WhenAll(Processes.Select(p => p.ReadyAsync()));
        }
        catch
        {
            await EndAsync();
            throw;
        }

        Tell("everything is ready, for another test");
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
        added.Add(name);
        await process.StartAsync();
        return process;
    }

    private async Task BuildAsync(IReadOnlyList<string> rabbit, string database, string exchange, IReadOnlyDictionary<string, string>? further)
    {
        var first = new Uri(rabbit[0]);
        var shared = new Dictionary<string, string>(further ?? new Dictionary<string, string>(StringComparer.Ordinal), StringComparer.Ordinal)
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
            AddCity(city, shared, exchange);

        Traffic = new Traffic(this, folder);
        // Together, as a deployment starts: whoever comes first makes the keys, the tables and the queues.
        await Task.WhenAll(Processes.Select(p => p.StartAsync()));
        await Task.WhenAll(Processes.Select(p => p.ReadyAsync()));
        Store = await PostgresNodeStore.OpenAsync(database, default);
        Keys = KeyStore.Load(Path.Combine(folder, "keys"));
        Tell("everything is ready");
    }

    private void AddCity(string city, Dictionary<string, string> shared, string exchange)
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
        Add($"simulator-{city}", ["simulator", city, "--fast", "--seed", Seed.ToString(CultureInfo.InvariantCulture)], reached.Concat(links).Append(new("DATAHUB_SEEDS", shared["DATAHUB_SEEDS"])));
    }

    private RoleProcess Add(string name, IReadOnlyList<string> arguments, IEnumerable<KeyValuePair<string, string>> settings) =>
        processes[name] = new RoleProcess(name, arguments, new Dictionary<string, string>(settings, StringComparer.Ordinal), folder, Tell);

    public ValueTask DisposeAsync() => Shared && Passed ? ValueTask.CompletedTask : EndAsync();

    public async ValueTask EndAsync()
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

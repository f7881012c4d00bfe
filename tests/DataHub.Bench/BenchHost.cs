using System.Globalization;
using DataHub.Adapters.Pipeline;
using DataHub.Core.Messaging.RabbitMq;
using DataHub.Core.Storage;
using DataHub.Host;
using DataHub.Host.Roles;

namespace DataHub.Bench;

/// <summary>
/// The real host on a data folder of its own that is deleted afterwards, with the four cities' systems replaced: all roles
/// on SQLite and the in-memory bus, or four adapters here and brokers in processes of their own on RabbitMQ and PostgreSQL.
/// </summary>
internal sealed class BenchHost : IAsyncDisposable
{
    private static readonly string[] Keys = ["chengdu", "deyang", "meishan", "ziyang"];

    private readonly string directory;
    private readonly List<BrokerProcess> brokers = [];
    private readonly DataHubOptions settings;
    private readonly int wanted;

    private BenchHost(string directory, DataHubHost host, Tracker tracker, BenchCases cases, BenchServers? servers, string? database, DataHubOptions settings, int wanted)
    {
        this.directory = directory;
        this.settings = settings;
        this.wanted = wanted;
        Host = host;
        Tracker = tracker;
        Cases = cases;
        Servers = servers;
        Database = database;
        Nodes = host.Adapters;
    }

    public static readonly TimeProvider Time = TimeProvider.System;

    public DataHubHost Host { get; }

    public INodeStore Store => Host.Store;

    /// <summary>The cities' nodes, by city code.</summary>
    public IReadOnlyDictionary<string, AdapterNode> Nodes { get; }

    public Tracker Tracker { get; }

    public BenchCases Cases { get; }

    /// <summary>Null where everything is embedded.</summary>
    public BenchServers? Servers { get; }

    /// <summary>Connection string of the run's database; null where everything is embedded.</summary>
    public string? Database { get; }

    public IReadOnlyList<BrokerProcess> Brokers => brokers;

    /// <summary>Bytes of the embedded database with its write-ahead log.</summary>
    public long DatabaseBytes => Directory.EnumerateFiles(directory, "datahub.db*").Sum(f => new FileInfo(f).Length);

    /// <summary>The embedded default.</summary>
    public static Task<BenchHost> StartAsync(string parent, int cases) => StartAsync(new BenchOptions { Command = "", DataDirectory = parent }, null, cases);

    public static async Task<BenchHost> StartAsync(BenchOptions options, BenchServers? servers, int cases, string? existing = null)
    {
        var folder = Directory.CreateDirectory(Path.Combine(options.DataDirectory, "datahub-bench-" + Guid.NewGuid().ToString("N"))).FullName;
        BenchHost? bench = null;
        try
        {
            var tracker = new Tracker(cases, Time);
            Func<CityAdapterContext, ICityAdapter> city = context => new BenchCity(context, tracker, Time);
            var made = new DataHubOptions
            {
                DataDirectory = folder,
                Url = "http://127.0.0.1:0",
                Simulators = false,
                Adapters = options.MaxBacklog is { } backlog ? new AdapterOptions { MaxBacklog = backlog } : new AdapterOptions(),
                CityOverrides = Keys.ToDictionary(key => key, _ => city, StringComparer.Ordinal),
            };
            if (options.Keys is { } keys)
                made = made with { KeysDirectory = keys };
            string? database = null;
            if (servers is not null)
            {
                database = existing ?? await servers.Postgres.CreateDatabaseAsync();
                var queues = new Uri(await servers.Rabbit.CreateVirtualHostAsync());
                var user = queues.UserInfo.Split(':');
                List<HostRole> roles = [.. Keys.Select(key => new HostRole(RoleKind.Adapter, key))];
                if (options.Brokers == 0)
                    roles.Add(new HostRole(RoleKind.Broker));
                made = made with
                {
                    Roles = HostRoles.Of(roles),
                    Postgres = database,
                    Shards = options.Shards,
                    RabbitMq = new RabbitMqOptions
                    {
                        Hosts = string.Create(CultureInfo.InvariantCulture, $"{queues.Host}:{queues.Port}"),
                        VirtualHost = Uri.UnescapeDataString(queues.AbsolutePath[1..]),
                        User = user[0],
                        Password = user[1],
                    },
                };
            }

            var host = await DataHubHost.StartAsync(made);
            bench = new BenchHost(folder, host, tracker, new BenchCases(host.Registry, Time.GetUtcNow()), servers, database, made, options.Brokers);
            if (servers is not null)
                await bench.StartBrokersAsync();
            return bench;
        }
        catch
        {
            if (bench is not null)
                await bench.DisposeAsync();
            else
                Directory.Delete(folder, recursive: true);
            throw;
        }
    }

    /// <summary>Ends the brokers, each as if its machine was lost.</summary>
    public void StopBrokers()
    {
        foreach (var broker in brokers)
            broker.Dispose();
        brokers.Clear();
    }

    public async Task StartBrokersAsync()
    {
        for (var i = 0; i < wanted; i++)
            brokers.Add(BrokerProcess.Start(Path.Combine(directory, "broker-" + i.ToString(CultureInfo.InvariantCulture)), settings));
        // Every shard has its broker, and each broker its share, before anything is measured.
        var begin = Time.GetTimestamp();
        while (true)
        {
            var view = await ((INodeLeases)Store).LeasesAsync("broker", default);
            var holders = Host.Shards.Nodes.Select(n => view.Holders.GetValueOrDefault(n)).ToList();
            if (holders.TrueForAll(h => h is not null) && (holders.Distinct().Count() == Math.Min(Math.Max(1, wanted), holders.Count)))
                return;
            if (Time.GetElapsedTime(begin) > TimeSpan.FromSeconds(60) || brokers.Exists(b => b.HasExited))
                throw new BenchFailedException("The brokers did not start.");
            await Task.Delay(TimeSpan.FromMilliseconds(100), Time);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var broker in brokers)
            broker.Dispose();
        await Host.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }
}

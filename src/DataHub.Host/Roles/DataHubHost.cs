using DataHub.Adapters.Pipeline;
using DataHub.Broker;
using DataHub.Broker.Intake;
using DataHub.Contracts;
using DataHub.Core.Messaging;
using DataHub.Core.Native;
using DataHub.Core.Registry;
using DataHub.Core.Signing;
using DataHub.Core.Storage;
using DataHub.Core.Storage.Sqlite;
using DataHub.Core.Validation;
using DataHub.Host.Api;
using DataHub.Host.Telemetry;
using DataHub.Simulators.Cases;
using MassTransit;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace DataHub.Host.Roles;

/// <summary>
/// The running process on the embedded default: every role, the in-memory bus and one SQLite file. Built by hand, in the
/// order in which things depend on each other, so that reading it shows the whole.
/// </summary>
public sealed class DataHubHost : IAsyncDisposable
{
    private readonly CancellationTokenSource stopping = new();
    private readonly List<Task> running = [];
    private readonly List<ICityAdapter> cityAdapters = [];
    private WebApplication app = null!;
    private IBusControl bus = null!;
    private FileStream? instanceLock;
    private OtlpExport? export;

    public required DataHubOptions Options { get; init; }

    public RegistrySnapshot Registry { get; private set; } = null!;

    /// <summary>The seeds' sample cases.</summary>
    public SampleCases Samples { get; private set; } = SampleCases.None;

    public INodeStore Store { get; private set; } = null!;

    public KeyStore Keys { get; private set; } = null!;

    public HubNode Hub { get; private set; } = null!;

    /// <summary>The cities' nodes, by city code.</summary>
    public IReadOnlyDictionary<string, AdapterNode> Adapters { get; private set; } = null!;

    /// <summary>The simulated systems, by city code; empty where they are switched off.</summary>
    public IReadOnlyDictionary<string, SimulatedCity> Cities { get; private set; } = null!;

    /// <summary>True where the bus and each of its queues' consumers work.</summary>
    public bool BusHealthy => bus.CheckHealth().Status == BusHealthStatus.Healthy;

    /// <summary>Where the HTTP API answers.</summary>
    public Uri Url { get; private set; } = null!;

    /// <summary>Starts everything. When the task is done, requests are accepted.</summary>
    /// <exception cref="HostRefusedException">The settings are not sound, or another process uses the data folder.</exception>
    /// <exception cref="SeedException">The catalogue has faults.</exception>
    public static async Task<DataHubHost> StartAsync(DataHubOptions options, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Faults() is { Count: > 0 } faults)
            throw new HostRefusedException(string.Join(Environment.NewLine, faults));
        var host = new DataHubHost { Options = options };
        try
        {
            await host.BuildAsync(cancel);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    private async Task BuildAsync(CancellationToken cancel)
    {
        Directory.CreateDirectory(Options.DataDirectory);
        instanceLock = LockDirectory(Options.DataDirectory);
        export = OtlpExport.Start(Options.Telemetry);
        var seeds = Options.SeedsDirectory ?? RegistrySnapshot.FindSeeds();
        Registry = RegistrySnapshot.Load(seeds);
        Samples = SampleCases.Load(seeds, Registry);
        var keyDirectory = Path.Combine(Options.DataDirectory, "keys");
        Keys = KeyStore.LoadOrCreateDevelopment(keyDirectory, Registry.Cities.Select(c => c.Code).Append(Nodes.Hub), Options.Time);
        Store = new SqliteNodeStore(Path.Combine(Options.DataDirectory, "datahub.db"));

        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = [], EnvironmentName = "Production", ContentRootPath = AppContext.BaseDirectory });
        HostLogging.Configure(builder.Logging, Options);
        builder.WebHost.UseUrls(Options.Url).ConfigureKestrel(k =>
        {
            k.AddServerHeader = false;
            k.Limits.MaxRequestBodySize = 8 * 1024 * 1024;
        });
        HubApi.AddServices(builder.Services, this);
        app = builder.Build();
        var logs = app.Services.GetRequiredService<ILoggerFactory>();

        CreateBus();
        var frames = Options.Bus(new MassTransitFrameBus(bus));
        var check = new PayloadCheck(new ValidationPipeline(Registry, Options.Time));
        Hub = new HubNode(HubShards.One, 0, 0, Registry, Store, frames, Keys, PatientKeys.LoadOrCreate(Path.Combine(keyDirectory, "patients.secret")), check, Options.Hub, Options.Time, logs.CreateLogger<HubNode>());
        Adapters = Registry.Cities.ToDictionary(c => c.Code, c => new AdapterNode(c, HubShards.One, 0, Store, frames, Keys, check, Options.Adapters, Options.Time, logs.CreateLogger<AdapterNode>()), StringComparer.Ordinal);
        await Hub.LoadAsync(cancel);
        foreach (var node in Adapters.Values)
            await node.LoadAsync(cancel);

        await ConnectCitiesAsync(seeds, logs, cancel);
        HubApi.Map(app, this);
        await app.StartAsync(cancel);
        Url = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        await bus.StartAsync(cancel);
        Run();
    }

    private void CreateBus()
    {
        LogContext.ConfigureCurrentLogContext(app.Services.GetRequiredService<ILoggerFactory>());
        bus = Bus.Factory.CreateUsingInMemory(configure =>
        {
            configure.UseFrames();
            configure.AddFrameEndpoints(Registry.Cities.SelectMany(c => new[]
            {
                // The nodes are made after the bus that they send to.
                new FrameEndpoint(QueueNames.Intake(c.Code), (frame, token) => Hub.TakeFrameAsync(c.Code, frame, token)),
                new FrameEndpoint(QueueNames.Deliver(c.Code), (frame, token) => Adapters[c.Code].TakeFrameAsync(0, frame, token)),
            }));
        });
    }

    private async Task ConnectCitiesAsync(string seeds, ILoggerFactory logs, CancellationToken cancel)
    {
        var cities = new Dictionary<string, SimulatedCity>(StringComparer.Ordinal);
        Cities = cities;
        var knobs = Options.Knobs with { FixedEnds = Samples.FixedEnds };
        foreach (var city in Registry.Cities)
        {
            var mapping = NativeMapping.Load(seeds, city.Key, Registry);
            var endpoint = new CityEndpoint();
            var replaced = Options.CityOverrides.GetValueOrDefault(city.Key);
            if (Options.Simulators && replaced is null)
            {
                cities[city.Code] = await SimulatedCities.StartAsync(city, Registry, mapping, Options with { Knobs = knobs }, () => Url, logs, cancel);
                endpoint = cities[city.Code].Endpoint;
            }

            var make = replaced ?? HubModules.Adapters.GetValueOrDefault(city.Key)
                ?? throw new HostRefusedException($"No native interface is registered for the city '{city.Key}'; add it to HubModules.Adapters.");
            var adapter = make(new CityAdapterContext(city, Registry, mapping, Adapters[city.Code], endpoint, Options.Time, logs));
            adapter.MapEndpoints(app);
            cityAdapters.Add(adapter);
        }
    }

    private void Run()
    {
        var token = stopping.Token;
        running.Add(Hub.RunAsync(token));
        foreach (var adapter in cityAdapters)
        {
            running.Add(Adapters[adapter.City].RunAsync(adapter, token));
            running.Add(adapter.RunAsync(token));
        }

        running.AddRange(Cities.Values.Select(c => c.RunAsync(token)));
    }

    /// <summary>Two processes on one data folder would number messages twice: the second is refused.</summary>
    private static FileStream LockDirectory(string directory)
    {
        try
        {
            return new FileStream(Path.Combine(directory, "datahub.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            throw new HostRefusedException($"Another DataHub process uses the folder '{directory}'; stop it, or name another folder with --data.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        if (bus is not null)
            await bus.StopAsync(TimeSpan.FromSeconds(5));
        try
        {
            await Task.WhenAll(running).WaitAsync(TimeSpan.FromSeconds(10));
        }
        catch (Exception e) when (e is OperationCanceledException or TimeoutException)
        {
            // Stopped as asked; whatever did not end in time holds nothing that the store does not have.
        }

        if (app is not null)
            await app.DisposeAsync();
        foreach (var adapter in cityAdapters.OfType<IDisposable>())
            adapter.Dispose();
        foreach (var city in Cities?.Values ?? [])
            await city.DisposeAsync();
        if (Store is not null)
            await Store.DisposeAsync();
        Keys?.Dispose();
        export?.Dispose();
        instanceLock?.Dispose();
        stopping.Dispose();
    }
}

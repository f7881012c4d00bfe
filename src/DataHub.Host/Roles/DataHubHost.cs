using System.Security.Cryptography;
using System.Text;
using DataHub.Adapters.Pipeline;
using DataHub.Broker;
using DataHub.Broker.Intake;
using DataHub.Contracts;
using DataHub.Core.Messaging;
using DataHub.Core.Messaging.RabbitMq;
using DataHub.Core.Native;
using DataHub.Core.Registry;
using DataHub.Core.Signing;
using DataHub.Core.Storage;
using DataHub.Core.Storage.Postgres;
using DataHub.Core.Storage.Sqlite;
using DataHub.Core.Validation;
using DataHub.Host.Api;
using DataHub.Host.Telemetry;
using DataHub.Simulators;
using DataHub.Simulators.Cases;
using MassTransit;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace DataHub.Host.Roles;

/// <summary>
/// The running process with its roles: all of them on the in-memory bus and one SQLite file (embedded), or some of them
/// on RabbitMQ and PostgreSQL. Built by hand, in the order in which things depend on each other, so that reading it shows
/// the whole.
/// </summary>
public sealed class DataHubHost : IAsyncDisposable
{
    private readonly CancellationTokenSource stopping = new();
    private readonly List<Task> running = [];
    private readonly Dictionary<string, AdapterRole> adapters = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SimulatedCity> cities = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> simulatorKeys = new(StringComparer.Ordinal);
    private BrokerRole? broker;
    private WebApplication app = null!;
    private FileStream? instanceLock;
    private OtlpExport? export;

    public required DataHubOptions Options { get; init; }

    public RegistrySnapshot Registry { get; private set; } = null!;

    /// <summary>How the hub is divided.</summary>
    public HubShards Shards { get; private set; } = HubShards.One;

    /// <summary>The seeds' sample cases; none in a process that simulates no city.</summary>
    public SampleCases Samples { get; private set; } = SampleCases.None;

    /// <summary>Null in a process that only simulates a city.</summary>
    public INodeStore Store { get; private set; } = null!;

    public KeyStore Keys { get; private set; } = null!;

    /// <summary>Null in a process that only simulates a city.</summary>
    internal MaterialFiles Materials { get; private set; } = null!;

    /// <summary>Keys of this process's HTTP API for the cities that it simulates itself, with their cities: made at each start.</summary>
    internal IReadOnlyDictionary<string, string> SimulatorKeys => simulatorKeys;

    /// <summary>The hub, where it is not divided and runs here.</summary>
    public HubNode Hub => HubNodes[Nodes.Hub];

    /// <summary>The shards of the hub that run here, by node code.</summary>
    public IReadOnlyDictionary<string, HubNode> HubNodes => broker?.Nodes ?? new Dictionary<string, HubNode>();

    /// <summary>The cities' nodes that run here, by city code.</summary>
    public IReadOnlyDictionary<string, AdapterNode> Adapters =>
        adapters.Values.Where(a => a.Node is not null).ToDictionary(a => a.City, a => a.Node!, StringComparer.Ordinal);

    /// <summary>The adapters of this process, by city code, whether or not they hold their city's lease.</summary>
    internal IReadOnlyDictionary<string, AdapterRole> AdapterRoles => adapters;

    /// <summary>The leases that this process's roles need.</summary>
    internal IEnumerable<LeasePool> Leases => adapters.Values.Select(a => a.Pool).Concat(broker is null ? [] : [broker.Pool]);

    /// <summary>The simulated systems, by city code; empty where they are switched off.</summary>
    public IReadOnlyDictionary<string, SimulatedCity> Cities => cities;

    /// <summary>Null in a process without nodes.</summary>
    internal IFrameBusControl? Bus { get; private set; }

    /// <summary>Where the HTTP API answers.</summary>
    public Uri Url { get; private set; } = null!;

    /// <summary>Starts everything. When the task is done, requests are accepted, and the nodes whose leases are free run here.</summary>
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
        CreateDataDirectory();
        if (Options.Postgres is null)
            instanceLock = LockDirectory(Options.DataDirectory);
        export = OtlpExport.Start(Options.Telemetry, Options.Instance);
        var seeds = Options.Seeds;
        Registry = RegistrySnapshot.Load(seeds);
        if (Options.Roles.Named?.FirstOrDefault(r => r.City is { } key && Registry.CityByKey(key) is null) is { } role)
            throw new HostRefusedException($"There is no city '{role.City}'; name one of {string.Join(", ", Registry.Cities.Select(c => c.Key))}.");
        Shards = new HubShards(Options.Shards);
        BuildApp();
        var logs = app.Services.GetRequiredService<ILoggerFactory>();
        // The adapters need to know where the simulated systems listen.
        await StartSimulatorsAsync(seeds, logs, cancel);
        if (Options.Roles.NeedsStore)
        {
            var leases = await OpenStoreAsync(cancel);
            Materials = await MaterialFiles.OpenAsync(Options, Store, leases, cancel);
            if (Options.Roles.NeedsBus)
                await BuildNodesAsync(seeds, leases, logs, cancel);
        }

        HubApi.Map(app, this);
        await ListenAsync(cancel);
        Url = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        running.AddRange(Leases.Select(pool => pool.KeepAsync(stopping.Token)));
        foreach (var pool in Leases)
            await pool.LookAsync(cancel);
        Run();
    }

    private void BuildApp()
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = [], EnvironmentName = "Production", ContentRootPath = AppContext.BaseDirectory });
        HostLogging.Configure(builder.Logging, Options);
        builder.WebHost.UseUrls(Options.Url).ConfigureKestrel(k =>
        {
            k.AddServerHeader = false;
            k.Limits.MaxRequestBodySize = 8 * 1024 * 1024;
        });
        HubApi.AddServices(builder.Services, this);
        app = builder.Build();
        LogContext.ConfigureCurrentLogContext(app.Services.GetRequiredService<ILoggerFactory>());
    }

    private void CreateDataDirectory()
    {
        try
        {
            Directory.CreateDirectory(Options.DataDirectory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HostRefusedException($"The data folder '{Options.DataDirectory}' cannot be made; name one that this process may write with --data or DATAHUB_DATA.");
        }
    }

    private async Task ListenAsync(CancellationToken cancel)
    {
        try
        {
            await app.StartAsync(cancel);
        }
        catch (Exception e) when (e is IOException or InvalidOperationException or System.Net.Sockets.SocketException)
        {
            throw new HostRefusedException($"The address {Options.Url} cannot be listened on ({e.GetBaseException().Message}); set another with --urls or DATAHUB_URLS.");
        }
    }

    private async Task<INodeLeases> OpenStoreAsync(CancellationToken cancel)
    {
        if (Options.Postgres is null)
        {
            Store = new SqliteNodeStore(Path.Combine(Options.DataDirectory, "datahub.db"));
            return new WholeDatabaseLeases();
        }

        var store = await PostgresNodeStore.OpenAsync(Options.Postgres, cancel);
        Store = store;
        var wanted = Options.Shards.ToString(System.Globalization.CultureInfo.InvariantCulture);
        await AgreeAsync(store, "shards", wanted, fixedAt => $"This deployment has {fixedAt} shards and this process {wanted}: exchanges would be looked for in the wrong shard. Set DATAHUB_SHARDS={fixedAt}.", cancel);
        return store;
    }

    /// <summary>Holds that this process agrees with the deployment in what the first process fixed for all.</summary>
    private static async Task AgreeAsync(INodeLeases leases, string setting, string value, Func<string, string> refusal, CancellationToken cancel)
    {
        var fixedAt = await leases.FixAsync(setting, value, cancel);
        if (fixedAt != value)
            throw new HostRefusedException(refusal(fixedAt));
    }

    private async Task BuildNodesAsync(string seeds, INodeLeases leases, ILoggerFactory logs, CancellationToken cancel)
    {
        Keys = await LoadKeysAsync(leases, logs.CreateLogger<DataHubHost>(), cancel);
        var patients = Options.Roles.Broker ? await LoadPatientsAsync(leases, cancel) : null;
        if (Options.RabbitMq is { } rabbit)
        {
            await RabbitTopologyDeclarer.DeclareAsync(rabbit, RabbitTopology.For(Registry.Cities.Select(c => c.Code), Shards.Count, rabbit), cancel);
            Bus = await RabbitFrameBus.StartAsync(rabbit, Options.Time, logs, cancel);
        }
        else
        {
            Bus = await InMemoryFrameBus.StartAsync(cancel);
        }

        var parts = new HostParts
        {
            Options = Options,
            Registry = Registry,
            Shards = Shards,
            Store = Store,
            Leases = leases,
            Keys = Keys,
            Materials = Materials,
            Bus = Bus,
            Frames = Options.Bus(Bus),
            Check = new PayloadCheck(new ValidationPipeline(Registry, Options.Time)),
            Logs = logs,
        };
        if (patients is not null)
            broker = new BrokerRole(parts, patients);
        BuildAdapters(seeds, parts);
    }

    private async Task<KeyStore> LoadKeysAsync(INodeLeases leases, ILogger log, CancellationToken cancel)
    {
        if (Options.Production)
            return ProductionKeys.Load(Options.Keys, Options.Roles, Registry, Options.Time, log);
        var keys = KeyStore.LoadOrCreateDevelopment(Options.Keys, Registry.Cities.Select(c => c.Code).Append(Nodes.Hub), Options.Time);
        var hub = keys.SigningKeys.Where(k => k.Info.City == Nodes.Hub).MinBy(k => k.Info.Id, StringComparer.Ordinal)!;
        await AgreeAsync(leases, "development-keys", Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(hub.PublicKey().ToPem()))),
            _ => $"The development keys in '{Options.Keys}' are not those of the other processes: no signature would hold. Set DATAHUB_KEYS to one folder for all of them.", cancel);
        return keys;
    }

    private async Task<PatientKeys> LoadPatientsAsync(INodeLeases leases, CancellationToken cancel)
    {
        var file = Path.Combine(Options.Keys, PatientKeys.FileName);
        if (Options.Production && (!File.Exists(file) || new FileInfo(file).Length < PatientKeys.SecretBytes))
            throw new HostRefusedException($"'{Options.Keys}' holds no {PatientKeys.FileName} of {PatientKeys.SecretBytes} bytes: all brokers need the same one, or results would not be found again. Set DATAHUB_KEYS to the folder that 'keys create' made for the brokers.");
        var patients = PatientKeys.LoadOrCreate(file);
        await AgreeAsync(leases, PatientKeys.FileName, patients.Of("datahub"),
            _ => $"'{file}' is not the secret of this deployment: results that were published before would not be found. Put the other brokers' {PatientKeys.FileName} there, or set DATAHUB_KEYS to their folder.", cancel);
        return patients;
    }

    private void BuildAdapters(string seeds, HostParts parts)
    {
        foreach (var city in Registry.Cities.Where(c => Options.Roles.Adapter(c.Key)))
        {
            var endpoint = cities.TryGetValue(city.Code, out var simulated) ? simulated.Endpoint : Options.Cities.GetValueOrDefault(city.Key);
            var replaced = Options.CityOverrides.GetValueOrDefault(city.Key);
            if (endpoint is null && replaced is null)
                throw new HostRefusedException($"It is not set where the system of '{city.Key}' is reached; see DATAHUB_CITY_… in docs/configuration.md.");
            if (replaced is null && !Options.Interfaces.ContainsKey(city.Key))
                throw new HostRefusedException($"No native interface is registered for the city '{city.Key}'; add it to HubModules.Interfaces.");
            var make = replaced ?? (context => HubModules.Adapter(Options.Interfaces[city.Key], context));
            try
            {
                var adapter = new AdapterRole(parts, city, NativeMapping.Load(seeds, city.Key, Registry), endpoint ?? new CityEndpoint(), make);
                adapters[city.Code] = adapter;
                adapter.Native.MapEndpoints(app);
            }
            catch (ArgumentException fault)
            {
                throw new HostRefusedException($"The adapter of '{city.Key}' cannot be made: {fault.Message} See DATAHUB_CITY_… in docs/configuration.md.");
            }
        }
    }

    private async Task StartSimulatorsAsync(string seeds, ILoggerFactory logs, CancellationToken cancel)
    {
        var simulated = Registry.Cities.Where(c => Options.Roles.Simulator(c.Key) && Options.Simulators && !Options.CityOverrides.ContainsKey(c.Key)).ToList();
        if (simulated.Count == 0)
            return;
        Samples = SampleCases.Load(seeds, Registry);
        var knobs = Options.Knobs with { FixedEnds = Samples.FixedEnds };
        foreach (var city in simulated)
        {
            var mapping = NativeMapping.Load(seeds, city.Key, Registry);
            cities[city.Code] = await SimulatedCities.StartAsync(city, Registry, mapping, Options with { Knobs = knobs }, () => Url, FilesOf(city), logs, cancel);
        }
    }

    /// <summary>How a simulated city gets at the HTTP API: this process's own, or the one that is set.</summary>
    private CityFiles? FilesOf(City city)
    {
        if (Options.SimulatorLinks is { HubUrl: { } url, HubKey: { } given })
            return new CityFiles(() => url, given);
        if (!Options.Roles.All)
            return null;
        var key = ApiKeys.Make();
        simulatorKeys[key] = city.Code;
        return new CityFiles(() => Url, key);
    }

    private void Run()
    {
        var token = stopping.Token;
        running.AddRange(Leases.Select(pool => pool.RunAsync(token)));
        if (Leases.Any())
            running.Add(new ReplayDesk(this, app.Services.GetRequiredService<ILogger<ReplayDesk>>()).RunAsync(token));
        running.AddRange(cities.Values.Select(c => c.RunAsync(token)));
        running.AddRange(cities.Values.Select(c => c.System.Files).OfType<CityFiles>().Select(f => f.RunAsync(token)));
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
            throw new FolderInUseException(directory);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        try
        {
            await Task.WhenAll(running).WaitAsync(TimeSpan.FromSeconds(10));
        }
        catch (Exception e) when (e is OperationCanceledException or TimeoutException)
        {
            // Stopped as asked; whatever did not end in time holds nothing that the store does not have.
        }

        foreach (var pool in Leases)
            await pool.DisposeAsync();
        if (app is not null)
            await app.DisposeAsync();
        if (Bus is not null)
            await Bus.DisposeAsync();
        foreach (var adapter in adapters.Values)
            adapter.Dispose();
        foreach (var city in cities.Values)
            await city.DisposeAsync();
        if (Store is not null)
            await Store.DisposeAsync();
        Keys?.Dispose();
        export?.Dispose();
        instanceLock?.Dispose();
        stopping.Dispose();
    }
}

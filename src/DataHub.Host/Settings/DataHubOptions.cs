using DataHub.Adapters.Pipeline;
using DataHub.Broker;
using DataHub.Contracts;
using DataHub.Core.Materials;
using DataHub.Core.Messaging;
using DataHub.Core.Messaging.RabbitMq;
using DataHub.Core.Registry;
using DataHub.Host.Roles;
using DataHub.Host.Telemetry;
using DataHub.Simulators;

namespace DataHub.Host;

/// <summary>Everything that a host can be told. Checked as a whole before anything starts (docs/configuration.md).</summary>
public sealed record DataHubOptions
{
    /// <summary>Folder of the embedded database, the development keys, the cities' exchange tables and files.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>What this process runs.</summary>
    public HostRoles Roles { get; init; } = HostRoles.Everything;

    /// <summary>In production keys are given, never made, and cities are not simulated beside them.</summary>
    public bool Production { get; init; }

    /// <summary>Names this process among all, for those who read leases, traces and metrics.</summary>
    public string Instance { get; init; } = $"{Environment.MachineName}-{Environment.ProcessId}";

    /// <summary>Where the hub listens. Loopback only outside production. Port 0: any free one.</summary>
    public string Url { get; init; } = "http://127.0.0.1:5080";

    /// <summary>Folder of the catalogue; null: the folder <c>seeds</c> found upwards from the program or the current folder.</summary>
    public string? SeedsDirectory { get; init; }

    /// <summary>The folder of the catalogue that holds.</summary>
    /// <exception cref="SeedException">None is set and none is found.</exception>
    public string Seeds => SeedsDirectory ?? RegistrySnapshot.FindSeeds();

    /// <summary>Folder of the signing keys, the trusted keys and the secret of the patients' index; null: <c>keys</c> in the data folder.</summary>
    public string? KeysDirectory { get; init; }

    /// <summary>File of the callers' API keys, which holds their hashes; null: <c>keys/api-keys.json</c> in the data folder.</summary>
    public string? ApiKeysFile { get; init; }

    /// <summary>RabbitMQ; null: the in-memory bus of the embedded default.</summary>
    public RabbitMqOptions? RabbitMq { get; init; }

    /// <summary>Connection string of PostgreSQL; null: the embedded SQLite file.</summary>
    public string? Postgres { get; init; }

    /// <summary>Shards of the hub; the same in every process of a deployment, for good.</summary>
    public int Shards { get; init; } = 1;

    /// <summary>A node's lease is free this long after its last renewal: how long a lost process's nodes stand still.</summary>
    public TimeSpan LeaseTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Where the systems of the cities are reached, by city key; those that are simulated in this process need none.</summary>
    public IReadOnlyDictionary<string, CityEndpoint> Cities { get; init; } = new Dictionary<string, CityEndpoint>();

    /// <summary>The native interface of each city, by its key: one entry a city.</summary>
    public IReadOnlyDictionary<string, NativeInterface> Interfaces { get; init; } = HubModules.Interfaces;

    /// <summary>For a simulator in a process of its own: where it listens, and root of the adapter that it calls.</summary>
    public SimulatorLinks? SimulatorLinks { get; init; }

    /// <summary>Runs the four simulated city systems in this process, where it runs every role.</summary>
    public bool Simulators { get; init; } = true;

    public Knobs Knobs { get; init; } = Knobs.Default;

    public HubOptions Hub { get; init; } = new();

    /// <summary>The smallest count that statistics tell; 1 tells all.</summary>
    public int StatisticsThreshold { get; init; } = Core.Statistics.SmallCells.DefaultThreshold;

    public AdapterOptions Adapters { get; init; } = new();

    /// <summary>Files that belong to messages.</summary>
    public MaterialOptions Materials { get; init; } = new();

    /// <summary>Where the bytes of materials lie: as set, else in a folder (embedded) or in PostgreSQL.</summary>
    public MaterialPlace MaterialPlace => Materials.Place ?? (Postgres is null ? MaterialPlace.Folder : MaterialPlace.Database);

    /// <summary>Pause between two looks of the table and file interfaces.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Lowest level that is logged.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Warning;

    /// <summary>Traces, metrics and the form of the log.</summary>
    public TelemetryOptions Telemetry { get; init; } = new();

    /// <summary>Adds log providers: for tests that read the log.</summary>
    public Action<ILoggingBuilder> Logging { get; init; } = static _ => { };

    /// <summary>Replaces a city's own interface, by city key: for measuring and for tests that play the city themselves.</summary>
    public IReadOnlyDictionary<string, Func<CityAdapterContext, ICityAdapter>> CityOverrides { get; init; } = new Dictionary<string, Func<CityAdapterContext, ICityAdapter>>();

    /// <summary>Wraps the bus that all nodes send to: tests lose, repeat and delay frames with it.</summary>
    public Func<IFrameBus, IFrameBus> Bus { get; init; } = static bus => bus;

    /// <summary>The clock; tests set their own.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    public string Keys => KeysDirectory ?? Path.Combine(DataDirectory, "keys");

    public string ApiKeys => ApiKeysFile ?? Path.Combine(DataDirectory, "keys", "api-keys.json");

    /// <summary>Every fault of these settings, each with what to set instead; empty where they are sound.</summary>
    public IReadOnlyList<string> Faults()
    {
        List<string> faults = [];
        AddAddressFaults(faults);
        AddFolderFaults(faults);
        AddServerFaults(faults);
        AddProductionFaults(faults);
        faults.AddRange(CityFaults());
        faults.AddRange(MaterialFaults());
        if (LeaseTime < TimeSpan.FromSeconds(1) || LeaseTime > TimeSpan.FromMinutes(5))
            faults.Add("A lease must last between 1 second and 5 minutes; set for example DATAHUB_LEASE_SECONDS=10.");
        faults.AddRange(Telemetry.Faults());
        return faults;
    }

    private void AddAddressFaults(List<string> faults)
    {
        if (!Uri.TryCreate(Url, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
            faults.Add($"--urls '{Url}' is not an http address; set for example http://127.0.0.1:5080.");
        else if (!url.IsLoopback && !Production)
            faults.Add($"--urls '{Url}' is not a loopback address, and with development keys the hub listens on 127.0.0.1 only. Set a loopback address, or DATAHUB_ENVIRONMENT=production with keys of your own.");
    }

    private void AddFolderFaults(List<string> faults)
    {
        if (string.IsNullOrWhiteSpace(DataDirectory))
            faults.Add("--data names no folder; set for example --data data.");
        else if (File.Exists(DataDirectory))
            faults.Add($"--data '{DataDirectory}' is a file; name a folder.");
        if (SeedsDirectory is not null && !File.Exists(Path.Combine(SeedsDirectory, "cities.csv")))
            faults.Add($"The seeds folder '{SeedsDirectory}' holds no cities.csv; name the repository's seeds folder with DATAHUB_SEEDS.");
    }

    // What would lose data or stand still for ever: nodes that no frame reaches, or two writers of one database.
    private void AddServerFaults(List<string> faults)
    {
        if (Shards is < 1 or > HubShards.Max)
            faults.Add($"The hub has 1 to {HubShards.Max} shards; set for example DATAHUB_SHARDS=2, the same in every process.");
        if (!Roles.All && Roles.NeedsBus && RabbitMq is null)
            faults.Add($"The role {Roles} runs beside other processes, and the in-memory bus does not leave this one: messages would never arrive. Set DATAHUB_RABBITMQ_HOSTS, or start without a role to run everything here.");
        if (!Roles.All && Roles.NeedsStore && Postgres is null)
            faults.Add($"The role {Roles} runs beside other processes, and several of them must not write one SQLite file. Set DATAHUB_POSTGRES, or start without a role to run everything here.");
        if (RabbitMq is not null && Postgres is null && Roles.NeedsStore && Roles.All)
            faults.Add("RabbitMQ is set and PostgreSQL is not: other brokers on the same queues would keep journals of their own. Set DATAHUB_POSTGRES as well, or neither.");
        if (Postgres is not null && RabbitMq is null && Roles.All)
            faults.Add("PostgreSQL is set and RabbitMQ is not: other processes on the same database would take nodes over whose messages never reach them. Set DATAHUB_RABBITMQ_HOSTS as well, or neither.");
        if (Postgres is null && Shards != 1)
            faults.Add("The embedded hub has one shard; remove DATAHUB_SHARDS, or set DATAHUB_POSTGRES and DATAHUB_RABBITMQ_HOSTS.");
        if (RabbitMq is not null && Roles.NeedsBus)
            faults.AddRange(RabbitMq.Faults());
    }

    // A process with both ends of a city's interface connects them itself.
    private IEnumerable<string> CityFaults()
    {
        foreach (var role in (Roles.Named ?? []).Where(r => r.City is { } city && !CityOverrides.ContainsKey(city) && !(Roles.Adapter(city) && Roles.Simulator(city))))
        {
            // A city that nobody knows is refused with the catalogue in hand.
            if (!Interfaces.TryGetValue(role.City!, out var kind))
                continue;
            var endpoint = Cities.GetValueOrDefault(role.City!) ?? new CityEndpoint();
            foreach (var fault in role.Kind == RoleKind.Simulator ? CityEndpointFaults.OfSimulator(role.City!, kind, endpoint, SimulatorLinks) : CityEndpointFaults.OfAdapter(role.City!, kind, endpoint))
                yield return fault;
        }
    }

    // What would lose files: a folder that other processes do not see.
    private IEnumerable<string> MaterialFaults()
    {
        if (!Roles.NeedsStore)
            yield break;
        if (Postgres is null && MaterialPlace == MaterialPlace.Database)
            yield return "Materials are to lie in the database, and the embedded hub has none that holds them; remove DATAHUB_MATERIALS_STORE, or set DATAHUB_POSTGRES and DATAHUB_RABBITMQ_HOSTS.";
        if (Postgres is not null && MaterialPlace == MaterialPlace.Folder && (Materials.Folder is null || !Materials.FolderShared))
            yield return "Materials are to lie in a folder, and other processes may not see it: what one takes in another would not find. Set DATAHUB_MATERIALS_STORE=database, or DATAHUB_MATERIALS_FOLDER to a folder that all processes share and DATAHUB_MATERIALS_SHARED=yes.";
    }

    private void AddProductionFaults(List<string> faults)
    {
        if (!Production)
            return;
        if (Time is MovedTime)
            faults.Add("A moved clock would date evidence wrongly; remove --clock and --speed, or DATAHUB_ENVIRONMENT=production.");
        if (Roles.All)
            faults.Add("In production each role is a process of its own with its own keys; name a role, such as 'broker' or 'adapter chengdu'.");
        if (Roles.Named?.Any(r => r.Kind == RoleKind.Simulator) == true)
            faults.Add("A simulated city has no place in production; remove the simulator role, or DATAHUB_ENVIRONMENT=production.");
        if (Roles.NeedsBus && KeysDirectory is null)
            faults.Add("In production the keys are given, not made: set DATAHUB_KEYS to the folder that holds this process's key and the keys it trusts ('keys create' makes one for each process).");
    }
}

/// <summary>How a simulator in a process of its own is reached and whom it calls.</summary>
/// <param name="ListenUrl">Address on which the city's system listens; null for a city of tables or files.</param>
/// <param name="AdapterUrl">Root of the city's adapter; null for a city of tables or files.</param>
/// <param name="HubUrl">Root of the HTTP API to which the city hands in its files and where it fetches others; null where it does neither.</param>
/// <param name="HubKey">The city's key for it.</param>
public sealed record SimulatorLinks(Uri? ListenUrl, Uri? AdapterUrl, Uri? HubUrl = null, string? HubKey = null);

/// <summary>The host does not start: its settings would lose data or cannot work. The message says what to set.</summary>
public class HostRefusedException(string message) : Exception(message);

/// <summary>Another process runs the hub on the data folder.</summary>
public sealed class FolderInUseException(string directory)
    : HostRefusedException($"Another DataHub process uses the folder '{directory}'; stop it, or name another folder with --data.");

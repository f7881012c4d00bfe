using System.Globalization;
using DataHub.Adapters.Pipeline;
using DataHub.Core.Materials;
using DataHub.Core.Messaging.RabbitMq;

namespace DataHub.Host;

/// <summary>A setting that the environment can carry.</summary>
/// <param name="Name">Variable's name, without the prefix.</param>
/// <param name="Secret">May be given as a file instead, under the name with <c>_FILE</c>.</param>
/// <param name="Meaning">One line for docs/configuration.md.</param>
public sealed record HostSetting(string Name, string Meaning, bool Secret = false);

/// <summary>
/// The settings of a process that is one of several, from variables named <c>DATAHUB_…</c>. A variable that is not known is
/// a fault: a misspelled setting must not be a setting left out.
/// </summary>
public sealed class HostSettings
{
    public const string Prefix = "DATAHUB_";

    /// <summary>Variables with the prefix that are not the host's: of <c>submit</c>, and those that only docker-compose.yml reads (.env.example).</summary>
    private static readonly string[] Others =
    [
        "DATAHUB_API_KEY",
        "DATAHUB_UID", "DATAHUB_GID", "DATAHUB_SECRETS", "DATAHUB_CASES",
        "DATAHUB_IMAGE", "DATAHUB_SDK_IMAGE", "DATAHUB_ASPNET_IMAGE", "DATAHUB_RABBITMQ_IMAGE", "DATAHUB_POSTGRES_IMAGE",
        "DATAHUB_CONSOLE_PORT", "DATAHUB_CHENGDU_PORT", "DATAHUB_DEYANG_PORT", "DATAHUB_MEISHAN_PORT", "DATAHUB_ZIYANG_PORT",
    ];

    private const string OfTests = "DATAHUB_TEST_";

    /// <summary>Every setting, in the order of docs/configuration.md.</summary>
    public static IReadOnlyList<HostSetting> All { get; } =
    [
        new("ENVIRONMENT", "`development` (default) or `production`: keys are given, never made"),
        new("DATA", "data folder, as `--data`"),
        new("URLS", "address of the HTTP API, the native interfaces and the health checks, as `--urls`"),
        new("SEEDS", "folder of the catalogue; default: the folder `seeds` found upwards from the program or the current folder"),
        new("KEYS", "folder of the signing keys, the trusted keys and `patients.secret`; default: `keys` in the data folder"),
        new("API_KEYS", "file of the API keys' hashes, which `api-key` writes; default: `keys/api-keys.json` in the data folder"),
        new("INSTANCE", "name of this process in logs, traces, metrics and leases; default: machine and process number"),
        new("SHARDS", "shards of the hub, 1 to 64; the same everywhere, for good. Default 2 on PostgreSQL"),
        new("LEASE_SECONDS", "a lost process's nodes are taken over after this, 1 to 300; default 10"),
        new("POSTGRES", "connection string of PostgreSQL: `Host=a,b;Database=datahub;Username=datahub;Target Session Attributes=primary`"),
        new("POSTGRES_PASSWORD", "its password", Secret: true),
        new("RABBITMQ_HOSTS", "RabbitMQ's nodes: `host:port,host:port`"),
        new("RABBITMQ_VHOST", "its virtual host; default `/`"),
        new("RABBITMQ_USER", "its user"),
        new("RABBITMQ_PASSWORD", "its password", Secret: true),
        new("RABBITMQ_TLS_SERVER_NAME", "switches TLS on: the name that RabbitMQ's certificate carries"),
        new("RABBITMQ_TLS_CA", "file of the authority that signed the certificate (PEM); default: the system's"),
        new("RABBITMQ_TLS_CERTIFICATE", "file of this process's own certificate (PEM), where RabbitMQ asks for one"),
        new("RABBITMQ_TLS_KEY", "file of its private key (PEM); default: in the same file"),
        new("CITY_URL", "adapter of Chengdu or Deyang: root of the city's own system"),
        new("CITY_API_KEY", "adapter and simulator of Chengdu or Deyang: names the caller", Secret: true),
        new("CITY_SECRET", "adapter and simulator of Chengdu or Deyang: HMAC key of both directions", Secret: true),
        new("CITY_PATH", "adapter and simulator of Meishan (SQLite exchange tables) or Ziyang (drop folders)"),
        new("CITY_POSTGRES", "adapter and simulator of Meishan: exchange tables in PostgreSQL", Secret: true),
        new("ADAPTER_URL", "simulator of Chengdu or Deyang: root of the adapter that it calls"),
        new("SIMULATOR_URL", "simulator of Chengdu or Deyang: where its interface listens"),
        new("STATISTICS_THRESHOLD", "the smallest count that statistics tell, 1 to 1000; default 10"),
        new("HUB_URL", "simulator: root of the HTTP API, for the files of its cases; default: it hands in none"),
        new("HUB_API_KEY", "simulator: its city's key there", Secret: true),
        new("MATERIALS_STORE", "where the bytes of materials lie: `folder` (embedded) or `database` (default on PostgreSQL); the same everywhere, for good"),
        new("MATERIALS_FOLDER", "that folder; default: `materials` in the data folder"),
        new("MATERIALS_SHARED", "`yes`: the folder is one and the same for all processes"),
        new("MATERIALS_KEEP_DAYS", "days that a file is kept after its last exchange has ended, 1 to 36500; default 3650"),
        new("MATERIALS_DAILY_MB", "MiB that a city may upload in one day, 1 to 10000000; default 20480"),
        new("LOG_LEVEL", "lowest level that is logged, as `--log-level`"),
        new("LOG_FORMAT", "`text` or `json`, as `--log-format`"),
    ];

    /// <summary>Settings that say something about another one, and would have no effect without it.</summary>
    private static readonly (string Name, string Needs)[] Dependents =
    [
        ("POSTGRES_PASSWORD", "POSTGRES"),
        ("RABBITMQ_VHOST", "RABBITMQ_HOSTS"),
        ("RABBITMQ_USER", "RABBITMQ_HOSTS"),
        ("RABBITMQ_PASSWORD", "RABBITMQ_HOSTS"),
        ("RABBITMQ_TLS_SERVER_NAME", "RABBITMQ_HOSTS"),
        ("RABBITMQ_TLS_CA", "RABBITMQ_TLS_SERVER_NAME"),
        ("RABBITMQ_TLS_CERTIFICATE", "RABBITMQ_TLS_SERVER_NAME"),
        ("RABBITMQ_TLS_KEY", "RABBITMQ_TLS_CERTIFICATE"),
        ("MATERIALS_SHARED", "MATERIALS_FOLDER"),
        ("HUB_API_KEY", "HUB_URL"),
        ("HUB_URL", "HUB_API_KEY"),
    ];

    private static readonly string[] OfCity = ["CITY_URL", "CITY_API_KEY", "CITY_SECRET", "CITY_PATH", "CITY_POSTGRES"];

    private readonly Dictionary<string, string> values = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> secretFiles = new(StringComparer.Ordinal);
    private readonly List<string> faults = [];

    private HostSettings()
    {
    }

    /// <summary>Reads the variables.</summary>
    /// <param name="environment">Names and values; those without the prefix are passed over.</param>
    public static HostSettings Read(IEnumerable<KeyValuePair<string, string?>> environment)
    {
        ArgumentNullException.ThrowIfNull(environment);
        var settings = new HostSettings();
        foreach (var (name, value) in environment.Where(v => v.Key.StartsWith(Prefix, StringComparison.Ordinal) && !v.Key.StartsWith(OfTests, StringComparison.Ordinal) && !Others.Contains(v.Key)))
        {
            if (string.IsNullOrEmpty(value))
                continue;
            var key = name[Prefix.Length..];
            if (All.Any(s => s.Name == key))
                settings.Add(key, value);
            else if (key.EndsWith("_FILE", StringComparison.Ordinal) && All.Any(s => s.Secret && s.Name == key[..^5]))
                settings.AddSecret(key[..^5], name, value);
            else
                settings.faults.Add($"{name} is not a setting; docs/configuration.md lists them all.");
        }

        foreach (var (dependent, needs) in Dependents.Where(d => settings.Get(d.Name) is not null && settings.Get(d.Needs) is null))
            settings.faults.Add($"{Prefix}{dependent} has no effect without {Prefix}{needs}; set {Prefix}{needs} as well, or remove {Prefix}{dependent}.");
        return settings;
    }

    /// <summary>The variables of this process.</summary>
    public static HostSettings OfProcess() => Read(Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>().Select(e => new KeyValuePair<string, string?>((string)e.Key, (string?)e.Value)));

    /// <summary>One variable of this process: the default of an option of the command line.</summary>
    public static string? OfVariable(string name) => Environment.GetEnvironmentVariable(Prefix + name) is { Length: > 0 } value ? value : null;

    /// <summary>The options with what is set.</summary>
    /// <param name="options">What holds where a variable is not set.</param>
    /// <exception cref="HostRefusedException">A variable is unknown or its value cannot be used.</exception>
    public DataHubOptions Apply(DataHubOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var postgres = PostgresOf();
        var endpoint = EndpointOf();
        if (endpoint is not null && options.Roles.All)
            faults.Add($"{Prefix}CITY_… says where the system of one city is reached, and this process runs all cities with simulated systems; start 'adapter CITY' or 'simulator CITY', or remove it.");
        // Read by the command line, which takes what it cannot use for left out.
        CheckLogLevel();
        _ = Choice("LOG_FORMAT", "text", "json");
        var applied = options with
        {
            Production = Choice("ENVIRONMENT", "development", "production") == "production",
            DataDirectory = Get("DATA") ?? options.DataDirectory,
            Url = Get("URLS") ?? options.Url,
            SeedsDirectory = Get("SEEDS") ?? options.SeedsDirectory,
            ApiKeysFile = Get("API_KEYS") ?? options.ApiKeysFile,
            KeysDirectory = Get("KEYS") ?? options.KeysDirectory,
            Instance = Get("INSTANCE") ?? options.Instance,
            Shards = (int)Number("SHARDS", postgres is null ? options.Shards : 2, 1, Contracts.HubShards.Max),
            LeaseTime = TimeSpan.FromSeconds(Number("LEASE_SECONDS", (long)options.LeaseTime.TotalSeconds, 1, 300)),
            StatisticsThreshold = (int)Number("STATISTICS_THRESHOLD", options.StatisticsThreshold, 1, 1000),
            Postgres = postgres,
            RabbitMq = RabbitMqOf(),
            Cities = endpoint is not null && options.Roles.Named is { } named
                ? named.Where(r => r.City is not null).Select(r => r.City!).Distinct(StringComparer.Ordinal).ToDictionary(key => key, _ => endpoint, StringComparer.Ordinal)
                : options.Cities,
            SimulatorLinks = Get("ADAPTER_URL") is null && Get("SIMULATOR_URL") is null && Get("HUB_URL") is null
                ? options.SimulatorLinks
                : new SimulatorLinks(Address("SIMULATOR_URL"), Address("ADAPTER_URL"), Address("HUB_URL"), Get("HUB_API_KEY")),
            Materials = MaterialsOf(options.Materials),
        };
        return faults.Count == 0 ? applied : throw new HostRefusedException(string.Join(Environment.NewLine, faults));
    }

    private string? PostgresOf()
    {
        if (Get("POSTGRES") is not { } text)
            return null;
        try
        {
            var connection = new Npgsql.NpgsqlConnectionStringBuilder(text);
            if (connection.TargetSessionAttributes is not (null or "primary" or "read-write"))
                faults.Add($"{Prefix}POSTGRES asks for a server of the kind '{connection.TargetSessionAttributes}', and only the primary can be written; set Target Session Attributes=primary there, or leave it out.");
            if (Get("POSTGRES_PASSWORD") is { } password)
                connection.Password = password;
            return connection.ConnectionString;
        }
        catch (ArgumentException)
        {
            // Its text may hold a password.
            return Bad<string?>("POSTGRES", "a connection string such as Host=127.0.0.1;Database=datahub;Username=datahub", null);
        }
    }

    private RabbitMqOptions? RabbitMqOf() => Get("RABBITMQ_HOSTS") is not { } hosts ? null : new RabbitMqOptions
    {
        Hosts = hosts,
        VirtualHost = Get("RABBITMQ_VHOST") ?? "/",
        User = Get("RABBITMQ_USER"),
        // As a file, where it is one: a changed password then counts from the next connection on.
        Password = secretFiles.ContainsKey("RABBITMQ_PASSWORD") ? null : Get("RABBITMQ_PASSWORD"),
        PasswordFile = secretFiles.GetValueOrDefault("RABBITMQ_PASSWORD"),
        Tls = Get("RABBITMQ_TLS_SERVER_NAME") is not { } server ? null : new RabbitMqTls
        {
            ServerName = server,
            CaFile = Get("RABBITMQ_TLS_CA"),
            CertificateFile = Get("RABBITMQ_TLS_CERTIFICATE"),
            KeyFile = Get("RABBITMQ_TLS_KEY"),
        },
    };

    private MaterialOptions MaterialsOf(MaterialOptions options) => options with
    {
        Place = Choice("MATERIALS_STORE", "folder", "database") switch
        {
            "folder" => MaterialPlace.Folder,
            "database" => MaterialPlace.Database,
            _ => options.Place,
        },
        Folder = Get("MATERIALS_FOLDER") ?? options.Folder,
        FolderShared = Choice("MATERIALS_SHARED", "yes", "no") is { } shared ? shared == "yes" : options.FolderShared,
        KeepDays = (int)Number("MATERIALS_KEEP_DAYS", options.KeepDays, 1, 36_500),
        DailyBytes = Number("MATERIALS_DAILY_MB", options.DailyBytes >> 20, 1, 10_000_000) << 20,
    };

    private CityEndpoint? EndpointOf() => OfCity.All(n => Get(n) is null) ? null : new CityEndpoint
    {
        BaseUrl = Address("CITY_URL"),
        ApiKey = Get("CITY_API_KEY"),
        Secret = Get("CITY_SECRET"),
        Path = Get("CITY_PATH"),
        ConnectionString = Get("CITY_POSTGRES"),
    };

    private void AddSecret(string key, string name, string file)
    {
        try
        {
            if (File.ReadAllText(file).TrimEnd('\r', '\n') is { Length: > 0 } value)
            {
                Add(key, value);
                secretFiles[key] = file;
            }
            else
            {
                faults.Add($"{name} names the file '{file}', which is empty; put the secret into it.");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            faults.Add($"{name} names the file '{file}', which cannot be read; name a file that this process may read.");
        }
    }

    private void Add(string key, string value)
    {
        if (!values.TryAdd(key, value))
            faults.Add($"{Prefix}{key} and {Prefix}{key}_FILE are both set; remove one of them.");
    }

    private string? Get(string name) => values.GetValueOrDefault(name);

    private string? Choice(string name, params string[] allowed) =>
        Get(name) is not { } value || allowed.Contains(value) ? Get(name) : Bad<string?>(name, string.Join(" or ", allowed), null);

    private long Number(string name, long otherwise, long from, long to) =>
        Get(name) is not { } value ? otherwise
        : long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= from && number <= to ? number
        : Bad(name, string.Create(CultureInfo.InvariantCulture, $"a whole number from {from} to {to}"), otherwise);

    private void CheckLogLevel()
    {
        if (Get("LOG_LEVEL") is { } value && !Enum.TryParse<LogLevel>(value, ignoreCase: true, out _))
            _ = Bad("LOG_LEVEL", "one of " + string.Join(", ", Enum.GetNames<LogLevel>()), value);
    }

    private Uri? Address(string name) =>
        Get(name) is not { } value ? null : Uri.TryCreate(value, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" ? uri : Bad<Uri?>(name, "an http address", null);

    private T Bad<T>(string name, string form, T otherwise)
    {
        faults.Add($"{Prefix}{name} is not {form}; set it so, or remove it.");
        return otherwise;
    }
}

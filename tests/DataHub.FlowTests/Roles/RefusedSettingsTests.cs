using DataHub.Host;
using DataHub.UnitTests;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Roles;

/// <summary>
/// What a process refuses to start with, before it has touched anything: combinations that would lose messages, and
/// settings that would not do what they say. Each from variables and a role, each with the sentence that is shown.
/// </summary>
public sealed class RefusedSettingsTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("datahub-settings-").FullName;

    /// <summary>Role, what differs from sound variables (NAME=value, or -NAME), and all that is said.</summary>
    public static TheoryData<string, string, string> Refusals => new()
    {
        // Messages that would never arrive, or two writers of one journal.
        { "broker", "-RABBITMQ_HOSTS -RABBITMQ_USER -RABBITMQ_PASSWORD", "The role broker runs beside other processes, and the in-memory bus does not leave this one: messages would never arrive. Set DATAHUB_RABBITMQ_HOSTS, or start without a role to run everything here." },
        { "broker", "-POSTGRES -SHARDS", "The role broker runs beside other processes, and several of them must not write one SQLite file. Set DATAHUB_POSTGRES, or start without a role to run everything here." },
        { "adapter ziyang", "-POSTGRES -SHARDS", "The role adapter:ziyang runs beside other processes, and several of them must not write one SQLite file. Set DATAHUB_POSTGRES, or start without a role to run everything here." },
        { "console", "-POSTGRES -SHARDS", "The role console runs beside other processes, and several of them must not write one SQLite file. Set DATAHUB_POSTGRES, or start without a role to run everything here." },
        { "", "-POSTGRES -SHARDS", "RabbitMQ is set and PostgreSQL is not: other brokers on the same queues would keep journals of their own. Set DATAHUB_POSTGRES as well, or neither." },
        { "", "-RABBITMQ_HOSTS -RABBITMQ_USER -RABBITMQ_PASSWORD", "PostgreSQL is set and RabbitMQ is not: other processes on the same database would take nodes over whose messages never reach them. Set DATAHUB_RABBITMQ_HOSTS as well, or neither." },
        { "", "-RABBITMQ_HOSTS -RABBITMQ_USER -RABBITMQ_PASSWORD -POSTGRES", "The embedded hub has one shard; remove DATAHUB_SHARDS, or set DATAHUB_POSTGRES and DATAHUB_RABBITMQ_HOSTS." },

        // Production.
        { "", "ENVIRONMENT=production KEYS=/keys", "In production each role is a process of its own with its own keys; name a role, such as 'broker' or 'adapter chengdu'." },
        { "broker", "ENVIRONMENT=production", "In production the keys are given, not made: set DATAHUB_KEYS to the folder that holds this process's key and the keys it trusts ('keys create' makes one for each process)." },
        { "simulator ziyang", "ENVIRONMENT=production", "A simulated city has no place in production; remove the simulator role, or DATAHUB_ENVIRONMENT=production." },

        // A city's system that no one would reach.
        { "adapter chengdu", "-CITY_URL", "The adapter of 'chengdu' cannot reach its other end; set DATAHUB_CITY_URL to the root of the city's system, for example https://city.example/." },
        { "adapter deyang", "-CITY_API_KEY", "The adapter of 'deyang' cannot reach its other end; set DATAHUB_CITY_API_KEY to the name under which both sides call each other." },
        { "adapter deyang", "CITY_SECRET=short", "The adapter of 'deyang' cannot reach its other end; set DATAHUB_CITY_SECRET or DATAHUB_CITY_SECRET_FILE to the common secret, at least 16 characters." },
        { "adapter meishan", "-CITY_POSTGRES", "The adapter of 'meishan' cannot reach its other end; set either DATAHUB_CITY_POSTGRES to the database of the exchange tables, or DATAHUB_CITY_PATH to their SQLite file." },
        { "adapter meishan", "CITY_PATH=exchange.db", "The adapter of 'meishan' cannot reach its other end; set either DATAHUB_CITY_POSTGRES to the database of the exchange tables, or DATAHUB_CITY_PATH to their SQLite file." },
        { "adapter ziyang", "-CITY_PATH", "The adapter of 'ziyang' cannot reach its other end; set DATAHUB_CITY_PATH to the root of the drop folders." },
        { "simulator chengdu", "-ADAPTER_URL", "The simulator of 'chengdu' cannot reach its other end; set DATAHUB_ADAPTER_URL to the root of the adapter that it sends to, for example http://127.0.0.1:5081/." },
        { "simulator chengdu", "-SIMULATOR_URL", "The simulator of 'chengdu' cannot reach its other end; set DATAHUB_SIMULATOR_URL to the address where the adapter's DATAHUB_CITY_URL finds it, for example http://127.0.0.1:18081." },
        { "simulator chengdu", "-CITY_API_KEY", "The simulator of 'chengdu' cannot reach its other end; set DATAHUB_CITY_API_KEY to the name under which both sides call each other." },
        { "simulator meishan", "-CITY_POSTGRES", "The simulator of 'meishan' cannot reach its other end; set either DATAHUB_CITY_POSTGRES to the database of the exchange tables, or DATAHUB_CITY_PATH to their SQLite file." },
        { "simulator deyang", "-CITY_SECRET", "The simulator of 'deyang' cannot reach its other end; set DATAHUB_CITY_SECRET or DATAHUB_CITY_SECRET_FILE to the common secret, at least 16 characters." },
        { "simulator ziyang", "-CITY_PATH", "The simulator of 'ziyang' cannot reach its other end; set DATAHUB_CITY_PATH to the root of the drop folders." },
        { "", "CITY_PATH=exchange.db", "DATAHUB_CITY_… says where the system of one city is reached, and this process runs all cities with simulated systems; start 'adapter CITY' or 'simulator CITY', or remove it." },

        // Addresses and folders.
        { "console", "URLS=0.0.0.0:5080", "--urls '0.0.0.0:5080' is not an http address; set for example http://127.0.0.1:5080." },
        { "console", "URLS=http://0.0.0.0:5080", "--urls 'http://0.0.0.0:5080' is not a loopback address, and with development keys the hub listens on 127.0.0.1 only. Set a loopback address, or DATAHUB_ENVIRONMENT=production with keys of your own." },
        { "console", "DATA={secret}", "--data '{secret}' is a file; name a folder." },
        { "console", "DATA=\t", "--data names no folder; set for example --data data." },

        // Files that other processes would not find.
        { "", "-RABBITMQ_HOSTS -RABBITMQ_USER -RABBITMQ_PASSWORD -POSTGRES -SHARDS MATERIALS_STORE=database", "Materials are to lie in the database, and the embedded hub has none that holds them; remove DATAHUB_MATERIALS_STORE, or set DATAHUB_POSTGRES and DATAHUB_RABBITMQ_HOSTS." },
        { "broker", "MATERIALS_STORE=folder", "Materials are to lie in a folder, and other processes may not see it: what one takes in another would not find. Set DATAHUB_MATERIALS_STORE=database, or DATAHUB_MATERIALS_FOLDER to a folder that all processes share and DATAHUB_MATERIALS_SHARED=yes." },
        { "console", "MATERIALS_STORE=folder MATERIALS_FOLDER=/files MATERIALS_SHARED=no", "Materials are to lie in a folder, and other processes may not see it: what one takes in another would not find. Set DATAHUB_MATERIALS_STORE=database, or DATAHUB_MATERIALS_FOLDER to a folder that all processes share and DATAHUB_MATERIALS_SHARED=yes." },

        // RabbitMQ.
        { "broker", "RABBITMQ_VHOST=\t", "RabbitMQ's virtual host is empty; set for example DATAHUB_RABBITMQ_VHOST=/." },
        { "broker", "RABBITMQ_HOSTS=not,a//host", "RabbitMQ's hosts hold an entry that is no host:port; set for example DATAHUB_RABBITMQ_HOSTS=rabbit-1:5672,rabbit-2:5672." },
        { "broker", "-RABBITMQ_USER", "RabbitMQ's user is not set; set DATAHUB_RABBITMQ_USER to one that may use the virtual host." },
        { "broker", "-RABBITMQ_PASSWORD", "RabbitMQ's password is not set; set DATAHUB_RABBITMQ_PASSWORD or, better, DATAHUB_RABBITMQ_PASSWORD_FILE." },
        { "broker", "RABBITMQ_USER=guest RABBITMQ_HOSTS=rabbit-1", "RabbitMQ lets the user guest in from its own machine only; make a user for DataHub and set DATAHUB_RABBITMQ_USER." },

        { "broker", "RABBITMQ_TLS_SERVER_NAME=rabbit RABBITMQ_TLS_CA=/no/such/file", "RabbitMQ's TLS CA file '/no/such/file' cannot be read; set DATAHUB_RABBITMQ_TLS_CA to a file that this process may read." },
        { "broker", "RABBITMQ_TLS_SERVER_NAME=rabbit RABBITMQ_TLS_CA={secret}", "RabbitMQ's TLS CA file '{secret}' holds no PEM certificate; set DATAHUB_RABBITMQ_TLS_CA to a file with the certificate of the authority." },
        { "broker", "RABBITMQ_TLS_SERVER_NAME=rabbit RABBITMQ_TLS_CERTIFICATE={secret}", "RabbitMQ's TLS certificate file '{secret}' holds no PEM certificate whose private key is in it too; set DATAHUB_RABBITMQ_TLS_CERTIFICATE, and DATAHUB_RABBITMQ_TLS_KEY where the key has a file of its own." },

        // Variables that would not do what they say.
        { "broker", "SHARD=2", "DATAHUB_SHARD is not a setting; docs/configuration.md lists them all." },
        { "broker", "POSTGRES_FILE=/secret", "DATAHUB_POSTGRES_FILE is not a setting; docs/configuration.md lists them all." },
        { "broker", "ENVIRONMENT=prod", "DATAHUB_ENVIRONMENT is not development or production; set it so, or remove it." },
        { "broker", "SHARDS=4294967298", "DATAHUB_SHARDS is not a whole number from 1 to 64; set it so, or remove it." },
        { "broker", "LEASE_SECONDS=0", "DATAHUB_LEASE_SECONDS is not a whole number from 1 to 300; set it so, or remove it." },
        { "broker", "LOG_LEVEL=chatty", "DATAHUB_LOG_LEVEL is not one of Trace, Debug, Information, Warning, Error, Critical, None; set it so, or remove it." },
        { "broker", "POSTGRES=nonsense", "DATAHUB_POSTGRES is not a connection string such as Host=127.0.0.1;Database=datahub;Username=datahub; set it so, or remove it." },
        { "broker", "POSTGRES=Host=a,b;TargetSessionAttributes=standby", "DATAHUB_POSTGRES asks for a server of the kind 'standby', and only the primary can be written; set Target Session Attributes=primary there, or leave it out." },
        { "broker", "STATISTICS_THRESHOLD=0", "DATAHUB_STATISTICS_THRESHOLD is not a whole number from 1 to 1000; set it so, or remove it." },
        { "broker", "MATERIALS_KEEP_DAYS=-1", "DATAHUB_MATERIALS_KEEP_DAYS is not a whole number from 1 to 36500; set it so, or remove it." },
        { "broker", "MATERIALS_DAILY_MB=20GB", "DATAHUB_MATERIALS_DAILY_MB is not a whole number from 1 to 10000000; set it so, or remove it." },
        { "broker", "MATERIALS_STORE=tape", "DATAHUB_MATERIALS_STORE is not folder or database; set it so, or remove it." },
        { "broker", "MATERIALS_FOLDER=/shared MATERIALS_SHARED=maybe", "DATAHUB_MATERIALS_SHARED is not yes or no; set it so, or remove it." },
        { "broker", "LOG_FORMAT=xml", "DATAHUB_LOG_FORMAT is not text or json; set it so, or remove it." },
        { "simulator chengdu", "ADAPTER_URL=adapter:5081", "DATAHUB_ADAPTER_URL is not an http address; set it so, or remove it." },
        { "simulator chengdu", "SIMULATOR_URL=18081", "DATAHUB_SIMULATOR_URL is not an http address; set it so, or remove it." },
        { "simulator ziyang", "HUB_URL=hub HUB_API_KEY=key", "DATAHUB_HUB_URL is not an http address; set it so, or remove it." },
        { "adapter chengdu", "CITY_URL=ftp://city", "DATAHUB_CITY_URL is not an http address; set it so, or remove it." },
        { "broker", "RABBITMQ_PASSWORD_FILE=/no/such/file -RABBITMQ_PASSWORD", "DATAHUB_RABBITMQ_PASSWORD_FILE names the file '/no/such/file', which cannot be read; name a file that this process may read." },
        { "broker", "RABBITMQ_PASSWORD_FILE={empty} -RABBITMQ_PASSWORD", "DATAHUB_RABBITMQ_PASSWORD_FILE names the file '{empty}', which is empty; put the secret into it." },
        { "broker", "RABBITMQ_PASSWORD_FILE={secret}", "DATAHUB_RABBITMQ_PASSWORD and DATAHUB_RABBITMQ_PASSWORD_FILE are both set; remove one of them." },
        { "broker", "RABBITMQ_TLS_CA={secret}", "DATAHUB_RABBITMQ_TLS_CA has no effect without DATAHUB_RABBITMQ_TLS_SERVER_NAME; set DATAHUB_RABBITMQ_TLS_SERVER_NAME as well, or remove DATAHUB_RABBITMQ_TLS_CA." },
        { "broker", "RABBITMQ_TLS_CERTIFICATE={secret}", "DATAHUB_RABBITMQ_TLS_CERTIFICATE has no effect without DATAHUB_RABBITMQ_TLS_SERVER_NAME; set DATAHUB_RABBITMQ_TLS_SERVER_NAME as well, or remove DATAHUB_RABBITMQ_TLS_CERTIFICATE." },
        { "broker", "RABBITMQ_TLS_SERVER_NAME=rabbit RABBITMQ_TLS_KEY={secret}", "DATAHUB_RABBITMQ_TLS_KEY has no effect without DATAHUB_RABBITMQ_TLS_CERTIFICATE; set DATAHUB_RABBITMQ_TLS_CERTIFICATE as well, or remove DATAHUB_RABBITMQ_TLS_KEY." },
        { "console", "-RABBITMQ_HOSTS -RABBITMQ_USER -RABBITMQ_PASSWORD RABBITMQ_VHOST=hub", "DATAHUB_RABBITMQ_VHOST has no effect without DATAHUB_RABBITMQ_HOSTS; set DATAHUB_RABBITMQ_HOSTS as well, or remove DATAHUB_RABBITMQ_VHOST." },
        { "console", "-RABBITMQ_HOSTS -RABBITMQ_USER", "DATAHUB_RABBITMQ_PASSWORD has no effect without DATAHUB_RABBITMQ_HOSTS; set DATAHUB_RABBITMQ_HOSTS as well, or remove DATAHUB_RABBITMQ_PASSWORD." },
        { "console", "-RABBITMQ_HOSTS -RABBITMQ_USER -RABBITMQ_PASSWORD RABBITMQ_TLS_SERVER_NAME=rabbit", "DATAHUB_RABBITMQ_TLS_SERVER_NAME has no effect without DATAHUB_RABBITMQ_HOSTS; set DATAHUB_RABBITMQ_HOSTS as well, or remove DATAHUB_RABBITMQ_TLS_SERVER_NAME." },
        { "broker", "MATERIALS_SHARED=yes", "DATAHUB_MATERIALS_SHARED has no effect without DATAHUB_MATERIALS_FOLDER; set DATAHUB_MATERIALS_FOLDER as well, or remove DATAHUB_MATERIALS_SHARED." },
        { "simulator ziyang", "HUB_API_KEY=key", "DATAHUB_HUB_API_KEY has no effect without DATAHUB_HUB_URL; set DATAHUB_HUB_URL as well, or remove DATAHUB_HUB_API_KEY." },
        { "simulator ziyang", "HUB_URL=http://127.0.0.1:5080", "DATAHUB_HUB_URL has no effect without DATAHUB_HUB_API_KEY; set DATAHUB_HUB_API_KEY as well, or remove DATAHUB_HUB_URL." },
        { "console", "-RABBITMQ_HOSTS -RABBITMQ_PASSWORD", "DATAHUB_RABBITMQ_USER has no effect without DATAHUB_RABBITMQ_HOSTS; set DATAHUB_RABBITMQ_HOSTS as well, or remove DATAHUB_RABBITMQ_USER." },
        { "simulator ziyang", "-POSTGRES -SHARDS POSTGRES_PASSWORD=secret", "DATAHUB_POSTGRES_PASSWORD has no effect without DATAHUB_POSTGRES; set DATAHUB_POSTGRES as well, or remove DATAHUB_POSTGRES_PASSWORD." },
        { "broker", "KEYS= SEEDS=/no/seeds", "The seeds folder '/no/seeds' holds no cities.csv; name the repository's seeds folder with DATAHUB_SEEDS." },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public void It_is_refused_and_says_what_to_set(string role, string changes, string sentence)
    {
        var (secret, empty) = (Path.Combine(folder, "secret"), Path.Combine(folder, "empty"));
        File.WriteAllText(secret, "from-a-file\n");
        File.WriteAllText(empty, "\n");
        string Filled(string text) => text.Replace("{secret}", secret, StringComparison.Ordinal).Replace("{empty}", empty, StringComparison.Ordinal);

        Said(role, Filled(changes)).ShouldBe([Filled(sentence)]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("broker")]
    [InlineData("adapter chengdu")]
    [InlineData("adapter meishan")]
    [InlineData("adapter ziyang")]
    [InlineData("console")]
    [InlineData("simulator deyang")]
    [InlineData("simulator meishan")]
    public void What_the_refusals_differ_from_is_accepted(string role) => Said(role, "").ShouldBeEmpty();

    [Fact]
    public void A_secret_is_read_from_its_file_and_never_said()
    {
        var file = Path.Combine(folder, "password");
        File.WriteAllText(file, "from-a-file\n");
        var options = Options("broker", $"-RABBITMQ_PASSWORD RABBITMQ_PASSWORD_FILE={file} POSTGRES_PASSWORD_FILE={file}");

        (options.RabbitMq!.Password, options.RabbitMq.PasswordFile).ShouldBe((null, file));
        new Npgsql.NpgsqlConnectionStringBuilder(options.Postgres).Password.ShouldBe("from-a-file");
        options.RabbitMq.ToString().ShouldNotContain("from-a-file");
    }

    [Fact]
    public void Bounds_hold_also_for_what_no_variable_has_set()
    {
        var sound = Options("broker", "");
        void Refused(DataHubOptions options, string sentence) => options.Faults().ShouldBe([sentence]);

        foreach (var shards in new[] { 0, 65 })
            Refused(sound with { Shards = shards }, "The hub has 1 to 64 shards; set for example DATAHUB_SHARDS=2, the same in every process.");
        foreach (var seconds in new[] { 0.9, 301 })
            Refused(sound with { LeaseTime = TimeSpan.FromSeconds(seconds) }, "A lease must last between 1 second and 5 minutes; set for example DATAHUB_LEASE_SECONDS=10.");
        Refused(sound with { Telemetry = sound.Telemetry with { OtlpEndpoint = "collector:4317" } }, "--otlp-endpoint 'collector:4317' is not an http address; set for example http://127.0.0.1:4317.");
        Refused(sound with { Telemetry = sound.Telemetry with { SampleRatio = double.NaN } }, "--otlp-sample takes a number from 0 to 1.");
        Refused(sound with { Telemetry = sound.Telemetry with { MetricsEvery = TimeSpan.Zero } }, "MetricsEvery must be 100 milliseconds or more.");
    }

    [Fact]
    public void A_shell_that_has_the_variables_of_the_compose_file_may_start_the_program()
    {
        var example = File.ReadAllLines(Repository.PathTo(".env.example")).Select(l => l.TrimStart('#').Split('=', 2)).Where(l => l.Length == 2 && l[0].StartsWith(HostSettings.Prefix, StringComparison.Ordinal)).ToDictionary(l => l[0], l => (string?)l[1], StringComparer.Ordinal);
        example.Count.ShouldBeGreaterThan(10);
        Should.NotThrow(() => HostSettings.Read(example).Apply(new DataHubOptions { DataDirectory = "data" }));
    }

    [Fact]
    public void Every_fault_is_said_at_once() => Said("broker", "-RABBITMQ_USER -RABBITMQ_PASSWORD ENVIRONMENT=production").Count.ShouldBe(3);

    /// <summary>The options of a process with the sound variables of its role, changed.</summary>
    internal static DataHubOptions Options(string role, string changes)
    {
        var variables = Sound(role);
        foreach (var change in changes.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (change[0] == '-')
                variables.Remove(change[1..]);
            else
                variables[change[..change.IndexOf('=', StringComparison.Ordinal)]] = change[(change.IndexOf('=', StringComparison.Ordinal) + 1)..];
        }

        var words = role.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var roles = words.Length == 0 ? HostRoles.Everything : HostRoles.Of(new HostRole(Enum.Parse<RoleKind>(words[0], ignoreCase: true), words.ElementAtOrDefault(1)));
        return HostSettings.Read(variables.Select(v => KeyValuePair.Create(HostSettings.Prefix + v.Key, (string?)v.Value))).Apply(new DataHubOptions { DataDirectory = "data", Roles = roles });
    }

    private static List<string> Said(string role, string changes)
    {
        try
        {
            return [.. Options(role, changes).Faults()];
        }
        catch (HostRefusedException refused)
        {
            return [.. refused.Message.Split(Environment.NewLine)];
        }
    }

    private static Dictionary<string, string> Sound(string role)
    {
        var variables = new Dictionary<string, string>
        {
            ["POSTGRES"] = "Host=127.0.0.1;Database=datahub;Username=datahub",
            ["RABBITMQ_HOSTS"] = "127.0.0.1:5672",
            ["RABBITMQ_USER"] = "datahub",
            ["RABBITMQ_PASSWORD"] = "secret",
            ["SHARDS"] = "2",
        };
        if (role.EndsWith("chengdu", StringComparison.Ordinal) || role.EndsWith("deyang", StringComparison.Ordinal))
        {
            variables["CITY_URL"] = "http://127.0.0.1:18081/";
            variables["CITY_API_KEY"] = "hub";
            variables["CITY_SECRET"] = "0123456789abcdef";
        }

        if (role.StartsWith("simulator", StringComparison.Ordinal) && variables.Remove("CITY_URL"))
        {
            variables["SIMULATOR_URL"] = "http://127.0.0.1:18081";
            variables["ADAPTER_URL"] = "http://127.0.0.1:5081";
        }

        if (role.EndsWith("meishan", StringComparison.Ordinal))
            variables["CITY_POSTGRES"] = "Host=127.0.0.1;Database=meishan;Username=hub";
        if (role.EndsWith("ziyang", StringComparison.Ordinal))
            variables["CITY_PATH"] = "drop";
        return variables;
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);
}

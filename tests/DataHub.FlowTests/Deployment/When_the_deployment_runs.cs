using System.Net;
using System.Net.Sockets;
using DataHub.Core.Messaging.RabbitMq;
using DataHub.Core.Registry;
using DataHub.Host;
using DataHub.Host.Demo;
using DataHub.Host.Roles;
using DataHub.Simulators;
using DataHub.TestServers;
using Npgsql;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Deployment;

/// <summary>
/// Every container of docker-compose.yml, as far as it is ours, on real servers: with the settings of the file, the secrets of the
/// script, and other addresses and folders.
/// </summary>
public sealed class When_the_deployment_runs(SharedServers servers) : IAsyncLifetime
{
    private const int Generated = 12;

    private readonly string root = Directory.CreateTempSubdirectory("datahub-deployment-").FullName;
    private readonly Dictionary<string, DataHubHost> hosts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> ports = new(StringComparer.Ordinal);
    private EmptyBroker? broker;
    private string hub = "";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Secrets => Path.Combine(root, "secrets");

    public async ValueTask InitializeAsync()
    {
        await SecretsScriptTests.RunAsync(Secrets);
        var postgres = await servers.PostgresAsync();
        hub = await postgres.CreateDatabaseAsync();
        Replace("meishan_exchange", await postgres.CreateDatabaseAsync());
        Replace("datahub_db_password", new NpgsqlConnectionStringBuilder(hub).Password ?? "");
        var cities = RegistrySnapshot.Load(RegistrySnapshot.FindSeeds()).Cities.Select(c => c.Code);
        broker = await (await servers.RabbitAsync()).EmptyBrokerAsync(RabbitTopology.For(cities, 2, new RabbitMqOptions()).Queues.Select(q => q.Name));
        Replace("rabbitmq_password", Uri.UnescapeDataString(new Uri(broker.ConnectionString).UserInfo.Split(':')[1]));
    }

    [Fact]
    public async Task Every_container_is_healthy_and_the_cities_cases_come_to_their_ends()
    {
        foreach (var service in DockerComposeTests.StartOrder())
            hosts[service] = await DataHubHost.StartAsync(Options(service), Cancel);
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(60) };
        foreach (var (service, host) in hosts)
            await HostFixture.UntilAsync(async () => (await client.GetAsync(new Uri(host.Url, "/health/ready"), Cancel)).StatusCode == HttpStatusCode.OK, service + " is ready");

        var plan = new DemoPlan(Generated, 1, TimeProvider.System.GetUtcNow());
        var simulators = hosts.Values.SelectMany(h => h.Cities).ToList();
        foreach (var (code, city) in simulators)
        {
            var host = hosts.Values.Single(h => h.Cities.ContainsKey(code));
            await city.System.PlanAsync([.. plan.AllCases(host.Samples, host.Options.Knobs, host.Registry).Where(c => c.City == code)], Cancel);
        }

        await HostFixture.UntilAsync(
            () => simulators.TrueForAll(s => s.Value.System.Summary() is { Planned: 0, Open: 0, ActionsDue: 0, Unlinked: 0 }), "no city waits for anything", HostFixture.PlanEndsWithin);
        simulators.Sum(s => s.Value.System.Summary().DuplicateEffects).ShouldBe(0);
        simulators.Sum(s => s.Value.System.Summary().Submitted).ShouldBeGreaterThan(Generated);

        // Each city with its own key, at its own adapter.
        var files = simulators.ConvertAll(s => s.Value.System.Files.ShouldNotBeNull(s.Key));
        await HostFixture.UntilAsync(() => files.TrueForAll(f => f.Summary.Waiting == 0), "all files are fetched");
        files.Count.ShouldBe(4);
        files.ShouldAllBe(f => f.Summary.HandedIn > 0 && f.Summary.Fetched > 0 && f.Summary.Wrong == 0);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in hosts.Values.Reverse())
            await host.DisposeAsync();
        broker?.Dispose();
        Directory.Delete(root, recursive: true);
    }

    /// <summary>What the container's process would read, with this machine's addresses and folders.</summary>
    private DataHubOptions Options(string service)
    {
        var rabbit = new Uri(broker!.ConnectionString);
        var environment = DockerComposeTests.Environment(service).ToDictionary(v => v.Key, v => (string?)v.Value
            .Replace("http://0.0.0.0:8080", $"http://127.0.0.1:{Port(service)}", StringComparison.Ordinal)
            .Replace("http://127.0.0.1:8080", $"http://127.0.0.1:{Port(service)}", StringComparison.Ordinal)
            .Replace("http://0.0.0.0:8081", $"http://127.0.0.1:{Port(service + ":8081")}", StringComparison.Ordinal)
            .Replace("rabbitmq:5672", rabbit.Authority[(rabbit.Authority.IndexOf('@', StringComparison.Ordinal) + 1)..], StringComparison.Ordinal)
            .Replace("/run/secrets", Secrets, StringComparison.Ordinal), StringComparer.Ordinal);
        foreach (var name in new[] { "DATAHUB_CITY_URL", "DATAHUB_ADAPTER_URL", "DATAHUB_HUB_URL" })
        {
            if (environment.GetValueOrDefault(name) is { } address)
                environment[name] = $"http://127.0.0.1:{Port(new Uri(address) is { Port: 8081 } city ? city.Host + ":8081" : new Uri(address).Host)}/";
        }

        environment["DATAHUB_DATA"] = Path.Combine(root, service);
        if (environment.ContainsKey("DATAHUB_CITY_PATH"))
            environment["DATAHUB_CITY_PATH"] = Path.Combine(root, "exchange");
        if (environment.ContainsKey("DATAHUB_API_KEYS"))
            environment["DATAHUB_API_KEYS"] = Path.Combine(Secrets, "callers", "api-keys.json");
        if (environment.ContainsKey("DATAHUB_KEYS"))
            environment["DATAHUB_KEYS"] = Path.Combine(Secrets, service.StartsWith("broker", StringComparison.Ordinal) ? "broker" : service);
        if (environment.TryGetValue("DATAHUB_POSTGRES", out var connection))
        {
            var test = new NpgsqlConnectionStringBuilder(hub);
            environment["DATAHUB_POSTGRES"] = new NpgsqlConnectionStringBuilder(connection) { Host = test.Host, Port = test.Port, Username = test.Username, Database = test.Database }.ConnectionString;
        }

        if (environment.ContainsKey("DATAHUB_RABBITMQ_USER"))
        {
            environment["DATAHUB_RABBITMQ_USER"] = Uri.UnescapeDataString(rabbit.UserInfo.Split(':')[0]);
            environment["DATAHUB_RABBITMQ_VHOST"] = rabbit.AbsolutePath.Length > 1 ? Uri.UnescapeDataString(rabbit.AbsolutePath[1..]) : "/";
        }

        var words = DockerComposeTests.Command(service);
        var role = new HostRole(Enum.Parse<RoleKind>(words[0], ignoreCase: true), words.Count > 1 ? words[1] : null);
        var clerks = Knobs.Default with { ClerkDelayFrom = TimeSpan.Zero, ClerkDelayTo = TimeSpan.Zero, FileRate = 1 };
        return HostSettings.Read(environment).Apply(new DataHubOptions { DataDirectory = "data", Roles = HostRoles.Of(role), Knobs = clerks });
    }

    private int Port(string name)
    {
        if (!ports.TryGetValue(name, out var port))
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            ports[name] = port = ((IPEndPoint)listener.LocalEndpoint).Port;
        }

        return port;
    }

    private void Replace(string secret, string content)
    {
        File.Delete(Path.Combine(Secrets, secret));
        File.WriteAllText(Path.Combine(Secrets, secret), content);
    }
}

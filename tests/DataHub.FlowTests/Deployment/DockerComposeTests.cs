using System.Text.RegularExpressions;
using DataHub.Core.Registry;
using DataHub.Host;
using DataHub.UnitTests;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Deployment;

/// <summary>What must hold for every container of docker-compose.yml, whoever adds one.</summary>
public sealed partial class DockerComposeTests
{
    private static readonly string Text = File.ReadAllText(Repository.PathTo("docker-compose.yml"));
    private static readonly Dictionary<string, object> Compose = ComposeFile.Read(Text);
    private static readonly Dictionary<string, Dictionary<string, object>> Services =
        Map(Compose, "services").ToDictionary(s => s.Key, s => (Dictionary<string, object>)s.Value, StringComparer.Ordinal);

    public static TheoryData<string> Names => [.. Services.Keys];

    [Fact]
    public void Every_role_has_its_process_and_two_brokers_share_the_hub()
    {
        var roles = Services.Where(s => IsOurs(s.Value)).Select(s => string.Join(' ', Command(s.Key))).ToList();
        var cities = RegistrySnapshot.Load(RegistrySnapshot.FindSeeds()).Cities.Select(c => c.Key).ToList();
        roles.ShouldBe(["broker", "broker", "console", .. cities.Select(c => "adapter " + c), .. cities.Select(c => "simulator " + c)], ignoreOrder: true);
        Services.Keys.Except(Services.Where(s => IsOurs(s.Value)).Select(s => s.Key)).ShouldBe(["rabbitmq", "postgres"], ignoreOrder: true);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_container_can_do_no_more_than_it_must(string name)
    {
        var service = Services[name];
        service["user"].ShouldBeOfType<string>().ShouldMatch("^[1-9][0-9]*:[1-9][0-9]*$");
        service["read_only"].ShouldBe("true");
        List(service, "cap_drop").ShouldBe(["ALL"]);
        List(service, "security_opt").ShouldBe(["no-new-privileges:true"]);
        List(service, "tmpfs").ShouldContain(mount => mount.StartsWith("/tmp:", StringComparison.Ordinal));
        service["restart"].ShouldBe("unless-stopped");
        foreach (var unwanted in new[] { "privileged", "cap_add", "devices", "pid", "ipc", "network_mode" })
            service.ShouldNotContainKey(unwanted);
        List(service, "volumes").ShouldAllBe(volume => !volume.Contains("docker.sock", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_container_is_reached_from_this_machine_only(string name)
    {
        foreach (var port in List(Services[name], "ports"))
            port.ShouldStartWith("127.0.0.1:");
        var networks = List(Services[name], "networks");
        networks.ShouldNotBeEmpty();
        foreach (var network in networks.Where(n => n != "published"))
            Map(Map(Compose, "networks"), network)["internal"].ShouldBe("true", network);
        networks.Contains("published").ShouldBe(Services[name].ContainsKey("ports"));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_container_has_a_health_check_and_starts_after_healthy_ones(string name)
    {
        List(Map(Services[name], "healthcheck"), "test")[0].ShouldBe("CMD");
        Map(Services[name], "healthcheck").ShouldNotContainKey("start_interval");
        if (IsOurs(Services[name]))
        {
            List(Map(Services[name], "healthcheck"), "test").ShouldBe(["CMD", "dotnet", "DataHub.Host.dll", "health", "--urls", "http://127.0.0.1:8080"]);
            Map(Services[name], "depends_on").ShouldNotBeEmpty();
        }

        foreach (var (other, how) in Services[name].ContainsKey("depends_on") ? Map(Services[name], "depends_on") : [])
        {
            Services.ShouldContainKey(other);
            ((Dictionary<string, object>)how)["condition"].ShouldBe("service_healthy");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Secrets_come_as_files(string name)
    {
        foreach (var (variable, value) in Environment(name))
        {
            if (variable.EndsWith("_FILE", StringComparison.Ordinal))
            {
                value.ShouldStartWith("/run/secrets/");
                List(Services[name], "secrets").ShouldContain(value["/run/secrets/".Length..], variable);
            }
            else
            {
                SecretName.IsMatch(variable).ShouldBeFalse(variable);
                value.Contains("password=", StringComparison.OrdinalIgnoreCase).ShouldBeFalse(variable);
            }
        }

        // What no variable names is not handed in, but for what the server reads by itself.
        if (IsOurs(Services[name]))
            List(Services[name], "secrets").Order(StringComparer.Ordinal).ShouldBe(Environment(name).Values.Where(v => v.StartsWith("/run/secrets/", StringComparison.Ordinal)).Select(v => v["/run/secrets/".Length..]).Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_setting_is_one_that_the_program_knows(string name)
    {
        if (!IsOurs(Services[name]))
            return;
        var own = Environment(name).Where(v => v.Key.StartsWith(HostSettings.Prefix, StringComparison.Ordinal)).ToList();
        own.ShouldNotBeEmpty();
        var known = HostSettings.All.SelectMany(s => s.Secret ? new[] { s.Name, s.Name + "_FILE" } : [s.Name]).Select(setting => HostSettings.Prefix + setting);
        own.Select(v => v.Key).Except(known).ShouldBeEmpty();
        Environment(name).Keys.Except(own.Select(v => v.Key)).ShouldBe(["OTEL_EXPORTER_OTLP_ENDPOINT"]);
    }

    [Fact]
    public void A_simulated_city_shares_a_network_with_what_it_talks_to_and_nothing_else()
    {
        foreach (var city in RegistrySnapshot.Load(RegistrySnapshot.FindSeeds()).Cities.Select(c => c.Key))
        {
            var own = List(Services["simulator-" + city], "networks").ShouldHaveSingleItem();
            Services.Where(s => List(s.Value, "networks").Contains(own)).Select(s => s.Key)
                .ShouldBe(["simulator-" + city, "adapter-" + city, .. city == "meishan" ? new[] { "postgres" } : []], ignoreOrder: true);
            Environment("simulator-" + city)["DATAHUB_HUB_URL"].ShouldBe($"http://adapter-{city}:8080/");
        }
    }

    [Fact]
    public void The_secrets_are_files_below_one_folder_that_neither_git_nor_the_image_takes_in()
    {
        foreach (var (_, secret) in Map(Compose, "secrets"))
            ((Dictionary<string, object>)secret)["file"].ShouldBeOfType<string>().ShouldStartWith("./deploy/secrets/");
        File.ReadAllLines(Repository.PathTo(".gitignore")).ShouldContain("deploy/secrets/");
        File.ReadAllLines(Repository.PathTo(".gitignore")).ShouldContain(".env");
        var image = File.ReadAllLines(Repository.PathTo(".dockerignore")).Where(l => !l.StartsWith('#')).ToList();
        image[0].ShouldBe("*");
        image.ShouldNotContain(l => l.StartsWith("!deploy", StringComparison.Ordinal) || l.StartsWith("!.env", StringComparison.Ordinal));
    }

    [Fact]
    public void Both_generations_of_compose_can_read_the_file()
    {
        foreach (var unknownToOne in new[] { "name", "version", "include", "configs" })
            Compose.ShouldNotContainKey(unknownToOne);
        Text.ShouldNotContain("start_interval");
    }

    [Fact]
    public void What_is_mounted_from_the_repository_is_there_and_can_be_read_only()
    {
        var mounted = Services.Values.SelectMany(s => List(s, "volumes")).Where(v => v.StartsWith("./", StringComparison.Ordinal) && !v.Contains("/secrets/", StringComparison.Ordinal)).Select(v => v.Split(':')).ToList();
        mounted.Select(m => m[0]).ShouldBe(["./deploy/rabbitmq/30-queues.conf", "./deploy/postgres"], ignoreOrder: true);
        foreach (var mount in mounted)
        {
            Path.Exists(Repository.PathTo(mount[0].Split('/'))).ShouldBeTrue(mount[0]);
            mount[^1].ShouldBe("ro", mount[0]);
        }
    }

    [Fact]
    public void An_image_that_is_built_here_is_built_by_one_service_only()
    {
        // Compose builds side by side: two services that write one image disturb each other, and the start stops.
        var built = Services.Values.Where(s => s.ContainsKey("build")).Select(s => s["image"]);
        built.ShouldBe(["datahub:local"]);
    }

    [Fact]
    public void Images_and_ports_can_be_replaced_and_the_example_lists_every_variable()
    {
        Services.Values.Select(s => s["image"]).Distinct().ShouldBe(["rabbitmq:4.1", "postgres:17", "datahub:local"], ignoreOrder: true);
        var example = File.ReadAllText(Repository.PathTo(".env.example"));
        var used = Variable.Matches(Text).Select(m => m.Groups[1].Value).Distinct(StringComparer.Ordinal).ToList();
        used.Count.ShouldBeGreaterThan(10);
        foreach (var variable in used)
            example.ShouldContain(variable + "=");
        // A variable without a default would be empty where it is not set.
        Text.Split("${").Length.ShouldBe(Variable.Count(Text) + 1);
    }

    [Fact]
    public void The_image_is_built_from_locked_packages_and_runs_as_no_root()
    {
        var dockerfile = File.ReadAllText(Repository.PathTo("Dockerfile"));
        dockerfile.ShouldContain("dotnet restore --locked-mode");
        dockerfile.ShouldContain("USER 1654:1654");
        foreach (var project in Directory.EnumerateDirectories(Repository.PathTo("src")).Select(Path.GetFileName))
            dockerfile.ShouldContain($"COPY src/{project}/*.csproj src/{project}/packages.lock.json src/{project}/\n");
    }

    internal static Dictionary<string, string> Environment(string service) => !Services[service].ContainsKey("environment") ? []
        : Map(Services[service], "environment").ToDictionary(v => v.Key, v => (string)v.Value, StringComparer.Ordinal);

    /// <summary>A container's role and city.</summary>
    internal static List<string> Command(string service) => [.. List(Services[service], "command").TakeWhile(word => !word.StartsWith("--", StringComparison.Ordinal))];

    /// <summary>Our containers, each after those that it depends on.</summary>
    internal static List<string> StartOrder()
    {
        List<string> order = [];
        void Add(string service)
        {
            foreach (var (first, _) in Services[service].ContainsKey("depends_on") ? Map(Services[service], "depends_on") : [])
                Add(first);
            if (IsOurs(Services[service]) && !order.Contains(service))
                order.Add(service);
        }

        foreach (var service in Services.Keys)
            Add(service);
        return order;
    }

    private static bool IsOurs(Dictionary<string, object> service) => service["image"] is "datahub:local";

    private static Dictionary<string, object> Map(Dictionary<string, object> of, string key) => (Dictionary<string, object>)of[key];

    private static List<string> List(Dictionary<string, object> of, string key) =>
        of.TryGetValue(key, out var value) ? [.. ((List<object>)value).Select(item => item as string ?? (string)((Dictionary<string, object>)item)["source"])] : [];

    [GeneratedRegex("PASSWORD|SECRET|API_KEY$|CITY_POSTGRES")]
    private static partial Regex SecretName { get; }

    [GeneratedRegex(@"\$\{([A-Z_]+):-")]
    private static partial Regex Variable { get; }
}

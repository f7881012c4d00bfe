using System.Diagnostics;
using DataHub.Contracts;
using DataHub.Core.Signing;
using DataHub.Host.Api;
using DataHub.UnitTests;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Deployment;

/// <summary>deploy/make-secrets.sh makes what the containers read.</summary>
public sealed class SecretsScriptTests : IDisposable
{
    private readonly string folder = Path.Combine(Directory.CreateTempSubdirectory("datahub-secrets-").FullName, "secrets");

    [Fact]
    public async Task Every_role_gets_its_own_signing_key_and_trusts_all_and_a_second_run_changes_nothing()
    {
        await RunAsync(folder);
        var first = Contents();
        await RunAsync(folder);
        Contents().ShouldBe(first);

        var now = TimeProvider.System.GetUtcNow();
        foreach (var (role, node) in new[] { ("broker", Nodes.Hub), ("adapter-chengdu", "510100"), ("adapter-deyang", "510600"), ("adapter-meishan", "511400"), ("adapter-ziyang", "512000") })
        {
            using var keys = KeyStore.Load(Path.Combine(folder, role));
            keys.SigningKeys.ShouldHaveSingleItem().Info.City.ShouldBe(node);
            keys.KeyOf(node, now).Info.Suite.ShouldBe(Suites.Es256);
            Directory.GetFiles(Path.Combine(folder, role), "*.pub.pem").Length.ShouldBe(5);
        }

        new FileInfo(Path.Combine(folder, "broker", "patients.secret")).Length.ShouldBe(32);
    }

    [Fact]
    public async Task Every_secret_of_the_compose_file_is_made_and_no_two_are_the_same()
    {
        await RunAsync(folder);
        var files = Directory.GetFiles(folder).ToDictionary(file => Path.GetFileName(file)!, File.ReadAllText, StringComparer.Ordinal);
        var named = File.ReadAllLines(Repository.PathTo("docker-compose.yml")).Where(l => l.Contains("file: \"${DATAHUB_SECRETS:-./deploy/secrets}/", StringComparison.Ordinal)).Select(l => l[(l.LastIndexOf('/') + 1)..].TrimEnd('"'));
        files.Keys.ShouldBe(named, ignoreOrder: true);
        files.Values.Distinct(StringComparer.Ordinal).Count().ShouldBe(files.Count);
        files["meishan_exchange"].ShouldContain($"Password={files["meishan_db_password"].Trim()};");
        files["rabbitmq.conf"].ShouldContain($"default_pass = {files["rabbitmq_password"]}");
        if (!OperatingSystem.IsWindows())
            File.GetUnixFileMode(folder).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    [Fact]
    public async Task The_hub_knows_every_citys_key_by_its_hash_alone()
    {
        await RunAsync(folder);
        var file = Path.Combine(folder, "callers", "api-keys.json");
        var keys = new ApiKeys(file, NullLogger<ApiKeys>.Instance);
        foreach (var (city, code) in new[] { ("chengdu", "510100"), ("deyang", "510600"), ("meishan", "511400"), ("ziyang", "512000") })
        {
            var key = (await File.ReadAllTextAsync(Path.Combine(folder, city + "_hub_api_key"), TestContext.Current.CancellationToken)).Trim();
            keys.CityOf(key).ShouldBe(code);
            (await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken)).ShouldNotContain(key);
        }

        // One that api-key makes counts beside them.
        var later = ApiKeys.Create(file, "510100");
        new ApiKeys(file, NullLogger<ApiKeys>.Instance).CityOf(later).ShouldBe("510100");
    }

    [Fact]
    public async Task A_relative_folder_is_the_callers_and_is_said_as_compose_reads_it()
    {
        var from = Path.GetDirectoryName(folder)!;
        // Compose would take DATAHUB_SECRETS=secrets for a volume.
        (await RunAsync("secrets", from)).ShouldEndWith($"\nDATAHUB_SECRETS={folder}\n");
        File.Exists(Path.Combine(folder, "postgres_password")).ShouldBeTrue();

        var script = Path.Combine(Directory.CreateDirectory(Path.Combine(from, "deploy")).FullName, "make-secrets.sh");
        File.Copy(Repository.PathTo("deploy", "make-secrets.sh"), script);
        (await RunAsync(folder: null, from, script)).ShouldNotContain("DATAHUB_SECRETS");
        File.Exists(Path.Combine(from, "deploy", "secrets", "postgres_password")).ShouldBeTrue();
    }

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(folder)!, recursive: true);

    private Dictionary<string, string> Contents() =>
        Directory.GetFiles(folder, "*", SearchOption.AllDirectories).ToDictionary(file => file, file => Convert.ToHexString(File.ReadAllBytes(file)), StringComparer.Ordinal);

    /// <param name="folder">null: the default place.</param>
    /// <returns>What it printed.</returns>
    internal static async Task<string> RunAsync(string? folder, string? from = null, string? script = null)
    {
        var start = new ProcessStartInfo(script ?? Repository.PathTo("deploy", "make-secrets.sh"), folder is null ? [] : [folder])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = from ?? "",
        };
        start.Environment.Remove("DATAHUB_SECRETS");
        using var run = Process.Start(start)!;
        var (said, faults) = (run.StandardOutput.ReadToEndAsync(), run.StandardError.ReadToEndAsync());
        await run.WaitForExitAsync(TestContext.Current.CancellationToken);
        run.ExitCode.ShouldBe(0, await faults);
        (await said).ShouldMatch("DATAHUB_UID=[1-9]");
        return await said;
    }
}

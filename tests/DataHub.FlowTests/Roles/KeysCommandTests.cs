using System.Text;
using DataHub.Contracts;
using DataHub.Core.Journal;
using DataHub.Core.Signing;
using DataHub.Core.Storage;
using DataHub.Host;
using DataHub.Host.Commands;
using DataHub.TestServers;
using Microsoft.Extensions.Logging;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Roles;

/// <summary>Keys for production: made by <c>keys create</c>, used by brokers and adapters that are each given their own folder.</summary>
public sealed class KeysCommandTests(SharedServers servers) : IDisposable
{
    private static readonly KeyPeriod FromToday = new(DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime), 2);

    private readonly DirectoryInfo root = Directory.CreateTempSubdirectory("datahub-keys-");

    private string Keys => Path.Combine(root.FullName, "keys");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void Each_party_has_its_own_private_key_and_all_public_ones_and_nobody_else_can_read_them()
    {
        KeysCommand.Create(Keys, FromToday);

        var cities = new[] { "hub", "chengdu", "deyang", "meishan", "ziyang" };
        Directory.EnumerateDirectories(Keys).Select(Path.GetFileName).ShouldBe(cities, ignoreOrder: true);
        foreach (var folder in Directory.EnumerateDirectories(Keys))
        {
            using var keys = KeyStore.Load(folder);
            keys.SigningKeys.Count.ShouldBe(1);
            keys.Ring.All.Count.ShouldBe(cities.Length);
            foreach (var secret in Directory.EnumerateFiles(folder).Where(f => !f.EndsWith(".pub.pem", StringComparison.Ordinal)))
                new FileInfo(secret).UnixFileMode.ShouldBe(SafeFile.OwnerOnly, secret);
        }

        new FileInfo(Path.Combine(Keys, "hub", "patients.secret")).Length.ShouldBe(32);
        Directory.EnumerateFiles(Keys, "patients.secret", SearchOption.AllDirectories).Count().ShouldBe(1);
    }

    [Fact]
    public void What_one_party_signs_the_others_can_check()
    {
        KeysCommand.Create(Keys, FromToday);
        using var chengdu = KeyStore.Load(Path.Combine(Keys, "chengdu"));
        using var deyang = KeyStore.Load(Path.Combine(Keys, "deyang"));
        var text = Encoding.UTF8.GetBytes("text");
        var key = chengdu.KeyOf("510100", TimeProvider.System.GetUtcNow());

        deyang.Ring.All.Single(k => k.Info.Id == key.Info.Id).Verify(text, key.Sign(text)).ShouldBeTrue();
    }

    [Fact]
    public void Nothing_is_overwritten()
    {
        KeysCommand.Create(Keys, FromToday);

        Should.Throw<HostRefusedException>(() => KeysCommand.Create(Keys, FromToday)).Message.ShouldBe(
            $"There is something in '{Keys}' already, and keys are never overwritten; name a new folder, or add one party's next key with 'keys add'.");
        Should.Throw<HostRefusedException>(() => KeysCommand.Add(Keys, "deyang", FromToday)).Message.ShouldContain("keys are never overwritten");
    }

    [Fact]
    public void A_further_key_signs_from_its_first_day_and_the_old_one_is_still_trusted()
    {
        KeysCommand.Create(Keys, FromToday);
        var next = FromToday with { From = FromToday.From.AddDays(30) };
        KeysCommand.Add(Keys, "deyang", next);

        using var own = KeyStore.Load(Path.Combine(Keys, "deyang"));
        var day = new DateTimeOffset(next.From.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);
        own.KeyOf("510600", day.AddSeconds(-1)).Info.ValidFrom.ShouldBeLessThan(day);
        own.KeyOf("510600", day).Info.ValidFrom.ShouldBe(day);
        using var hub = KeyStore.Load(Path.Combine(Keys, "hub"));
        hub.Ring.All.Count(k => k.Info.City == "510600").ShouldBe(2);
        hub.SigningKeys.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Production_processes_start_with_them_and_an_exchange_is_reconciled_and_verifies()
    {
        KeysCommand.Create(Keys, FromToday);
        await using var deployment = await RoleHosts.CreateAsync(servers);
        var broker = await deployment.StartAsync(new HostRole(RoleKind.Broker), Production("hub"));
        var chengdu = await deployment.StartAsync(new HostRole(RoleKind.Adapter, "chengdu"), Production("chengdu"));
        await deployment.StartAsync(new HostRole(RoleKind.Adapter, "deyang"), Production("deyang"));

        var id = await deployment.SubmitAsync(chengdu.Registry);
        await RoleHosts.ReconciledAsync(broker, [id]);
        var checks = await JournalVerifier.VerifyAsync(broker.Store, broker.Keys.Ring, Cancel);
        checks.Select(c => c.Node).ShouldContain(Nodes.Hub);
        checks.ShouldAllBe(c => c.Faults.Count == 0);
        checks.Sum(c => c.Signatures).ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Production_is_refused_without_the_keys_that_it_needs()
    {
        KeysCommand.Create(Keys, FromToday);
        await using var deployment = await RoleHosts.CreateAsync(servers);
        async Task<string> RefusalAsync(HostRole role, Func<DataHubOptions, DataHubOptions> change) => (await Should.ThrowAsync<HostRefusedException>(() => deployment.StartAsync(role, change))).Message;

        (await RefusalAsync(new HostRole(RoleKind.Adapter, "chengdu"), Production("deyang"))).ShouldBe(
            $"'{Path.Combine(Keys, "deyang")}' holds no private key of the city 'chengdu' that is valid now. Set DATAHUB_KEYS to the folder that 'keys create' made for this process, or add a new key (docs/operations.md).");
        (await RefusalAsync(new HostRole(RoleKind.Broker), Production("chengdu"))).ShouldContain("holds no private key of the hub that is valid now");
        (await RefusalAsync(new HostRole(RoleKind.Broker), Production("nowhere"))).ShouldBe(
            $"The key folder {Path.Combine(Keys, "nowhere")} does not exist. DATAHUB_KEYS names the folder; 'keys create' makes one for each process.");
        // What root cannot read either: a file that leads nowhere.
        var unreadable = Directory.CreateDirectory(Path.Combine(Keys, "unreadable")).FullName;
        File.CreateSymbolicLink(Path.Combine(unreadable, "000000-es256-1.pub.pem"), Path.Combine(unreadable, "nowhere"));
        (await RefusalAsync(new HostRole(RoleKind.Broker), Production("unreadable"))).ShouldBe(
            $"The key folder '{unreadable}' cannot be read; set DATAHUB_KEYS to one that this process may read.");
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Keys, "chengdu"), "000000-*"))
            File.Delete(file);
        (await RefusalAsync(new HostRole(RoleKind.Adapter, "chengdu"), Production("chengdu"))).ShouldContain("holds no public key of the hub that is valid now");
        File.Delete(Path.Combine(Keys, "hub", "patients.secret"));
        (await RefusalAsync(new HostRole(RoleKind.Broker), Production("hub"))).ShouldContain("holds no patients.secret of 32 bytes: all brokers need the same one");
    }

    [Fact]
    public async Task A_process_that_disagrees_with_the_deployment_is_refused()
    {
        await using var deployment = await RoleHosts.CreateAsync(servers);
        var broker = new HostRole(RoleKind.Broker);
        await deployment.StartAsync(broker);
        async Task<string> RefusalAsync(HostRole role, Func<DataHubOptions, DataHubOptions> change) => (await Should.ThrowAsync<HostRefusedException>(() => deployment.StartAsync(role, change))).Message;

        (await RefusalAsync(broker, o => o with { Shards = 3 })).ShouldBe(
            "This deployment has 2 shards and this process 3: exchanges would be looked for in the wrong shard. Set DATAHUB_SHARDS=2.");
        (await RefusalAsync(broker, o => o with { KeysDirectory = Keys })).ShouldBe(
            $"The development keys in '{Keys}' are not those of the other processes: no signature would hold. Set DATAHUB_KEYS to one folder for all of them.");
        foreach (var file in Directory.EnumerateFiles(Path.Combine(deployment.Folder, "data", "keys"), "*.pem"))
            File.Copy(file, Path.Combine(Keys, Path.GetFileName(file)), overwrite: true);
        foreach (var file in Directory.EnumerateFiles(Keys, "*.pem").Where(f => !File.Exists(Path.Combine(deployment.Folder, "data", "keys", Path.GetFileName(f)))))
            File.Delete(file);
        (await RefusalAsync(broker, o => o with { KeysDirectory = Keys })).ShouldContain("is not the secret of this deployment: results that were published before would not be found.");
        (await RefusalAsync(new HostRole(RoleKind.Adapter, "leshan"), o => o with { Cities = new Dictionary<string, Adapters.Pipeline.CityEndpoint>() })).ShouldBe(
            "There is no city 'leshan'; name one of chengdu, deyang, meishan, ziyang.");
    }

    private Func<DataHubOptions, DataHubOptions> Production(string party) =>
        o => o with { Production = true, KeysDirectory = Path.Combine(Keys, party), DataDirectory = Path.Combine(root.FullName, "data-" + party), LogLevel = LogLevel.Warning };

    public void Dispose() => root.Delete(recursive: true);
}

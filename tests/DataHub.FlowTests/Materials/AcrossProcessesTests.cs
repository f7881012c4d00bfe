using System.Net;
using System.Text;
using DataHub.Contracts;
using DataHub.Core.Journal;
using DataHub.Core.Materials;
using DataHub.FlowTests.Api;
using DataHub.FlowTests.Roles;
using DataHub.Host;
using DataHub.Host.Api;
using DataHub.Host.Roles;
using DataHub.TestServers;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Materials;

/// <summary>Files where every role is a process of its own: their bytes lie in PostgreSQL, and whichever process a city asks has them.</summary>
public sealed class AcrossProcessesTests(SharedServers servers) : IAsyncLifetime
{
    private readonly List<ApiClient> clients = [];
    private RoleHosts roles = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => roles = await RoleHosts.CreateAsync(servers);

    [Fact]
    public async Task An_upload_that_was_begun_at_one_process_goes_on_at_another_and_is_fetched_from_a_third()
    {
        await roles.StartAsync(new HostRole(RoleKind.Broker));
        var adapter = await roles.StartAsync(new HostRole(RoleKind.Adapter, "chengdu"));
        var others = await roles.StartAsync(new HostRole(RoleKind.Adapter, "deyang"));
        var console = await roles.StartAsync(new HostRole(RoleKind.Console));
        var file = TestFile.Pdf(2_500_000);

        var atConsole = Client(console, ApiHost.Chengdu);
        var atAdapter = Client(adapter, ApiHost.Chengdu);
        var id = await file.OpenedAsync(atConsole);
        (await TestFile.SendAsync(atConsole, id, 0, file.Bytes[..1_200_000])).Status.ShouldBe(200);
        (await TestFile.OffsetAsync(atAdapter, id)).ShouldBe(1_200_000);
        (await file.OpenedAsync(atAdapter)).ShouldBe(id);
        (await TestFile.SendAsync(atAdapter, id, 1_200_000, file.Bytes[1_200_000..])).Json["held"]!.GetValue<bool>().ShouldBeTrue();
        (await file.OpenAsync(atConsole)).Json["held"]!.GetValue<bool>().ShouldBeTrue();

        var exchange = await file.SubmittedAsync(atAdapter);
        await Client(others, ApiHost.Deyang).GetWhenThereAsync("/v1/exchanges/" + exchange);
        foreach (var host in new[] { console, others, adapter })
        {
            using var fetched = await file.FetchAsync(Client(host, ApiHost.Deyang), exchange);
            (await fetched.Content.ReadAsByteArrayAsync(Cancel)).ShouldBe(file.Bytes);
            using var refused = await file.FetchAsync(Client(host, ApiHost.Meishan), exchange);
            refused.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        }
    }

    [Fact]
    public async Task The_broker_of_the_first_shard_ends_what_is_not_kept_and_after_it_the_next_one_does()
    {
        var brokers = new List<DataHubHost> { await SweeperAsync(), await SweeperAsync() };
        await HostFixture.UntilAsync(() => brokers.TrueForAll(b => b.HubNodes.Count == 1), "each broker has a shard");
        var console = Client(await roles.StartAsync(new HostRole(RoleKind.Console), Forgetful), ApiHost.Chengdu);

        await EndedOnceAsync(console, brokers[0]);
        var first = brokers.Single(b => b.HubNodes.ContainsKey(Nodes.Hub));
        brokers.Remove(first);
        await roles.StopAsync(first);
        await EndedOnceAsync(console, brokers[0]);
    }

    [Fact]
    public async Task A_process_that_would_keep_its_files_elsewhere_than_the_others_is_refused()
    {
        var (theirs, another) = (Path.Combine(roles.Folder, "theirs"), Path.Combine(roles.Folder, "another"));
        await roles.StopAsync(await roles.StartAsync(Console, o => In(theirs, o)));
        await roles.StopAsync(await roles.StartAsync(Console, o => In(theirs, o)));

        (await RefusalAsync(o => In(another, o))).ShouldBe(
            $"This deployment keeps its materials in another place. '{another}' is not the folder of the others: what it is given they would not find. Mount theirs there, or set DATAHUB_MATERIALS_FOLDER to where it is.");
        (await RefusalAsync(o => o)).ShouldBe(
            "This deployment keeps its materials in another place. It is a folder: set DATAHUB_MATERIALS_STORE=folder, DATAHUB_MATERIALS_FOLDER to where it is, and DATAHUB_MATERIALS_SHARED=yes.");
    }

    [Fact]
    public async Task A_process_with_a_folder_is_refused_where_the_others_keep_their_files_in_the_database()
    {
        await roles.StartAsync(Console);

        (await RefusalAsync(o => In(Path.Combine(roles.Folder, "another"), o))).ShouldBe(
            "This deployment keeps its materials in another place. It is the database: set DATAHUB_MATERIALS_STORE=database.");
    }

    private static readonly HostRole Console = new(RoleKind.Console);

    private static DataHubOptions In(string folder, DataHubOptions options) =>
        options with { Materials = options.Materials with { Place = MaterialPlace.Folder, Folder = folder, FolderShared = true } };

    private async Task<string> RefusalAsync(Func<DataHubOptions, DataHubOptions> change) =>
        (await Should.ThrowAsync<HostRefusedException>(() => roles.StartAsync(Console, change))).Message;

    private Task<DataHubHost> SweeperAsync() => roles.StartAsync(new HostRole(RoleKind.Broker), Forgetful);

    /// <summary>Keeps no file that nobody names, and looks often.</summary>
    private static DataHubOptions Forgetful(DataHubOptions options) => options with
    {
        Hub = options.Hub with { SweepEvery = TimeSpan.FromMilliseconds(50) },
        Materials = options.Materials with { UnnamedDays = 0, SweepEvery = TimeSpan.FromMilliseconds(50) },
    };

    private static async Task EndedOnceAsync(ApiClient client, DataHubHost any)
    {
        var file = TestFile.Pdf();
        (await file.HandInAsync(client)).Json["held"]!.GetValue<bool>().ShouldBeTrue();
        await HostFixture.UntilAsync(async () => await any.Materials.Store.ContentAsync(file.Digest, Cancel) is null, "the file that nobody names is gone");
        foreach (var shard in any.Shards.Nodes)
        {
            var rows = await Conservation.JournalAsync(any, shard, EntryKind.Operator);
            rows.Count(r => r.Sender == "retention" && Encoding.UTF8.GetString(r.Body).Contains(file.Digest, StringComparison.Ordinal)).ShouldBe(shard == Nodes.Hub ? 1 : 0, shard);
        }
    }

    private ApiClient Client(DataHubHost host, string city)
    {
        var client = new ApiClient(new HttpClient { BaseAddress = host.Url, Timeout = TimeSpan.FromSeconds(60) }, ApiKeys.Create(host.Options.ApiKeys, city));
        clients.Add(client);
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in clients)
            client.Dispose();
        await roles.DisposeAsync();
    }
}

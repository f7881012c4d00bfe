using System.Text;
using DataHub.Core.Journal;
using DataHub.Core.Storage.Postgres;
using DataHub.Host;
using DataHub.Host.Roles;
using DataHub.TestServers;
using Npgsql;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Roles;

/// <summary>What an operator asks to work again, by the program, beside the processes that hold the leases.</summary>
public sealed class ReplayRequestTests(SharedServers servers) : IAsyncLifetime
{
    private RoleHosts deployment = null!;
    private PostgresNodeStore store = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        deployment = await RoleHosts.CreateAsync(servers);
        store = await PostgresNodeStore.OpenAsync(deployment.PostgresConnection, Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        await store.DisposeAsync();
        await deployment.DisposeAsync();
    }

    [Fact]
    public async Task Brokers_carry_a_request_out_once_whoever_runs_the_shard_and_the_program_does_where_nobody_runs_it()
    {
        var exchanges = await ParkEachAsync(0, 1, 1);
        var (early, (shard, number)) = (exchanges[0], await ParkedAsync(exchanges[0]));

        // Nobody runs the shard, and what the program was told is not enough to run it: the request stays.
        var (code, _, errors) = await ReplayAsync(shard, number, settings: 1, "--timeout", "1", "--request", "early");
        code.ShouldBe(3, errors);
        errors.ShouldContain("DH-9007");
        errors.ShouldContain($"Nobody runs {shard}: start its role (broker");
        errors.ShouldContain("--request early");
        (await ActionsAsync(shard)).ShouldBeEmpty();

        // Two start; the one that gets the shard finds the request, as after one that died before its commit.
        List<DataHubHost> brokers = [await deployment.StartAsync(new HostRole(RoleKind.Broker)), await deployment.StartAsync(new HostRole(RoleKind.Broker))];
        await RoleHosts.ReconciledAsync(brokers[0], [early]);
        await HostFixture.UntilAsync(() => brokers.TrueForAll(b => b.HubNodes.Count == 1), "the brokers have a shard each");
        (await ReplayAsync(shard, number, settings: 1, "--request", "early")).ShouldBe((0, "Request early.\nWorked again.\n", ""));

        // Of the other shard, beside both brokers.
        var (otherShard, otherNumber) = await ParkedAsync(exchanges[1]);
        otherShard.ShouldNotBe(shard);
        (await ReplayAsync(otherShard, otherNumber, settings: 1, "--request", "other")).ShouldBe((0, "Request other.\nWorked again.\n", ""));
        (await ReplayAsync(otherShard, otherNumber, settings: 1, "--request", "again")).ShouldBe((1, $"Request again.\nNothing is parked under {otherShard} {otherNumber}.\n", ""));
        (await ReplayAsync(shard, number, settings: 1, "--request", "other")).Code.ShouldBe(2);
        await RoleHosts.ReconciledAsync(brokers[0], [exchanges[1]]);

        // The hub is stopped: the program takes the lease itself.
        foreach (var broker in brokers)
            await deployment.StopAsync(broker);
        var (lastShard, lastNumber) = await ParkedAsync(exchanges[2]);
        (await ReplayAsync(lastShard, lastNumber, settings: 2, "--request", "last")).ShouldBe((0, "Request last.\nWorked again.\n", ""));
        var after = await deployment.StartAsync(new HostRole(RoleKind.Broker));
        await RoleHosts.ReconciledAsync(after, exchanges);

        (await ActionsAsync(shard)).ShouldBe([("early", "王主任", "数据已修复")]);
        (await ActionsAsync(otherShard)).ShouldBe([("other", "王主任", "数据已修复"), ("again", "王主任", "数据已修复"), ("last", "王主任", "数据已修复")]);
        (await store.OpenReplaysAsync(after.Shards.Nodes, 10, Cancel)).ShouldBeEmpty();
        (await JournalVerifier.VerifyAsync(store, after.Keys.Ring, Cancel)).ShouldAllBe(c => c.Faults.Count == 0);
    }

    /// <summary>Opens an exchange in each of these shards, whose decision the hub parks. Leaves the adapters running and no broker.</summary>
    private async Task<List<string>> ParkEachAsync(params int[] shards)
    {
        var broker = await deployment.StartAsync(new HostRole(RoleKind.Broker));
        var chengdu = await deployment.StartAsync(new HostRole(RoleKind.Adapter, "chengdu"));
        List<string> submitted = [];
        List<string> chosen = [];
        foreach (var shard in shards)
        {
            string? found = null;
            for (var i = 0; i < 50 && found is null; i++)
            {
                submitted.Add(await deployment.SubmitAsync(chengdu.Registry));
                found = chengdu.Shards.Of(submitted[^1]) == shard ? submitted[^1] : null;
            }

            chosen.Add(found.ShouldNotBeNull());
        }

        await HostFixture.UntilAsync(async () =>
        {
            var opened = 0;
            foreach (var node in chengdu.Shards.Nodes)
                opened += (await store.ExchangesAsync(node, submitted, Cancel)).Count;
            return opened == submitted.Count;
        }, "the hub has opened the exchanges");
        await deployment.StopAsync(broker);

        // The exchanges are of a version of the flow that the program does not have.
        await SetFlowVersionAsync(chosen, 99);
        broker = await deployment.StartAsync(new HostRole(RoleKind.Broker));
        await deployment.StartAsync(new HostRole(RoleKind.Adapter, "deyang"));
        await HostFixture.UntilAsync(async () => (await store.ParkedAsync(chengdu.Shards.Nodes[0], Cancel)).Count + (await store.ParkedAsync(chengdu.Shards.Nodes[1], Cancel)).Count == chosen.Count, "the decisions are parked");
        await deployment.StopAsync(broker);
        await SetFlowVersionAsync(chosen, 1);
        return chosen;
    }

    private async Task<(string Shard, long Number)> ParkedAsync(string exchangeId)
    {
        var shard = new Contracts.HubShards(RoleHosts.Shards).NodeOf(exchangeId);
        return (shard, (await store.ParkedAsync(shard, Cancel)).Single(r => r.ExchangeId == exchangeId).Number);
    }

    private async Task<List<(string Request, string Operator, string Reason)>> ActionsAsync(string shard) =>
        [.. (await store.JournalAsync(shard, 0, EntryKind.Operator, 100, Cancel)).Select(r => (r.Key.Split(':')[^1], r.Sender, Encoding.UTF8.GetString(r.Body)))];

    /// <param name="settings">1: the database, as an operator's machine may have it; 2: all that a broker needs.</param>
    private Task<(int Code, string Text, string Errors)> ReplayAsync(string node, long number, int settings, params string[] options)
    {
        var rabbit = new Uri(deployment.RabbitConnection);
        Dictionary<string, string> variables = new() { ["DATAHUB_POSTGRES"] = deployment.PostgresConnection };
        if (settings == 2)
        {
            variables["DATAHUB_RABBITMQ_HOSTS"] = rabbit.Authority;
            variables["DATAHUB_RABBITMQ_VHOST"] = rabbit.AbsolutePath.Length > 1 ? Uri.UnescapeDataString(rabbit.AbsolutePath[1..]) : "/";
            variables["DATAHUB_RABBITMQ_USER"] = rabbit.UserInfo.Split(':')[0];
            variables["DATAHUB_RABBITMQ_PASSWORD"] = rabbit.UserInfo.Split(':')[1];
        }

        return HostProgram.RunAsync(deployment.Folder, variables, ["replay", node, $"{number}", "--operator", "王主任", "--reason", "数据已修复", "--data", Path.Combine(deployment.Folder, "data"), .. options]);
    }

    private async Task SetFlowVersionAsync(IReadOnlyCollection<string> exchanges, int version)
    {
        await using var source = NpgsqlDataSource.Create(deployment.PostgresConnection);
        await using var command = source.CreateCommand("UPDATE datahub.exchange_hub SET flow_version = $1 WHERE exchange_id = ANY ($2)");
        command.Parameters.AddWithValue(version);
        command.Parameters.AddWithValue(exchanges.ToArray());
        (await command.ExecuteNonQueryAsync(Cancel)).ShouldBe(exchanges.Count);
    }
}

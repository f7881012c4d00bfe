using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Distributed;

public sealed partial class SharedDeploymentTests
{
    /// <summary>Nodes that change hands, while traffic runs: there is one writer at any time, whatever the processes believe.</summary>
    [Fact]
    public async Task A_paused_broker_writes_nothing_after_its_shard_was_taken_and_a_second_adapter_stands_by()
    {
        await using var deployment = await shared.TakeAsync(output);
        var shard = deployment.Shards.Nodes[0];

        var paused = await deployment.BrokerOfAsync(0);
        await deployment.Traffic.AddAsync(60, TimeSpan.FromSeconds(1));
        await deployment.Traffic.UnderWayAsync();
        await paused.PauseAsync();
        await HostFixture.UntilAsync(async () => await deployment.HolderAsync(shard) is { } holder && holder != paused.Instance, "another broker takes the shard");
        deployment.Tell("the shard was taken over");
        await deployment.Traffic.AddAsync(30, TimeSpan.FromSeconds(1));
        await deployment.Traffic.ProceedsAsync();

        // It wakes up in the middle of what it did and believes that it holds the lease.
        var before = paused.Log.Length;
        await paused.ContinueAsync();
        await HostFixture.UntilAsync(() => paused.Log[before..].Contains($"Node {shard} does not run here any more: another process has taken it over", StringComparison.Ordinal), "the paused broker finds that it lost the shard");
        await deployment.Traffic.AddAsync(30, TimeSpan.FromSeconds(1));
        await HostFixture.UntilAsync(async () => await deployment.HolderAsync(shard) == paused.Instance || await deployment.HolderAsync(deployment.Shards.Nodes[1]) == paused.Instance, "it gets its share again");

        var first = deployment["adapter-meishan"];
        var second = await deployment.AddAsync("adapter-meishan-standby", like: first);
        await HostFixture.UntilAsync(() => second.Log.Contains("runs the role", StringComparison.Ordinal), "the second adapter is up");
        (await deployment.HolderAsync("511400")).ShouldBe(first.Instance);
        await deployment.Traffic.AddAsync(30, TimeSpan.FromSeconds(1));
        await first.KillAsync();
        await second.ReadyAsync();
        (await deployment.HolderAsync("511400")).ShouldBe(second.Instance);

        await FinalAudit.HoldsAsync(deployment);
    }
}

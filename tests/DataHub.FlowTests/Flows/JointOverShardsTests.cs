using DataHub.Core.Messaging.RabbitMq;
using DataHub.Core.Registry;
using DataHub.FlowTests.Roles;
using DataHub.Host;
using DataHub.TestServers;
using DataHub.UnitTests.Flows;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Flows;

/// <summary>The same where the hub is divided, on PostgreSQL and RabbitMQ: whole and parts have to meet in one shard.</summary>
public sealed class JointOverShardsTests(SharedServers servers) : JointTests
{
    private const int Shards = 2;

    private EmptyBroker? broker;
    private string database = "";

    public override async ValueTask InitializeAsync()
    {
        var cities = RegistrySnapshot.Load(RegistrySnapshot.FindSeeds()).Cities.Select(c => c.Code);
        broker = await (await servers.RabbitAsync()).EmptyBrokerAsync(RabbitTopology.For(cities, Shards, new RabbitMqOptions()).Queues.Select(q => q.Name));
        database = await (await servers.PostgresAsync()).CreateDatabaseAsync();
        await base.InitializeAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        broker?.Dispose();
    }

    [Fact]
    public async Task Wholes_are_spread_over_the_shards_and_each_has_its_parts_in_its_own()
    {
        var used = new HashSet<string>(StringComparer.Ordinal);
        for (var tries = 0; used.Count < Shards && tries < 40; tries++)
        {
            var (whole, parts) = await OpenAsync(Samples.Joint);
            parts.Select(journey.HubOf).ShouldAllBe(shard => shard == journey.HubOf(whole));
            if (!used.Add(journey.HubOf(whole)))
                continue;
            await DecideAsync(Samples.Deyang, parts[0], Samples.Approval);
            await DecideAsync(Samples.Meishan, parts[1], Samples.Approval);
            await journey.ReconciledAsync(whole);
            (await journey.HubAsync(whole)).State.Outcome!.Code.ShouldBe("completed");
        }

        used.Count.ShouldBe(Shards);
    }

    private protected override DataHubOptions Options(DataHubOptions options) => options with { Postgres = database, RabbitMq = RoleHosts.Rabbit(broker!.ConnectionString), Shards = Shards };
}

using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using DataHub.Contracts.Envelope;
using DataHub.Core.Messaging.RabbitMq;
using DataHub.Core.Registry;
using DataHub.Host;
using DataHub.Host.Api;
using DataHub.Host.Roles;
using DataHub.TestServers;
using DataHub.UnitTests.Flows;
using RabbitMQ.Client;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Roles;

/// <summary>Processes of roles beside each other, on real servers.</summary>
public sealed class LeaseTests(SharedServers servers) : IAsyncLifetime
{
    private static readonly HostRole Broker = new(RoleKind.Broker);

    private RoleHosts deployment = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => deployment = await RoleHosts.CreateAsync(servers);

    public ValueTask DisposeAsync() => deployment.DisposeAsync();

    [Fact]
    public async Task Brokers_share_the_shards_take_over_and_stand_by_while_every_exchange_is_reconciled()
    {
        var first = await deployment.StartAsync(Broker);
        first.HubNodes.Count.ShouldBe(RoleHosts.Shards);
        var chengdu = await deployment.StartAsync(new HostRole(RoleKind.Adapter, "chengdu"));
        await deployment.StartAsync(new HostRole(RoleKind.Adapter, "deyang"));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var traffic = TrafficAsync(chengdu, stop.Token);

        var second = await deployment.StartAsync(Broker);
        await SharedAsync(first, second);
        await deployment.StopAsync(first);
        await HostFixture.UntilAsync(() => second.HubNodes.Count == RoleHosts.Shards, "the second broker takes over what the first has left");

        var third = await deployment.StartAsync(Broker);
        await SharedAsync(second, third);
        var spare = await deployment.StartAsync(Broker);
        spare.HubNodes.ShouldBeEmpty();
        (await ReadyAsync(spare)).ShouldBe(HttpStatusCode.OK);
        await deployment.StopAsync(third);
        await SharedAsync(second, spare);

        await stop.CancelAsync();
        var submitted = await traffic;
        submitted.Count.ShouldBeGreaterThan(20);
        await RoleHosts.ReconciledAsync(second, submitted);
        submitted.Select(second.Shards.NodeOf).Distinct().Count().ShouldBe(RoleHosts.Shards);
    }

    [Fact]
    public async Task An_adapter_whose_city_another_process_has_stands_by_and_takes_over()
    {
        var adapter = new HostRole(RoleKind.Adapter, "chengdu");
        var first = await deployment.StartAsync(adapter);
        var second = await deployment.StartAsync(adapter);
        (await ReadyAsync(first)).ShouldBe(HttpStatusCode.OK);
        using var client = new HttpClient { BaseAddress = second.Url };
        using var answer = await client.GetAsync("/health/ready", Cancel);
        answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await answer.Content.ReadAsStringAsync(Cancel)).ShouldContain("another process holds the city's lease; this one stands by");
        (await client.GetAsync("/health/live", Cancel)).StatusCode.ShouldBe(HttpStatusCode.OK);

        await deployment.StopAsync(first);
        await HostFixture.UntilAsync(async () => await ReadyAsync(second) == HttpStatusCode.OK, "the second adapter takes over");
    }

    [Fact]
    public async Task What_each_role_consumes_is_what_the_table_of_roles_says()
    {
        var broker = await deployment.StartAsync(Broker);
        var modules = HubModules.All(broker.Registry.Cities, broker.Shards);
        await ConsumedAsync(modules.Single(m => m.Role == "broker").Queues);
        broker.HubNodes.Keys.ShouldBe(modules.Single(m => m.Role == "broker").Nodes, ignoreOrder: true);
        await deployment.StopAsync(broker);

        var adapter = await deployment.StartAsync(new HostRole(RoleKind.Adapter, "deyang"));
        await ConsumedAsync(modules.Single(m => m.Role == "adapter deyang").Queues);
        adapter.Adapters.Keys.ShouldBe(modules.Single(m => m.Role == "adapter deyang").Nodes);
        modules.SelectMany(m => m.Queues).Append(RabbitTopology.Parked).ShouldBe(Topology().Queues.Select(q => q.Name), ignoreOrder: true);
    }

    [Fact]
    public async Task The_console_answers_from_the_database_alone()
    {
        await deployment.StartAsync(Broker);
        var chengdu = await deployment.StartAsync(new HostRole(RoleKind.Adapter, "chengdu"));
        await deployment.StartAsync(new HostRole(RoleKind.Adapter, "deyang"));
        var id = await deployment.SubmitAsync(chengdu.Registry);
        await RoleHosts.ReconciledAsync(chengdu, [id]);

        var keys = Path.Combine(deployment.Folder, "console", "api-keys.json");
        var console = await deployment.StartAsync(new HostRole(RoleKind.Console), o => o with { RabbitMq = null, ApiKeysFile = keys, DataDirectory = Path.Combine(deployment.Folder, "console") });
        (await ReadyAsync(console)).ShouldBe(HttpStatusCode.OK);
        using var client = new HttpClient { BaseAddress = console.Url };
        (await client.GetAsync("/v1/exchanges/" + id, Cancel)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        client.DefaultRequestHeaders.Add(ApiKeys.Header, ApiKeys.Create(keys, Samples.Chengdu));
        (await client.GetFromJsonAsync<JsonNode>("/v1/exchanges/" + id, Cancel))!["exchangeId"]!.GetValue<string>().ShouldBe(id);
        (await client.GetFromJsonAsync<JsonNode>($"/v1/exchanges/{id}/timeline", Cancel)).ShouldNotBeNull();
        using var nothing = new StringContent("{}", System.Text.Encoding.UTF8, EventFormat.SingleMediaType);
        (await client.PostAsync("/v1/messages", nothing, Cancel)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    private static RabbitTopology Topology() => RabbitTopology.For(RegistrySnapshot.Load(RegistrySnapshot.FindSeeds()).Cities.Select(c => c.Code), RoleHosts.Shards, new RabbitMqOptions());

    /// <summary>Waits until these queues and no others are consumed.</summary>
    private async Task ConsumedAsync(IReadOnlyList<string> queues)
    {
        await using var connection = await new ConnectionFactory { Uri = new Uri(deployment.RabbitConnection) }.CreateConnectionAsync(Cancel);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: Cancel);
        await HostFixture.UntilAsync(async () =>
        {
            List<string> consumed = [];
            foreach (var queue in Topology().Queues)
            {
                if ((await channel.QueueDeclarePassiveAsync(queue.Name, Cancel)).ConsumerCount > 0)
                    consumed.Add(queue.Name);
            }

            return consumed.Order(StringComparer.Ordinal).SequenceEqual(queues.Order(StringComparer.Ordinal));
        }, "consumed: " + string.Join(", ", queues));
    }

    private static Task SharedAsync(DataHubHost one, DataHubHost other) =>
        HostFixture.UntilAsync(() => one.HubNodes.Count == 1 && other.HubNodes.Count == 1 && one.HubNodes.Keys.Single() != other.HubNodes.Keys.Single(), "two brokers have a shard each");

    private static async Task<HttpStatusCode> ReadyAsync(DataHubHost host)
    {
        using var client = new HttpClient { BaseAddress = host.Url };
        using var answer = await client.GetAsync("/health/ready", Cancel);
        return answer.StatusCode;
    }

    private async Task<List<string>> TrafficAsync(DataHubHost chengdu, CancellationToken stop)
    {
        var submitted = new List<string>();
        while (!stop.IsCancellationRequested)
        {
            submitted.Add(await deployment.SubmitAsync(chengdu.Registry));
            await Task.Delay(20, CancellationToken.None);
        }

        return submitted;
    }
}

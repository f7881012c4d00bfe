using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using DataHub.Host;
using DataHub.Host.Roles;
using DataHub.TestServers;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Roles;

/// <summary>What <c>/health/ready</c> says while a server is away, and when it is back. On servers that are this test's own.</summary>
public sealed class HealthTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_stopped_server_is_named_and_a_server_that_is_back_makes_the_process_ready_again()
    {
        var starting = (Rabbit: RabbitServer.StartAsync(), Postgres: PostgresServer.StartAsync());
        await using var rabbit = await starting.Rabbit;
        await using var postgres = await starting.Postgres;
        await using var deployment = RoleHosts.Create(rabbit, await postgres.CreateDatabaseAsync());
        var broker = await deployment.StartAsync(new HostRole(RoleKind.Broker));
        var adapter = await deployment.StartAsync(new HostRole(RoleKind.Adapter, "chengdu"));
        await FailedAsync(broker);
        await FailedAsync(adapter);

        await postgres.StopAsync();
        await FailedAsync(broker, "database", "leases:broker");
        await FailedAsync(adapter, "adapter:510100", "database", "leases:adapter:chengdu");
        (await SentencesAsync(broker))["database"].ShouldStartWith("the database ");
        (await LiveAsync(broker)).ShouldBe(HttpStatusCode.OK);
        await postgres.StartAgainAsync();
        await FailedAsync(broker);
        await FailedAsync(adapter);

        await rabbit.StopAsync();
        await FailedAsync(broker, "bus");
        (await SentencesAsync(broker))["bus"].ShouldBe("RabbitMQ cannot be reached, or a queue cannot be consumed");
        await rabbit.StartAgainAsync();
        await FailedAsync(broker);
        await FailedAsync(adapter);
        broker.HubNodes.Count.ShouldBe(RoleHosts.Shards);
    }

    /// <summary>Waits until these parts and no others have failed; where there is none, the process is ready.</summary>
    private static Task FailedAsync(DataHubHost host, params string[] parts)
    {
        IReadOnlyDictionary<string, string> found = new Dictionary<string, string>();
        return HostFixture.UntilAsync(async () =>
        {
            found = await SentencesAsync(host);
            return found.Keys.Order(StringComparer.Ordinal).SequenceEqual(parts);
        }, $"failed: {string.Join(", ", parts)}");
    }

    private static async Task<Dictionary<string, string>> SentencesAsync(DataHubHost host)
    {
        using var client = new HttpClient { BaseAddress = host.Url };
        using var answer = await client.GetAsync("/health/ready", Cancel);
        var checks = (await answer.Content.ReadFromJsonAsync<JsonNode>(Cancel))!["checks"]!.AsArray();
        var failed = checks.Where(c => c!["state"]!.GetValue<string>() == "failed").ToDictionary(c => c!["name"]!.GetValue<string>(), c => c!["sentence"]!.GetValue<string>());
        answer.StatusCode.ShouldBe(failed.Count == 0 ? HttpStatusCode.OK : HttpStatusCode.ServiceUnavailable);
        return failed;
    }

    private static async Task<HttpStatusCode> LiveAsync(DataHubHost host)
    {
        using var client = new HttpClient { BaseAddress = host.Url };
        using var answer = await client.GetAsync("/health/live", Cancel);
        return answer.StatusCode;
    }
}

using DataHub.TestServers;
using Npgsql;
using Xunit;

namespace DataHub.FlowTests.Distributed;

/// <summary>A primary of PostgreSQL that is lost for good, while traffic runs, and nothing between the processes and their servers is in the clear.</summary>
[Collection(nameof(Deployment))]
public sealed class FailoverTests(ITestOutputHelper output)
{
    private const string RabbitName = "rabbitmq.datahub.example";

    [Fact]
    public async Task With_the_primary_killed_and_its_synchronous_standby_promoted_and_TLS_everywhere_every_exchange_ends_once()
    {
        var authority = new TestAuthority();
        var starting = RabbitServer.StartAsync(new RabbitOptions { Tls = authority.Issue(RabbitName), AsksForCertificate = true });
        await using var primary = await PostgresServer.StartAsync(new PostgresOptions { Tls = authority.Issue("127.0.0.1") });
        await using var standby = await primary.StartStandbyAsync(authority.Issue("127.0.0.1"));
        await using var rabbit = await starting;
        // As an operator writes it: every server that may be the primary one day. The first has not been there for long.
        async Task<string> CreateDatabaseAsync() => new NpgsqlConnectionStringBuilder(await primary.CreateDatabaseAsync())
        {
            Host = $"127.0.0.1:{LoopbackPorts.Next()},127.0.0.1:{primary.Port},127.0.0.1:{standby.Port}",
            TargetSessionAttributes = "primary",
        }.ConnectionString;
        var own = authority.Issue("processes").Write(Path.Combine(rabbit.Folder, "processes"));
        await using var deployment = await Deployment.StartAsync(output, [rabbit.ConnectionString], CreateDatabaseAsync, new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["DATAHUB_RABBITMQ_TLS_SERVER_NAME"] = RabbitName,
            ["DATAHUB_RABBITMQ_TLS_CA"] = own.Authority,
            ["DATAHUB_RABBITMQ_TLS_CERTIFICATE"] = own.Certificate,
            ["DATAHUB_RABBITMQ_TLS_KEY"] = own.Key,
        });

        await AddAsync(deployment);
        await deployment.Traffic.ProceedsAsync();
        await AddAsync(deployment);
        await primary.StopImmediateAsync();
        deployment.Tell("the primary is lost");
        await deployment.Traffic.AddAsync(20, TimeSpan.FromSeconds(1));
        await standby.PromoteAsync();
        deployment.Tell("the standby is the primary");
        await deployment.Traffic.ProceedsAsync();
        deployment.Tell("traffic goes on");
        await AddAsync(deployment);

        await FinalAudit.HoldsAsync(deployment);
    }

    private static async Task AddAsync(Deployment deployment)
    {
        await deployment.Traffic.AddAsync(40, TimeSpan.FromSeconds(2));
        await deployment.Traffic.UnderWayAsync();
    }
}

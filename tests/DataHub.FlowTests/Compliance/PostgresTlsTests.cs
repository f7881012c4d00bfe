using DataHub.Core.Storage;
using DataHub.Core.Storage.Postgres;
using DataHub.TestServers;
using Npgsql;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Compliance;

/// <summary>A PostgreSQL that lets nobody in without TLS, and whether it is the one that was meant.</summary>
public sealed class PostgresTlsTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_is_used_when_its_certificate_holds_and_refused_with_the_reason_when_it_does_not()
    {
        await using var server = await PostgresServer.StartAsync(new PostgresOptions { Tls = new TestAuthority().Issue("127.0.0.1") });
        var stranger = new TestAuthority().Issue("127.0.0.1").Write(Path.Combine(server.Folder, "stranger"));
        var database = await server.CreateDatabaseAsync();
        await using (var store = await PostgresNodeStore.OpenAsync(database, Cancel))
            (await store.LeasesAsync("broker", Cancel)).Holders.ShouldBeEmpty();

        (await RefusalAsync(c => c.RootCertificate = stranger.Authority)).ShouldStartWith("PostgreSQL's certificate is not trusted; set Root Certificate in DATAHUB_POSTGRES");
        (await RefusalAsync(c => c.RootCertificate = null)).ShouldStartWith("PostgreSQL's certificate is not trusted; ");
        (await RefusalAsync(c => c.Host = "localhost")).ShouldStartWith("PostgreSQL's certificate is not trusted; ");
        (await RefusalAsync(c => (c.SslMode, c.RootCertificate) = (SslMode.Disable, null))).ShouldContain("the SSL Mode that it asks for");

        async Task<string> RefusalAsync(Action<NpgsqlConnectionStringBuilder> change)
        {
            var changed = new NpgsqlConnectionStringBuilder(database);
            change(changed);
            return (await Should.ThrowAsync<StoreUnavailableException>(() => PostgresNodeStore.OpenAsync(changed.ConnectionString, Cancel))).Message;
        }
    }

    [Fact]
    public async Task A_file_of_authorities_that_is_replaced_counts_from_the_next_connection_on()
    {
        var issued = new TestAuthority().Issue("127.0.0.1");
        await using var server = await PostgresServer.StartAsync(new PostgresOptions { Tls = issued });
        var database = new NpgsqlConnectionStringBuilder(await server.CreateDatabaseAsync());
        var authorities = database.RootCertificate = Path.Combine(server.Folder, "authorities.pem");
        await File.WriteAllTextAsync(authorities, issued.Authority, Cancel);
        await using var store = await PostgresNodeStore.OpenAsync(database.ConnectionString, Cancel);

        await File.WriteAllTextAsync(authorities, new TestAuthority().Issue("127.0.0.1").Authority, Cancel);
        await server.RestartImmediateAsync();
        await Should.ThrowAsync<StoreUnavailableException>(async () => await store.LeasesAsync("broker", Cancel));
        await File.WriteAllTextAsync(authorities, issued.Authority, Cancel);
        (await store.LeasesAsync("broker", Cancel)).Holders.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_server_that_asks_for_a_certificate_is_shown_the_one_that_lies_there_at_every_connect_and_without_one_the_refusal_says_what_to_set()
    {
        var authority = new TestAuthority();
        await using var server = await PostgresServer.StartAsync(new PostgresOptions { Tls = authority.Issue("127.0.0.1"), Client = authority.Issue("datahub") });
        var database = new NpgsqlConnectionStringBuilder(await server.CreateDatabaseAsync());
        var without = new NpgsqlConnectionStringBuilder(database.ConnectionString) { SslCertificate = null, SslKey = null };
        (await Should.ThrowAsync<StoreUnavailableException>(() => PostgresNodeStore.OpenAsync(without.ConnectionString, Cancel)))
            .Message.ShouldEndWith("and to the SSL Mode that it asks for, with SSL Certificate and SSL Key where it asks for a certificate.");
        var own = authority.Issue("datahub").Write(Path.Combine(server.Folder, "own"));
        (database.SslCertificate, database.SslKey) = (own.Certificate, own.Key);
        await using var store = await PostgresNodeStore.OpenAsync(database.ConnectionString, Cancel);

        // A stranger's, then one that the authority has renewed.
        foreach (var (issued, enters) in new[] { (new TestAuthority().Issue("datahub"), false), (authority.Issue("datahub"), true) })
        {
            issued.Write(Path.GetDirectoryName(own.Certificate)!);
            await server.RestartImmediateAsync();
            var asked = store.LeasesAsync("broker", Cancel);
            if (enters)
                (await asked).Holders.ShouldBeEmpty();
            else
                await Should.ThrowAsync<StoreUnavailableException>(async () => await asked);
        }
    }

    [Theory]
    [InlineData("primary")]
    [InlineData("read-write")]
    public async Task What_a_connection_string_of_one_host_says_of_the_servers_role_does_no_harm(string attributes)
    {
        await using var server = await PostgresServer.StartAsync();
        var database = new NpgsqlConnectionStringBuilder(await server.CreateDatabaseAsync()) { TargetSessionAttributes = attributes };
        await using var store = await PostgresNodeStore.OpenAsync(database.ConnectionString, Cancel);
        (await store.LeasesAsync("broker", Cancel)).Holders.ShouldBeEmpty();
    }
}

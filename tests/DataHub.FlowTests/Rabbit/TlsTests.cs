using System.Net;
using DataHub.Core.Messaging.RabbitMq;
using DataHub.FlowTests.Roles;
using DataHub.FlowTests.Telemetry;
using DataHub.Host;
using DataHub.Host.Roles;
using DataHub.TestServers;
using Microsoft.Extensions.Logging;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Rabbit;

/// <summary>A RabbitMQ that listens with TLS only, and whom it and we trust.</summary>
public sealed class TlsTests(SharedServers servers) : IDisposable
{
    private const string Name = "rabbitmq.datahub.example";
    private const string Expired = "its certificate is valid from ";

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("datahub-tls-");
    private readonly TestAuthority authority = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_that_is_not_trusted_and_one_that_does_not_trust_us_are_refused_with_the_reason_and_never_spoken_to_in_the_clear()
    {
        await using var server = await RabbitServer.StartAsync(new RabbitOptions { Tls = authority.Issue(Name), AsksForCertificate = true });
        var own = Write(authority);
        var stranger = Write(new TestAuthority());
        await RabbitTopologyDeclarer.DeclareAsync(Options(server.Uri, Tls(own)), RabbitBench.Topology(Options(server.Uri, Tls(own))), Cancel);

        (await RefusalAsync(Tls(own, ca: stranger.Authority))).ShouldEndWith(" is not trusted: its certificate is not signed by an authority that is trusted here; set DATAHUB_RABBITMQ_TLS_CA to the certificate of the authority that signed it.");
        (await RefusalAsync(new RabbitMqTls { ServerName = Name, CertificateFile = own.Certificate, KeyFile = own.Key })).ShouldContain("is not signed by an authority that is trusted here");
        (await RefusalAsync(Tls(own, name: "other.datahub.example"))).ShouldEndWith(" is not trusted: its certificate does not carry the name 'other.datahub.example'; set DATAHUB_RABBITMQ_TLS_SERVER_NAME to a name that it carries.");
        (await RefusalAsync(new RabbitMqTls { ServerName = Name, CaFile = own.Authority })).ShouldEndWith(" cannot be reached; start it, or set the hosts, the port and TLS as they are there, with DATAHUB_RABBITMQ_TLS_CERTIFICATE where it asks for a certificate.");
        (await RefusalAsync(Tls(own, key: stranger))).ShouldEndWith(" cannot be reached; start it, or set the hosts, the port and TLS as they are there.");
        (await RefusalAsync(null)).ShouldEndWith(" cannot be reached; start it, or set the hosts, the port and TLS as they are there.");

        using var plain = await RabbitBench.BrokerAsync(servers);
        (await RefusalAsync(Tls(own), new Uri(plain.ConnectionString))).ShouldContain(" cannot be reached");

        // The whole program, which then does not run at all.
        var (code, _, errors) = await HostProgram.RunAsync(folder.FullName, await VariablesAsync(server.Uri, own, stranger.Authority), "broker");
        code.ShouldBe(2, errors);
        errors.ShouldContain("is not signed by an authority that is trusted here; set DATAHUB_RABBITMQ_TLS_CA");

        async Task<string> RefusalAsync(RabbitMqTls? tls, Uri? at = null)
        {
            var options = Options(at ?? server.Uri, tls);
            return (await Should.ThrowAsync<BusRefusedException>(() => RabbitTopologyDeclarer.DeclareAsync(options, RabbitBench.Topology(options), Cancel))).Message;
        }
    }

    [Fact]
    public async Task Exchanges_run_over_TLS_stand_still_while_RabbitMQ_is_not_trusted_and_go_on_with_the_renewed_files_of_another_authority()
    {
        await using var server = await RabbitServer.StartAsync(new RabbitOptions { Tls = authority.Issue(Name), AsksForCertificate = true });
        var own = Write(authority);
        await using var roles = RoleHosts.Create(server, await (await servers.PostgresAsync()).CreateDatabaseAsync(), Tls(own));
        using var log = new LogReader();
        var broker = await roles.StartAsync(new HostRole(RoleKind.Broker), o => o with { Logging = l => l.ClearProviders().AddProvider(log) });
        var chengdu = await roles.StartAsync(new HostRole(RoleKind.Adapter, "chengdu"));
        var deyang = await roles.StartAsync(new HostRole(RoleKind.Adapter, "deyang"));
        var before = await roles.SubmitAsync(chengdu.Registry);
        await RoleHosts.ReconciledAsync(broker, [before]);

        foreach (var (certificate, flaw) in new[]
        {
            (new TestAuthority().Issue(Name), "is not signed by an authority that is trusted here"),
            (authority.Issue(Name, expired: true), Expired),
        })
        {
            await server.StopAsync();
            server.UseCertificate(certificate, flaw == Expired ? authority.Issue("client") : null);
            await server.StartAgainAsync();
            await HostFixture.UntilAsync(() => log.Lines.Any(l => l.Contains("is not trusted: ", StringComparison.Ordinal) && l.Contains(flaw, StringComparison.Ordinal)), $"the log says: {flaw}");
            await HostFixture.UntilAsync(async () => !await ReadyAsync(broker), "the broker says that it is not ready");
        }

        var during = await roles.SubmitAsync(chengdu.Registry);
        await HostFixture.UntilAsync(async () => !await ReadyAsync(chengdu), "the adapter says that it is not ready");
        (await chengdu.Store.ExchangesAsync(chengdu.Shards.NodeOf(during), [during], Cancel)).ShouldBeEmpty("nothing has reached the hub");

        // RabbitMQ goes over to another authority, and so do the files of the processes, which run on.
        var renewed = new TestAuthority();
        await server.StopAsync();
        server.UseCertificate(renewed.Issue(Name));
        renewed.Issue("client").Write(Path.GetDirectoryName(own.Authority)!);
        await server.StartAgainAsync();
        foreach (var host in (DataHubHost[])[broker, chengdu, deyang])
            await HostFixture.UntilAsync(() => ReadyAsync(host), "the process is ready again");
        await RoleHosts.ReconciledAsync(broker, [during]);
    }

    public void Dispose() => folder.Delete(recursive: true);

    private CertificateFiles Write(TestAuthority by) => by.Issue("client").Write(Path.Combine(folder.FullName, Guid.NewGuid().ToString("N")));

    private static RabbitMqTls Tls(CertificateFiles own, string name = Name, string? ca = null, CertificateFiles? key = null) =>
        new() { ServerName = name, CaFile = ca ?? own.Authority, CertificateFile = (key ?? own).Certificate, KeyFile = (key ?? own).Key };

    private static RabbitMqOptions Options(Uri server, RabbitMqTls? tls)
    {
        var plain = RabbitBench.Options(server);
        return new RabbitMqOptions { Hosts = plain.Hosts, VirtualHost = plain.VirtualHost, User = plain.User, Password = plain.Password, Tls = tls };
    }

    private async Task<Dictionary<string, string>> VariablesAsync(Uri server, CertificateFiles own, string ca)
    {
        var options = Options(server, null);
        return new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["DATAHUB_SEEDS"] = Core.Registry.RegistrySnapshot.FindSeeds(),
            ["DATAHUB_URLS"] = $"http://127.0.0.1:{LoopbackPorts.Next()}",
            ["DATAHUB_POSTGRES"] = await (await servers.PostgresAsync()).CreateDatabaseAsync(),
            ["DATAHUB_RABBITMQ_HOSTS"] = options.Hosts,
            ["DATAHUB_RABBITMQ_VHOST"] = options.VirtualHost,
            ["DATAHUB_RABBITMQ_USER"] = options.User!,
            ["DATAHUB_RABBITMQ_PASSWORD"] = options.Password!,
            ["DATAHUB_RABBITMQ_TLS_SERVER_NAME"] = Name,
            ["DATAHUB_RABBITMQ_TLS_CA"] = ca,
            ["DATAHUB_RABBITMQ_TLS_CERTIFICATE"] = own.Certificate,
            ["DATAHUB_RABBITMQ_TLS_KEY"] = own.Key,
        };
    }

    private static async Task<bool> ReadyAsync(DataHubHost host)
    {
        using var client = new HttpClient { BaseAddress = host.Url };
        using var answer = await client.GetAsync("/health/ready", Cancel);
        return answer.StatusCode == HttpStatusCode.OK;
    }
}

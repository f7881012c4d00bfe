using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using DataHub.Core.Messaging.RabbitMq;
using DataHub.TestServers;
using RabbitMQ.Client;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Rabbit;

/// <summary>What must be set, each said in a sentence, before anything is connected to.</summary>
public sealed class OptionsTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("datahub-options-");

    [Theory]
    [InlineData("rabbit-1:5672,rabbit-2:5672", "datahub", "secret", null)]
    [InlineData("127.0.0.1", "guest", "guest", null)]
    [InlineData("[::1]:5672", "guest", "guest", null)]
    [InlineData("", "datahub", "secret", "hosts are not set")]
    [InlineData("rabbit-1:port", "datahub", "secret", "no host:port")]
    [InlineData("amqp://user:secret@rabbit-1:5672", "datahub", "secret", "no host:port")]
    [InlineData("rabbit-1:5672", null, "secret", "user is not set")]
    [InlineData("rabbit-1:5672", "datahub", null, "password is not set")]
    [InlineData("127.0.0.1:5672,rabbit-2:5672", "guest", "guest", "guest in from its own machine only")]
    public void Hosts_user_and_password_must_be_set_and_fit(string hosts, string? user, string? password, string? fault)
    {
        var options = new RabbitMqOptions { Hosts = hosts, User = user, Password = password };
        if (fault is null)
            options.Faults().ShouldBeEmpty();
        else
            options.Faults().ShouldHaveSingleItem().ShouldContain(fault);
        string.Join(' ', options.Faults()).ShouldNotContain("secret");
    }

    [Fact]
    public void Bounds_and_times_must_be_such_that_frames_can_go_through()
    {
        const string Times = "RabbitMQ's timeouts and the number of attempts must be positive, and the longest wait between attempts must not be below the first.";
        Fault(new RabbitMqOptions { Hosts = "a", User = "u", Password = "p", Prefetch = 0 }).ShouldBe("RabbitMQ's prefetch must be between 1 and 65535.");
        Fault(new RabbitMqOptions { Hosts = "a", User = "u", Password = "p", Prefetch = 65536 }).ShouldBe("RabbitMQ's prefetch must be between 1 and 65535.");
        Fault(new RabbitMqOptions { Hosts = "a", User = "u", Password = "p", QuorumGroupSize = 0 }).ShouldBe("The quorum group size must be at least 1; leave it out to take the cluster's default.");
        Fault(new RabbitMqOptions { Hosts = "a", User = "u", Password = "p", MaxQueueBytes = 4_194_303 }).ShouldBe("A queue's bound in bytes must be at least 4194304: a few frames have to fit.");
        Fault(new RabbitMqOptions { Hosts = "a", User = "u", Password = "p", Heartbeat = TimeSpan.FromSeconds(0.9) }).ShouldBe("RabbitMQ's heartbeat must be between 1 second and 5 minutes.");
        Fault(new RabbitMqOptions { Hosts = "a", User = "u", Password = "p", Heartbeat = TimeSpan.FromSeconds(301) }).ShouldBe("RabbitMQ's heartbeat must be between 1 second and 5 minutes.");
        Fault(new RabbitMqOptions { Hosts = "a", User = "u", Password = "p", ConnectTimeout = TimeSpan.Zero }).ShouldBe(Times);
        Fault(new RabbitMqOptions { Hosts = "a", User = "u", Password = "p", SendTimeout = TimeSpan.Zero }).ShouldBe(Times);
        Fault(new RabbitMqOptions { Hosts = "a", User = "u", Password = "p", Attempts = 0 }).ShouldBe(Times);
        Fault(new RabbitMqOptions { Hosts = "a", User = "u", Password = "p", TryAgainAfter = TimeSpan.FromTicks(-1) }).ShouldBe(Times);
        Fault(new RabbitMqOptions { Hosts = "a", User = "u", Password = "p", TryAgainAfter = TimeSpan.FromSeconds(6) }).ShouldBe(Times);

        static string Fault(RabbitMqOptions options) => options.Faults().ShouldHaveSingleItem();
    }

    [Fact]
    public void The_password_comes_from_a_file_or_a_value_and_is_never_shown()
    {
        var file = Write("password", "from-the-file\n");
        var options = new RabbitMqOptions { Hosts = "127.0.0.1", User = "datahub", PasswordFile = file };
        options.Faults().ShouldBeEmpty();
        options.ToString().ShouldBe("RabbitMQ at 127.0.0.1, virtual host /, user datahub");
        new RabbitMqOptions { Hosts = "127.0.0.1", User = "datahub", PasswordFile = file, Password = "x" }.Faults().ShouldHaveSingleItem().ShouldContain("given twice");
        new RabbitMqOptions { Hosts = "127.0.0.1", User = "datahub", PasswordFile = file + ".not" }.Faults().ShouldHaveSingleItem().ShouldContain("cannot be read");
    }

    [Fact]
    public void Files_for_TLS_must_be_there_and_hold_what_they_should()
    {
        var issued = new TestAuthority().Issue("rabbit.example");
        var (own, other) = (issued.Write(Path.Combine(folder.FullName, "tls")), new TestAuthority().Issue("rabbit.example").Write(Path.Combine(folder.FullName, "other")));
        var empty = Write("empty.pem", "");
        Fault(new RabbitMqTls { CaFile = own.Authority }).ShouldBeNull();
        Fault(new RabbitMqTls { CaFile = own.Authority + ".not" })!.ShouldContain("cannot be read; set DATAHUB_RABBITMQ_TLS_CA ");
        Fault(new RabbitMqTls { CaFile = empty })!.ShouldContain("holds no PEM certificate; set DATAHUB_RABBITMQ_TLS_CA ");
        Fault(new RabbitMqTls { KeyFile = own.Key })!.ShouldContain("without a certificate file; set DATAHUB_RABBITMQ_TLS_CERTIFICATE ");
        Fault(new RabbitMqTls { CertificateFile = Write("both.pem", issued.Certificate + "\n" + issued.Key) }).ShouldBeNull();
        Fault(new RabbitMqTls { CertificateFile = own.Certificate, KeyFile = own.Key }).ShouldBeNull();
        Fault(new RabbitMqTls { CertificateFile = own.Certificate })!.ShouldContain("whose private key is in it too; set DATAHUB_RABBITMQ_TLS_CERTIFICATE, and DATAHUB_RABBITMQ_TLS_KEY ");
        Fault(new RabbitMqTls { CertificateFile = own.Certificate, KeyFile = other.Key })!.ShouldContain($"whose private key is in '{other.Key}'; ");
        Fault(new RabbitMqTls { CertificateFile = own.Certificate, KeyFile = own.Key + ".not" })!.ShouldContain("cannot be read; set DATAHUB_RABBITMQ_TLS_KEY ");
        new RabbitMqOptions { Hosts = "a:1,b:1", User = "datahub", Password = "x", Tls = new RabbitMqTls { CaFile = own.Authority } }.Faults().ShouldHaveSingleItem().ShouldContain("TLS_SERVER_NAME");

        static string? Fault(RabbitMqTls tls) => new RabbitMqOptions { Hosts = "rabbit.example", User = "datahub", Password = "x", Tls = tls }.Faults().SingleOrDefault();
    }

    [Fact]
    public void A_server_is_trusted_by_our_authority_and_its_name_and_by_nothing_less()
    {
        const SslPolicyErrors Unknown = SslPolicyErrors.RemoteCertificateChainErrors;
        var (authority, stranger) = (new TestAuthority(), new TestAuthority());
        var (server, old) = (authority.Issue("rabbit.example"), authority.Issue("rabbit.example", expired: true));
        Flaw(server, Unknown, server).ShouldBeNull();
        Flaw(server, SslPolicyErrors.None, null).ShouldBeNull("the machine trusts it");
        Flaw(server, Unknown, null)!.ShouldContain("not signed by an authority that is trusted here");
        Flaw(server, Unknown, stranger.Issue("rabbit.example"))!.ShouldContain("not signed by an authority that is trusted here");
        Flaw(server, SslPolicyErrors.None, stranger.Issue("rabbit.example"))!.ShouldContain("not signed by an authority that is trusted here", Case.Sensitive, "the machine's authorities do not count where others are set");
        Flaw(server, Unknown | SslPolicyErrors.RemoteCertificateNameMismatch, server)!.ShouldContain("does not carry the name 'rabbit.example'");
        Flaw(old, Unknown, old)!.ShouldContain("its certificate is valid from ");
        RabbitMqTls.Flaw(null, null, SslPolicyErrors.RemoteCertificateNotAvailable, null, "rabbit.example")!.ShouldContain("presents no certificate");

        static string? Flaw(TestCertificate of, SslPolicyErrors errors, TestCertificate? trusted)
        {
            using var certificate = X509Certificate2.CreateFromPem(of.Certificate);
            return RabbitMqTls.Flaw(certificate, null, errors, trusted is null ? null : [X509Certificate2.CreateFromPem(trusted.Authority)], "rabbit.example");
        }
    }

    [Fact]
    public void Files_for_TLS_that_were_replaced_count_at_the_next_connect_and_half_a_file_changes_nothing()
    {
        var (before, after) = (new TestAuthority().Issue("rabbit.example"), new TestAuthority().Issue("rabbit.example"));
        var files = before.Write(Path.Combine(folder.FullName, "tls"));
        var option = new RabbitMqTls { CaFile = files.Authority, CertificateFile = files.Certificate, KeyFile = files.Key }.Option("rabbit.example", static _ => { });
        Connect(option).ShouldBe((before.Certificate, true, false));

        File.WriteAllText(files.Authority, after.Authority[..100]);
        File.WriteAllText(files.Key, after.Key[..20]);
        Connect(option).ShouldBe((before.Certificate, true, false));

        after.Write(Path.Combine(folder.FullName, "tls"));
        Connect(option).ShouldBe((after.Certificate, false, true));

        var lost = new RabbitMqTls { CaFile = files.Authority + ".not" }.Option("rabbit.example", static _ => { });
        Trusts(lost, before, SslPolicyErrors.None).ShouldBeFalse("what the machine trusts does not count where authorities are set");

        (string? Own, bool TrustsBefore, bool TrustsAfter) Connect(SslOption to) => (
            (to.CertificateSelectionCallback!(this, "", [], null, []) as X509Certificate2)?.ExportCertificatePem(),
            Trusts(to, before, SslPolicyErrors.RemoteCertificateChainErrors), Trusts(to, after, SslPolicyErrors.RemoteCertificateChainErrors));

        bool Trusts(SslOption option, TestCertificate server, SslPolicyErrors errors)
        {
            using var certificate = X509Certificate2.CreateFromPem(server.Certificate);
            return option.CertificateValidationCallback!(this, certificate, null, errors);
        }
    }

    public void Dispose() => folder.Delete(recursive: true);

    private string Write(string name, string text)
    {
        var path = Path.Combine(folder.FullName, name);
        File.WriteAllText(path, text);
        return path;
    }
}

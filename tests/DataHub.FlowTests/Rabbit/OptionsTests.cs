using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using DataHub.Core.Messaging.RabbitMq;
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
        var (authority, server) = Certificates("rabbit.example");
        var ca = Write("ca.pem", authority.ExportCertificatePem());
        Fault(new RabbitMqTls { CaFile = ca }).ShouldBeNull();
        Fault(new RabbitMqTls { CaFile = ca + ".not" })!.ShouldContain("CA file");
        Fault(new RabbitMqTls { CaFile = Write("empty.pem", "") })!.ShouldContain("no usable PEM");
        Fault(new RabbitMqTls { KeyFile = ca })!.ShouldContain("without a certificate file");
        using var key = server.GetECDsaPrivateKey()!;
        Fault(new RabbitMqTls { CertificateFile = Write("own.pem", server.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem()) }).ShouldBeNull();
        new RabbitMqOptions { Hosts = "a:1,b:1", User = "datahub", Password = "x", Tls = new RabbitMqTls { CaFile = ca } }.Faults().ShouldHaveSingleItem().ShouldContain("TLS_SERVER_NAME");

        static string? Fault(RabbitMqTls tls) => new RabbitMqOptions { Hosts = "rabbit.example", User = "datahub", Password = "x", Tls = tls }.Faults().SingleOrDefault();
    }

    [Fact]
    public void A_server_is_trusted_by_our_authority_and_its_name_and_by_nothing_less()
    {
        var (authority, server) = Certificates("rabbit.example");
        var (stranger, _) = Certificates("rabbit.example");
        Trusted(SslPolicyErrors.RemoteCertificateChainErrors, authority).ShouldBeTrue();
        Trusted(SslPolicyErrors.RemoteCertificateChainErrors | SslPolicyErrors.RemoteCertificateNameMismatch, authority).ShouldBeFalse();
        Trusted(SslPolicyErrors.RemoteCertificateChainErrors, stranger).ShouldBeFalse();
        RabbitMqTls.IsTrusted(null, null, SslPolicyErrors.RemoteCertificateNotAvailable, [authority]).ShouldBeFalse();

        bool Trusted(SslPolicyErrors errors, X509Certificate2 by) => RabbitMqTls.IsTrusted(server, null, errors, [by]);
    }

    public void Dispose() => folder.Delete(recursive: true);

    private string Write(string name, string text)
    {
        var path = Path.Combine(folder.FullName, name);
        File.WriteAllText(path, text);
        return path;
    }

    private static (X509Certificate2 Authority, X509Certificate2 Server) Certificates(string host)
    {
        var (from, to) = (TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Test authority", authorityKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        var authority = request.CreateSelfSigned(from, to);
        using var serverKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var wanted = new CertificateRequest("CN=" + host, serverKey, HashAlgorithmName.SHA256);
        wanted.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false));
        using var signed = wanted.Create(authority, from, to, RandomNumberGenerator.GetBytes(8));
        return (authority, signed.CopyWithPrivateKey(serverKey));
    }
}

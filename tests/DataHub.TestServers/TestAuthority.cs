using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace DataHub.TestServers;

/// <summary>
/// A certificate authority of a test's own. Two of them have one name and different keys, so that nobody tells them apart by their name.
/// </summary>
public sealed class TestAuthority
{
    private readonly X509Certificate2 certificate;
    private readonly DateTimeOffset from = TimeProvider.System.GetUtcNow().AddDays(-3);
    private readonly DateTimeOffset to = TimeProvider.System.GetUtcNow().AddDays(3);

    public TestAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Test authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        certificate = request.CreateSelfSigned(from, to);
    }

    /// <param name="name">Host name or address that the certificate carries. It serves a server and a client.</param>
    /// <param name="expired">It was valid once.</param>
    public TestCertificate Issue(string name, bool expired = false)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], critical: false));
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(name, out var address))
            names.AddIpAddress(address);
        else
            names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        using var signed = request.Create(certificate, from, expired ? from.AddDays(1) : to, RandomNumberGenerator.GetBytes(8));
        return new TestCertificate(certificate.ExportCertificatePem(), signed.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }
}

/// <summary>A certificate, its private key and the authority that signed it, each as PEM.</summary>
public sealed record TestCertificate(string Authority, string Certificate, string Key)
{
    /// <summary>Writes all three into a folder of their own, where their owner alone can read them.</summary>
    public CertificateFiles Write(string folder)
    {
        Directory.CreateDirectory(folder);
        return new CertificateFiles(Write(folder, "ca.pem", Authority), Write(folder, "own.pem", Certificate), Write(folder, "own.key", Key));
    }

    private static string Write(string folder, string name, string text)
    {
        var path = Path.Combine(folder, name);
        // What another server wrote may belong to the user that it runs as.
        File.Delete(path);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var writer = new StreamWriter(path, options);
        writer.Write(text);
        return path;
    }
}

/// <summary>Where a certificate lies.</summary>
public sealed record CertificateFiles(string Authority, string Certificate, string Key);

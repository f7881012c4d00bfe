using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using RabbitMQ.Client;

namespace DataHub.Core.Messaging.RabbitMq;

/// <summary>Where RabbitMQ is reached over TLS. The server's certificate is always checked, name included.</summary>
public sealed class RabbitMqTls
{
    /// <summary>The name in the server's certificate; null where it is the host's name.</summary>
    public string? ServerName { get; init; }

    /// <summary>PEM file of the authorities to trust; null for those of the machine.</summary>
    public string? CaFile { get; init; }

    /// <summary>PEM file of this process's certificate, where the server asks for one.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>PEM file of the certificate's key; null where the certificate's file holds it.</summary>
    public string? KeyFile { get; init; }

    internal void AddFaults(List<string> faults)
    {
        var before = faults.Count;
        foreach (var (what, path) in new[] { ("CA file", CaFile), ("certificate file", CertificateFile), ("key file", KeyFile) })
        {
            if (path is not null && !RabbitMqOptions.CanRead(path))
                faults.Add($"RabbitMQ's TLS {what} '{path}' cannot be read; name a file that this process may read.");
        }

        if (KeyFile is not null && CertificateFile is null)
            faults.Add("RabbitMQ's TLS key file is set without a certificate file; set both or neither.");
        if (faults.Count == before && Certificates() is null)
            faults.Add("RabbitMQ's TLS files hold no usable PEM certificates, or the key does not belong to the certificate.");
    }

    internal SslOption Option(string host)
    {
        var (authorities, own) = Certificates() ?? throw new InvalidOperationException("The TLS files are not usable: Faults() says why.");
        return new SslOption
        {
            Enabled = true,
            ServerName = ServerName ?? host,
            // The operating system chooses the version: nothing older than its policy allows.
            Version = SslProtocols.None,
            Certs = own is null ? null : [own],
            CertificateValidationCallback = authorities is null ? null : (_, certificate, chain, errors) => IsTrusted(certificate, chain, errors, authorities),
        };
    }

    /// <summary>True where the certificate's only flaw, if any, is an authority that the machine does not know and we do.</summary>
    public static bool IsTrusted(X509Certificate? certificate, X509Chain? presented, SslPolicyErrors errors, X509Certificate2Collection authorities)
    {
        if (certificate is null || (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != SslPolicyErrors.None)
            return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.1"));
        if (presented is not null)
            chain.ChainPolicy.ExtraStore.AddRange(presented.ChainElements.Select(static e => e.Certificate).ToArray());
        using var leaf = X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
        return chain.Build(leaf);
    }

    private (X509Certificate2Collection? Authorities, X509Certificate2? Own)? Certificates()
    {
        try
        {
            X509Certificate2Collection? authorities = null;
            if (CaFile is not null)
            {
                authorities = [];
                authorities.ImportFromPemFile(CaFile);
                if (authorities.Count == 0)
                    return null;
            }

            return (authorities, CertificateFile is null ? null : X509Certificate2.CreateFromPemFile(CertificateFile, KeyFile));
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }
}

using System.Globalization;
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
        foreach (var (what, path, variable) in new[] { ("CA", CaFile, "CA"), ("certificate", CertificateFile, "CERTIFICATE"), ("key", KeyFile, "KEY") })
        {
            if (path is not null && !RabbitMqOptions.CanRead(path))
                faults.Add($"RabbitMQ's TLS {what} file '{path}' cannot be read; set DATAHUB_RABBITMQ_TLS_{variable} to a file that this process may read.");
        }

        if (KeyFile is not null && CertificateFile is null)
            faults.Add("RabbitMQ's TLS key file is set without a certificate file; set DATAHUB_RABBITMQ_TLS_CERTIFICATE as well, or remove DATAHUB_RABBITMQ_TLS_KEY.");
        if (faults.Count > before)
            return;
        if (CaFile is not null && Authorities() is null)
            faults.Add($"RabbitMQ's TLS CA file '{CaFile}' holds no PEM certificate; set DATAHUB_RABBITMQ_TLS_CA to a file with the certificate of the authority.");
        if (CertificateFile is not null && Own() is null)
            faults.Add($"RabbitMQ's TLS certificate file '{CertificateFile}' holds no PEM certificate whose private key is {(KeyFile is null ? "in it too" : $"in '{KeyFile}'")}; set DATAHUB_RABBITMQ_TLS_CERTIFICATE, and DATAHUB_RABBITMQ_TLS_KEY where the key has a file of its own.");
    }

    /// <summary>
    /// How a node is connected to. The files are read again at every connect, so that renewed certificates take effect without a restart; one that
    /// cannot be used then, because it is just being replaced, leaves what was read before.
    /// </summary>
    /// <param name="host">Node that is connected to.</param>
    /// <param name="refused">Hears of a certificate that is not trusted, with the reason.</param>
    internal SslOption Option(string host, Action<string> refused)
    {
        var name = ServerName ?? host;
        // Where a file of authorities is set, nothing is trusted without it: not what the machine trusts either.
        var authorities = CaFile is null ? null : Authorities() ?? [];
        var own = Own();
        return new SslOption
        {
            Enabled = true,
            ServerName = name,
            // The operating system chooses the version: nothing older than its policy allows.
            Version = SslProtocols.None,
            CertificateSelectionCallback = CertificateFile is null ? null : (_, _, _, _, _) => (own = Own() ?? own)!,
            CertificateValidationCallback = (_, certificate, chain, errors) =>
            {
                authorities = Authorities() ?? authorities;
                var flaw = Flaw(certificate, chain, errors, authorities, name);
                if (flaw is not null)
                    refused(flaw);
                return flaw is null;
            },
        };
    }

    /// <summary>Why a server's certificate is not trusted; null where it is.</summary>
    /// <param name="presented">The chain as the machine built it, null where it built none.</param>
    /// <param name="errors">What the machine finds wrong with it.</param>
    /// <param name="authorities">Those to trust instead of the machine's; null for the machine's.</param>
    /// <param name="name">The name that it must carry.</param>
    public static string? Flaw(X509Certificate? certificate, X509Chain? presented, SslPolicyErrors errors, X509Certificate2Collection? authorities, string name)
    {
        if (certificate is null || errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable))
            return "it presents no certificate";
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
            return $"its certificate does not carry the name '{name}'; set DATAHUB_RABBITMQ_TLS_SERVER_NAME to a name that it carries";
        if (errors == SslPolicyErrors.None && authorities is null)
            return null;
        using var leaf = X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
        if (authorities is not null && IsSigned(leaf, presented, authorities))
            return null;
        var now = TimeProvider.System.GetUtcNow().LocalDateTime;
        return now < leaf.NotBefore || now > leaf.NotAfter
            ? string.Create(CultureInfo.InvariantCulture, $"its certificate is valid from {leaf.NotBefore.ToUniversalTime():yyyy-MM-dd HH:mm} to {leaf.NotAfter.ToUniversalTime():yyyy-MM-dd HH:mm} UTC, not now; renew it there")
            : "its certificate is not signed by an authority that is trusted here; set DATAHUB_RABBITMQ_TLS_CA to the certificate of the authority that signed it";
    }

    private static bool IsSigned(X509Certificate2 leaf, X509Chain? presented, X509Certificate2Collection authorities)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.1"));
        if (presented is not null)
            chain.ChainPolicy.ExtraStore.AddRange(presented.ChainElements.Select(static e => e.Certificate).ToArray());
        return chain.Build(leaf);
    }

    /// <summary>Null where none are set, or the file is not usable.</summary>
    private X509Certificate2Collection? Authorities() => CaFile is null ? null : Read(() =>
    {
        X509Certificate2Collection authorities = [];
        authorities.ImportFromPemFile(CaFile);
        return authorities.Count == 0 ? null : authorities;
    });

    /// <summary>Null where none is set, or the files are not usable.</summary>
    private X509Certificate2? Own() => CertificateFile is null ? null : Read(() => X509Certificate2.CreateFromPemFile(CertificateFile, KeyFile));

    private static T? Read<T>(Func<T?> read) where T : class
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }
}

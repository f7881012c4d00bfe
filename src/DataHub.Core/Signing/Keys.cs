using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace DataHub.Core.Signing;

/// <summary>Signature suites by name. The suite is the key's: a message cannot choose a weaker one.</summary>
public static class Suites
{
    /// <summary>ECDSA over P-256 with SHA-256; a signature is r ‖ s, 64 bytes (IEEE P1363).</summary>
    public const string Es256 = "ES256";

    /// <summary>国密 SM2 with SM3 (GM/T 0009). Named here so that keys can say it; not available in this version.</summary>
    public const string Sm2Sm3 = "SM2-SM3";
}

/// <summary>What a key is, without its secret.</summary>
/// <param name="Id">Unique for all time: 1 to 64 letters, digits, <c>_</c> or <c>-</c>.</param>
/// <param name="City">GB/T 2260 code of the only sender that may use it, or <c>000000</c> for the hub.</param>
/// <param name="Suite">A name of <see cref="Suites"/>.</param>
/// <param name="ValidFrom">First moment at which it may sign.</param>
/// <param name="ValidTo">First moment at which it may no longer sign. What it signed before stays valid.</param>
public sealed partial record KeyInfo(string Id, string City, string Suite, DateTimeOffset ValidFrom, DateTimeOffset ValidTo)
{
    public bool IsValidAt(DateTimeOffset moment) => moment >= ValidFrom && moment < ValidTo;

    /// <summary>True where the id can stand in a signature attribute and in a file name.</summary>
    public static bool IsId(string id) => IdPattern().IsMatch(id);

    [GeneratedRegex("^[A-Za-z0-9_-]{1,64}\\z")]
    private static partial Regex IdPattern();
}

/// <summary>A private key. Safe for several threads at once.</summary>
public abstract class SigningKey(KeyInfo info) : IDisposable
{
    public KeyInfo Info { get; } = info;

    /// <summary>Signs the text; the suite brings its own digest.</summary>
    public abstract byte[] Sign(ReadOnlySpan<byte> text);

    public abstract VerifyingKey PublicKey();

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected abstract void Dispose(bool disposing);

    /// <summary>Reads a private key of the suite that <paramref name="info"/> names.</summary>
    /// <exception cref="KeyStoreException">The suite is not available or the key is not of it.</exception>
    public static SigningKey FromPem(KeyInfo info, string pem) => info.Suite == Suites.Es256
        ? new Es256SigningKey(info, Es256.Import(info, pem))
        : throw Es256.NotAvailable(info);
}

/// <summary>A public key. Safe for several threads at once.</summary>
public abstract class VerifyingKey(KeyInfo info)
{
    public KeyInfo Info { get; } = info;

    public abstract bool Verify(ReadOnlySpan<byte> text, ReadOnlySpan<byte> signature);

    /// <summary>SubjectPublicKeyInfo in PEM.</summary>
    public abstract string ToPem();

    /// <summary>Reads a public key of the suite that <paramref name="info"/> names.</summary>
    /// <exception cref="KeyStoreException">The suite is not available or the key is not of it.</exception>
    public static VerifyingKey FromPem(KeyInfo info, string pem) => info.Suite == Suites.Es256
        ? new Es256VerifyingKey(info, Es256.Import(info, pem))
        : throw Es256.NotAvailable(info);
}

internal static class Es256
{
    private const string CurveOid = "1.2.840.10045.3.1.7";

    public static ECDsa Import(KeyInfo info, string pem)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(pem);
            if (key.ExportParameters(includePrivateParameters: false).Curve.Oid.Value == CurveOid)
                return key;
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            key.Dispose();
            throw new KeyStoreException($"Key {info.Id} cannot be read: {e.Message}", e);
        }

        key.Dispose();
        throw new KeyStoreException($"Key {info.Id} is not on the curve P-256 that its suite {info.Suite} asks for.");
    }

    public static KeyStoreException NotAvailable(KeyInfo info)
        => new($"Key {info.Id} is of the suite {info.Suite}, which this version cannot use. Available: {Suites.Es256}.");
}

internal sealed class Es256SigningKey(KeyInfo info, ECDsa key) : SigningKey(info)
{
    private readonly Lock gate = new();

    public override byte[] Sign(ReadOnlySpan<byte> text)
    {
        lock (gate)
            return key.SignData(text, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
    }

    public override VerifyingKey PublicKey()
    {
        lock (gate)
            return VerifyingKey.FromPem(Info, key.ExportSubjectPublicKeyInfoPem());
    }

    protected override void Dispose(bool disposing) => key.Dispose();
}

internal sealed class Es256VerifyingKey(KeyInfo info, ECDsa key) : VerifyingKey(info)
{
    private readonly Lock gate = new();

    public override bool Verify(ReadOnlySpan<byte> text, ReadOnlySpan<byte> signature)
    {
        lock (gate)
            return key.VerifyData(text, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
    }

    public override string ToPem()
    {
        lock (gate)
            return key.ExportSubjectPublicKeyInfoPem();
    }
}

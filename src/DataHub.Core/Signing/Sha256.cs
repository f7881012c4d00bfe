using System.Security.Cryptography;

namespace DataHub.Core.Signing;

/// <summary>
/// SHA-256 (FIPS 180-4) for the many short texts of an exchange. <see cref="SHA256.HashData(ReadOnlySpan{byte}, Span{byte})"/> makes and frees
/// a context of OpenSSL's for each, which takes as long as hashing some 400 bytes; here each thread keeps one.
/// </summary>
internal static class Sha256
{
    [ThreadStatic]
    private static IncrementalHash? context;

    /// <summary>Writes the 32 bytes of the hash.</summary>
    public static void Hash(ReadOnlySpan<byte> data, Span<byte> destination)
    {
        var hash = context ?? IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        // Put back only when it is empty again: what a failure leaves in it must not get into the next hash.
        context = null;
        hash.AppendData(data);
        hash.GetHashAndReset(destination);
        context = hash;
    }
}

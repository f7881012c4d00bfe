using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace DataHub.Core.Native.Wire;

/// <summary>
/// How a city's HTTP interface and the hub's adapter know each other: an API key names the caller, and an HMAC-SHA256
/// over the time stamp and the raw body proves it. Written down for a city's engineer in <c>contracts/native/</c>.
/// </summary>
public sealed class NativeSignature
{
    public const string KeyHeader = "X-Api-Key";

    /// <summary>Unix time in seconds.</summary>
    public const string TimestampHeader = "X-Timestamp";

    /// <summary>Lower-case hexadecimal HMAC-SHA256 over <c>{timestamp}\n{body}</c>.</summary>
    public const string SignatureHeader = "X-Signature";

    /// <summary>A request stamped further from the receiver's clock than this, either way, is refused.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(5);

    private const int ShortestSecret = 16;
    private const int LongestTimestamp = 12;
    private readonly string _apiKey;
    private readonly byte[] _apiKeyDigest;
    private readonly byte[] _secret;
    private readonly TimeProvider _time;

    /// <exception cref="ArgumentException">The API key is empty, or the secret is shorter than 16 characters.</exception>
    public NativeSignature(string? apiKey, string? secret, TimeProvider time)
    {
        if (string.IsNullOrEmpty(apiKey))
            throw new ArgumentException("An API key is needed.", nameof(apiKey));
        if (secret is null || secret.Length < ShortestSecret)
            throw new ArgumentException($"A secret of at least {ShortestSecret} characters is needed.", nameof(secret));
        _apiKey = apiKey;
        _apiKeyDigest = SHA256.HashData(Encoding.UTF8.GetBytes(apiKey));
        _secret = Encoding.UTF8.GetBytes(secret);
        _time = time;
    }

    /// <summary>Puts the three headers on a request that carries <paramref name="body"/>.</summary>
    public void Sign(HttpRequestMessage request, ReadOnlySpan<byte> body)
    {
        var timestamp = _time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        request.Headers.Add(KeyHeader, _apiKey);
        request.Headers.Add(TimestampHeader, timestamp);
        request.Headers.Add(SignatureHeader, Convert.ToHexStringLower(Compute(timestamp, body)));
    }

    /// <summary>Takes the same time for every wrong key and every wrong signature.</summary>
    public SignatureCheck Verify(string? apiKey, string? timestamp, string? signature, ReadOnlySpan<byte> body)
    {
        if (string.IsNullOrEmpty(apiKey) || string.IsNullOrEmpty(timestamp) || string.IsNullOrEmpty(signature))
            return SignatureCheck.Missing;
        var given = new byte[SHA256.HashSizeInBytes];
        var readable = signature.Length == 2 * SHA256.HashSizeInBytes
            && Convert.FromHexString(signature, given, out _, out _) == System.Buffers.OperationStatus.Done;
        if (timestamp.Length > LongestTimestamp
            || !long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
            return SignatureCheck.OutsideWindow;
        var rightKey = CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(apiKey)), _apiKeyDigest);
        var rightSignature = CryptographicOperations.FixedTimeEquals(given, Compute(timestamp, body));
        if (!(rightKey & rightSignature & readable))
            return SignatureCheck.Wrong;
        var distance = Math.Abs(_time.GetUtcNow().ToUnixTimeSeconds() - seconds);
        return distance > (long)Window.TotalSeconds ? SignatureCheck.OutsideWindow : SignatureCheck.Authentic;
    }

    private byte[] Compute(string timestamp, ReadOnlySpan<byte> body)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _secret);
        hmac.AppendData(Encoding.UTF8.GetBytes(timestamp));
        hmac.AppendData("\n"u8);
        hmac.AppendData(body);
        return hmac.GetHashAndReset();
    }
}

public enum SignatureCheck
{
    Authentic,

    /// <summary>A header is not there.</summary>
    Missing,

    /// <summary>Unknown key, or a signature that another secret or another body made.</summary>
    Wrong,

    /// <summary>The time stamp is unreadable or more than <see cref="NativeSignature.Window"/> away.</summary>
    OutsideWindow,
}

using System.Buffers;
using System.Buffers.Text;
using System.Globalization;

namespace DataHub.Core.Signing;

/// <summary>The parts of a <c>signature</c> attribute: <c>v1.keyid.signedAtUnixMs.count.index.proof.sig</c>.</summary>
internal ref struct SignatureText
{
    /// <summary>Longest attribute that is read or written, in characters.</summary>
    public const int MaxLength = 768;

    private const int MaxSignatureBytes = 128;

    private const long LastUnixMs = 4_102_444_799_999; // end of 2099, the last year that the contracts allow

    public ReadOnlySpan<char> KeyId;
    public long SignedAtMs;
    public int Count;
    public int Index;
    public ReadOnlySpan<byte> Proof;
    public ReadOnlySpan<byte> Signature;

    public static bool TryParse(ReadOnlySpan<char> text, Span<byte> buffer, out SignatureText parsed)
    {
        parsed = default;
        if (text.Length > MaxLength)
            return false;
        Span<Range> parts = stackalloc Range[8];
        if (text.Split(parts, '.') != 7 || text[parts[0]] is not "v1")
            return false;
        if (!TryNumber(text[parts[2]], LastUnixMs, out parsed.SignedAtMs)
            || !TryNumber(text[parts[3]], BatchSigner.MaxBatch, out var count)
            || !TryNumber(text[parts[4]], BatchSigner.MaxBatch - 1, out var index)
            || !TryBytes(text[parts[5]], buffer[..Merkle.LongestProof(BatchSigner.MaxBatch)], out var proofBytes)
            || !TryBytes(text[parts[6]], buffer.Slice(proofBytes, MaxSignatureBytes), out var signatureBytes))
        {
            return false;
        }

        parsed.KeyId = text[parts[1]];
        parsed.Count = (int)count;
        parsed.Index = (int)index;
        parsed.Proof = buffer[..proofBytes];
        parsed.Signature = buffer.Slice(proofBytes, signatureBytes);
        return true;
    }

    /// <summary>One spelling for each number: no sign, no leading zero.</summary>
    private static bool TryNumber(ReadOnlySpan<char> text, long max, out long value)
    {
        value = 0;
        return text.Length is > 0 and < 15
            && (text[0] != '0' || text.Length == 1)
            && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value)
            && value <= max;
    }

    /// <summary>One spelling for each byte string: no padding, no white space, unused bits zero.</summary>
    private static bool TryBytes(ReadOnlySpan<char> text, Span<byte> destination, out int written)
    {
        written = 0;
        Span<char> again = stackalloc char[MaxLength];
        return Base64Url.DecodeFromChars(text, destination, out _, out written) == OperationStatus.Done
            && Base64Url.TryEncodeToChars(destination[..written], again, out var length)
            && text.SequenceEqual(again[..length]);
    }
}

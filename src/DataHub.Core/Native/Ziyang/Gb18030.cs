using System.Text;

namespace DataHub.Core.Native.Ziyang;

/// <summary>
/// GB18030, four-byte range included, without replacement characters: bytes or characters that do not convert are an
/// error, because a silently changed name is worse than a refused file.
/// </summary>
public static class Gb18030
{
    public static Encoding Strict { get; } =
        CodePagesEncodingProvider.Instance.GetEncoding("GB18030", EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback)!;

    private static ReadOnlySpan<byte> Bom => [0x84, 0x31, 0x95, 0x33];

    private static ReadOnlySpan<byte> Utf8Bom => [0xEF, 0xBB, 0xBF];

    /// <summary>Null where the bytes are not GB18030. A byte-order mark, which some editors put in front, is dropped.</summary>
    public static string? Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith(Bom))
            bytes = bytes[Bom.Length..];
        else if (bytes.StartsWith(Utf8Bom))
            bytes = bytes[Utf8Bom.Length..];
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}

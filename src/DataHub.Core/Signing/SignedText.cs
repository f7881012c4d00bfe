using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;
using DataHub.Contracts.Envelope;

namespace DataHub.Core.Signing;

/// <summary>The two texts that signatures rest on, byte for byte as docs/design/signatures.md gives them.</summary>
public static class SignedText
{
    /// <summary>Longest text of an event, in bytes; a longer one is never signed and never verified.</summary>
    public const int MaxEventBytes = 2048;

    private const int MaxBatchBytes = 512;

    private static readonly SearchValues<char> LineBreaks = SearchValues.Create("\n\r\0");

    /// <summary>SHA-256 of a payload's bytes, lower-case hexadecimal, as the <c>datadigest</c> attribute carries it.</summary>
    public static string DigestOf(ReadOnlySpan<byte> data)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        Sha256.Hash(data, hash);
        return Convert.ToHexStringLower(hash);
    }

    /// <summary>The text of one event, for people and for golden files; null where it has none.</summary>
    public static string? OfEvent(CloudEvent e)
    {
        Span<byte> buffer = stackalloc byte[MaxEventBytes];
        return TryWriteEvent(e, buffer, out var written) ? Encoding.UTF8.GetString(buffer[..written]) : null;
    }

    /// <summary>The Merkle leaf of one event; false where the event has no unambiguous text.</summary>
    internal static bool TryHashEvent(CloudEvent e, Span<byte> leaf)
    {
        Span<byte> buffer = stackalloc byte[1 + MaxEventBytes];
        buffer[0] = Merkle.LeafPrefix;
        if (!TryWriteEvent(e, buffer[1..], out var written))
            return false;
        Sha256.Hash(buffer[..(1 + written)], leaf);
        return true;
    }

    /// <summary>Writes the text that the key signs for a batch.</summary>
    internal static ReadOnlySpan<byte> Batch(KeyInfo key, long signedAtUnixMs, int count, ReadOnlySpan<byte> root, Span<byte> buffer)
    {
        Span<char> hex = stackalloc char[2 * Merkle.HashSize];
        Convert.TryToHexStringLower(root, hex, out _);
        if (!Utf8.TryWrite(buffer, $"datahub-batch-v1\n{key.Id}\n{key.Suite}\n{signedAtUnixMs}\n{count}\n{hex}\n", out var written))
            throw new ArgumentException("The key's id or suite is too long to sign with.", nameof(key));
        return buffer[..written];
    }

    internal static byte[] Batch(KeyInfo key, long signedAtUnixMs, int count, ReadOnlySpan<byte> root)
        => Batch(key, signedAtUnixMs, count, root, new byte[MaxBatchBytes]).ToArray();

    private static bool TryWriteEvent(CloudEvent e, Span<byte> buffer, out int written)
    {
        written = 0;
        // A line break inside a value would let two different events share one text.
        if (HasLineBreak(e.Id) || HasLineBreak(e.Source) || HasLineBreak(e.Type) || HasLineBreak(e.ExchangeId)
            || HasLineBreak(e.SenderCity) || HasLineBreak(e.TargetCity) || HasLineBreak(e.DataDigest))
        {
            return false;
        }

        return Utf8.TryWrite(
            buffer,
            $"datahub-event-v1\n{e.Id}\n{e.Source}\n{e.Type}\n{e.Time.UtcDateTime:O}\n{e.ExchangeId}\n{e.Sequence}\n{e.SenderCity}\n{e.TargetCity}\n{e.DataDigest}\n",
            out written);
    }

    private static bool HasLineBreak(string? value) => value.AsSpan().ContainsAny(LineBreaks);
}

using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using DataHub.Core.Signing;

namespace DataHub.Core.Journal;

/// <summary>
/// The hash that links each journal row to the one before it, so that a row changed, removed or put in later shows
/// (docs/design/journal.md gives the hashed bytes).
/// </summary>
public static class JournalHash
{
    /// <summary>The hash before the first row of a node's journal: SHA-256 of <c>datahub-journal-v1\n{node}\n</c>.</summary>
    public static byte[] Genesis(string node) => SHA256.HashData(Encoding.ASCII.GetBytes("datahub-journal-v1\n" + node + "\n"));

    /// <summary>The hash of a row that follows a row whose hash is <paramref name="previous"/>.</summary>
    /// <param name="previous">32 bytes.</param>
    /// <param name="number">Number of the row in its journal, from 1.</param>
    /// <param name="entry">The row.</param>
    public static byte[] Next(ReadOnlySpan<byte> previous, long number, JournalEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        // previous | number | kind | at (Unix ms) | sequence | body digest | then each text with its length in front.
        Span<byte> head = stackalloc byte[32 + 8 + 1 + 8 + 8 + 32];
        previous.CopyTo(head);
        BinaryPrimitives.WriteInt64BigEndian(head[32..], number);
        head[40] = (byte)entry.Kind;
        BinaryPrimitives.WriteInt64BigEndian(head[41..], entry.At.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteInt64BigEndian(head[49..], entry.Sequence);
        Sha256.Hash(entry.Body.Span, head[57..]);

        ReadOnlySpan<string?> texts = [entry.Key, entry.MessageId, entry.Type, entry.ExchangeId, entry.Sender, entry.Reasons];
        var size = head.Length;
        foreach (var text in texts)
            size += 4 + (text is null ? 0 : Encoding.UTF8.GetByteCount(text));
        var buffer = size <= 1024 ? stackalloc byte[1024] : new byte[size];
        head.CopyTo(buffer);
        var at = head.Length;
        foreach (var text in texts)
        {
            // -1 for an absent text, so that absent and empty hash differently.
            var length = text is null ? -1 : Encoding.UTF8.GetBytes(text, buffer[(at + 4)..]);
            BinaryPrimitives.WriteInt32BigEndian(buffer[at..], length);
            at += 4 + Math.Max(length, 0);
        }

        var hash = new byte[SHA256.HashSizeInBytes];
        Sha256.Hash(buffer[..at], hash);
        return hash;
    }
}

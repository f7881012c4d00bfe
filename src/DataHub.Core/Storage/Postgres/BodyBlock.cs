using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using DataHub.Contracts.Envelope;

namespace DataHub.Core.Storage.Postgres;

/// <summary>
/// Bodies of consecutive journal rows as one value of the database. Messages of a group are alike in all but their own data, so
/// together they take a fifth to a third of their bytes; each alone would take three quarters (adr/0012 has what that saves).
/// </summary>
/// <remarks>
/// Four bytes with the length of what follows before compression, little-endian; then, as Brotli: the number of bodies, the
/// length of each (four bytes, little-endian), and the bodies one after another.
/// </remarks>
internal static class BodyBlock
{
    /// <summary>A block is closed when its bodies have this many bytes: one body of any size, or some thirty of the usual ones.</summary>
    public const int Bytes = 64 * 1024;

    /// <summary>More than any block has: one body of at most a whole frame closes it. Nothing longer is unpacked, whatever a block says of itself.</summary>
    private const int MostBytes = 2 * EventFormat.MaxBatchBytes;

    /// <summary>Nearly all that repeats from one message to the next is found at this level, at 400 MB/s; the third finds a twenty-fifth more at 170.</summary>
    private const int Quality = 1;

    /// <summary>2^17 bytes: more than a block, but for one that a long body closes.</summary>
    private const int Window = 17;

    /// <exception cref="ArgumentException">Longer than would be unpacked again.</exception>
    public static byte[] Pack(IReadOnlyList<ReadOnlyMemory<byte>> bodies)
    {
        var head = 4 * (1 + bodies.Count);
        var length = head;
        foreach (var body in bodies)
            length += body.Length;
        if (length > MostBytes)
            throw new ArgumentException("The bodies are too long for a block.", nameof(bodies));
        var plain = ArrayPool<byte>.Shared.Rent(length);
        var packed = ArrayPool<byte>.Shared.Rent(4 + BrotliEncoder.GetMaxCompressedLength(length));
        try
        {
            BinaryPrimitives.WriteInt32LittleEndian(plain, bodies.Count);
            var at = head;
            for (var i = 0; i < bodies.Count; i++)
            {
                BinaryPrimitives.WriteInt32LittleEndian(plain.AsSpan(4 * (1 + i)), bodies[i].Length);
                bodies[i].Span.CopyTo(plain.AsSpan(at));
                at += bodies[i].Length;
            }

            BinaryPrimitives.WriteInt32LittleEndian(packed, length);
            if (!BrotliEncoder.TryCompress(plain.AsSpan(0, length), packed.AsSpan(4), out var written, Quality, Window))
                throw new InvalidOperationException("The room for a block of bodies was too small.");
            return packed.AsSpan(0, 4 + written).ToArray();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(plain);
            ArrayPool<byte>.Shared.Return(packed);
        }
    }

    /// <summary>The bodies; none where the bytes are no block: the rows' hashes then do not hold, and verification names them.</summary>
    public static byte[][] Unpack(ReadOnlySpan<byte> block)
    {
        if (block.Length < 4 || BinaryPrimitives.ReadInt32LittleEndian(block) is not (>= 4 and <= MostBytes and var length))
            return [];
        var plain = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            if (!BrotliDecoder.TryDecompress(block[4..], plain.AsSpan(0, length), out var written) || written != length)
                return [];
            return Split(plain.AsSpan(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(plain);
        }
    }

    private static byte[][] Split(ReadOnlySpan<byte> plain)
    {
        var count = BinaryPrimitives.ReadInt32LittleEndian(plain);
        if (count < 0 || count > (plain.Length / 4) - 1)
            return [];
        var bodies = new byte[count][];
        var rest = plain[(4 * (1 + count))..];
        for (var i = 0; i < count; i++)
        {
            var size = BinaryPrimitives.ReadInt32LittleEndian(plain[(4 * (1 + i))..]);
            if (size < 0 || size > rest.Length)
                return [];
            bodies[i] = rest[..size].ToArray();
            rest = rest[size..];
        }

        return bodies;
    }
}

using System.Runtime.InteropServices;

namespace DataHub.Core.Signing;

/// <summary>
/// Inner nodes that were hashed lately. The hash of two hashes is always the same, so whoever is remembered may have come
/// from anyone: a wrong proof only finds wrong nodes. Takes half a megabyte at most; for several threads at once.
/// </summary>
public sealed class MerkleMemory
{
    private const int Places = 4096;

    private readonly Inner?[] inner = new Inner?[Places];

    /// <summary>As <see cref="Merkle.Node"/>.</summary>
    internal void Node(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, Span<byte> destination)
    {
        // Hashes are spread evenly, so a few of their bits choose the place.
        ref var place = ref inner[(MemoryMarshal.Read<uint>(left) ^ MemoryMarshal.Read<uint>(right)) % Places];
        if (Volatile.Read(ref place) is { } known && known.Is(left, right))
        {
            known.Parent.CopyTo(destination);
            return;
        }

        var made = new byte[3 * Merkle.HashSize];
        left.CopyTo(made);
        right.CopyTo(made.AsSpan(Merkle.HashSize));
        Merkle.Node(left, right, made.AsSpan(2 * Merkle.HashSize));
        var entry = new Inner(made);
        Volatile.Write(ref place, entry);
        entry.Parent.CopyTo(destination);
    }

    private sealed class Inner(byte[] hashes)
    {
        public ReadOnlySpan<byte> Parent => hashes.AsSpan(2 * Merkle.HashSize);

        public bool Is(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) =>
            hashes.AsSpan(0, Merkle.HashSize).SequenceEqual(left) && hashes.AsSpan(Merkle.HashSize, Merkle.HashSize).SequenceEqual(right);
    }
}

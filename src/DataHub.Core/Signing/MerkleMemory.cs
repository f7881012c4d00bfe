using System.Runtime.InteropServices;

namespace DataHub.Core.Signing;

/// <summary>
/// Inner nodes that were hashed lately, each with the two hashes that it was made of. They are remembered before anything of
/// a proof is believed, so they may have come from anyone. That is safe: a node was hashed here, and is given only for the
/// very two hashes that it was made of, so it is what hashing them anew would give. Whoever sends invented hashes pushes
/// others out, which costs time and nothing else. Takes little more than half a megabyte; for several threads at once.
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

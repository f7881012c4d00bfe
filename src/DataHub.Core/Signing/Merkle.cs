using System.Security.Cryptography;

namespace DataHub.Core.Signing;

/// <summary>
/// The hash tree of RFC 6962, section 2.1, over SHA-256: a leaf is <c>H(0x00 ‖ text)</c>, an inner node
/// <c>H(0x01 ‖ left ‖ right)</c>, and the last node of an odd level moves up unhashed. Hashes lie side by side in spans,
/// 32 bytes each.
/// </summary>
public static class Merkle
{
    public const int HashSize = SHA256.HashSizeInBytes;

    private const byte NodePrefix = 0x01;

    /// <summary>First byte of what is hashed for a leaf, so that no inner node can be passed off as a leaf.</summary>
    public const byte LeafPrefix = 0x00;

    /// <summary>Bytes that all levels of a tree over this many leaves take.</summary>
    public static int TreeSize(int leaves)
    {
        var nodes = leaves;
        for (var width = leaves; width > 1; width = (width + 1) / 2)
            nodes += (width + 1) / 2;
        return nodes * HashSize;
    }

    /// <summary>Bytes that the longest inclusion proof in a tree over this many leaves takes.</summary>
    public static int LongestProof(int leaves)
    {
        var levels = 0;
        for (var width = leaves; width > 1; width = (width + 1) / 2)
            levels++;
        return levels * HashSize;
    }

    /// <summary>
    /// Fills in the upper levels of <paramref name="tree"/>, whose first <paramref name="leaves"/> hashes are the leaves.
    /// The root is the last hash.
    /// </summary>
    public static void Build(Span<byte> tree, int leaves)
    {
        var level = tree;
        for (var width = leaves; width > 1; width = (width + 1) / 2)
        {
            var above = level[(width * HashSize)..];
            for (var left = 0; left < width; left += 2)
            {
                var parent = above.Slice(left / 2 * HashSize, HashSize);
                if (left + 1 < width)
                    Node(Hash(level, left), Hash(level, left + 1), parent);
                else
                    Hash(level, left).CopyTo(parent);
            }

            level = above;
        }
    }

    /// <summary>Writes the siblings on the way from a leaf to the root, lowest first; returns the bytes written.</summary>
    public static int Proof(ReadOnlySpan<byte> tree, int leaves, int index, Span<byte> proof)
    {
        var written = 0;
        for (var width = leaves; width > 1; width = (width + 1) / 2)
        {
            var sibling = index ^ 1;
            if (sibling < width)
            {
                Hash(tree, sibling).CopyTo(proof[written..]);
                written += HashSize;
            }

            tree = tree[(width * HashSize)..];
            index /= 2;
        }

        return written;
    }

    /// <summary>
    /// Climbs from a leaf's hash to the root with the proof's siblings. False where the proof has not exactly the length
    /// that a leaf at this index has in a tree of this many leaves.
    /// </summary>
    /// <param name="memory">Where many leaves of a tree are asked for: their ways to the root meet, and are hashed once.</param>
    public static bool TryClimb(ReadOnlySpan<byte> leaf, int leaves, int index, ReadOnlySpan<byte> proof, Span<byte> root, MerkleMemory? memory = null)
    {
        if (leaves < 1 || index < 0 || index >= leaves)
            return false;
        leaf.CopyTo(root);
        for (var width = leaves; width > 1; width = (width + 1) / 2)
        {
            if ((index ^ 1) < width)
            {
                if (proof.Length < HashSize)
                    return false;
                var sibling = proof[..HashSize];
                proof = proof[HashSize..];
                var left = index % 2 == 1 ? sibling : root[..HashSize];
                var right = index % 2 == 1 ? root[..HashSize] : sibling;
                if (memory is not null)
                    memory.Node(left, right, root);
                else
                    Node(left, right, root);
            }

            index /= 2;
        }

        return proof.IsEmpty;
    }

    internal static void Node(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, Span<byte> destination)
    {
        Span<byte> text = stackalloc byte[1 + (2 * HashSize)];
        text[0] = NodePrefix;
        left.CopyTo(text[1..]);
        right.CopyTo(text[(1 + HashSize)..]);
        Sha256.Hash(text, destination);
    }

    private static ReadOnlySpan<byte> Hash(ReadOnlySpan<byte> level, int index) => level.Slice(index * HashSize, HashSize);
}

using System.Security.Cryptography;
using DataHub.Core.Signing;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Signing;

public sealed class MerkleMemoryTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(256)]
    public void With_a_memory_every_leaf_climbs_to_the_same_root_and_a_wrong_leaf_to_another(int leaves)
    {
        var tree = new byte[Merkle.TreeSize(leaves)];
        for (var i = 0; i < leaves; i++)
            SHA256.HashData([(byte)i, (byte)(i >> 8)], tree.AsSpan(i * Merkle.HashSize, Merkle.HashSize));
        Merkle.Build(tree, leaves);
        var root = tree[^Merkle.HashSize..];
        var memory = new MerkleMemory();
        var proof = new byte[Merkle.LongestProof(leaves)];
        Span<byte> found = new byte[Merkle.HashSize];
        for (var round = 0; round < 2; round++)
        {
            for (var i = 0; i < leaves; i++)
            {
                var its = proof.AsSpan(0, Merkle.Proof(tree, leaves, i, proof));
                Merkle.TryClimb(tree.AsSpan(i * Merkle.HashSize, Merkle.HashSize), leaves, i, its, found, memory).ShouldBeTrue();
                found.SequenceEqual(root).ShouldBeTrue();

                var wrong = SHA256.HashData("another"u8);
                Merkle.TryClimb(wrong, leaves, i, its, found, memory).ShouldBeTrue();
                found.SequenceEqual(root).ShouldBeFalse();
            }
        }
    }

    [Fact]
    public void A_node_is_given_only_for_the_very_two_hashes_that_it_was_made_of()
    {
        var memory = new MerkleMemory();
        var hashes = new byte[2 * Merkle.HashSize];
        RandomNumberGenerator.Fill(hashes);
        ShouldBeTheirNode(hashes);
        // One byte and one side at a time; what chooses the place in memory stays the same for most of them.
        for (var i = 0; i < hashes.Length; i++)
        {
            hashes[i] ^= 1;
            ShouldBeTheirNode(hashes);
            hashes[i] ^= 1;
            ShouldBeTheirNode(hashes);
        }

        ShouldBeTheirNode([.. hashes[Merkle.HashSize..], .. hashes[..Merkle.HashSize]]);

        void ShouldBeTheirNode(byte[] pair)
        {
            Span<byte> found = new byte[Merkle.HashSize];
            for (var round = 0; round < 2; round++)
            {
                memory.Node(pair.AsSpan(0, Merkle.HashSize), pair.AsSpan(Merkle.HashSize), found);
                found.SequenceEqual(SHA256.HashData([1, .. pair])).ShouldBeTrue();
            }
        }
    }

    [Fact]
    public void A_node_that_is_remembered_is_not_made_again()
    {
        var memory = new MerkleMemory();
        var hashes = new byte[2 * Merkle.HashSize];
        var found = new byte[Merkle.HashSize];
        RandomNumberGenerator.Fill(hashes);
        memory.Node(hashes.AsSpan(0, Merkle.HashSize), hashes.AsSpan(Merkle.HashSize), found);

        // Only what is made anew takes memory.
        var before = GC.GetAllocatedBytesForCurrentThread();
        memory.Node(hashes.AsSpan(0, Merkle.HashSize), hashes.AsSpan(Merkle.HashSize), found);
        GC.GetAllocatedBytesForCurrentThread().ShouldBe(before);
    }

    [Fact]
    public void A_proof_with_a_foreign_sibling_finds_another_root_although_the_right_ones_are_remembered()
    {
        var tree = new byte[Merkle.TreeSize(4)];
        RandomNumberGenerator.Fill(tree.AsSpan(0, 4 * Merkle.HashSize));
        Merkle.Build(tree, 4);
        var memory = new MerkleMemory();
        var proof = new byte[Merkle.LongestProof(4)];
        Merkle.Proof(tree, 4, 2, proof);
        Span<byte> found = new byte[Merkle.HashSize];
        Merkle.TryClimb(tree.AsSpan(2 * Merkle.HashSize, Merkle.HashSize), 4, 2, proof, found, memory).ShouldBeTrue();
        found.SequenceEqual(tree.AsSpan(tree.Length - Merkle.HashSize)).ShouldBeTrue();

        proof[40] ^= 1;
        Merkle.TryClimb(tree.AsSpan(2 * Merkle.HashSize, Merkle.HashSize), 4, 2, proof, found, memory).ShouldBeTrue();
        found.SequenceEqual(tree.AsSpan(tree.Length - Merkle.HashSize)).ShouldBeFalse();
    }
}

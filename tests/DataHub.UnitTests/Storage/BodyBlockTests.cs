using System.Text;
using DataHub.Contracts.Envelope;
using DataHub.Core.Storage.Postgres;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Storage;

public sealed class BodyBlockTests
{
    [Fact]
    public void Bodies_of_every_size_come_out_as_they_went_in()
    {
        var random = new Random(7);
        byte[][] bodies = [[], [0], Bytes(random, 1), "{}"u8.ToArray(), Bytes(random, BodyBlock.Bytes), [], Bytes(random, 1024 * 1024), Encoding.UTF8.GetBytes("𠮷㛃䶮")];
        BodyBlock.Unpack(BodyBlock.Pack(Memory(bodies))).ShouldBe(bodies);
        BodyBlock.Unpack(BodyBlock.Pack(Memory([[]]))).ShouldBe([[]]);
        BodyBlock.Unpack(BodyBlock.Pack([])).ShouldBeEmpty();
    }

    [Fact]
    public void What_would_not_be_unpacked_is_not_packed()
    {
        byte[] most = new byte[(2 * EventFormat.MaxBatchBytes) - 8];
        BodyBlock.Unpack(BodyBlock.Pack([most])).ShouldHaveSingleItem().Length.ShouldBe(most.Length);
        Should.Throw<ArgumentException>(() => BodyBlock.Pack([most, new byte[1]]));
    }

    [Fact]
    public void Messages_that_are_alike_take_a_fraction_of_their_bytes()
    {
        var random = new Random(7);
        var bodies = Enumerable.Range(0, 30).Select(i => Encoding.UTF8.GetBytes(
            $$$"""{"specversion":"1.0","id":"CD-{{{i}}}","type":"cn.chengdu-metro.datahub.service.submission.v1","datadigest":"{{{Convert.ToHexStringLower(Bytes(random, 32))}}}","data":{"itemCode":"social-card.application","mode":"online"}}""")).ToArray();
        BodyBlock.Pack(Memory(bodies)).Length.ShouldBeLessThan(bodies.Sum(b => b.Length) / 2);
    }

    [Fact]
    public void What_is_no_block_has_no_bodies_and_is_no_fault()
    {
        var block = BodyBlock.Pack(Memory(["{\"a\":1}"u8.ToArray(), "{\"b\":2}"u8.ToArray()]));
        var random = new Random(7);
        for (var i = 0; i < 2_000; i++)
        {
            var damaged = block.ToArray();
            for (var hits = random.Next(1, 4); hits > 0; hits--)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            // It may still be a block, of other bodies: that is for the rows' hashes to find.
            BodyBlock.Unpack(damaged).Sum(b => b.Length).ShouldBeLessThan(1_000);
        }

        for (var length = 0; length < block.Length; length++)
            BodyBlock.Unpack(block.AsSpan(0, length)).ShouldBeEmpty();
        BodyBlock.Unpack([0xFF, 0xFF, 0xFF, 0x7F, 1, 2, 3]).ShouldBeEmpty("longer than any block: no memory is taken for it");
        BodyBlock.Unpack(Bytes(random, 4_000)).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(3)]
    [InlineData(int.MaxValue)]
    public void A_block_that_names_more_bodies_than_it_holds_has_none(int count)
    {
        // Two bodies of nothing, and a number of them that is not two.
        var plain = new byte[12];
        BitConverter.TryWriteBytes(plain, count);
        var packed = new byte[64];
        System.IO.Compression.BrotliEncoder.TryCompress(plain, packed.AsSpan(4), out var written, 1, 17).ShouldBeTrue();
        BitConverter.TryWriteBytes(packed, plain.Length);
        BodyBlock.Unpack(packed.AsSpan(0, 4 + written)).ShouldBeEmpty();
    }

    private static List<ReadOnlyMemory<byte>> Memory(byte[][] bodies) => [.. bodies.Select(b => (ReadOnlyMemory<byte>)b)];

    private static byte[] Bytes(Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}

using System.Security.Cryptography;
using DataHub.Core.Signing;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Signing;

public sealed class Sha256Tests
{
    [Fact]
    public void It_is_SHA_256_of_any_length_on_many_threads_at_once()
    {
        Parallel.For(0, 2_000, n =>
        {
            var data = new byte[n];
            new Random(n).NextBytes(data);
            Of(data).ShouldBe(SHA256.HashData(data));
        });
    }

    [Fact]
    public void What_a_failure_leaves_behind_does_not_get_into_the_next_hash()
    {
        Of("before"u8.ToArray());
        Should.Throw<ArgumentException>(() => Sha256.Hash("left behind"u8, new byte[31]));
        Of("abc"u8.ToArray()).ShouldBe(SHA256.HashData("abc"u8));
    }

    private static byte[] Of(byte[] data)
    {
        var hash = new byte[SHA256.HashSizeInBytes];
        Sha256.Hash(data, hash);
        return hash;
    }
}

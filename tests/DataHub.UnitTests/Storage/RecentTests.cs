using DataHub.Core.Storage;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Storage;

public sealed class RecentTests
{
    private readonly Recent<int> recent = new(10);

    [Fact]
    public void Never_more_than_the_capacity_is_kept_and_the_latest_half_always_is()
    {
        for (var i = 0; i < 1_000; i++)
        {
            recent.Put($"{i}", i);
            recent.Count.ShouldBeLessThanOrEqualTo(10);
            for (var j = Math.Max(0, i - 4); j <= i; j++)
            {
                recent.TryGet($"{j}", out var value).ShouldBeTrue($"{j} of {i}");
                value.ShouldBe(j);
            }
        }
    }

    [Fact]
    public void What_is_used_stays_while_what_is_not_goes()
    {
        recent.Put("used", 1);
        recent.Put("unused", 2);
        for (var i = 0; i < 100; i++)
        {
            recent.Put($"{i}", i);
            recent.TryGet("used", out _).ShouldBeTrue();
        }

        recent.TryGet("unused", out _).ShouldBeFalse();
    }

    [Fact]
    public void Putting_the_same_again_and_again_drops_nothing()
    {
        for (var i = 0; i < 10; i++)
            recent.Put($"{i}", i);
        for (var i = 0; i < 10; i++)
            recent.Put("9", i);
        recent.Count.ShouldBe(10);
        recent.TryGet("0", out _).ShouldBeTrue();
    }

    [Fact]
    public void The_last_value_put_is_the_one_found_wherever_the_first_was_kept()
    {
        recent.Put("a", 1);
        for (var i = 0; i < 5; i++)
            recent.Put($"{i}", i);
        recent.Put("a", 2);
        recent.Count.ShouldBe(6);
        recent.TryGet("a", out var value).ShouldBeTrue();
        value.ShouldBe(2);
        recent.Clear();
        recent.TryGet("a", out _).ShouldBeFalse();
        recent.Count.ShouldBe(0);
    }
}

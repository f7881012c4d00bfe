using DataHub.Contracts;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests;

public sealed class HubShardsTests
{
    [Fact]
    public void The_first_shard_is_the_hub_and_none_is_a_city()
    {
        var shards = new HubShards(HubShards.Max);
        shards.Nodes[0].ShouldBe(Nodes.Hub);
        shards.Nodes.Distinct().Count().ShouldBe(HubShards.Max);
        shards.Nodes.ShouldAllBe(n => HubShards.IsHub(n));
        shards.Nodes.Select(HubShards.IndexOf).ShouldBe(Enumerable.Range(0, HubShards.Max));
        HubShards.IsHub("510100").ShouldBeFalse();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public void An_exchange_belongs_to_the_shard_that_its_opening_went_to_and_no_number_is_given_twice(int count)
    {
        var shards = new HubShards(count);
        var numbers = new HashSet<long>();
        for (var shard = 0; shard < count; shard++)
        {
            // Few, and so many that the number takes all its digits.
            foreach (var link in Enumerable.Range(1, 100).Append(1_400_000_000))
            {
                var number = shards.ExchangeNumber(link, shard);
                numbers.Add(number).ShouldBeTrue();
                shards.Of($"510100-20260304-{number:D10}").ShouldBe(shard);
                shards.NodeOf($"510100-20260304-{number:D10}").ShouldBe(shards.Nodes[shard]);
            }
        }
    }

    [Fact]
    public void A_hub_that_is_not_divided_numbers_its_exchanges_as_the_link_does() => HubShards.One.ExchangeNumber(42, 0).ShouldBe(42);

    [Theory]
    [InlineData(0)]
    [InlineData(HubShards.Max + 1)]
    public void Other_counts_are_refused(int count) => Should.Throw<ArgumentOutOfRangeException>(() => new HubShards(count));
}

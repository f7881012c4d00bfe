using DataHub.Core.Statistics;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Statistics;

public sealed class HistogramTests
{
    [Fact]
    public void Median_and_ninetieth_percentile_are_the_nearest_ranks()
    {
        // 1 1 2 3 3 3 5 8 13 20: the fifth is 3, the ninth is 13.
        var days = Of((1, 2), (2, 1), (3, 3), (5, 1), (8, 1), (13, 1), (20, 1));
        days.Count.ShouldBe(10);
        days.Percentile(50).ShouldBe(3);
        days.Percentile(90).ShouldBe(13);
        days.Percentile(100).ShouldBe(20);
        days.Percentile(1).ShouldBe(1);
    }

    [Fact]
    public void Of_an_even_number_the_median_is_the_lower_of_the_two_in_the_middle() => Of((0, 1), (4, 1)).Percentile(50).ShouldBe(0);

    [Fact]
    public void Nothing_has_no_percentile() => Of().Percentile(50).ShouldBeNull();

    [Fact]
    public void Percentiles_of_random_values_equal_those_of_the_sorted_list()
    {
        var random = new Random(7);
        for (var run = 0; run < 300; run++)
        {
            var values = Enumerable.Range(0, random.Next(1, 60)).Select(_ => random.Next(30)).Order().ToArray();
            var histogram = new Histogram();
            foreach (var value in values)
                histogram.Add(value, 1);
            foreach (var percent in new[] { 1, 10, 50, 90, 99, 100 })
                histogram.Percentile(percent).ShouldBe(values[(int)Math.Ceiling(values.Length * percent / 100m) - 1], $"run {run}, {percent} %");
        }
    }

    private static Histogram Of(params (int Value, long Count)[] counts)
    {
        var histogram = new Histogram();
        foreach (var (value, count) in counts)
            histogram.Add(value, count);
        return histogram;
    }
}

using DataHub.Core.Statistics;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Statistics;

public sealed class SmallCellsTests
{
    [Fact]
    public void Counts_that_are_large_enough_are_told() => Hidden(10, 11, 500).ShouldBe("...");

    [Fact]
    public void A_zero_is_told() => Hidden(0, 12).ShouldBe("..");

    [Fact]
    public void One_small_count_takes_the_smallest_neighbour_with_it() => Hidden(40, 3, 25, 60).ShouldBe(".##.");

    [Fact]
    public void Two_small_counts_hide_each_other() => Hidden(4, 3, 25).ShouldBe("##.");

    [Fact]
    public void Two_counts_of_one_would_be_known_by_their_sum_and_take_a_neighbour_with_them() => Hidden(1, 1, 25, 30).ShouldBe("###.");

    [Fact]
    public void Two_counts_as_high_as_small_ones_can_be_take_a_neighbour_with_them() => Hidden(9, 9, 25, 30).ShouldBe("###.");

    [Fact]
    public void A_small_count_without_a_neighbour_takes_the_total_with_it()
    {
        var suppression = SmallCells.Of([new Cell(["a"], 9)], 10);
        suppression.Cells.ShouldBe([true]);
        suppression.Total.ShouldBeTrue();
        SmallCells.Of([new Cell(["a"], 9), new Cell(["b"], 0)], 10).Total.ShouldBeTrue();
    }

    [Fact]
    public void A_total_that_cells_hide_safely_is_told() => SmallCells.Of([new Cell(["a"], 9), new Cell(["b"], 8)], 10).Total.ShouldBeFalse();

    [Fact]
    public void A_small_total_is_not_told() => SmallCells.Of([new Cell(["a"], 4), new Cell(["b"], 3)], 10).Total.ShouldBeTrue();

    [Fact]
    public void In_a_table_of_two_dimensions_no_line_has_a_single_hidden_count()
    {
        // Rows a and b, columns x, y, z; the small one stands in (a, x).
        var suppression = SmallCells.Of(
        [
            new Cell(["a", "x"], 2), new Cell(["a", "y"], 30), new Cell(["a", "z"], 40),
            new Cell(["b", "x"], 50), new Cell(["b", "y"], 60), new Cell(["b", "z"], 70),
        ], 10);
        suppression.Cells.ShouldBe([true, true, false, true, true, false]);
    }

    [Fact]
    public void What_is_small_without_the_readers_own_cases_is_hidden_like_a_small_count() =>
        string.Concat(SmallCells.Of([new Cell(["a"], 50, Sensitive: true), new Cell(["b"], 20), new Cell(["c"], 30)], 10).Cells.Select(h => h ? '#' : '.')).ShouldBe("##.");

    [Fact]
    public void A_threshold_of_one_tells_all() => SmallCells.Of([new Cell(["a"], 1), new Cell(["b"], 2)], 1).Cells.ShouldNotContain(true);

    [Fact]
    public void In_random_tables_no_small_count_is_told_or_left_alone_beside_a_total()
    {
        var random = new Random(11);
        for (var run = 0; run < 2000; run++)
        {
            var cells = Enumerable.Range(0, random.Next(1, 12)).Select(i => new Cell([$"{i / 3}", $"{i % 3}"], random.Next(3) == 0 ? random.Next(10) : random.Next(10, 60))).ToList();
            var suppression = SmallCells.Of(cells, 10);
            cells.Zip(suppression.Cells).ShouldAllBe(c => c.First.Count == 0 || c.First.Count >= 10 || c.Second, $"run {run}");
            (suppression.Cells.Count(h => h) == 1).ShouldBe(suppression.Cells.Count(h => h) == 1 && suppression.Total, $"run {run}");
        }
    }

    private static string Hidden(params long[] counts) =>
        string.Concat(SmallCells.Of([.. counts.Select((c, i) => new Cell([$"{i}"], c))], 10).Cells.Select(h => h ? '#' : '.'));
}

namespace DataHub.Core.Statistics;

/// <summary>A count with the values of its groups, in the order of the dimensions.</summary>
/// <param name="Group">One value per dimension.</param>
/// <param name="Count">0 or more.</param>
/// <param name="Sensitive">Small for another reason than its count: what is left of it without the reader's own cases is small.</param>
public readonly record struct Cell(IReadOnlyList<string> Group, long Count, bool Sensitive = false);

/// <summary>Which counts of a table are not told, in the order of its cells, and whether its total is.</summary>
public sealed record Suppression(IReadOnlyList<bool> Cells, bool Total);

/// <summary>
/// Keeps people from being recognised in small counts. A count from 1 to below the threshold is not told (primary). Where
/// it could still be reckoned from a sum and its neighbours, the smallest neighbour is not told either (complementary):
/// in the whole table, and in each line of it, since a line's sum is the answer to the same question with one dimension less.
/// Pure.
/// </summary>
public static class SmallCells
{
    /// <summary>Counts below it are small.</summary>
    public const int DefaultThreshold = 10;

    /// <param name="cells">The cells of one table; all have the same dimensions, and no group stands twice.</param>
    /// <param name="threshold">The smallest count that is told; 1 tells all.</param>
    public static Suppression Of(IReadOnlyList<Cell> cells, int threshold)
    {
        ArgumentNullException.ThrowIfNull(cells);
        ArgumentOutOfRangeException.ThrowIfLessThan(threshold, 1);
        var hidden = cells.Select(c => IsSmall(c.Count, threshold) || c.Sensitive).ToArray();
        var lines = Lines(cells);
        for (var changed = hidden.Contains(true); changed;)
        {
            changed = false;
            foreach (var line in lines)
            {
                if (IsSafe(line.Where(i => hidden[i]).Select(i => cells[i].Count), threshold) || Smallest(line, cells, hidden) is not { } next)
                    continue;
                hidden[next] = true;
                changed = true;
            }
        }

        var total = cells.Sum(c => c.Count);
        return new Suppression(hidden, IsSmall(total, threshold) || !IsSafe(cells.Where((_, i) => hidden[i]).Select(c => c.Count), threshold));
    }

    private static bool IsSmall(long count, int threshold) => count > 0 && count < threshold;

    // What is hidden together is known by its sum. Two small counts whose sum is as low or as high as it can be are known
    // one by one; with a larger one among them they may be anything.
    private static bool IsSafe(IEnumerable<long> hidden, int threshold)
    {
        var (count, sum, large) = (0, 0L, false);
        foreach (var value in hidden)
        {
            count++;
            sum += value;
            large |= !IsSmall(value, threshold);
        }

        return count == 0 || (count > 1 && (large || (sum > count && sum < count * (threshold - 1L))));
    }

    private static int? Smallest(List<int> line, IReadOnlyList<Cell> cells, bool[] hidden)
    {
        int? smallest = null;
        foreach (var i in line)
        {
            if (!hidden[i] && cells[i].Count > 0 && (smallest is not { } s || cells[i].Count < cells[s].Count))
                smallest = i;
        }

        return smallest;
    }

    /// <summary>The whole table, and for each dimension the cells that differ in it alone.</summary>
    private static List<List<int>> Lines(IReadOnlyList<Cell> cells)
    {
        List<List<int>> lines = [[.. Enumerable.Range(0, cells.Count)]];
        var dimensions = cells.Count == 0 ? 0 : cells[0].Group.Count;
        for (var d = 0; dimensions > 1 && d < dimensions; d++)
        {
            lines.AddRange(Enumerable.Range(0, cells.Count)
                .GroupBy(i => string.Join('\u001f', cells[i].Group.Where((_, dimension) => dimension != d)), StringComparer.Ordinal)
                .Select(g => g.ToList()));
        }

        return lines;
    }
}

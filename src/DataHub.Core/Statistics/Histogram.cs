namespace DataHub.Core.Statistics;

/// <summary>Counts per whole number, from which exact percentiles are read: no single value has to be kept.</summary>
public sealed class Histogram
{
    private readonly SortedDictionary<int, long> counts = [];

    public long Count { get; private set; }

    /// <summary>Sum of all values.</summary>
    public long Sum { get; private set; }

    public void Add(int value, long count)
    {
        counts[value] = counts.GetValueOrDefault(value) + count;
        Count += count;
        Sum += value * count;
    }

    /// <summary>
    /// Nearest rank: the smallest value that at least this part of all values does not exceed. The median is part 0.5; of
    /// an even number of values it is the lower of the two in the middle, so that it is always a value that occurred.
    /// </summary>
    /// <param name="percent">1 to 100.</param>
    /// <returns>Null where there are no values.</returns>
    public int? Percentile(int percent)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(percent, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(percent, 100);
        var rank = ((Count * percent) + 99) / 100;
        var passed = 0L;
        foreach (var (value, count) in counts)
        {
            passed += count;
            if (passed >= rank && passed > 0)
                return value;
        }

        return null;
    }
}

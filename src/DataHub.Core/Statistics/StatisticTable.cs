namespace DataHub.Core.Statistics;

/// <summary>What is asked of one measure.</summary>
public sealed record StatisticQuery
{
    public required StatisticMeasure Measure { get; init; }

    /// <summary>Dimensions of the rows; none gives the total alone.</summary>
    public required IReadOnlyList<string> Groups { get; init; }

    /// <summary>Only exchanges in which this city takes part; null: all cities together.</summary>
    public string? City { get; init; }

    /// <summary>Only this flow; null: all.</summary>
    public string? Flow { get; init; }

    /// <summary>
    /// City that reads the figures of all cities: it knows its own cases, so that what is left without them must not be
    /// small either. Null where the reader sees every city anyway.
    /// </summary>
    public string? Reader { get; init; }

    /// <summary>The smallest count that is told.</summary>
    public int Threshold { get; init; } = SmallCells.DefaultThreshold;
}

/// <summary>The figures of one group; null where the measure has none, or where it is too small to be told.</summary>
public sealed record StatisticFigures
{
    public required long Count { get; init; }

    /// <summary>Of the count: handled online, on time, recognised.</summary>
    public long? Part { get; init; }

    /// <summary>Part by count, 0 to 1, with four decimals.</summary>
    public decimal? Rate { get; init; }

    /// <summary>Median of the working days.</summary>
    public int? MedianDays { get; init; }

    /// <summary>Nine of ten took at most so many working days.</summary>
    public int? P90Days { get; init; }

    /// <summary>Mean score, with two decimals.</summary>
    public decimal? AverageScore { get; init; }

    public long? AmountFen { get; init; }
}

/// <summary>One group of a table. <see cref="Figures"/> is null where the count is not told.</summary>
public sealed record StatisticRow(IReadOnlyList<string> Group, StatisticFigures? Figures);

/// <summary>The answer to a question: rows in the order of their groups, and their total.</summary>
public sealed record StatisticTable(StatisticQuery Query, IReadOnlyList<StatisticRow> Rows, StatisticFigures? Total)
{
    /// <summary>Sums the counts by the query's groups and leaves out what is too small. Pure.</summary>
    /// <param name="query">The question.</param>
    /// <param name="counts">The counter of the query's groups, over the months that are asked for.</param>
    public static StatisticTable Of(StatisticQuery query, IEnumerable<KeyValuePair<StatisticKey, StatisticValue>> counts)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(counts);
        var groups = new SortedDictionary<string[], Sums>(GroupOrder.Instance);
        var total = new Sums();
        foreach (var (key, value) in counts)
        {
            if (!query.Measure.Counts(key) || (query.Flow is { } flow && key.Flow != flow) || (query.City is { } city && !TakesPart(key, city)))
                continue;
            var group = query.Measure.GroupOf(key, query.Groups);
            if (!groups.TryGetValue(group, out var sums))
                groups.Add(group, sums = new Sums());
            foreach (var sum in new[] { sums, total })
                sum.Add(query, key, value);
        }

        return query.Groups.Count == 0 ? Tell(query, [], [], total) : Tell(query, [.. groups.Keys], [.. groups.Values], total);
    }

    private static bool TakesPart(StatisticKey key, string city) => key.SourceCity == city || key.TargetCity == city;

    private static StatisticTable Tell(StatisticQuery query, List<string[]> groups, List<Sums> sums, Sums total)
    {
        bool Rest(long all, long own) => query.Reader is not null && all != own && all - own < query.Threshold;
        Suppression Hide(Func<Sums, long> value, Func<Sums, int, bool> sensitive) =>
            SmallCells.Of([.. sums.Select((s, i) => new Cell(groups[i], value(s), sensitive(s, i)))], query.Threshold);
        bool HideTotal(Suppression cells, long value) => cells.Total || (value > 0 && value < query.Threshold);

        var counts = Hide(s => s.Count, (s, _) => Rest(s.Count, s.OwnCount));
        var totalHidden = HideTotal(counts, total.Count) || Rest(total.Count, total.OwnCount);
        var parts = query.Measure.PartIsSensitive ? Hide(s => s.Part, (s, i) => counts.Cells[i] || Rest(s.Part, s.OwnPart)) : counts;
        var rests = query.Measure.PartIsSensitive ? Hide(s => s.Count - s.Part, (s, i) => counts.Cells[i] || Rest(s.Count - s.Part, s.OwnCount - s.OwnPart)) : counts;

        // A sum of money is that of the few who have any, however many stand beside them.
        var amounts = query.Measure.HasAmount ? Hide(s => s.Paid, (s, i) => s.Paid > 0 && (counts.Cells[i] || Rest(s.Paid, s.OwnPaid))) : counts;
        var rows = sums.Select((s, i) => new StatisticRow(groups[i], counts.Cells[i] ? null : s.Figures(query.Measure, new Told(!parts.Cells[i] && !rests.Cells[i], !amounts.Cells[i], true))));
        var told = new Told(
            !query.Measure.PartIsSensitive || !(HideTotal(parts, total.Part) || HideTotal(rests, total.Count - total.Part)),
            !(HideTotal(amounts, total.Paid) || Rest(total.Paid, total.OwnPaid)),
            // Beside the number of all, their mean would be a second equation for the counts that are hidden.
            !(query.Measure.Scores && counts.Cells.Contains(true)));
        return new StatisticTable(query, [.. rows], totalHidden ? null : total.Figures(query.Measure, told));
    }

    /// <summary>Which figures of a count that is told are told with it.</summary>
    private readonly record struct Told(bool Part, bool Amount, bool Mean);

    private sealed class Sums
    {
        private readonly Histogram buckets = new();
        private long amount;

        public long Count { get; private set; }

        public long Part { get; private set; }

        public long OwnCount { get; private set; }

        public long OwnPart { get; private set; }

        /// <summary>How many may have a part in the amount: those whose key carries any.</summary>
        public long Paid { get; private set; }

        public long OwnPaid { get; private set; }

        public void Add(StatisticQuery query, StatisticKey key, StatisticValue value)
        {
            var part = query.Measure.IsPart?.Invoke(key) == true ? value.Count : 0;
            var paid = value.AmountFen == 0 ? 0 : value.Count;
            Count += value.Count;
            Part += part;
            Paid += paid;
            amount += value.AmountFen;
            if (query.Measure.Days || query.Measure.Scores)
                buckets.Add(key.Bucket, value.Count);
            if (query.Reader is not { } reader || !TakesPart(key, reader))
                return;
            OwnCount += value.Count;
            OwnPart += part;
            OwnPaid += paid;
        }

        public StatisticFigures Figures(StatisticMeasure measure, Told told) => new()
        {
            Count = Count,
            Part = measure.IsPart is not null && told.Part ? Part : null,
            Rate = measure.IsPart is not null && told.Part ? CatalogueRate.Rate(Part, Count) : null,
            MedianDays = measure.Days ? buckets.Percentile(50) : null,
            P90Days = measure.Days ? buckets.Percentile(90) : null,
            AverageScore = measure.Scores && told.Mean && Count > 0 ? Math.Round((decimal)buckets.Sum / Count, 2, MidpointRounding.AwayFromZero) : null,
            AmountFen = measure.HasAmount && told.Part && told.Amount ? amount : null,
        };
    }

    private sealed class GroupOrder : IComparer<string[]>
    {
        public static readonly GroupOrder Instance = new();

        public int Compare(string[]? x, string[]? y)
        {
            for (var i = 0; i < x!.Length; i++)
            {
                if (string.CompareOrdinal(x[i], y![i]) is not 0 and var order)
                    return order;
            }

            return 0;
        }
    }
}

namespace DataHub.Host.Api;

/// <summary>The parameters of a question about one measure, as they stand in the address.</summary>
internal readonly record struct StatisticsParameters(string? From, string? To, string? City, string? Flow, string? GroupBy);

/// <summary>One measure over months. docs/statistics.md defines every measure.</summary>
internal sealed record StatisticsAnswer
{
    /// <summary>The measure's name.</summary>
    public required string Measure { get; init; }

    /// <summary>First month, Asia/Shanghai.</summary>
    public required string From { get; init; }

    /// <summary>Last month, included.</summary>
    public required string To { get; init; }

    /// <summary>City whose exchanges are counted, or <c>all</c>.</summary>
    public required string City { get; init; }

    /// <summary>Flow that is counted; absent for all.</summary>
    public string? Flow { get; init; }

    /// <summary>Dimensions of the rows.</summary>
    public required IReadOnlyList<string> GroupBy { get; init; }

    /// <summary>The smallest count that is told.</summary>
    public required int Threshold { get; init; }

    /// <summary>One row per group that occurred.</summary>
    public required IReadOnlyList<StatisticAnswer> Rows { get; init; }

    /// <summary>The sum of all rows, those that are not told included.</summary>
    public required StatisticAnswer Total { get; init; }
}

/// <summary>The figures of one group. What the measure does not have is absent.</summary>
internal sealed record StatisticAnswer
{
    /// <summary>Dimension and value; absent in the total.</summary>
    public IReadOnlyDictionary<string, string>? Group { get; init; }

    /// <summary>True where the figures are not told: the count is small, or a small one could be reckoned from it.</summary>
    public bool? Suppressed { get; init; }

    /// <summary>How many.</summary>
    public long? Count { get; init; }

    /// <summary>Of these: handled online, on time, recognised.</summary>
    public long? Part { get; init; }

    /// <summary>Part by count, 0 to 1.</summary>
    public decimal? Rate { get; init; }

    /// <summary>Median of the working days; 250 stands for 250 and more.</summary>
    public int? MedianDays { get; init; }

    /// <summary>Nine of ten took at most so many working days.</summary>
    public int? P90Days { get; init; }

    /// <summary>Mean score, 1 to 5.</summary>
    public decimal? AverageScore { get; init; }

    /// <summary>In fen: of outcomes the money, of recognitions the cost avoided.</summary>
    public long? AmountFen { get; init; }
}

/// <summary>How much of the catalogue is available across city limits, on a day.</summary>
/// <param name="On">The day, Asia/Shanghai.</param>
/// <param name="CrossCityGoal">Goal for the high-frequency items' cross-city rate.</param>
/// <param name="OnlineGoal">Goal for their online rate.</param>
/// <param name="Rows">All cities together first, then each.</param>
internal sealed record AvailabilityAnswer(DateOnly On, decimal CrossCityGoal, decimal OnlineGoal, IReadOnlyList<AvailabilityRow> Rows);

/// <summary>The two rates of one city's people.</summary>
internal sealed record AvailabilityRow
{
    /// <summary>City whose people apply, or <c>all</c>.</summary>
    public required string City { get; init; }

    /// <summary>Of the high-frequency items only; else of every item.</summary>
    public required bool HighFrequency { get; init; }

    /// <summary>Items in force.</summary>
    public required int Items { get; init; }

    /// <summary>Of these, items that another city offers them under an agreement in force.</summary>
    public required int CrossCity { get; init; }

    /// <summary>Of these, items that are offered fully online.</summary>
    public required int Online { get; init; }

    /// <summary>跨区通办率: <c>crossCity</c> by <c>items</c>.</summary>
    public decimal? CrossCityRate { get; init; }

    /// <summary>全程网办率: <c>online</c> by <c>crossCity</c>.</summary>
    public decimal? OnlineRate { get; init; }
}

namespace DataHub.Core.Registry;

/// <summary>A row of the catalogue that holds from one day to another, both included; null: without end. Days are Asia/Shanghai's.</summary>
public interface IDated
{
    DateOnly ValidFrom { get; }

    DateOnly? ValidTo { get; }
}

/// <summary>Choice among the rows that one code has had over time.</summary>
public static class Dated
{
    public static bool InForce(this IDated row, DateOnly on)
    {
        ArgumentNullException.ThrowIfNull(row);
        return row.ValidFrom <= on && !(on > row.ValidTo);
    }

    /// <summary>
    /// The row in force on the day; between two and after the last the one before, so that what has ended is still known by
    /// its name; before the first the first.
    /// </summary>
    public static T Of<T>(IEnumerable<T> versions, DateOnly day)
        where T : IDated
    {
        var ordered = versions.OrderBy(v => v.ValidFrom).ToList();
        return ordered.LastOrDefault(v => v.ValidFrom <= day) ?? ordered[0];
    }

    internal static bool Overlap(IDated one, IDated other) =>
        one.ValidFrom <= (other.ValidTo ?? DateOnly.MaxValue) && other.ValidFrom <= (one.ValidTo ?? DateOnly.MaxValue);

    /// <summary>The days on which something begins to hold or holds no more, in order.</summary>
    internal static DateOnly[] Changes(IEnumerable<IDated> rows) =>
        [.. rows.SelectMany(r => r.ValidTo is { } last && last < DateOnly.MaxValue ? [r.ValidFrom, last.AddDays(1)] : new[] { r.ValidFrom }).Distinct().Order()];
}

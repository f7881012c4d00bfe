using System.Globalization;
using DataHub.Contracts.Payloads;

namespace DataHub.Core.Flows;

/// <summary>Months paid twice: what the new city holds against what the old one's 信息表 lists.</summary>
internal static class PensionMonths
{
    /// <summary>How many months are paid twice, the first and the last of them as <c>yyyy-MM</c>.</summary>
    public sealed record Twice(int Count, string First, string Last);

    public static string Write(IReadOnlyList<MonthSpan> spans) => string.Join(',', spans.Select(s => s.From + "/" + s.To));

    /// <param name="years">The table's lines.</param>
    /// <param name="held">As <see cref="Write"/> gave it; null where the new city holds nothing.</param>
    /// <returns>Null where no month is paid twice.</returns>
    public static Twice? Overlap(IReadOnlyList<ContributionYear> years, string? held)
    {
        if (held is null)
            return null;

        var spans = held.Split(',').Select(Read).ToList();
        var twice = years
            .SelectMany(y => Enumerable.Range((y.Year * 12) + y.FirstMonth - 1, Math.Clamp(y.Months, 0, 12)))
            .Where(month => spans.Exists(s => s.From <= month && month <= s.To))
            .Distinct()
            .ToList();
        return twice.Count == 0 ? null : new Twice(twice.Count, Text(twice.Min()), Text(twice.Max()));
    }

    private static (int From, int To) Read(string span)
    {
        var ends = span.Split('/');
        return ends.Length == 2 ? (Month(ends[0]), Month(ends[1])) : (int.MaxValue, int.MinValue);
    }

    // A month that cannot be read lies beyond all others, so that it overlaps nothing.
    private static int Month(string text) =>
        text.Length == 7
        && int.TryParse(text.AsSpan(0, 4), NumberStyles.None, CultureInfo.InvariantCulture, out var year)
        && int.TryParse(text.AsSpan(5, 2), NumberStyles.None, CultureInfo.InvariantCulture, out var month)
            ? (year * 12) + month - 1
            : int.MaxValue;

    private static string Text(int month) => string.Create(CultureInfo.InvariantCulture, $"{month / 12:0000}-{(month % 12) + 1:00}");
}

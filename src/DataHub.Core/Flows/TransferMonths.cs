using System.Globalization;
using DataHub.Contracts.Payloads;

namespace DataHub.Core.Flows;

/// <summary>Months paid twice: what the new city holds against what the old one's 信息表 lists.</summary>
internal static class TransferMonths
{
    /// <summary>So many spans are named one by one in a break.</summary>
    private const int NamedSpans = 8;

    /// <summary>A run of consecutive months that both cities hold.</summary>
    public sealed record Span(int First, int Count);

    public static string Write(IReadOnlyList<MonthSpan> spans) => string.Join(',', spans.Select(s => s.From + "/" + s.To));

    /// <param name="lines">The table's lines.</param>
    /// <param name="held">As <see cref="Write"/> gave it; null where the new city holds nothing.</param>
    /// <returns>In order of time; empty where no month is paid twice.</returns>
    public static IReadOnlyList<Span> Overlap(IReadOnlyList<IContributionLine> lines, string? held)
    {
        if (held is null)
            return [];

        var spans = held.Split(',').Select(Read).ToList();
        var twice = lines
            .SelectMany(y => Enumerable.Range((y.Year * 12) + y.FirstMonth - 1, Math.Clamp(y.Months, 0, 12)))
            .Where(month => spans.Exists(s => s.From <= month && month <= s.To))
            .Distinct()
            .Order();
        var runs = new List<Span>();
        foreach (var month in twice)
        {
            if (runs is [.., var last] && last.First + last.Count == month)
                runs[^1] = last with { Count = last.Count + 1 };
            else
                runs.Add(new Span(month, 1));
        }

        return runs;
    }

    /// <summary>The months that both cities hold, as a person reads them in a break.</summary>
    public static string Describe(IReadOnlyList<Span> overlap)
    {
        var named = overlap.Take(NamedSpans).Select(s =>
            string.Create(CultureInfo.InvariantCulture, $"{Text(s.First)}–{Text(s.First + s.Count - 1)}: 转入地已有 {s.Count} 个月, 信息表 {s.Count} 个月"));
        var rest = overlap.Count > NamedSpans ? "; 等" : "";
        return string.Create(CultureInfo.InvariantCulture, $"重复缴费 {overlap.Sum(s => s.Count)} 个月; {string.Join("; ", named)}{rest}");
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

using System.Globalization;
using System.Text;
using DataHub.Core.Registry;

namespace DataHub.Core.Statistics;

/// <summary>
/// A table as CSV (RFC 4180) for spreadsheets: UTF-8 with a byte order mark, since they take it for the local code page
/// otherwise; no cell begins like a formula, since they would reckon it.
/// </summary>
public static class StatisticCsv
{
    /// <summary>Marks a row whose figures are not told.</summary>
    public const string Suppressed = "suppressed";

    private static readonly string[] Figures = ["count", "part", "rate", "medianDays", "p90Days", "averageScore", "amountFen"];

    /// <summary>Header, rows and, where the table has groups, a last row with the total.</summary>
    public static byte[] Write(StatisticTable table, RegistrySnapshot registry)
    {
        ArgumentNullException.ThrowIfNull(table);
        var groups = table.Query.Groups;
        var text = new StringBuilder();
        Line(text, groups.SelectMany(g => StatisticNames.HasNames(g) ? new[] { g, g + "Name" } : [g]).Concat(Figures).Append(Suppressed));
        foreach (var row in table.Rows)
            Line(text, groups.SelectMany((g, i) => StatisticNames.HasNames(g) ? new[] { row.Group[i], StatisticNames.Of(registry, g, row.Group[i]) } : [row.Group[i]]).Concat(Cells(row.Figures)));
        var total = groups.SelectMany((g, i) => StatisticNames.HasNames(g) ? new[] { i == 0 ? "total" : "", i == 0 ? "合计" : "" } : [i == 0 ? "total" : ""]);
        Line(text, total.Concat(Cells(table.Total)));
        return [.. Encoding.UTF8.Preamble, .. Encoding.UTF8.GetBytes(text.ToString())];
    }

    /// <summary>A cell that a spreadsheet takes for what it says.</summary>
    internal static string Cell(string value)
    {
        // The full-width forms count too: spreadsheets take them for the same.
        if (value is ['=' or '+' or '-' or '@' or '\t' or '\r' or '\n' or '\uFF1D' or '\uFF0B' or '\uFF0D' or '\uFF20', ..])
            value = "'" + value;
        return value.AsSpan().IndexOfAny(",\"\r\n") < 0 ? value : "\"" + value.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";
    }

    private static IEnumerable<string> Cells(StatisticFigures? f) => f is null
        ? [.. Figures.Select(_ => ""), "yes"]
        : [Text(f.Count), Text(f.Part), Text(f.Rate), Text(f.MedianDays), Text(f.P90Days), Text(f.AverageScore), Text(f.AmountFen), ""];

    private static string Text(IFormattable? value) => value?.ToString(null, CultureInfo.InvariantCulture) ?? "";

    private static void Line(StringBuilder text, IEnumerable<string> cells) => text.AppendJoin(',', cells.Select(Cell)).Append("\r\n");
}

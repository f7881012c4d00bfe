using System.Globalization;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Calendar;
using DataHub.Core.Errors;
using DataHub.Core.Flows;
using DataHub.Core.Registry;
using DataHub.Core.Statistics;
using DataHub.Core.Storage;

namespace DataHub.Host.Api;

/// <summary>
/// The hub's statistics. A city sees the exchanges in which it takes part, by every dimension, and those of all cities
/// together by dimensions that name no place; nobody sees small counts.
/// </summary>
internal sealed class Statistics(INodeStore store, RegistrySnapshot registry, int threshold, TimeProvider time)
{
    public const string AllCities = "all";
    public const string NoGroups = "none";
    public const int MaxMonths = 36;
    public const int MaxRows = 10_000;

    private const string Csv = "text/csv";
    private const string CsvSuffix = ".csv";
    private static readonly string[] Places = ["source", "target", "hospital"];

    /// <summary>What the catalogue offers across city limits on a day: 跨区通办率 and 全程网办率.</summary>
    public IResult Availability(string? on)
    {
        var day = WorkingDayCalendar.ShanghaiDate(time.GetUtcNow());
        if (on is not null && !DateOnly.TryParseExact(on, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out day))
            return Problems.Of(ReasonCodes.PatternMismatch, "on");
        return Results.Json(new AvailabilityAnswer(day, CatalogueRates.CrossCityGoal, CatalogueRates.OnlineGoal, [.. CatalogueRates.Of(registry, day).Select(r => new AvailabilityRow
        {
            City = r.City.Length == 0 ? AllCities : r.City,
            HighFrequency = r.HighFrequency,
            Items = r.Items,
            CrossCity = r.CrossCity,
            Online = r.Online,
            CrossCityRate = r.CrossCityRate,
            OnlineRate = r.OnlineRate,
        })]));
    }

    /// <summary>One measure over months, as JSON or CSV.</summary>
    public async Task<IResult> GetAsync(string caller, string measure, StatisticsParameters asked, string accept, CancellationToken cancel)
    {
        var csv = measure.EndsWith(CsvSuffix, StringComparison.Ordinal) || accept.Contains(Csv, StringComparison.OrdinalIgnoreCase);
        if (measure.EndsWith(CsvSuffix, StringComparison.Ordinal))
            measure = measure[..^CsvSuffix.Length];
        if (StatisticMeasure.Find(measure) is not { } found)
            return Problems.Of(ReasonCodes.NotFound, "measure");
        var city = asked.City ?? caller;
        if (city != AllCities && city != caller)
            return Problems.Of(ReasonCodes.NotAuthorised, "city");
        var reasons = new List<Reason>();
        var (from, to) = Months(asked.From, asked.To, reasons);
        var groups = Groups(found, asked.GroupBy, reasons);
        if (asked.Flow is { } flow && FlowCatalogue.Find(flow) is null)
            reasons.Add(Reasons.Of(ReasonCodes.UnknownValue, "flow", string.Join(", ", FlowCatalogue.All.Select(f => f.Code))));
        if (reasons.Count > 0)
            return Problems.Of(reasons);
        if (city == AllCities && groups.Any(Places.Contains))
            return Problems.Of(ReasonCodes.NotAuthorised, "groupBy");

        var query = new StatisticQuery
        {
            Measure = found,
            Groups = groups,
            City = city == AllCities ? null : city,
            Reader = city == AllCities ? caller : null,
            Flow = asked.Flow,
            Threshold = threshold,
        };
        var table = StatisticTable.Of(query, await store.StatisticsAsync(found.CounterFor(groups), from, to, cancel));
        if (table.Rows.Count > MaxRows)
            return Problems.Of(ReasonCodes.StatisticTooFine, "groupBy", MaxRows);
        return csv ? Results.Bytes(StatisticCsv.Write(table, registry), Csv + "; charset=utf-8", found.Name + CsvSuffix) : Results.Json(Answer(table, city, from, to));
    }

    private (int From, int To) Months(string? from, string? to, List<Reason> reasons)
    {
        // Without a word on months: the twelve that end with the running one.
        var last = Month("to", to, reasons) ?? FirstOf(WorkingDayCalendar.ShanghaiDate(time.GetUtcNow()));
        var first = Month("from", from, reasons) ?? last.AddMonths(-11);
        if (reasons.Count == 0 && (first > last || first.AddMonths(MaxMonths) <= last))
            reasons.Add(Reasons.Of(ReasonCodes.MonthsOutOfBounds, "from", MaxMonths));
        return (Number(first), Number(last));
    }

    private static DateOnly? Month(string name, string? text, List<Reason> reasons)
    {
        if (text is null)
            return null;
        if (DateOnly.TryParseExact(text, "yyyy-MM", CultureInfo.InvariantCulture, DateTimeStyles.None, out var month) && month.Year is >= 2000 and < 2200)
            return month;
        reasons.Add(Reasons.Of(ReasonCodes.PatternMismatch, name));
        return null;
    }

    private static IReadOnlyList<string> Groups(StatisticMeasure measure, string? text, List<Reason> reasons)
    {
        if (string.IsNullOrEmpty(text))
            return measure.DefaultGroups;
        if (text == NoGroups)
            return [];
        var groups = text.Split(',', StringSplitOptions.TrimEntries);
        if (groups.Any(g => !measure.Dimensions.Contains(g)) || groups.Distinct(StringComparer.Ordinal).Count() != groups.Length)
            reasons.Add(Reasons.Of(ReasonCodes.UnknownValue, "groupBy", string.Join(", ", measure.Dimensions)));
        return groups;
    }

    private StatisticsAnswer Answer(StatisticTable table, string city, int from, int to) => new()
    {
        Measure = table.Query.Measure.Name,
        From = Text(from),
        To = Text(to),
        City = city,
        Flow = table.Query.Flow,
        GroupBy = table.Query.Groups,
        Threshold = threshold,
        Rows = [.. table.Rows.Select(r => Row(r.Figures) with { Group = table.Query.Groups.Zip(r.Group).ToDictionary(g => g.First, g => g.Second, StringComparer.Ordinal) })],
        Total = Row(table.Total),
    };

    private static StatisticAnswer Row(StatisticFigures? f) => new()
    {
        Suppressed = f is null ? true : null,
        Count = f?.Count,
        Part = f?.Part,
        Rate = f?.Rate,
        MedianDays = f?.MedianDays,
        P90Days = f?.P90Days,
        AverageScore = f?.AverageScore,
        AmountFen = f?.AmountFen,
    };

    private static DateOnly FirstOf(DateOnly day) => new(day.Year, day.Month, 1);

    private static int Number(DateOnly month) => (month.Year * 100) + month.Month;

    private static string Text(int month) => string.Create(CultureInfo.InvariantCulture, $"{month / 100:D4}-{month % 100:D2}");
}

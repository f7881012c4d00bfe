using System.Globalization;
using DataHub.Core.Calendar;
using DataHub.Core.Registry;
using DataHub.Core.Statistics;
using Spectre.Console;

namespace DataHub.Host.Commands;

/// <summary>
/// Prints every measure of the last twelve months for whoever runs the hub: all cities, small counts included, since the
/// database that they are read from is the reader's own.
/// </summary>
internal static class StatisticsCommand
{
    public static async Task<int> RunAsync(string data, CancellationToken cancel)
    {
        await using var store = await DataFolder.OpenAsync(data, cancel);
        var registry = RegistrySnapshot.Load(DataFolder.Options(data).Seeds);
        var today = WorkingDayCalendar.ShanghaiDate(TimeProvider.System.GetUtcNow());
        var first = today.AddMonths(-11);
        AnsiConsole.Write(Availability(registry, today));
        foreach (var measure in StatisticMeasure.All)
        {
            var query = new StatisticQuery { Measure = measure, Groups = measure.DefaultGroups, Threshold = 1 };
            var counts = await store.StatisticsAsync(measure.CounterFor(query.Groups), (first.Year * 100) + first.Month, (today.Year * 100) + today.Month, cancel);
            AnsiConsole.Write(Of(StatisticTable.Of(query, counts), registry));
        }

        return ExitCodes.Done;
    }

    private static Table Availability(RegistrySnapshot registry, DateOnly on)
    {
        var table = new Table().Border(TableBorder.Rounded).Title($"availability {on:yyyy-MM-dd} (goals {CatalogueRates.CrossCityGoal:P0}, {CatalogueRates.OnlineGoal:P0})")
            .AddColumns("people of", "items", "in force", "cross-city", "跨区通办率", "online", "全程网办率");
        foreach (var r in CatalogueRates.Of(registry, on))
        {
            table.AddRow(
                r.City.Length == 0 ? "all" : registry.CityByCode(r.City)!.Name, r.HighFrequency ? "high-frequency" : "every",
                $"{r.Items}", $"{r.CrossCity}", Percent(r.CrossCityRate), $"{r.Online}", Percent(r.OnlineRate));
        }

        return table;
    }

    private static Table Of(StatisticTable statistics, RegistrySnapshot registry)
    {
        var measure = statistics.Query.Measure;
        var columns = new (string Name, Func<StatisticFigures, string> Value)[]
        {
            ("count", f => $"{f.Count}"),
            (measure.PartName, f => $"{f.Part}"),
            (measure.IsPart is null ? "" : "rate", f => Percent(f.Rate)),
            (measure.Days ? "median days" : "", f => $"{f.MedianDays}"),
            (measure.Days ? "p90 days" : "", f => $"{f.P90Days}"),
            (measure.Scores ? "mean score" : "", f => f.AverageScore?.ToString("F2", CultureInfo.InvariantCulture) ?? ""),
            (measure.HasAmount ? "yuan" : "", f => $"{f.AmountFen / 100}.{f.AmountFen % 100:D2}"),
        }.Where(c => c.Name.Length > 0).ToList();

        var table = new Table().Border(TableBorder.Rounded).Title(measure.Name).AddColumns([.. statistics.Query.Groups]);
        foreach (var (name, _) in columns)
            table.AddColumn(new TableColumn(name).RightAligned());
        foreach (var row in statistics.Rows.Where(r => r.Figures is not null))
        {
            table.AddRow([
                .. statistics.Query.Groups.Select((g, i) => Markup.Escape(g == "reason" ? row.Group[i] + " " + StatisticNames.Of(registry, g, row.Group[i]) : StatisticNames.Of(registry, g, row.Group[i]))),
                .. columns.Select(c => c.Value(row.Figures!)),
            ]);
        }

        if (statistics.Total is { } total)
            table.AddRow([.. statistics.Query.Groups.Select((_, i) => i == 0 ? "[bold]total[/]" : ""), .. columns.Select(c => $"[bold]{c.Value(total)}[/]")]);
        return table;
    }

    private static string Percent(decimal? rate) => rate?.ToString("P1", CultureInfo.InvariantCulture) ?? "—";
}

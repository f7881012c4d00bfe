using System.Text.Json;
using DataHub.Core.Flows;
using DataHub.Host.Roles;
using DataHub.Simulators.Cases;
using Spectre.Console;

namespace DataHub.Host.Demo;

/// <summary>Shows a demo in the terminal: live while it runs, as a table of all three sides at its end.</summary>
public static class DemoScreen
{
    /// <summary>Rows of the final table; the rest is summed up, and whatever did not end as expected is always listed.</summary>
    private const int MaxRows = 150;

    public static async Task<DemoSummary> RunAsync(DataHubHost host, DemoPlan plan, TimeSpan atMost, bool quiet, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(host);
        var runner = new DemoRunner(host);
        DemoSummary? summary = null;
        if (quiet)
            return await runner.RunAsync(plan, atMost, static _ => { }, cancel);
        if (AnsiConsole.Profile.Capabilities.Interactive)
        {
            await AnsiConsole.Live(Progress([])).AutoClear(true).StartAsync(async live =>
                summary = await runner.RunAsync(plan, atMost, lines => live.UpdateTarget(Progress(lines)), cancel));
        }
        else
        {
            var last = "";
            summary = await runner.RunAsync(plan, atMost, lines => last = Line(lines, last), cancel);
        }

        AnsiConsole.Write(Final(host, runner.Results));
        foreach (var odd in runner.Results.Where(r => r.Standing is CaseStanding.Open or CaseStanding.Unexpected).Take(MaxRows))
            AnsiConsole.MarkupLineInterpolated($"[red]{odd.Case.CaseNumber} {odd.ExchangeId}: {odd.Standing}, {odd.Why} (expected {Expected(odd.Case)})[/]");
        foreach (var text in summary!.OddBreaks.Take(MaxRows))
            AnsiConsole.MarkupLineInterpolated($"[red]{text}[/]");
        AnsiConsole.MarkupLineInterpolated($"{summary.Submitted} submitted: {summary.Reconciled} reconciled, {summary.Refused} refused as expected, {summary.Open} open, {summary.Unexpected} not as expected, {summary.Duplicates} duplicates, in {summary.Seconds} s");
        return summary;
    }

    /// <summary>The last line of <c>demo --json</c>.</summary>
    public static string Json(DemoSummary summary)
    {
        ArgumentNullException.ThrowIfNull(summary);
        return JsonSerializer.Serialize(new { submitted = summary.Submitted, reconciled = summary.Reconciled, refused = summary.Refused, open = summary.Open + summary.Unexpected, duplicates = summary.Duplicates, seconds = summary.Seconds, breaks = summary.Breaks, odd_breaks = summary.OddBreaks.Count, ends = summary.Ends });
    }

    private static Table Progress(IReadOnlyList<ProgressLine> lines)
    {
        var table = new Table().Border(TableBorder.Rounded).Title("成德眉资 · DataHub").AddColumns("City", "Business");
        foreach (var column in new[] { "Submitted", "In progress", "Completed", "Refused", "Overdue" })
            table.AddColumn(new TableColumn(column).RightAligned());
        foreach (var l in lines)
            table.AddRow(l.City, l.Business, $"{l.Submitted}", $"{l.InProgress}", $"[green]{l.Completed}[/]", $"{l.Refused}", l.Overdue > 0 ? $"[red]{l.Overdue}[/]" : "0");
        return table;
    }

    private static string Line(IReadOnlyList<ProgressLine> lines, string last)
    {
        var text = $"submitted {lines.Sum(l => l.Submitted)}, in progress {lines.Sum(l => l.InProgress)}, completed {lines.Sum(l => l.Completed)}, refused {lines.Sum(l => l.Refused)}, overdue {lines.Sum(l => l.Overdue)}";
        if (text != last)
            AnsiConsole.WriteLine(text);
        return text;
    }

    private static Table Final(DataHubHost host, IReadOnlyList<CaseResult> results)
    {
        var table = new Table().Border(TableBorder.Rounded).Title("Every exchange, as the three sides hold it");
        table.AddColumn(new TableColumn("Exchange").NoWrap());
        table.AddColumns("Business", "From → to", "Source holds", "Hub holds", "Target holds", "Result");
        foreach (var r in results.Take(MaxRows))
        {
            var target = r.Hub?.State.TargetCity is { Length: > 0 } code ? host.Registry.CityByCode(code)?.Name : "—";
            table.AddRow(
                Markup.Escape(r.ExchangeId ?? r.Case.CaseNumber), Markup.Escape(r.Case.Expected.Flow),
                $"{host.Registry.CityByCode(r.Case.City)?.Name} → {target}",
                Outcome(r.Source), Outcome(r.Hub?.State.Outcome), r.Hub?.State.TargetCity.Length == 0 ? "—" : Outcome(r.Target), Result(r));
        }

        if (results.Count > MaxRows)
            table.Caption($"the first {MaxRows} of {results.Count}");
        return table;
    }

    private static string Result(CaseResult r) => r.Standing switch
    {
        CaseStanding.Reconciled => "[green]reconciled[/]",
        CaseStanding.Refused => $"[yellow]refused: {Markup.Escape(r.Why)}[/]",
        _ => $"[red]{Markup.Escape(r.Why)}[/]",
    };

    private static string Outcome(Outcome? outcome) =>
        outcome is null ? "" : Markup.Escape(outcome.AmountFen is { } fen ? $"{outcome.Code} ¥{fen / 100}.{fen % 100:D2}" : outcome.Code);

    private static string Expected(PlannedCase planned) => planned.Expected.Expectation switch
    {
        Expectation.Reconciled reconciled => reconciled.OutcomeCode,
        Expectation.Refused refused => "refusal " + refused.ReasonCode,
        _ => "",
    };
}

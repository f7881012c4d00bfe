using System.Globalization;
using DataHub.Contracts;
using DataHub.Core.Errors;
using DataHub.Core.Flows;
using DataHub.Core.Journal;
using DataHub.Core.Registry;
using DataHub.Core.Storage;
using Spectre.Console;

namespace DataHub.Host.Commands;

/// <summary>Shows an exchange from the journals of all nodes in the folder. Shows no personal data: no message bodies.</summary>
internal static class ShowCommand
{
    public static async Task<int> RunAsync(string data, string id, CancellationToken cancel)
    {
        await using var store = await DataFolder.OpenAsync(data, cancel);
        var registry = RegistrySnapshot.Load(DataFolder.Options(data).Seeds);
        var timeline = new List<(string Node, JournalRow Row)>();
        foreach (var node in await store.NodesAsync(cancel))
            timeline.AddRange((await store.TimelineAsync(node, id, cancel)).Select(row => (node, row)));
        if (timeline.Count == 0)
        {
            await Console.Error.WriteLineAsync($"{Reasons.Of(ReasonCodes.NotFound, "$.exchangeId").Message} ({id})");
            return ExitCodes.Negative;
        }

        var hub = timeline.Select(t => t.Node).FirstOrDefault(HubShards.IsHub);
        var row = hub is null ? null : (await store.ExchangesAsync(hub, [id], cancel)).GetValueOrDefault(id);
        if (row is not null)
            Head(row, registry);
        foreach (var b in await store.BreaksAsync(id, openOnly: false, 20, cancel))
            AnsiConsole.MarkupLineInterpolated($"[yellow]break {b.Code} {Reasons.Of(b.Code, "$").Message} {b.Detail}, {(b.ClosedAt is { } at ? "closed " + Time(at) : "open since " + Time(b.OpenedAt))}[/]");
        AnsiConsole.Write(Timeline(timeline, registry));
        return ExitCodes.Done;
    }

    private static void Head(ExchangeRow row, RegistrySnapshot registry)
    {
        var s = row.State;
        var flow = FlowCatalogue.Find(s.Flow, s.FlowVersion);
        AnsiConsole.MarkupLineInterpolated($"[bold]{s.ExchangeId}[/]  {flow?.Title} {registry.Item(s.Item)?.Name ?? registry.RecognitionItem(s.Item)?.Name ?? s.Item}");
        AnsiConsole.MarkupLineInterpolated($"{CityName(registry, s.SourceCity)} → {(s.TargetCity.Length == 0 ? "—" : CityName(registry, s.TargetCity))}   state {flow?.State(s.State)?.Title ?? s.State} ({s.State}), version {s.Version}");
        if (s.Clock is { } clock)
            AnsiConsole.MarkupLineInterpolated($"{CityName(registry, clock.ResponsibleCity)} acts until {clock.DueOn:yyyy-MM-dd}{(clock.StoppedOn is null ? "" : ", clock stopped since " + clock.StoppedOn.Value.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture))}");
        if (s.Outcome is { } outcome)
        {
            AnsiConsole.MarkupLineInterpolated($"outcome {outcome.Code} {(outcome.AmountFen is { } fen ? $"¥{fen / 100}.{fen % 100:D2}" : "")} {outcome.Reference}");
            AnsiConsole.MarkupLineInterpolated($"held alike: source {Same(row.SourceDigest, row)}, target {(s.TargetCity.Length == 0 ? "—" : Same(row.TargetDigest, row))}{(row.ReconciledAt is { } at ? ", reconciled " + Time(at) : "")}");
        }
    }

    private static Table Timeline(List<(string Node, JournalRow Row)> timeline, RegistrySnapshot registry)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("Time (北京时间)", "Node", "What", "Message", "From", "Row");
        foreach (var (node, row) in timeline.OrderBy(t => t.Row.At).ThenBy(t => t.Row.Kind == EntryKind.Sent ? 0 : 1).ThenBy(t => t.Node, StringComparer.Ordinal))
        {
            var type = row.Type.StartsWith(MessageTypes.Prefix, StringComparison.Ordinal) ? row.Type[MessageTypes.Prefix.Length..] : row.Type;
            var what = row.Reasons is null ? row.Kind.ToString() : $"{row.Kind}: {string.Join(", ", ReasonList.Read(row.Reasons).Select(r => r.Code))}";
            table.AddRow(Time(row.At), Markup.Escape(CityName(registry, node)), Markup.Escape(what), Markup.Escape($"{type} {row.MessageId}"), Markup.Escape(CityName(registry, row.Sender)), $"{row.Number}");
        }

        return table;
    }

    private static string Same(string? digest, ExchangeRow row) => digest is null ? "not reported" : digest == row.OutcomeDigest ? "yes" : "NO";

    private static string CityName(RegistrySnapshot registry, string code) => HubShards.IsHub(code) ? "平台" : registry.CityByCode(code)?.Name ?? code;

    private static string Time(DateTimeOffset at) => at.ToOffset(TimeSpan.FromHours(8)).ToString("yyyy-MM-dd HH:mm:ss.fff", CultureInfo.InvariantCulture);
}

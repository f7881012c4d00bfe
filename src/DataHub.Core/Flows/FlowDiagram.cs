using System.Text;

namespace DataHub.Core.Flows;

/// <summary>Draws a flow definition as a page for people: a Mermaid state diagram and a table of every step.</summary>
public static class FlowDiagram
{
    public static string Page(FlowDefinition flow)
    {
        var page = new StringBuilder();
        page.Append($"# {flow.Title} (`{flow.Code}`, version {flow.Version})\n\n");
        page.Append("Generated from `src/DataHub.Core/Flows`; a test compares. To renew it, run the unit tests with `UPDATE_SNAPSHOTS=1`.\n");
        page.Append("The diagram leaves out steps that change no state; the table has them all.\n\n```mermaid\nstateDiagram-v2\n");
        foreach (var state in flow.States)
            page.Append($"    state \"{state.Title} ({state.Name})\" as {Id(state.Name)}\n");
        foreach (var step in flow.Steps)
        {
            foreach (var move in step.Moves.Where(m => m.From != m.To))
                page.Append($"    {(move.From.Length == 0 ? "[*]" : Id(move.From))} --> {Id(move.To)}: {step.Title}({Parties(step.Senders)}){Condition(move.When)}\n");
        }

        foreach (var state in flow.States.Where(s => s.Final))
            page.Append($"    {Id(state.Name)} --> [*]\n");

        page.Append("```\n\n## States\n\n| State | 名称 | Deadline | Final |\n| --- | --- | --- | --- |\n");
        foreach (var state in flow.States)
            page.Append($"| `{state.Name}` | {state.Title} | {Deadline(state)} | {(state.Final ? "yes" : "")} |\n");

        page.Append("\n## Steps\n\n| Message | 名称 | Sender | From → to | Outcome | Correctable |\n| --- | --- | --- | --- | --- | --- |\n");
        foreach (var step in flow.Steps)
        {
            var type = step.Type[Contracts.MessageTypes.Prefix.Length..];
            page.Append($"| `{type}` | {step.Title} | {Parties(step.Senders)} | {Moves(step)} | {Outcome(step)} | {string.Join(' ', step.Correctable.Select(c => $"`{c}`"))} |\n");
        }

        AppendAdministrative(page, flow);
        return page.ToString();
    }

    /// <summary>Who may send which message of the administrative family in which state.</summary>
    private static void AppendAdministrative(StringBuilder page, FlowDefinition flow)
    {
        var family = flow.Steps.Where(s => s.Type.StartsWith(Contracts.MessageTypes.Prefix + "case.", StringComparison.Ordinal)).GroupBy(s => s.Type).ToList();
        if (family.Count == 0)
            return;
        page.Append($"\n## Administrative messages by state\n\n| State | {string.Join(" | ", family.Select(f => f.First().Title))} |\n| --- |{string.Concat(family.Select(_ => " --- |"))}\n");
        foreach (var state in flow.States)
        {
            var senders = family.Select(f => Parties(f.Where(s => s.Moves.Any(m => m.From == state.Name)).SelectMany(s => s.Senders).Distinct()));
            page.Append($"| {state.Title} `{state.Name}` | {string.Join(" | ", senders)} |\n");
        }
    }

    // Mermaid reads a hyphen in an identifier as the beginning of an arrow.
    private static string Id(string state) => state.Replace('-', '_');

    private static string Parties(IEnumerable<Party> parties) => string.Join('/', parties.Select(p => p switch
    {
        Party.Source => "收件地",
        Party.Target => "办理地",
        Party.Holder => "持有地",
        _ => "枢纽",
    }));

    private static string Condition(Guard guard) => guard == Guard.Always ? "" : $" [{Guards.Title(guard)}]";

    private static string Moves(FlowStep step)
    {
        if (step.Moves.All(m => m.From == m.To && m.When == Guard.Always))
            return "stays in " + string.Join(", ", step.Moves.Select(m => $"`{m.From}`"));
        return string.Join("<br>", step.Moves.Select(m => $"{(m.From.Length == 0 ? "(opens)" : $"`{m.From}`")} → `{m.To}`{Condition(m.When)}"));
    }

    private static string Deadline(FlowState state) => state switch
    {
        { StopsClock: true } => "clock stopped; 收件地: the days of the request",
        { Leg: { } leg } => $"{Parties([leg.Responsible])}: `{leg.Term}`",
        { NoDeadline: { } why } => "none: " + why,
        _ => "",
    };

    private static string Outcome(FlowStep step) => step.Outcome switch
    {
        OutcomeEffect.Set => "set",
        OutcomeEffect.Clear => "cleared",
        _ => "",
    };
}

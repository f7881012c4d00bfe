using System.Reflection;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;

namespace DataHub.Core.Registry;

/// <summary>
/// Reads <c>codes/&lt;city&gt;.csv</c>. Every city must have every table, and every code of the hub in it: a code that cannot be
/// written would otherwise be found out only when a case carries it.
/// </summary>
internal sealed class CodeReader(SeedFolder folder)
{
    private static readonly string[] Relations = ["self", "spouse", "parent", "child", "sibling", "guardian", "colleague", "other"];

    private static readonly string[] Outcomes =
    [
        "approved", "refused", "returned", "withdrawn", "closed", "completed", "published", "corrected", "revoked", "recognised", "not-recognised", "listed", "consent-withdrawn",
        "qualified", "not-qualified", "unable", "answered", "none",
        "partially-completed", "not-completed", "not-opened",
    ];

    public IReadOnlyList<CodeRow> Read(
        IReadOnlyList<City> cities, IReadOnlyList<ServiceItem> items, IReadOnlyList<RecognitionItem> recognitionItems, IReadOnlyList<ReturnReason> returnReasons)
    {
        var tables = Expected(items, recognitionItems, returnReasons);
        return [.. cities.SelectMany(c => ReadCity(c, tables))];
    }

    private List<CodeRow> ReadCity(City city, Dictionary<string, HashSet<string>> tables)
    {
        var file = $"codes/{city.Key}.csv";
        var rows = new List<CodeRow>();
        var natives = new HashSet<(string, string)>();
        foreach (var row in folder.Read(file, "table", "native", "canonical", "name"))
        {
            var code = new CodeRow(city.Code, row.Identifier("table"), row.Text("native"), row.Text("canonical"), row.Text("name"));
            rows.Add(code);
            if (!tables.TryGetValue(code.Table, out var canonicals))
                row.Fault($"there is no code table {code.Table}");
            else if (!canonicals.Contains(code.Canonical))
                row.Fault($"{code.Canonical} is no code of the table {code.Table}");
            if (!natives.Add((code.Table, code.Native)))
                row.Fault($"{code.Native} stands twice in the table {code.Table}");
        }

        foreach (var (table, canonicals) in tables)
        {
            var missing = canonicals.Except(rows.Where(r => r.Table == table).Select(r => r.Canonical)).Order(StringComparer.Ordinal).ToArray();
            if (missing.Length > 0)
                folder.Fault(file, 0, $"the table {table} has no row for {string.Join(", ", missing)}");
        }

        return rows;
    }

    private static Dictionary<string, HashSet<string>> Expected(
        IReadOnlyList<ServiceItem> items, IReadOnlyList<RecognitionItem> recognitionItems, IReadOnlyList<ReturnReason> returnReasons) =>
        new(StringComparer.Ordinal)
        {
            [Tables.Sex] = Names(typeof(Sex)),
            [Tables.IdType] = Names(typeof(IdentityType)),
            [Tables.Mode] = Names(typeof(ServiceMode)),
            [Tables.Result] = Names(typeof(DecisionResult)),
            [Tables.Channel] = Names(typeof(DeliveryChannel)),
            [Tables.Category] = Names(typeof(ResultCategory)),
            [Tables.Verdict] = Names(typeof(RecognitionVerdict)),
            [Tables.RepeatReason] = Names(typeof(RepeatReason)),
            [Tables.HubVerdict] = Names(typeof(Verdict)),
            [Tables.DeadlineStage] = Names(typeof(DeadlineStage)),
            [Tables.Relation] = [.. Relations],
            [Tables.Outcome] = [.. Outcomes],
            [Tables.MessageType] = [.. BusinessTypes()],
            [Tables.Item] = [.. items.Where(i => !IsTransfer(i)).Select(i => i.Code)],
            [Tables.InsuranceKind] = [.. items.Where(IsTransfer).Select(i => i.Code)],
            [Tables.RecognitionItem] = [.. recognitionItems.Select(i => i.Code)],
            [Tables.ReturnReason] = [.. returnReasons.Select(r => r.Code)],
        };

    private static bool IsTransfer(ServiceItem item) => item.Flow.StartsWith("transfer.", StringComparison.Ordinal);

    private static HashSet<string> Names(Type enumeration) => [.. WireNames.Of(enumeration)];

    // Of the hub's own messages (hub.*) a city's system hears the notices of deadlines only; the others end at its adapter.
    private static IEnumerable<string> BusinessTypes() =>
        typeof(MessageTypes).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(f => ((string)f.GetRawConstantValue()!))
            .Where(t => t.Length > MessageTypes.Prefix.Length)
            .Select(t => t[MessageTypes.Prefix.Length..])
            .Where(t => !t.StartsWith("hub.", StringComparison.Ordinal) || MessageTypes.Prefix + t == MessageTypes.DeadlineNotice);
}

namespace DataHub.Core.Registry;

/// <summary>How the hub watches over the cases of an item; <c>*</c> for items without a row of their own. Days are working days.</summary>
/// <param name="WarningDays">The warning goes out so many days before a leg's last day.</param>
/// <param name="RepeatDays">A breach that lasts is told again so often, each time a level higher.</param>
/// <param name="MaxLevel">Nothing is told beyond this level.</param>
/// <param name="BreakLevel">From this level on a break is open that a person works.</param>
/// <param name="RemindersPerDay">催办 of one side in one case on one day.</param>
/// <param name="MaxForwardings">转办 of one side in one case.</param>
/// <param name="DeliveryDays">From a decision until the applicant has the result (行政许可法第四十四条).</param>
/// <param name="ResultDays">From a doctor's query until the publishing city delivers the result.</param>
/// <param name="AcknowledgementDays">From a correction or revocation of a result until every holder has acknowledged it.</param>
/// <param name="Basis">Public rule, or why the row differs.</param>
public sealed record CaseRules(
    string Item, int WarningDays, int RepeatDays, int MaxLevel, int BreakLevel, int RemindersPerDay, int MaxForwardings, int DeliveryDays, int ResultDays, int AcknowledgementDays, string Basis);

/// <summary>Reads <c>case_rules.csv</c>.</summary>
internal static class CaseRulesReader
{
    private const string File = "case_rules.csv";

    /// <returns>The rules by item; empty where the row for all others is missing, which is a fault.</returns>
    public static IReadOnlyDictionary<string, CaseRules> Read(SeedFolder folder, IEnumerable<string> items)
    {
        var known = items.ToHashSet(StringComparer.Ordinal);
        var rules = new Dictionary<string, CaseRules>(StringComparer.Ordinal);
        foreach (var row in folder.Read(File, "item", "warningDays", "repeatDays", "maxLevel", "breakLevel", "remindersPerDay", "maxForwardings", "deliveryDays", "resultDays", "acknowledgementDays", "basis"))
        {
            var rule = new CaseRules(
                row.IdentifierOrAny("item"),
                row.Whole("warningDays", 0, 60),
                row.Whole("repeatDays", 1, 60),
                row.Whole("maxLevel", 1, 9),
                row.Whole("breakLevel", 1, 9),
                row.Whole("remindersPerDay", 1, 99),
                row.Whole("maxForwardings", 1, 9),
                row.Whole("deliveryDays", 1, 366),
                row.Whole("resultDays", 1, 366),
                row.Whole("acknowledgementDays", 1, 366),
                row.Text("basis"));
            if (rule.Item != "*" && !known.Contains(rule.Item))
                row.Fault($"the item {rule.Item} is in no catalogue");
            if (rule.BreakLevel > rule.MaxLevel)
                row.Fault("breakLevel is more than maxLevel");
            if (!rules.TryAdd(rule.Item, rule))
                row.Fault($"{rule.Item} stands twice");
        }

        if (!rules.ContainsKey("*"))
            folder.Fault(File, 0, "the row * for all items is missing");
        return rules;
    }
}

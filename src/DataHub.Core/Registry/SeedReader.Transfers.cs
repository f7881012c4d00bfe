using DataHub.Core.Flows;

namespace DataHub.Core.Registry;

/// <summary>The rules of transfers.</summary>
internal sealed partial class SeedReader
{
    private List<TransferRule> ReadTransferRules(List<City> cities, List<ServiceItem> items)
    {
        var rules = Versions(
            "transfer_rules.csv",
            [
                "item", "sourceCity", "targetCity", "moneyMoves", "amounts", "pooledPercent", "monthsJoin", "employeeMonthsFrom", "employeeMonthsTo",
                "contactLetterDays", "informationTableDays", "completionDays", "basis", "validFrom", "validTo",
            ],
            r => new TransferRule(KnownItem(r, r.Identifier("item"), items), KnownCity(r, r.CityCodeOrAny("sourceCity"), cities), KnownCity(r, r.CityCodeOrAny("targetCity"), cities))
            {
                MoneyMoves = r.YesNo("moneyMoves"),
                Amounts = Amounts(r),
                PooledPercent = r.WholeOrNone("pooledPercent", 1, 1000),
                MonthsJoin = r.YesNo("monthsJoin"),
                EmployeeMonthsFrom = r.WholeOrNone("employeeMonthsFrom", 0, 1200),
                EmployeeMonthsTo = r.WholeOrNone("employeeMonthsTo", 0, 1200),
                ContactLetterDays = HasLetter(items, r.Text("item")) ? r.Whole("contactLetterDays", 1, MaxDeadline) : r.Whole("contactLetterDays", 0, 0),
                InformationTableDays = r.Whole("informationTableDays", 1, MaxDeadline),
                CompletionDays = r.Whole("completionDays", 1, MaxDeadline),
                Basis = r.Text("basis"),
                ValidFrom = From(r),
                ValidTo = To(r),
            },
            r => (r.Item, r.SourceCity, r.TargetCity));

        // Without a rule for any pair a transfer could be taken in whose money step nobody knows.
        foreach (var item in items.Where(i => i.Flow.StartsWith("transfer.", StringComparison.Ordinal)))
        {
            if (!rules.Any(r => r.Item == item.Code && r is { SourceCity: "*", TargetCity: "*", ValidTo: null }))
                folder.Fault("transfer_rules.csv", 0, $"the item {item.Code} needs a rule for any pair of cities (*,*) without end");
        }
        return rules;
    }

    private static IReadOnlyList<string> Amounts(SeedRow row)
    {
        var amounts = row.Optional("amounts").Length == 0 ? [] : row.List("amounts");
        foreach (var amount in amounts.Where(a => !TransferAmounts.All.Contains(a)))
            row.Fault($"{amount} is not one of {string.Join(", ", TransferAmounts.All)}");
        if (row.Optional("pooledPercent").Length > 0 && !amounts.Contains(TransferAmounts.Pooled))
            row.Fault("pooledPercent is given where no pooled amount moves");
        return amounts;
    }

    private static bool HasLetter(List<ServiceItem> items, string code) =>
        items.Find(i => i.Code == code) is not { } item || FlowCatalogue.Find(item.Flow) is not { } flow || flow.States.Any(s => s.Leg?.Term == FactKeys.ContactLetterDays);
}

using DataHub.Contracts.Payloads;

namespace DataHub.Core.Registry;

/// <summary>Reads what service items have beside their deadlines.</summary>
internal sealed partial class SeedReader
{
    private const string ServiceTermsFile = "service_terms.csv";

    private Dictionary<string, ServiceTerms> ReadServiceTerms()
    {
        var media = WireNames.Of<ResultMedium>();
        var terms = Unique(
            ServiceTermsFile,
            ["item", "resultMedium", "followUpDays", "basis"],
            r => new ServiceTerms(Named(r, r.IdentifierOrAny("item")), Known(r, r.Text("resultMedium"), media), r.Whole("followUpDays", 1, MaxDeadline)),
            t => t.Item).ToDictionary(t => t.Item, StringComparer.Ordinal);
        if (!terms.ContainsKey("*"))
            folder.Fault(ServiceTermsFile, 0, "the row for every item (*) is missing");
        return terms;
    }

    private static ServiceTerms TermsOf(Dictionary<string, ServiceTerms> terms, string item) =>
        terms.GetValueOrDefault(item) ?? terms.GetValueOrDefault("*") ?? new ServiceTerms("*", ResultMedium.Electronic, 1);
}

using DataHub.Contracts.Payloads;
using DataHub.Core.Registry;
using DataHub.UnitTests.Flows;

namespace DataHub.FlowTests;

/// <summary>Payloads that pass every rule with the committed catalogue. Persons are synthetic.</summary>
internal static class Cases
{
    public const string Item = "marriage.registration";

    private static long number;

    /// <summary>A message number that no other test of this process uses.</summary>
    public static string NewId(string prefix = "T") => $"{prefix}-{Interlocked.Increment(ref number):D6}";

    /// <summary>An application to the city of a district.</summary>
    public static ServiceSubmission Submission(RegistrySnapshot registry, string item = Item, string district = "510681")
    {
        var entry = registry.Item(item)!;
        return Samples.Submission with
        {
            ItemCode = item,
            CaseNumber = NewId("C"),
            TargetDistrict = district,
            Materials = [.. entry.Materials.Where(m => m.Required).Select(m => new Material { Code = m.Code, Name = m.Name, Digest = Samples.Digest, Size = 1, MediaType = "application/pdf" })],
            Form = entry.Fields.Where(f => f.Required).ToDictionary(f => f.Code, _ => "按材料"),
        };
    }

    public static PensionContactLetter LetterHolding(string from, string to) =>
        Samples.Letter with { HeldPeriods = [new MonthSpan { From = from, To = to }] };

    /// <summary>An exchange id as the city's own node would give it.</summary>
    public static string ExchangeId(string city, long sequence) => $"{city}-20261122-{sequence:D10}";
}

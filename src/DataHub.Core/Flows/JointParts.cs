using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using DataHub.Contracts.Payloads;

namespace DataHub.Core.Flows;

/// <summary>One part of a joint application as the whole knows it.</summary>
/// <param name="ExchangeId">Null until the part came.</param>
/// <param name="Outcome">Null while it is being handled.</param>
/// <param name="Evidence">The outcome's digest; of a part that was not opened, its reason codes.</param>
public sealed record JointPartState(int Number, string? ExchangeId, string? Outcome, string? Evidence)
{
    /// <summary>Outcome code of a part that the hub refused at its opening.</summary>
    public const string NotOpened = "not-opened";

    public bool Approved => Outcome == OutcomeReader.Approved;
}

/// <summary>The parts in the facts of a whole: what was announced (a term), and what became of each.</summary>
public static class JointParts
{
    private const string Announced = FactKeys.TermPrefix + "part.";
    private const string Came = "part.";

    /// <summary>Every announced part, in order.</summary>
    public static IReadOnlyList<JointPartState> Of(IReadOnlyDictionary<string, string> facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        var parts = new List<JointPartState>();
        for (var number = 1; facts.ContainsKey(Key(Announced, number)); number++)
        {
            // Written by Changed: exchange id, outcome and evidence; the last two are missing while it is handled.
            var text = facts.GetValueOrDefault(Key(Came, number))?.Split(' ');
            parts.Add(new JointPartState(number, text?[0], text is { Length: > 1 } ? text[1] : null, text is { Length: > 2 } ? text[2] : null));
        }

        return parts;
    }

    /// <summary>What the whole remembers of the parts that it announces.</summary>
    public static void Announce(StepDraft draft, IReadOnlyList<JointApplicationPart> parts)
    {
        ArgumentNullException.ThrowIfNull(draft);
        ArgumentNullException.ThrowIfNull(parts);
        foreach (var part in parts)
            draft.Remember(Key(Announced, part.Number), part.ItemCode + " " + part.TargetDistrict);
    }

    /// <summary>The fact of a part after a change.</summary>
    public static KeyValuePair<string, string> Changed(JointPartState part)
    {
        ArgumentNullException.ThrowIfNull(part);
        return new(Key(Came, part.Number), string.Join(' ', new[] { part.ExchangeId, part.Outcome, part.Evidence }.OfType<string>()));
    }

    /// <summary>Whether the whole announced such a part, under this number and with as many beside it.</summary>
    public static bool IsAnnounced(IReadOnlyDictionary<string, string> facts, ServiceSubmission part)
    {
        ArgumentNullException.ThrowIfNull(facts);
        ArgumentNullException.ThrowIfNull(part);
        return part.Joint is { } joint && Of(facts).Count == joint.Count
            && facts.GetValueOrDefault(Key(Announced, joint.Number)) == part.ItemCode + " " + part.TargetDistrict;
    }

    /// <summary>What the parts came to; null while one is still being handled or has not come.</summary>
    public static JointResult? ResultOf(IReadOnlyDictionary<string, string> facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        var parts = Of(facts);
        if (parts.Count == 0 || parts.Any(p => p.Outcome is null))
            return null;
        if (parts.All(p => p.Approved))
            return JointResult.Completed;
        if (parts.Any(p => p.Approved))
            return JointResult.PartiallyCompleted;
        return facts.ContainsKey(FactKeys.WholeWithdrawn) || parts.All(p => p.Outcome == "withdrawn") ? JointResult.Withdrawn : JointResult.NotCompleted;
    }

    /// <summary>SHA-256 over the parts' outcomes, lower-case hexadecimal: the reference of the whole's outcome.</summary>
    public static string Digest(IReadOnlyList<JointPartOutcome> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        var text = new StringBuilder("datahub-joint-v1\n");
        foreach (var part in parts.OrderBy(p => p.Number))
            text.Append(CultureInfo.InvariantCulture, $"{part.Number} {part.ExchangeId} {part.Outcome} {part.OutcomeDigest}\n");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    private static string Key(string prefix, int number) => prefix + number.ToString(CultureInfo.InvariantCulture);
}

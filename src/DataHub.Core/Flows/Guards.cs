using DataHub.Contracts;

namespace DataHub.Core.Flows;

/// <summary>What each <see cref="Guard"/> asks of the facts, and how users read it.</summary>
public static class Guards
{
    public static bool Holds(Guard guard, IReadOnlyDictionary<string, string> facts) => guard switch
    {
        Guard.Instant => facts.ContainsKey(FactKeys.Instant),
        Guard.MoneyMoves => facts.ContainsKey(FactKeys.MoneyMoves),
        Guard.MoneyStays => !facts.ContainsKey(FactKeys.MoneyMoves),
        Guard.NotYetSupplemented => !facts.ContainsKey(FactKeys.Supplemented),
        Guard.AcknowledgementsOpen => FactKeys.OpenHolders(facts).Any(),
        Guard.AllAcknowledged => !FactKeys.OpenHolders(facts).Any(),
        _ => true,
    };

    /// <summary>The reason where no move is left because this guard does not hold.</summary>
    public static string Refusal(Guard guard) => guard switch
    {
        Guard.Instant => ReasonCodes.NotInstant,
        Guard.MoneyMoves => ReasonCodes.MoneyDoesNotMove,
        _ => ReasonCodes.StepNotAllowed,
    };

    /// <summary>Chinese text for diagrams; empty for <see cref="Guard.Always"/>.</summary>
    public static string Title(Guard guard) => guard switch
    {
        Guard.Instant => "即办件",
        Guard.MoneyMoves => "需划转基金",
        Guard.MoneyStays => "不划转基金",
        Guard.NotYetSupplemented => "尚未要求过补正",
        Guard.AcknowledgementsOpen => "仍有城市未确认",
        Guard.AllAcknowledged => "各市均已确认",
        _ => "",
    };
}

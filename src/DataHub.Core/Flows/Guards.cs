using DataHub.Contracts;
using DataHub.Contracts.Payloads;

namespace DataHub.Core.Flows;

/// <summary>What each <see cref="Guard"/> asks of the facts, and how users read it.</summary>
public static class Guards
{
    public static bool Holds(Guard guard, IReadOnlyDictionary<string, string> facts) => guard switch
    {
        Guard.Instant => facts.ContainsKey(FactKeys.Instant),
        Guard.MoneyMoves => facts.ContainsKey(FactKeys.MoneyMoves),
        Guard.MoneyStays => !facts.ContainsKey(FactKeys.MoneyMoves),
        Guard.PaidInFull => TransferMoney.Paid(facts) == TransferMoney.Total(facts),
        Guard.PaidOver => TransferMoney.Paid(facts) > TransferMoney.Total(facts),
        Guard.NothingPaid => TransferMoney.Paid(facts) == 0,
        Guard.RecalledWhole => facts.ContainsKey(FactKeys.RecalledWhole),
        Guard.NotYetSupplemented => !facts.ContainsKey(FactKeys.Supplemented),
        Guard.OriginalsForwarded => facts.ContainsKey(FactKeys.OriginalsForwarded),
        Guard.AllPartsApproved => JointParts.ResultOf(facts) == JointResult.Completed,
        Guard.SomePartsApproved => JointParts.ResultOf(facts) == JointResult.PartiallyCompleted,
        Guard.PartsWithdrawn => JointParts.ResultOf(facts) == JointResult.Withdrawn,
        Guard.Dissatisfied => facts.ContainsKey(FactKeys.Dissatisfied),
        Guard.AcknowledgementsOpen => FactKeys.OpenHolders(facts).Any(),
        Guard.AllAcknowledged => !FactKeys.OpenHolders(facts).Any(),
        _ => true,
    };

    /// <summary>The reason where no move is left because this guard does not hold.</summary>
    public static string Refusal(Guard guard) => guard switch
    {
        Guard.Instant => ReasonCodes.NotInstant,
        Guard.MoneyMoves => ReasonCodes.MoneyDoesNotMove,
        Guard.OriginalsForwarded => ReasonCodes.NothingToHandOver,
        _ => ReasonCodes.StepNotAllowed,
    };

    /// <summary>Chinese text for diagrams; empty for <see cref="Guard.Always"/>.</summary>
    public static string Title(Guard guard) => guard switch
    {
        Guard.Instant => "即办件",
        Guard.MoneyMoves => "需划转基金",
        Guard.MoneyStays => "不划转基金",
        Guard.PaidInFull => "款项已足额",
        Guard.PaidOver => "款项多划",
        Guard.NothingPaid => "无未退款项",
        Guard.RecalledWhole => "整件撤回",
        Guard.NotYetSupplemented => "尚未要求过补正",
        Guard.OriginalsForwarded => "原件随件移交",
        Guard.AllPartsApproved => "各分件均准予",
        Guard.SomePartsApproved => "部分分件准予",
        Guard.PartsWithdrawn => "均未准予且已撤回",
        Guard.Dissatisfied => "差评",
        Guard.AcknowledgementsOpen => "仍有城市未确认",
        Guard.AllAcknowledged => "各市均已确认",
        _ => "",
    };
}

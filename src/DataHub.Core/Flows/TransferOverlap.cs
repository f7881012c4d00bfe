using System.Globalization;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;

namespace DataHub.Core.Flows;

/// <summary>
/// 重复缴费: months that both cities hold. It does not stop the transfer; it is a break until both agencies have said the
/// same about it.
/// </summary>
internal static class TransferOverlap
{
    /// <summary>Compares the table with what the new city holds.</summary>
    public static void Look(StepDraft draft, ITransferInformationTable table)
    {
        var overlap = TransferMonths.Overlap(table.Lines, draft.Fact(FactKeys.HeldPeriods) ?? draft.Fact(FactKeys.AppliedPeriods));
        if (overlap.Count == 0)
            return;
        draft.Remember(FactKeys.OverlappingMonths, overlap.Sum(s => s.Count));
        draft.Cause(new Effect.OpenBreak(ReasonCodes.BreakOverlappingMonths, TransferMonths.Describe(overlap)));
    }

    /// <summary>One side's settlement. The other side's same words close the break; others are its counter-proposal.</summary>
    public static void Resolve(StepDraft draft)
    {
        var resolution = draft.Payload<TransferOverlapResolution>();
        if (draft.Number(FactKeys.OverlappingMonths) is not { } months)
        {
            draft.Refuse(ReasonCodes.NoOverlapOpen, "$");
            return;
        }

        if (resolution.Months != months)
            draft.Refuse(ReasonCodes.OverlapMonthsDiffer, "$.months", months);

        var terms = string.Create(CultureInfo.InvariantCulture, $"{resolution.KeptBy} {resolution.RefundFen}");
        var other = draft.Message.SenderCity == draft.SourceCity ? draft.TargetCity : draft.SourceCity;
        if (draft.Fact(FactKeys.OverlapProposal) != other + " " + terms)
        {
            draft.Remember(FactKeys.OverlapProposal, draft.Message.SenderCity + " " + terms);
            return;
        }

        var kept = resolution.KeptBy == TransferSide.NewCity ? "转入地" : "转出地";
        Settle(draft, string.Create(CultureInfo.InvariantCulture, $"两地一致: 保留{kept} {months} 个月, 退还 {resolution.RefundFen} 分"));
    }

    /// <summary>The transfer does not come about, and with it the second count of the months.</summary>
    public static void Drop(StepDraft draft)
    {
        if (draft.Facts.ContainsKey(FactKeys.OverlappingMonths))
            Settle(draft, "转移未完成,重复缴费不再存在");
    }

    private static void Settle(StepDraft draft, string how)
    {
        draft.Facts.Remove(FactKeys.OverlappingMonths);
        draft.Facts.Remove(FactKeys.OverlapProposal);
        draft.Cause(new Effect.CloseBreak(ReasonCodes.BreakOverlappingMonths, how));
    }
}

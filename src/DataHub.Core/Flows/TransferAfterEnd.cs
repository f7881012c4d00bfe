using System.Globalization;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;

namespace DataHub.Core.Flows;

/// <summary>
/// Money that moved after a transfer had ended. A bank has moved it, so it is entered and the other side is told; what was
/// reached stays as it is. While the money that is held differs from what the case ended with, that is a break: it heals when
/// the surplus goes back, when what was sent back is paid again, or when the completion is revoked.
/// </summary>
internal static class TransferAfterEnd
{
    /// <summary>What a completed transfer posted, in fen.</summary>
    public static long Posted(StepDraft draft) => Guards.Holds(Guard.MoneyMoves, draft.Facts) ? TransferMoney.Total(draft.Facts) : 0;

    /// <summary>What a transfer posted that ended without completion.</summary>
    public static long Nothing(StepDraft draft) => 0;

    /// <summary>划款通知 after the end.</summary>
    /// <param name="draft">The step.</param>
    /// <param name="due">What the case ended with.</param>
    public static void Remit(StepDraft draft, Func<StepDraft, long> due)
    {
        var before = TransferMoney.Paid(draft.Facts);
        if (Enter(draft) is { } number)
            Compare(draft, before, due(draft), number);
    }

    /// <summary>划款通知 after a recall or a revocation: it has to go back with the rest.</summary>
    public static void RemitRecalled(StepDraft draft)
    {
        if (Enter(draft) is not null)
            TransferMoney.AskBack(draft);
    }

    /// <summary>退款通知 after the end.</summary>
    public static void TakeBack(StepDraft draft, Func<StepDraft, long> due)
    {
        var before = TransferMoney.Paid(draft.Facts);
        if (TransferMoney.Deduct(draft) is { } returned)
            Compare(draft, before, due(draft), returned.ReturnNumber);
    }

    /// <summary>The completion is taken back: from now on all that is held has to go back.</summary>
    public static void Revoked(StepDraft draft)
    {
        if (TransferMoney.Paid(draft.Facts) != Posted(draft))
            draft.Cause(new Effect.CloseBreak(ReasonCodes.BreakMoneyAfterEnd, "办结已撤销, 并入应退款项"));
        draft.RememberIf(FactKeys.RecalledWhole, holds: true);
        TransferMoney.AskBack(draft);
    }

    private static string? Enter(StepDraft draft)
    {
        var advice = draft.Payload<ITransferRemittanceAdvice>();
        TransferMoney.CheckNumber(draft, advice, TransferMoney.MaxPaymentsWithLate);
        draft.Remember(FactKeys.PaymentPrefix + advice.AdviceNumber, advice.AmountFen);
        draft.Remember(FactKeys.AdviceFen, TransferMoney.Paid(draft.Facts) + advice.AmountFen);
        return draft.Reasons.Count == 0 ? advice.AdviceNumber : null;
    }

    private static void Compare(StepDraft draft, long before, long due, string number)
    {
        var held = TransferMoney.Paid(draft.Facts);
        if (held != due)
        {
            var posted = OutcomeReader.Reference(draft.Facts) is { } reference && due > 0 ? $"{due} 分 ({reference})" : $"{due} 分";
            draft.Cause(new Effect.OpenBreak(
                ReasonCodes.BreakMoneyAfterEnd,
                string.Create(CultureInfo.InvariantCulture, $"{draft.StateTitle}: 转入地入账 {posted}, 转出地净划转 {held} 分, 最近一笔 {number} {Math.Abs(held - before)} 分")));
        }
        else if (before != due)
        {
            draft.Cause(new Effect.CloseBreak(ReasonCodes.BreakMoneyAfterEnd, "款项与办结一致"));
        }
    }
}

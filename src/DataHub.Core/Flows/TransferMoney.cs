using System.Globalization;
using System.Text.RegularExpressions;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Calendar;

namespace DataHub.Core.Flows;

/// <summary>
/// The money of a transfer, in fen: remittances less returns against the table's total. What a bank has moved is never
/// refused for being too much: it is entered, named as a break, and sent back.
/// </summary>
internal static partial class TransferMoney
{
    /// <summary>Most remittances of one transfer while it runs: its facts stay small.</summary>
    private const int MaxPayments = 30;

    /// <summary>Most remittances with those after the end, and most returns.</summary>
    public const int MaxPaymentsWithLate = 2 * MaxPayments;

    /// <summary>Remitted less returned.</summary>
    public static long Paid(IReadOnlyDictionary<string, string> facts) => Number(facts, FactKeys.AdviceFen);

    /// <summary>The table's total; 0 before the table.</summary>
    public static long Total(IReadOnlyDictionary<string, string> facts) => Number(facts, FactKeys.TableTotalFen);

    /// <summary>划款通知.</summary>
    public static void Remit(StepDraft draft)
    {
        var advice = draft.Payload<ITransferRemittanceAdvice>();
        if (!Guards.Holds(Guard.MoneyMoves, draft.Facts))
        {
            draft.Refuse(ReasonCodes.MoneyDoesNotMove, "$");
            return;
        }

        var payments = CheckNumber(draft, advice, MaxPayments);
        if (advice.Part is { } part && part != payments + 1)
            draft.Refuse(ReasonCodes.PartOutOfOrder, "$.part", payments + 1);
        if (advice.PayeeAccount != (draft.Fact(FactKeys.ReceivingAccount) ?? draft.Fact(FactKeys.AppliedAccount)))
            draft.Refuse(ReasonCodes.RemittanceAccountDiffers, "$.payeeAccount");
        if ((draft.Fact(FactKeys.TableNumber) ?? draft.Fact(FactKeys.AdviceTable)) is { } table && table != advice.TableNumber)
            draft.Refuse(ReasonCodes.TableNumberDiffers, "$.tableNumber");

        var before = Paid(draft.Facts);
        var hasTable = draft.Facts.ContainsKey(FactKeys.TableNumber);
        // Without a part number it claims to be all that is open; too little of it is a mistake, too much has to go back.
        if (advice.Part is null && hasTable && before + advice.AmountFen < Total(draft.Facts))
            draft.Refuse(ReasonCodes.RemittanceAmountDiffers, "$.amountFen");

        if (!hasTable)
            draft.RememberIf(FactKeys.WholePayment, advice.Part is null);
        if (draft.Clock is { StoppedOn: null } clock && clock.ResponsibleCity == draft.TargetCity && clock.DueOn < WorkingDayCalendar.ShanghaiDate(draft.Context.Now))
            draft.Remember(FactKeys.LatePayments, (draft.Number(FactKeys.LatePayments) ?? 0) + 1);
        draft.Remember(FactKeys.AdviceNumber, advice.AdviceNumber);
        draft.Remember(FactKeys.AdviceTable, advice.TableNumber);
        draft.Remember(FactKeys.PaymentPrefix + advice.AdviceNumber, advice.AmountFen);
        draft.Remember(FactKeys.AdviceFen, before + advice.AmountFen);
        if (hasTable)
            CompareWithTable(draft, before > Total(draft.Facts));
    }

    /// <summary>Refuses a remittance whose number was used, or that is one too many.</summary>
    /// <returns>Number of the remittances so far.</returns>
    public static int CheckNumber(StepDraft draft, ITransferRemittanceAdvice advice, int atMost)
    {
        var payments = Count(draft, FactKeys.PaymentPrefix);
        if (payments >= atMost)
            draft.Refuse(ReasonCodes.TooManyPayments, "$", atMost);
        if (draft.Facts.ContainsKey(FactKeys.PaymentPrefix + advice.AdviceNumber))
            draft.Refuse(ReasonCodes.AdviceNumberTaken, "$.adviceNumber", advice.AdviceNumber);
        return payments;
    }

    /// <summary>Enters a return against the remittance that it names.</summary>
    /// <returns>Null where it is refused.</returns>
    public static TransferRemittanceReturn? Deduct(StepDraft draft)
    {
        var returned = draft.Payload<TransferRemittanceReturn>();
        var payment = FactKeys.PaymentPrefix + returned.AdviceNumber;
        if (Count(draft, FactKeys.ReturnPrefix) >= MaxPaymentsWithLate)
            draft.Refuse(ReasonCodes.TooManyPayments, "$", MaxPaymentsWithLate);
        if (draft.Facts.ContainsKey(FactKeys.ReturnPrefix + returned.ReturnNumber))
            draft.Refuse(ReasonCodes.ReturnNumberTaken, "$.returnNumber", returned.ReturnNumber);
        if (draft.Number(payment) is not { } left)
        {
            draft.Refuse(ReasonCodes.UnknownAdvice, "$.adviceNumber", returned.AdviceNumber);
            return null;
        }

        if (returned.AmountFen > left)
            draft.Refuse(ReasonCodes.ReturnExceedsPayment, "$.amountFen", left);
        if (draft.Reasons.Count > 0)
            return null;

        draft.Remember(payment, left - returned.AmountFen);
        draft.RememberIf(FactKeys.ReturnPrefix + returned.ReturnNumber, holds: true);
        draft.Remember(FactKeys.AdviceFen, Paid(draft.Facts) - returned.AmountFen);
        return returned;
    }

    /// <summary>退款通知: bounced by the bank, too much, or asked back.</summary>
    public static void TakeBack(StepDraft draft)
    {
        var before = Paid(draft.Facts);
        if (Deduct(draft) is not { } returned)
            return;

        draft.Facts.Remove(FactKeys.WholePayment);
        if (draft.Facts.ContainsKey(FactKeys.TableNumber) && !draft.Facts.ContainsKey(FactKeys.RecalledWhole))
            CompareWithTable(draft, before > Total(draft.Facts));
        if (before == returned.AmountFen)
            draft.Cause(new Effect.CloseBreak(ReasonCodes.BreakMoneyNotReturned, "款项已全部退回"));
    }

    /// <summary>撤回转出: of the table alone, after which it is awaited again, or of the whole transfer.</summary>
    public static void Recall(StepDraft draft)
    {
        var whole = draft.Payload<CaseRecall>().Scope == RecallScope.Transfer;
        if (!whole && !draft.Facts.ContainsKey(FactKeys.TableNumber))
        {
            draft.Refuse(ReasonCodes.NothingToRecall, "$.scope");
            return;
        }

        TransferOverlap.Drop(draft);
        if (Paid(draft.Facts) > Total(draft.Facts))
            draft.Cause(new Effect.CloseBreak(ReasonCodes.BreakOverpaid, "信息表已撤回"));

        // The next table and its remittances have numbers of their own; what was paid stays entered.
        foreach (var key in new[] { FactKeys.TableNumber, FactKeys.TableMonths, FactKeys.TableTotalFen, FactKeys.AdviceTable, FactKeys.AdviceNumber, FactKeys.WholePayment })
            draft.Facts.Remove(key);
        draft.RememberIf(FactKeys.RecalledWhole, whole);
        if (whole)
            AskBack(draft);
    }

    /// <summary>更正, which may also name another receiving account while no money lies on the first one.</summary>
    public static void Correct(StepDraft draft)
    {
        Administrative.CheckCorrection(draft);
        var changes = draft.Payload<CaseCorrection>().Changes;
        for (var i = 0; i < changes.Count; i++)
        {
            if (changes[i].Path != "$.receivingAccount.account" || draft.Reasons.Count > 0)
                continue;
            if (!AccountPattern().IsMatch(changes[i].After))
                draft.Refuse(ReasonCodes.PatternMismatch, $"$.changes[{i}].after");
            else if (Paid(draft.Facts) > 0)
                draft.Refuse(ReasonCodes.MoneyNotReturned, $"$.changes[{i}].path", Paid(draft.Facts));
            else
                draft.Remember(draft.Facts.ContainsKey(FactKeys.AppliedAccount) ? FactKeys.AppliedAccount : FactKeys.ReceivingAccount, changes[i].After);
        }
    }

    /// <summary>A case does not end or begin again while the new agency holds its money.</summary>
    public static void RefuseWhileHeld(StepDraft draft)
    {
        if (Paid(draft.Facts) is > 0 and var held)
            draft.Refuse(ReasonCodes.MoneyNotReturned, "$", held);
    }

    /// <summary>The transfer does not come about: what was paid has to go back.</summary>
    public static void AskBack(StepDraft draft)
    {
        if (Paid(draft.Facts) is > 0 and var held)
            draft.Cause(new Effect.OpenBreak(ReasonCodes.BreakMoneyNotReturned, string.Create(CultureInfo.InvariantCulture, $"应退回 {held} 分")));
    }

    /// <summary>Names what was paid too much, and says when it is gone.</summary>
    public static void CompareWithTable(StepDraft draft, bool wasOver)
    {
        var (paid, total) = (Paid(draft.Facts), Total(draft.Facts));
        if (paid > total)
        {
            draft.Cause(new Effect.OpenBreak(ReasonCodes.BreakOverpaid, string.Create(CultureInfo.InvariantCulture, $"信息表 {total} 分, 已划转 {paid} 分, 多划 {paid - total} 分")));
        }
        else if (wasOver)
        {
            draft.Cause(new Effect.CloseBreak(ReasonCodes.BreakOverpaid, "多划款项已退回"));
        }
    }

    private static int Count(StepDraft draft, string prefix) => draft.Facts.Keys.Count(k => k.StartsWith(prefix, StringComparison.Ordinal));

    private static long Number(IReadOnlyDictionary<string, string> facts, string key) =>
        facts.TryGetValue(key, out var text) && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    [GeneratedRegex(Patterns.Account)]
    private static partial Regex AccountPattern();
}

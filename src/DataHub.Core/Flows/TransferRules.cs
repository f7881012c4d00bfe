using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Registry;

namespace DataHub.Core.Flows;

/// <summary>The documents of a transfer against the catalogue and against each other.</summary>
internal static class TransferRules
{
    public static void Apply(StepDraft draft, TransferKind kind)
    {
        var application = draft.Payload<ITransferApplication>();
        draft.Item = application.ItemCode;
        if (draft.Context.Registry.Item(application.ItemCode) is not { } item || item.Flow != kind.Code
            || draft.Context.Registry.TransferRule(application.ItemCode, draft.SourceCity, draft.TargetCity) is not { } rule)
        {
            draft.Refuse(ReasonCodes.UnknownItem, "$.itemCode");
            return;
        }

        CheckCondition(draft, application, rule);
        if (kind.HasLetter && (application.ReceivingAccount is not null || application.HeldPeriods is not null))
            draft.Refuse(ReasonCodes.ReceivingAccountMisplaced, "$");
        if (!kind.HasLetter && rule.MoneyMoves && application.ReceivingAccount is null)
            draft.Refuse(ReasonCodes.ReceivingAccountRequired, "$.receivingAccount");

        draft.Remember(FactKeys.ContactLetterDays, rule.ContactLetterDays);
        draft.Remember(FactKeys.InformationTableDays, rule.InformationTableDays);
        draft.Remember(FactKeys.CompletionDays, rule.CompletionDays);
        draft.RememberIf(FactKeys.MoneyMoves, rule.MoneyMoves);
        draft.RememberIf(FactKeys.MonthsJoin, rule.MonthsJoin);
        draft.Remember(FactKeys.MovedAmounts, string.Join('|', rule.Amounts.Order(StringComparer.Ordinal)));
        if (rule.PooledPercent is { } percent)
            draft.Remember(FactKeys.PooledPercent, percent);
        if (application.ReceivingAccount is { } account)
            draft.Remember(FactKeys.AppliedAccount, account.Account);
        if (application.HeldPeriods is { Count: > 0 } held)
            draft.Remember(FactKeys.AppliedPeriods, TransferMonths.Write(held));
    }

    public static void SendLetter(StepDraft draft)
    {
        var letter = draft.Payload<ITransferContactLetter>();
        draft.Remember(FactKeys.LetterNumber, letter.LetterNumber);
        if (letter.ReceivingAccount is { } account)
            draft.Remember(FactKeys.ReceivingAccount, account.Account);
        else if (Guards.Holds(Guard.MoneyMoves, draft.Facts))
            draft.Refuse(ReasonCodes.ReceivingAccountRequired, "$.receivingAccount");
        if (letter.HeldPeriods.Count > 0)
            draft.Remember(FactKeys.HeldPeriods, TransferMonths.Write(letter.HeldPeriods));
    }

    public static void SendTable(StepDraft draft)
    {
        var table = draft.Payload<ITransferInformationTable>();
        if (table.LetterNumber != draft.Fact(FactKeys.LetterNumber))
            draft.Refuse(ReasonCodes.LetterNumberDiffers, "$.letterNumber");
        if (draft.Fact(FactKeys.AdviceTable) is { } named && named != table.TableNumber)
            draft.Refuse(ReasonCodes.TableNumberDiffers, "$.tableNumber");
        CheckAmounts(draft, table);

        // A remittance that claimed to be all must be all; one that said to be a part leaves room for others.
        if (draft.Facts.Remove(FactKeys.WholePayment) && TransferMoney.Paid(draft.Facts) != table.TotalFen)
            draft.Refuse(ReasonCodes.RemittanceAmountDiffers, "$.totalFen");

        draft.Remember(FactKeys.TableNumber, table.TableNumber);
        draft.Remember(FactKeys.TableMonths, table.TotalMonths);
        draft.Remember(FactKeys.TableTotalFen, table.TotalFen);
        TransferMoney.CompareWithTable(draft, wasOver: false);
        TransferOverlap.Look(draft, table);
    }

    public static void Complete(StepDraft draft)
    {
        var completion = draft.Payload<ITransferCompletion>();
        var months = draft.Facts.ContainsKey(FactKeys.MonthsJoin) ? draft.Number(FactKeys.TableMonths) ?? 0 : 0;
        if (completion.JoinedMonths != months)
            draft.Refuse(ReasonCodes.CompletionMonthsDiffer, "$.joinedMonths");

        var due = Guards.Holds(Guard.MoneyMoves, draft.Facts) ? TransferMoney.Total(draft.Facts) : 0;
        if (completion.PostedFen != due)
            draft.Refuse(ReasonCodes.CompletionAmountDiffers, "$.postedFen");
        if (completion.Reference is { } reference && OutcomeReader.Reference(draft.Facts) is { } known && reference != known)
            draft.Refuse(ReasonCodes.CompletionReferenceDiffers, "$.reference", known);
        draft.Facts.Remove(FactKeys.HeldPeriods);
    }

    // 人社部发〔2014〕17号第三条: 15 years of employee pension decide in which of the two systems the relation ends up.
    private static void CheckCondition(StepDraft draft, ITransferApplication application, TransferRule rule)
    {
        if (rule is { EmployeeMonthsFrom: null, EmployeeMonthsTo: null })
            return;
        if (application.EmployeeMonths is not { } months)
            draft.Refuse(ReasonCodes.EmployeeMonthsRequired, "$.employeeMonths");
        else if (months < rule.EmployeeMonthsFrom || months > rule.EmployeeMonthsTo)
            draft.Refuse(ReasonCodes.TransferConditionNotMet, "$.employeeMonths", rule.EmployeeMonthsFrom ?? 0, rule.EmployeeMonthsTo ?? 1200);
    }

    private static void CheckAmounts(StepDraft draft, ITransferInformationTable table)
    {
        var moved = (draft.Fact(FactKeys.MovedAmounts) ?? "").Split('|');
        foreach (var (amount, fen, path) in new[]
        {
            (TransferAmounts.Principal, table.PrincipalFen, "$.principalFen"),
            (TransferAmounts.Interest, table.InterestFen, "$.interestFen"),
            (TransferAmounts.Pooled, table.PooledFen, "$.pooledFen"),
        })
        {
            if (fen > 0 && !moved.Contains(amount))
                draft.Refuse(ReasonCodes.AmountKindNotMoved, path);
        }

        if (draft.Number(FactKeys.PooledPercent) is not { } percent)
            return;
        var pooled = (((table.PooledBaseFen ?? 0) * percent) + 50) / 100;
        if (table.PooledFen != pooled)
            draft.Refuse(ReasonCodes.PooledAmountDiffers, "$.pooledFen", pooled);
    }
}

using System.Globalization;
using DataHub.Contracts.Payloads;

namespace DataHub.Simulators.Behaviour;

/// <summary>转入地: asks, checks what comes, sends back what is too much, completes.</summary>
internal static class NewAgency
{
    public static void SendLetter(CaseDraft draft)
    {
        var held = TransferPapers.Held(TransferPapers.Period(draft), TransferBehaviour.Story(draft).Overlap);
        draft.Then(at => TransferPapers.Letter(draft, [held], at));
    }

    public static void HasTable(CaseDraft draft, ITransferInformationTable table)
    {
        Remember(draft, "months", table.TotalMonths);
        Remember(draft, "total", table.TotalFen);
        Settle(draft);
    }

    public static void HasMoney(CaseDraft draft, ITransferRemittanceAdvice advice)
    {
        Remember(draft, "paid", Number(draft, "paid") + advice.AmountFen);
        draft.Remember("advice", advice.AdviceNumber);
        if (TransferBehaviour.Story(draft).Money == MoneyStory.Bounced && draft.Recall("bounced") is null)
        {
            draft.Remember("bounced", "1");
            Return(draft, advice.AmountFen, RemittanceReturnCause.Bounced, "收款账号与户名不符，银行退汇。");
            return;
        }

        if (draft.Recall("completed") is not null)
            Return(draft, advice.AmountFen, RemittanceReturnCause.Surplus, "办结后重复划转，款项退回。");
        else
            Settle(draft);
    }

    public static void Recalled(CaseDraft draft, CaseRecall recall)
    {
        draft.Forget("months");
        draft.Forget("total");
        if (recall.Scope == RecallScope.Table)
            return;
        if (Number(draft, "paid") is > 0 and var held)
            Return(draft, held, RemittanceReturnCause.Recalled, "转出已撤回，款项退回。");
        else
            Close(draft);
    }

    public static void HasReturned(CaseDraft draft, TransferRemittanceReturn returned)
    {
        switch (returned.Cause)
        {
            case RemittanceReturnCause.Bounced:
                CorrectAccount(draft);
                break;
            case RemittanceReturnCause.Surplus when draft.Recall("completed") is not null:
                draft.Done();
                break;
            case RemittanceReturnCause.Surplus:
                Settle(draft);
                break;
            default:
                Close(draft);
                break;
        }
    }

    public static void ProposeResolution(CaseDraft draft)
    {
        draft.Remember("resolved", "1");
        draft.Then(at => new TransferOverlapResolution
        {
            Months = 2,
            KeptBy = draft.Below("kept", 2) == 0 ? TransferSide.NewCity : TransferSide.OldCity,
            RefundFen = draft.Below("refund", 300_000),
            Text = "重复月份只保留一地，另一地个人缴费退还本人。",
            ResolvedAt = at,
        });
    }

    private static void Settle(CaseDraft draft)
    {
        if (draft.Recall("months") is null || draft.Recall("completed") is not null)
            return;
        var due = TransferPapers.MoneyMoves(draft) ? Number(draft, "total") : 0;
        var paid = Number(draft, "paid");
        if (paid > due)
        {
            Return(draft, paid - due, RemittanceReturnCause.Surplus, "多划款项退回。");
        }
        else if (paid == due)
        {
            draft.Remember("completed", "1");
            draft.Then(at => TransferPapers.Completion(draft, (int)Number(draft, "months"), due, draft.Reference ?? "", at));
        }
    }

    private static void Return(CaseDraft draft, long fen, RemittanceReturnCause cause, string reason)
    {
        Remember(draft, "paid", Number(draft, "paid") - fen);
        var advice = draft.Recall("advice") ?? "";
        draft.Then(at => new TransferRemittanceReturn { ReturnNumber = $"TH{draft.Number}", AdviceNumber = advice, AmountFen = fen, Cause = cause, Reason = reason, ReturnedAt = at });
    }

    // The letter is the new agency's second message; without a letter the account stands in the application.
    private static void CorrectAccount(CaseDraft draft) => draft.Then(at => new CaseCorrection
    {
        CorrectedMessageId = draft.OwnMessage(TransferPapers.HasLetter(draft.Case.Flow) ? 2 : 1),
        Changes = [new FieldChange { Path = "$.receivingAccount.account", After = $"63{draft.City}{draft.Below("account", 900_000_000) + 100_000_000}" }],
        Reason = "收款账号填写有误。",
        CorrectedAt = at,
    });

    private static void Close(CaseDraft draft) => draft.Then(at => new CaseClosure { Reason = "转出已撤回，款项已退回，办件终止。", ClosedAt = at });

    private static long Number(CaseDraft draft, string key) => long.Parse(draft.Recall(key) ?? "0", CultureInfo.InvariantCulture);

    private static void Remember(CaseDraft draft, string key, long number) => draft.Remember(key, number.ToString(CultureInfo.InvariantCulture));
}

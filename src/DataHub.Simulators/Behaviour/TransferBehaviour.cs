using DataHub.Contracts;
using DataHub.Contracts.Payloads;

namespace DataHub.Simulators.Behaviour;

/// <summary>转移接续 of every kind: the two agencies' events, told apart by who may send what.</summary>
internal static class TransferBehaviour
{
    public static void Opened(CaseDraft draft, ITransferApplication application)
    {
        var period = application is PensionApplication pension
            ? pension.Certificate.Period
            : TransferRecord.PeriodOf(draft.Knobs.Seed, application.CaseNumber, ((TransferApplication)application).AppliedAt);
        draft.Remember("number", application.CaseNumber);
        draft.Remember("item", application.ItemCode);
        draft.Remember("old-city", application.OldCity);
        draft.Remember("from", period.From);
        draft.Remember("to", period.To);
        if (application.ReceivingAccount is { } account)
            draft.Remember("payee", account.Account);
    }

    public static void Received(CaseDraft draft, IPayload payload)
    {
        switch (payload)
        {
            case ITransferApplication when !TransferPapers.HasLetter(draft.Case.Flow):
                OldAgency.Asked(draft);
                break;
            case ITransferContactLetter letter:
                draft.Remember("letter", letter.LetterNumber);
                if (letter.ReceivingAccount is { } account)
                    draft.Remember("payee", account.Account);
                OldAgency.Asked(draft);
                break;
            case CaseCorrection correction:
                OldAgency.AccountCorrected(draft, correction);
                break;
            case ITransferInformationTable table:
                NewAgency.HasTable(draft, table);
                break;
            case ITransferRemittanceAdvice advice:
                NewAgency.HasMoney(draft, advice);
                break;
            case CaseRecall recall:
                NewAgency.Recalled(draft, recall);
                break;
            case ITransferCompletion:
                draft.Done();
                if (Story(draft).Money == MoneyStory.PaidTwice)
                    OldAgency.PayRightly(draft);
                break;
            case TransferOverlapResolution resolution when draft.Recall("resolved") is null:
                // The other side agrees.
                draft.Remember("resolved", "1");
                draft.Then(at => resolution with { ResolvedAt = at });
                break;
            case CaseSupplementRequest request:
                draft.Then(at => new CaseSupplement { Materials = [.. request.Items.Select(i => ServiceBehaviour.Material(draft, i.MaterialCode, i.Name))], SuppliedAt = at });
                break;
        }
    }

    public static void Sent(CaseDraft draft, IPayload payload)
    {
        switch (payload)
        {
            case ITransferApplication when Story(draft).End == TransferEnd.Withdrawn:
                ServiceBehaviour.Withdraw(draft);
                break;
            case ITransferApplication when TransferPapers.HasLetter(draft.Case.Flow):
                NewAgency.SendLetter(draft);
                break;
            case ITransferInformationTable or ITransferRemittanceAdvice or CaseRecall:
                OldAgency.GoOn(draft, payload);
                break;
            case TransferRemittanceReturn returned:
                NewAgency.HasReturned(draft, returned);
                break;
            case ITransferCompletion:
                draft.Done();
                if (Story(draft).Overlap)
                    NewAgency.ProposeResolution(draft);
                break;
            case TransferOverlapResolution:
                draft.Done();
                break;
        }
    }

    /// <summary>The hub refused a message after the opening one.</summary>
    public static void Refused(CaseDraft draft, IPayload payload, IReadOnlyList<Reason> reasons)
    {
        if (payload is ITransferRemittanceAdvice && reasons.Any(r => r.Code == ReasonCodes.RemittanceAmountDiffers))
            OldAgency.PayRightly(draft);
    }

    public static TransferStory Story(CaseDraft draft) => TransferScript.Of(draft.Knobs, draft.Number, TransferPapers.MoneyMoves(draft));
}

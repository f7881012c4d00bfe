using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;

namespace DataHub.Simulators.Behaviour;

/// <summary>What a city's clerks do, by the event that has happened in a case. Pure but for the draft.</summary>
internal static class CityBehaviour
{
    /// <summary>The case begins with this message, own or received.</summary>
    public static void Opened(CaseDraft draft, IPayload payload)
    {
        switch (payload)
        {
            case ServiceSubmission submission:
                ServiceBehaviour.Opened(draft, submission);
                break;
            case JointApplication whole:
                draft.Remember("number", whole.CaseNumber);
                break;
            case ITransferApplication application:
                TransferBehaviour.Opened(draft, application);
                break;
            case IInquiry inquiry:
                InquiryBehaviour.Opened(draft, inquiry);
                break;
            case ResultNotice notice:
                RecognitionBehaviour.Opened(draft, notice);
                break;
            case ConsentWithdrawal withdrawal:
                RecognitionBehaviour.Opened(draft, withdrawal);
                break;
            case RecognitionSearch search:
                RecognitionBehaviour.Opened(draft, search);
                break;
            case RecognitionQuery query:
                RecognitionBehaviour.Opened(draft, query);
                break;
        }
    }

    /// <summary>The hub's side delivered this message.</summary>
    public static void Received(CaseDraft draft, string messageId, IPayload payload)
    {
        if (payload is CaseReturn or CaseWithdrawal or CaseClosure or CaseRevocation)
        {
            draft.Done();
            return;
        }

        switch (draft.Case.Flow)
        {
            case ServiceFlow.Code:
                ServiceBehaviour.Received(draft, payload);
                break;
            case var flow when IsTransfer(flow):
                TransferBehaviour.Received(draft, payload);
                break;
            case InquiryFlows.QualificationCode or InquiryFlows.ContributionCode:
                InquiryBehaviour.Received(draft, payload);
                break;
            case JointFlow.Code:
                draft.Done();
                break;
            default:
                RecognitionBehaviour.Received(draft, messageId, payload);
                break;
        }
    }

    /// <summary>The hub's side took this message of ours.</summary>
    public static void Sent(CaseDraft draft, IPayload payload)
    {
        if (payload is CaseReturn or CaseWithdrawal or CaseClosure or CaseRevocation)
        {
            draft.Done();
            return;
        }

        switch (draft.Case.Flow)
        {
            case ServiceFlow.Code:
                ServiceBehaviour.Sent(draft, payload);
                break;
            case var flow when IsTransfer(flow):
                TransferBehaviour.Sent(draft, payload);
                break;
            case InquiryFlows.QualificationCode or InquiryFlows.ContributionCode:
                InquiryBehaviour.Sent(draft, payload);
                break;
            case JointFlow.Code when Script.WholeWithdrawn(draft.Knobs, draft.Number):
                ServiceBehaviour.Withdraw(draft);
                break;
            case JointFlow.Code:
                break;
            default:
                RecognitionBehaviour.Sent(draft, payload);
                break;
        }
    }

    /// <summary>The hub refused a message of ours that came after the opening one.</summary>
    public static void Refused(CaseDraft draft, IPayload payload, IReadOnlyList<Reason> reasons)
    {
        if (IsTransfer(draft.Case.Flow))
            TransferBehaviour.Refused(draft, payload, reasons);
    }

    private static bool IsTransfer(string flow) => flow.StartsWith("transfer.", StringComparison.Ordinal);
}

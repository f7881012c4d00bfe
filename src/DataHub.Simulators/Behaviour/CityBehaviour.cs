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
            case PensionApplication application:
                PensionBehaviour.Opened(draft, application);
                break;
            case ResultNotice notice:
                RecognitionBehaviour.Opened(draft, notice);
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
            case PensionFlow.Code:
                PensionBehaviour.Received(draft, payload);
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
            case PensionFlow.Code:
                PensionBehaviour.Sent(draft, payload);
                break;
            default:
                RecognitionBehaviour.Sent(draft, payload);
                break;
        }
    }
}

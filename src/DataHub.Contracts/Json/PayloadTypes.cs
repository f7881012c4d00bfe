using System.Collections.Frozen;
using DataHub.Contracts.Payloads;

namespace DataHub.Contracts.Json;

/// <summary>Which payload record each wire name carries. A new message is one line here.</summary>
public static class PayloadTypes
{
    /// <summary>The payload's type by wire name.</summary>
    public static FrozenDictionary<string, Type> ByName { get; } = new Dictionary<string, Type>(StringComparer.Ordinal)
    {
        [MessageTypes.ServiceSubmission] = typeof(ServiceSubmission),
        [MessageTypes.ServiceAcceptance] = typeof(ServiceAcceptance),
        [MessageTypes.ServiceDecision] = typeof(ServiceDecision),
        [MessageTypes.ServiceDelivery] = typeof(ServiceDelivery),
        [MessageTypes.ServiceEvaluation] = typeof(ServiceEvaluation),
        [MessageTypes.JointApplication] = typeof(JointApplication),
        [MessageTypes.JointCompletion] = typeof(JointCompletion),
        [MessageTypes.ServiceHandover] = typeof(ServiceHandover),
        [MessageTypes.ServiceFollowUp] = typeof(ServiceFollowUp),
        [MessageTypes.CaseReturn] = typeof(CaseReturn),
        [MessageTypes.CaseWithdrawal] = typeof(CaseWithdrawal),
        [MessageTypes.CaseSupplementRequest] = typeof(CaseSupplementRequest),
        [MessageTypes.CaseSupplement] = typeof(CaseSupplement),
        [MessageTypes.CaseReminder] = typeof(CaseReminder),
        [MessageTypes.CaseCorrection] = typeof(CaseCorrection),
        [MessageTypes.CaseRevocation] = typeof(CaseRevocation),
        [MessageTypes.CaseReopening] = typeof(CaseReopening),
        [MessageTypes.CaseClosure] = typeof(CaseClosure),
        [MessageTypes.CaseRecall] = typeof(CaseRecall),
        [MessageTypes.CaseForwarding] = typeof(CaseForwarding),
        [MessageTypes.PensionApplication] = typeof(PensionApplication),
        [MessageTypes.PensionContactLetter] = typeof(PensionContactLetter),
        [MessageTypes.PensionInformationTable] = typeof(PensionInformationTable),
        [MessageTypes.PensionRemittanceAdvice] = typeof(PensionRemittanceAdvice),
        [MessageTypes.PensionCompletion] = typeof(PensionCompletion),
        [MessageTypes.TransferApplication] = typeof(TransferApplication),
        [MessageTypes.TransferContactLetter] = typeof(TransferContactLetter),
        [MessageTypes.TransferInformationTable] = typeof(TransferInformationTable),
        [MessageTypes.TransferRemittanceAdvice] = typeof(TransferRemittanceAdvice),
        [MessageTypes.TransferRemittanceReturn] = typeof(TransferRemittanceReturn),
        [MessageTypes.TransferOverlapResolution] = typeof(TransferOverlapResolution),
        [MessageTypes.TransferCompletion] = typeof(TransferCompletion),
        [MessageTypes.QualificationRequest] = typeof(QualificationRequest),
        [MessageTypes.QualificationAnswer] = typeof(QualificationAnswer),
        [MessageTypes.ContributionQuery] = typeof(ContributionQuery),
        [MessageTypes.ContributionAnswer] = typeof(ContributionAnswer),
        [MessageTypes.ResultNotice] = typeof(ResultNotice),
        [MessageTypes.ResultCorrection] = typeof(ResultCorrection),
        [MessageTypes.ResultRevocation] = typeof(ResultRevocation),
        [MessageTypes.ResultAcknowledgement] = typeof(ResultAcknowledgement),
        [MessageTypes.RecognitionSearch] = typeof(RecognitionSearch),
        [MessageTypes.ResultList] = typeof(ResultList),
        [MessageTypes.ConsentWithdrawal] = typeof(ConsentWithdrawal),
        [MessageTypes.RecognitionQuery] = typeof(RecognitionQuery),
        [MessageTypes.RecognitionResult] = typeof(RecognitionResult),
        [MessageTypes.RecognitionDecision] = typeof(RecognitionDecision),
        [MessageTypes.HubReceipt] = typeof(HubReceipt),
        [MessageTypes.HolderReport] = typeof(HolderReport),
        [MessageTypes.DeadlineNotice] = typeof(DeadlineNotice),
        [MessageTypes.LinkProgress] = typeof(LinkProgress),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The wire name by the payload's type.</summary>
    public static FrozenDictionary<Type, string> NameOf { get; } = ByName.ToFrozenDictionary(pair => pair.Value, pair => pair.Key);
}

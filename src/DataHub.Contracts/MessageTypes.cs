namespace DataHub.Contracts;

/// <summary>
/// The versioned wire names of every message (CloudEvents <c>type</c>). Append only: a changed meaning is a new
/// version, and an old version converts forward. Snapshot-tested.
/// </summary>
public static class MessageTypes
{
    public const string Prefix = "cn.chengdu-metro.datahub.";

    public const string ServiceSubmission = Prefix + "service.submission.v1";
    public const string ServiceAcceptance = Prefix + "service.acceptance.v1";
    public const string ServiceDecision = Prefix + "service.decision.v1";
    public const string ServiceDelivery = Prefix + "service.delivery.v1";
    public const string ServiceEvaluation = Prefix + "service.evaluation.v1";

    /// <summary>Source to hub: one application of which several cities decide a part each.</summary>
    public const string JointApplication = Prefix + "service.joint-application.v1";

    /// <summary>Hub to source: what all parts of a joint application came to.</summary>
    public const string JointCompletion = Prefix + "service.joint-completion.v1";

    /// <summary>Source to target: the originals of a case collected on behalf are on their way.</summary>
    public const string ServiceHandover = Prefix + "service.handover.v1";

    /// <summary>Target to source: what became of a bad evaluation.</summary>
    public const string ServiceFollowUp = Prefix + "service.follow-up.v1";

    public const string CaseReturn = Prefix + "case.return.v1";
    public const string CaseWithdrawal = Prefix + "case.withdrawal.v1";
    public const string CaseSupplementRequest = Prefix + "case.supplement-request.v1";
    public const string CaseSupplement = Prefix + "case.supplement.v1";
    public const string CaseReminder = Prefix + "case.reminder.v1";
    public const string CaseCorrection = Prefix + "case.correction.v1";
    public const string CaseRevocation = Prefix + "case.revocation.v1";
    public const string CaseReopening = Prefix + "case.reopening.v1";
    public const string CaseClosure = Prefix + "case.closure.v1";
    public const string CaseRecall = Prefix + "case.recall.v1";
    public const string CaseForwarding = Prefix + "case.forwarding.v1";

    public const string PensionApplication = Prefix + "transfer.pension.application.v1";
    public const string PensionContactLetter = Prefix + "transfer.pension.contact-letter.v1";
    public const string PensionInformationTable = Prefix + "transfer.pension.information-table.v1";
    public const string PensionRemittanceAdvice = Prefix + "transfer.pension.remittance-advice.v1";
    public const string PensionCompletion = Prefix + "transfer.pension.completion.v1";

    public const string TransferApplication = Prefix + "transfer.application.v1";
    public const string TransferContactLetter = Prefix + "transfer.contact-letter.v1";
    public const string TransferInformationTable = Prefix + "transfer.information-table.v1";
    public const string TransferRemittanceAdvice = Prefix + "transfer.remittance-advice.v1";
    public const string TransferRemittanceReturn = Prefix + "transfer.remittance-return.v1";
    public const string TransferOverlapResolution = Prefix + "transfer.overlap-resolution.v1";
    public const string TransferCompletion = Prefix + "transfer.completion.v1";

    public const string QualificationRequest = Prefix + "verification.qualification-request.v1";
    public const string QualificationAnswer = Prefix + "verification.qualification-answer.v1";
    public const string ContributionQuery = Prefix + "contribution.query.v1";
    public const string ContributionAnswer = Prefix + "contribution.answer.v1";

    public const string ResultNotice = Prefix + "recognition.result-notice.v1";
    public const string ResultCorrection = Prefix + "recognition.result-correction.v1";
    public const string ResultRevocation = Prefix + "recognition.result-revocation.v1";
    public const string ResultAcknowledgement = Prefix + "recognition.result-acknowledgement.v1";
    public const string RecognitionSearch = Prefix + "recognition.search.v1";

    /// <summary>Hub to the asking city: what a search found.</summary>
    public const string ResultList = Prefix + "recognition.result-list.v1";

    public const string ConsentWithdrawal = Prefix + "recognition.consent-withdrawal.v1";
    public const string RecognitionQuery = Prefix + "recognition.query.v1";
    public const string RecognitionResult = Prefix + "recognition.result.v1";
    public const string RecognitionDecision = Prefix + "recognition.decision.v1";

    /// <summary>Hub to city: signed proof of what the hub took in or refused (受理回执).</summary>
    public const string HubReceipt = Prefix + "hub.receipt.v1";

    /// <summary>City adapter to hub: which messages the city's system holds, and the outcome it holds.</summary>
    public const string HolderReport = Prefix + "hub.holder-report.v1";

    /// <summary>Hub to both cities: a leg's deadline is near or has passed.</summary>
    public const string DeadlineNotice = Prefix + "hub.deadline-notice.v1";

    /// <summary>Either direction, outside the sequence and the journal: "I hold everything up to this number".</summary>
    public const string LinkProgress = Prefix + "hub.link-progress.v1";
}

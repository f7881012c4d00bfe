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

    public const string CaseReturn = Prefix + "case.return.v1";
    public const string CaseWithdrawal = Prefix + "case.withdrawal.v1";
    public const string CaseSupplementRequest = Prefix + "case.supplement-request.v1";
    public const string CaseSupplement = Prefix + "case.supplement.v1";
    public const string CaseReminder = Prefix + "case.reminder.v1";
    public const string CaseCorrection = Prefix + "case.correction.v1";
    public const string CaseRevocation = Prefix + "case.revocation.v1";
    public const string CaseReopening = Prefix + "case.reopening.v1";
    public const string CaseClosure = Prefix + "case.closure.v1";

    public const string PensionApplication = Prefix + "transfer.pension.application.v1";
    public const string PensionContactLetter = Prefix + "transfer.pension.contact-letter.v1";
    public const string PensionInformationTable = Prefix + "transfer.pension.information-table.v1";
    public const string PensionRemittanceAdvice = Prefix + "transfer.pension.remittance-advice.v1";
    public const string PensionCompletion = Prefix + "transfer.pension.completion.v1";

    public const string ResultNotice = Prefix + "recognition.result-notice.v1";
    public const string ResultCorrection = Prefix + "recognition.result-correction.v1";
    public const string ResultRevocation = Prefix + "recognition.result-revocation.v1";
    public const string ResultAcknowledgement = Prefix + "recognition.result-acknowledgement.v1";
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

using DataHub.Contracts.Payloads;
using DataHub.Core.Registry;

namespace DataHub.Core.Flows;

/// <summary>
/// The outcome that a message carries. The hub and each city's side read it independently from the message that they
/// hold, so that reconciliation compares what each really has.
/// </summary>
public static class OutcomeReader
{
    public const string Approved = "approved";
    public const string Refused = "refused";
    public const string Recognised = "recognised";
    public const string NotRecognised = "not-recognised";

    /// <summary>The outcome that this message sets in its exchange.</summary>
    /// <param name="type">Wire name.</param>
    /// <param name="payload">The message's body.</param>
    /// <param name="flow">Code of the exchange's flow.</param>
    /// <param name="reference">
    /// What <see cref="Remember"/> gave for the earlier messages of the exchange: a completion of a pension transfer need
    /// not quote the remittance or the table that it completes.
    /// </param>
    /// <returns>Null where the message changes no outcome in this flow.</returns>
    public static Outcome? From(string type, IPayload payload, string flow, string? reference = null) =>
        FlowCatalogue.Find(flow)?.StepsOf(type) is [{ Outcome: OutcomeEffect.Set }, ..] ? Read(payload, reference) : null;

    /// <summary>
    /// The reference to keep after this message, in whichever order table and advice come: the advice's number, else the
    /// table's. A contact letter and a recall begin anew.
    /// </summary>
    /// <param name="remembered">What was kept so far; null at the beginning.</param>
    /// <param name="payload">Any message of the exchange, sent or received.</param>
    public static string? Remember(string? remembered, IPayload payload) => payload switch
    {
        ITransferRemittanceAdvice advice => advice.AdviceNumber,
        ITransferInformationTable table => remembered ?? table.TableNumber,
        ITransferContactLetter or CaseRecall => null,
        _ => remembered,
    };

    internal static string? Reference(IReadOnlyDictionary<string, string> facts) =>
        facts.GetValueOrDefault(FactKeys.AdviceNumber) ?? facts.GetValueOrDefault(FactKeys.TableNumber);

    // The parcel's number is part of the outcome; it holds no stroke, so the last stroke divides the two.
    private static string? ReferenceOf(ServiceDecision decision) =>
        decision.Dispatch?.TrackingNumber is { } tracking ? $"{decision.CertificateNumber}/{tracking}" : decision.CertificateNumber;

    internal static Outcome? Read(IPayload payload, string? reference) => payload switch
    {
        ServiceDecision d => new(d.Result == DecisionResult.Approved ? Approved : Refused, d.AmountFen, ReferenceOf(d)),
        JointCompletion c => new(WireNames.Of(c.Result), null, JointParts.Digest(c.Parts)),
        ITransferCompletion c => new("completed", c.PostedFen, c.Reference ?? reference),
        QualificationAnswer { Finding: QualificationFinding.Eligible } a => new("qualified", null, a.AnswerNumber),
        QualificationAnswer { Finding: QualificationFinding.Deceased or QualificationFinding.NotEligible } a => new("not-qualified", null, a.AnswerNumber),
        QualificationAnswer a => new("unable", null, a.AnswerNumber),
        ContributionAnswer a => new(a.TotalMonths > 0 ? "answered" : "none", null, a.AnswerNumber),
        ResultNotice n => new("published", null, n.ResultId),
        ResultCorrection c => new("corrected", null, c.ResultId),
        ResultRevocation r => new("revoked", null, r.ResultId),
        ConsentWithdrawal w => new("consent-withdrawn", null, w.ConsentNumber),
        RecognitionSearch s => new("listed", null, s.SearchNumber),
        RecognitionDecision d => new(d.Verdict == RecognitionVerdict.Recognised ? Recognised : NotRecognised, d.AvoidedFen, d.ResultId),
        CaseReturn => new("returned", null, null),
        CaseWithdrawal => new("withdrawn", null, null),
        CaseClosure => new("closed", null, null),
        CaseRevocation => new("revoked", null, null),
        _ => null,
    };
}

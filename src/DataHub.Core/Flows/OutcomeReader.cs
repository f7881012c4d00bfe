using DataHub.Contracts.Payloads;

namespace DataHub.Core.Flows;

/// <summary>
/// The outcome that a message carries. The hub and each city's side read it independently from the message that they
/// hold, so that reconciliation compares what each really has.
/// </summary>
public static class OutcomeReader
{
    /// <summary>The outcome that this message sets in its exchange.</summary>
    /// <param name="type">Wire name.</param>
    /// <param name="payload">The message's body.</param>
    /// <param name="flow">Code of the exchange's flow.</param>
    /// <param name="reference">
    /// What <see cref="Remember"/> gave for the earlier messages of the exchange: a completion of a transfer quotes
    /// neither the advice nor the table that it completes.
    /// </param>
    /// <returns>Null where the message changes no outcome in this flow.</returns>
    public static Outcome? From(string type, IPayload payload, string flow, string? reference = null) =>
        FlowCatalogue.Find(flow)?.StepsOf(type) is [{ Outcome: OutcomeEffect.Set }, ..] ? Read(payload, reference) : null;

    /// <summary>
    /// The reference to keep after this message, in whichever order table and advice come: the advice's number, else the
    /// table's. A contact letter begins anew.
    /// </summary>
    /// <param name="remembered">What was kept so far; null at the beginning.</param>
    /// <param name="payload">Any message of the exchange, sent or received.</param>
    public static string? Remember(string? remembered, IPayload payload) => payload switch
    {
        PensionRemittanceAdvice advice => advice.AdviceNumber,
        PensionInformationTable table => remembered ?? table.TableNumber,
        PensionContactLetter => null,
        _ => remembered,
    };

    internal static string? Reference(IReadOnlyDictionary<string, string> facts) =>
        facts.GetValueOrDefault(FactKeys.AdviceNumber) ?? facts.GetValueOrDefault(FactKeys.TableNumber);

    internal static Outcome? Read(IPayload payload, string? reference) => payload switch
    {
        ServiceDecision d => new(d.Result == DecisionResult.Approved ? "approved" : "refused", d.AmountFen, d.CertificateNumber),
        PensionCompletion c => new("completed", c.PostedFen, reference),
        ResultNotice n => new("published", null, n.ResultId),
        ResultCorrection c => new("corrected", null, c.ResultId),
        ResultRevocation r => new("revoked", null, r.ResultId),
        RecognitionDecision d => new(d.Verdict == RecognitionVerdict.Recognised ? "recognised" : "not-recognised", d.AvoidedFen, d.ResultId),
        CaseReturn => new("returned", null, null),
        CaseWithdrawal => new("withdrawn", null, null),
        CaseClosure => new("closed", null, null),
        CaseRevocation => new("revoked", null, null),
        _ => null,
    };
}

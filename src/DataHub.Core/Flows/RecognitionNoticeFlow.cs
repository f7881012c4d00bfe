using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Registry;

namespace DataHub.Core.Flows;

/// <summary>
/// 检查检验结果发布 (国卫医发〔2022〕6号): a hospital publishes that a result exists, and may later correct or revoke it. Every city
/// that holds the result must acknowledge; until then the exchange is not finished.
/// </summary>
public static class RecognitionNoticeFlow
{
    public const string Code = "recognition.notice";

    public const string Published = "published";
    public const string CorrectionOpen = "correction-open";
    public const string Corrected = "corrected";
    public const string RevocationOpen = "revocation-open";
    public const string Revoked = "revoked";

    /// <summary>Corrections that may wait for acknowledgements or be remembered, counted per holder; keeps the facts small.</summary>
    private const int MaxAcknowledgements = 120;

    private static readonly Leg Holders = new(Party.Holder, FactKeys.AcknowledgementDays);

    public static FlowDefinition Definition { get; } = new(
        Code,
        version: 1,
        "检查检验结果发布",
        states:
        [
            new(Published, "已发布") { Final = true },
            new(CorrectionOpen, "更正待确认") { Leg = Holders },
            new(Corrected, "已更正") { Final = true },
            new(RevocationOpen, "撤销待确认") { Leg = Holders },
            new(Revoked, "已撤销") { Final = true },
        ],
        steps:
        [
            new()
            {
                Type = MessageTypes.ResultNotice,
                Payload = typeof(ResultNotice),
                Title = "结果发布",
                Senders = [Party.Source],
                Moves = [new("", Published)],
                Audience = Audience.Nobody,
                Outcome = OutcomeEffect.Set,
                Rule = Publish,
            },
            new()
            {
                Type = MessageTypes.ResultCorrection,
                Payload = typeof(ResultCorrection),
                Title = "结果更正",
                Senders = [Party.Source],
                Moves =
                [
                    .. Ask(Published, CorrectionOpen, Corrected),
                    .. Ask(Corrected, CorrectionOpen, Corrected),
                    .. Ask(CorrectionOpen, CorrectionOpen, Corrected),
                ],
                Audience = Audience.OpenHolders,
                Outcome = OutcomeEffect.Set,
                RefusedIn = new Dictionary<string, string> { [RevocationOpen] = ReasonCodes.ResultRevoked, [Revoked] = ReasonCodes.ResultRevoked },
                Rule = draft =>
                {
                    var correction = draft.Payload<ResultCorrection>();
                    AskHolders(draft, correction.ResultId, correction.CorrectedDigest, revoked: false);
                },
            },
            new()
            {
                Type = MessageTypes.ResultRevocation,
                Payload = typeof(ResultRevocation),
                Title = "结果撤销",
                Senders = [Party.Source],
                Moves =
                [
                    .. Ask(Published, RevocationOpen, Revoked),
                    .. Ask(Corrected, RevocationOpen, Revoked),
                    .. Ask(CorrectionOpen, RevocationOpen, Revoked),
                ],
                Audience = Audience.OpenHolders,
                Outcome = OutcomeEffect.Set,
                RefusedIn = new Dictionary<string, string> { [RevocationOpen] = ReasonCodes.ResultRevoked, [Revoked] = ReasonCodes.ResultRevoked },
                Rule = draft => AskHolders(draft, draft.Payload<ResultRevocation>().ResultId, draft.Context.Published?.ResultDigest ?? "", revoked: true),
            },
            new()
            {
                Type = MessageTypes.ResultAcknowledgement,
                Payload = typeof(ResultAcknowledgement),
                Title = "更正确认",
                Senders = [Party.Holder],
                Moves = [.. Ask(CorrectionOpen, CorrectionOpen, Corrected), .. Ask(RevocationOpen, RevocationOpen, Revoked)],
                Audience = Audience.Source,
                RefusedIn = new Dictionary<string, string> { [Corrected] = ReasonCodes.AlreadyAcknowledged, [Revoked] = ReasonCodes.AlreadyAcknowledged },
                Rule = Acknowledge,
            },
            Administrative.Remind([Party.Source], CorrectionOpen, RevocationOpen) with { Audience = Audience.OpenHolders },
        ])
    {
        HasTarget = false,
    };

    private static Move[] Ask(string from, string open, string done) =>
        [new(from, open, Guard.AcknowledgementsOpen), new(from, done, Guard.AllAcknowledged)];

    private static void Publish(StepDraft draft)
    {
        var notice = draft.Payload<ResultNotice>();
        draft.Item = notice.ItemCode;
        if (draft.Context.Published is not null)
            draft.Refuse(ReasonCodes.ResultIdTaken, "$.resultId");
        if (RecognitionRules.CheckHospital(draft, notice.ItemCode, notice.Hospital) is { } publisher)
            RecognitionRules.CheckMark(draft, notice.Mark, publisher);

        draft.Remember(FactKeys.ResultId, notice.ResultId);
        draft.Remember(FactKeys.AcknowledgementDays, draft.Context.Registry.CaseRules(notice.ItemCode).AcknowledgementDays);
        draft.Cause(new Effect.IndexResult(
            new PublishedResult(
                notice.ResultId, draft.Message.ExchangeId, draft.SourceCity, notice.ItemCode, notice.Hospital.Code, notice.Mark,
                notice.PerformedAt, notice.ResultDigest, Revoked: false, Holders: []),
            notice.Patient.IdNumber));
    }

    private static void AskHolders(StepDraft draft, string resultId, string digest, bool revoked)
    {
        if (resultId != draft.Fact(FactKeys.ResultId))
        {
            draft.Refuse(ReasonCodes.ResultIdDiffers, "$.resultId");
            return;
        }

        if (draft.Context.Published is not { } published || published.ResultId != resultId)
        {
            draft.Refuse(ReasonCodes.NoSharedResult, "$.resultId");
            return;
        }

        if (draft.Facts.Keys.Count(k => k.StartsWith(FactKeys.AcknowledgementPrefix, StringComparison.Ordinal)) + published.Holders.Count > MaxAcknowledgements)
        {
            draft.Refuse(ReasonCodes.TooManyEntries, "$", MaxAcknowledgements);
            return;
        }

        foreach (var holder in published.Holders.Where(h => h != draft.SourceCity))
            draft.Remember(FactKeys.Acknowledgement(draft.Message.MessageId, holder), FactKeys.Open);

        // Where a patient is treated by the result, the doctor has to look at the case again.
        foreach (var use in published.Uses.Where(u => u.City != draft.SourceCity))
        {
            draft.Remember(FactKeys.Reassessment(draft.Message.MessageId, use.City), FactKeys.Open);
            draft.Cause(new Effect.OpenBreak(ReasonCodes.BreakRecognisedResultChanged, draft.Message.ExchangeId) { ExchangeId = use.ExchangeId });
        }

        draft.Cause(new Effect.ChangeResult(resultId, digest, revoked));
    }

    private static void Acknowledge(StepDraft draft)
    {
        var acknowledgement = draft.Payload<ResultAcknowledgement>();
        if (acknowledgement.ResultId != draft.Fact(FactKeys.ResultId))
            draft.Refuse(ReasonCodes.ResultIdDiffers, "$.resultId");

        var city = draft.Message.SenderCity;
        var key = FactKeys.Acknowledgement(acknowledgement.MessageId, city);
        switch (draft.Fact(key))
        {
            case FactKeys.Open:
                draft.Remember(key, FactKeys.Done);
                Reassess(draft, acknowledgement, city);
                break;
            case FactKeys.Done:
                draft.Refuse(ReasonCodes.AlreadyAcknowledged, "$.messageId");
                break;
            default:
                draft.Refuse(ReasonCodes.UnknownMessageReferred, "$.messageId");
                break;
        }

        if (Guards.Holds(Guard.AllAcknowledged, draft.Facts))
            draft.Cause(new Effect.CloseBreak(ReasonCodes.BreakUnacknowledgedCorrection, "各持有方均已确认"));
    }

    private static void Reassess(StepDraft draft, ResultAcknowledgement acknowledgement, string city)
    {
        var key = FactKeys.Reassessment(acknowledgement.MessageId, city);
        if (!draft.Facts.ContainsKey(key))
            return;
        if (acknowledgement.Reassessment is null)
        {
            draft.Refuse(ReasonCodes.ReassessmentRequired, "$.reassessment");
            return;
        }

        draft.Facts.Remove(key);
        if (FactKeys.MustReassess(draft.Facts, city))
            return;
        foreach (var use in (draft.Context.Published?.Uses ?? []).Where(u => u.City == city))
            draft.Cause(new Effect.CloseBreak(ReasonCodes.BreakRecognisedResultChanged, WireNames.Of(acknowledgement.Reassessment.Value)) { ExchangeId = use.ExchangeId });
    }
}

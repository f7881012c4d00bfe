using System.Diagnostics.CodeAnalysis;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;

namespace DataHub.Core.Flows;

/// <summary>
/// 结果互认: a doctor asks for a published result with the patient's consent (source), the publishing city delivers it
/// (target), the doctor decides.
/// </summary>
public static class RecognitionUseFlow
{
    public const string Code = "recognition.use";

    public const string Asked = "asked";
    public const string Delivered = "delivered";
    public const string Decided = "decided";

    // No public rule sets it: the patient is waiting, so the hub asks for it within one working day.
    private const int ResultDays = 1;

    public static FlowDefinition Definition { get; } = new(
        Code,
        version: 1,
        "检查检验结果互认",
        states:
        [
            new(Asked, "已查询") { Leg = new(Party.Target, FactKeys.ResultDays) },
            new(Delivered, "结果已送达"),
            new(Decided, "已决定") { Final = true },
            .. Administrative.EndStates,
        ],
        steps:
        [
            new()
            {
                Type = MessageTypes.RecognitionQuery,
                Payload = typeof(RecognitionQuery),
                Title = "互认查询",
                Senders = [Party.Source],
                Moves = [new("", Asked)],
                Correctable = ["$.patient.mobile", "$.doctor"],
                Rule = Ask,
            },
            new()
            {
                Type = MessageTypes.RecognitionResult,
                Payload = typeof(RecognitionResult),
                Title = "结果送达",
                Senders = [Party.Target],
                Moves = [new(Asked, Delivered)],
                Rule = Deliver,
            },
            new()
            {
                Type = MessageTypes.RecognitionDecision,
                Payload = typeof(RecognitionDecision),
                Title = "互认决定",
                Senders = [Party.Source],
                Moves = [new(Delivered, Decided)],
                Outcome = OutcomeEffect.Set,
                Correctable = ["$.reasonText", "$.doctor"],
                Rule = Decide,
            },
            Administrative.Return(Party.Target, Asked),
            Administrative.Withdraw(Party.Source, Asked),
            Administrative.Remind([Party.Source, Party.Target], Asked, Delivered),
            Administrative.Correct([Party.Source], Asked, Delivered, Decided),
            Administrative.Close([Party.Source], Delivered),
            Administrative.Revoke(Party.Source, Decided),
            Administrative.Reopen(Party.Source, Asked, Administrative.Returned, Administrative.Withdrawn, Administrative.Closed, Administrative.Revoked),
        ]);

    private static void Ask(StepDraft draft)
    {
        var query = draft.Payload<RecognitionQuery>();
        draft.Item = query.ItemCode;
        RecognitionRules.CheckHospital(draft, query.ItemCode, query.Hospital);
        if (draft.Context.Published is not { } published || published.ItemCode != query.ItemCode || published.City != draft.TargetCity)
        {
            draft.Refuse(ReasonCodes.NoSharedResult, "$.itemCode");
            return;
        }

        if (published.Revoked)
            draft.Refuse(ReasonCodes.ResultRevoked, "$.itemCode");
        var covered = draft.Context.Registry.Mark(published.Mark)?.Cities;
        if (covered is null || !covered.Contains(draft.SourceCity) || !covered.Contains(draft.TargetCity))
            draft.Refuse(ReasonCodes.MarkDoesNotCover, "$.hospital.code");

        draft.Remember(FactKeys.ResultId, published.ResultId);
        draft.Remember(FactKeys.ResultDays, ResultDays);
    }

    private static void Deliver(StepDraft draft)
    {
        var result = draft.Payload<RecognitionResult>();
        if (!CheckResult(draft, result.ResultId, out var published))
            return;

        if (published.Revoked)
            draft.Refuse(ReasonCodes.ResultRevoked, "$.resultId");
        // A correction may have overtaken the delivery: only the published version goes out.
        else if (result.ResultDigest != published.ResultDigest)
            draft.Refuse(ReasonCodes.DigestMismatch, "$.resultDigest");
        if (result.ItemCode != draft.Item)
            draft.Refuse(ReasonCodes.ResultIdDiffers, "$.itemCode");

        draft.Cause(new Effect.AddHolder(result.ResultId, draft.SourceCity));
    }

    private static void Decide(StepDraft draft)
    {
        var decision = draft.Payload<RecognitionDecision>();
        if (!CheckResult(draft, decision.ResultId, out var published) || decision.Verdict != RecognitionVerdict.Recognised)
            return;

        if (published.Revoked)
            draft.Refuse(ReasonCodes.ResultRevoked, "$.resultId");
        var item = draft.Context.Registry.RecognitionItem(published.ItemCode);
        if (RecognitionRules.Expired(item, published.PerformedAt, decision.DecidedAt))
            draft.Refuse(ReasonCodes.ResultExpired, "$.verdict", item!.ValidDays);
    }

    private static bool CheckResult(StepDraft draft, string resultId, [NotNullWhen(true)] out PublishedResult? published)
    {
        published = draft.Context.Published;
        if (resultId != draft.Fact(FactKeys.ResultId))
            draft.Refuse(ReasonCodes.ResultIdDiffers, "$.resultId");
        else if (published is null || published.ResultId != resultId)
            draft.Refuse(ReasonCodes.NoSharedResult, "$.resultId");
        return draft.Reasons.Count == 0;
    }
}

using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Registry;

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

    public static FlowDefinition Definition { get; } = new(
        Code,
        version: 1,
        "检查检验结果互认",
        states:
        [
            new(Asked, "已查询") { Leg = new(Party.Target, FactKeys.ResultDays) },
            new(Delivered, "结果已送达") { NoDeadline = "何时决定取决于诊疗,由医生掌握" },
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
                // After a correction the publisher delivers again, to those who hold the earlier version.
                Moves = [new(Asked, Delivered), new(Delivered, Delivered), new(Decided, Decided)],
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
            // The hub's own word, where the patient took back what the query rests on and the asking city has not withdrawn it.
            Administrative.Withdraw(Party.Hub, Asked) with { Audience = Audience.BothParties, Rule = ConsentGone },
            Administrative.Remind([Party.Source], Asked),
            Administrative.Remind([Party.Target], Delivered),
            Administrative.Correct([Party.Source], Asked, Delivered, Decided),
            Administrative.Close([Party.Source], Delivered),
            Administrative.Revoke(Party.Source, Decided) with { Rule = TakeBack },
            Administrative.Reopen(Party.Source, Asked, Administrative.Returned, Administrative.Withdrawn, Administrative.Closed, Administrative.Revoked),
        ]);

    /// <summary>
    /// Ends a query that rests on a consent which was taken back: as withdrawn, since it is the patient's own will.
    /// </summary>
    /// <param name="query">The exchange, known to rest on such a consent.</param>
    /// <param name="context">Clock and catalogue.</param>
    /// <returns>The ended exchange and what both cities are told; null where the result was delivered before, or the query has ended.</returns>
    public static (ExchangeState Ended, CaseWithdrawal Told)? WithoutConsent(ExchangeState query, FlowContext context)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(context);
        if (query is not { Flow: Code, State: Asked })
            return null;
        var told = new CaseWithdrawal { Reason = "患者已撤回授权，结果未送达，查询终止。", WithdrawnAt = context.Now };
        var message = new FlowMessage("", MessageTypes.CaseWithdrawal, query.ExchangeId, Nodes.Hub, context.Now, told);
        return FlowEngine.Decide(query, message, context with { ConsentWithdrawn = true }) is Decision.Advanced advanced ? (advanced.State, told) : null;
    }

    private static void ConsentGone(StepDraft draft)
    {
        if (!draft.Context.ConsentWithdrawn)
            draft.Refuse(ReasonCodes.SenderOutOfRole, "$");
    }

    private static void Ask(StepDraft draft)
    {
        var query = draft.Payload<RecognitionQuery>();
        draft.Item = query.ItemCode;
        var asking = RecognitionRules.CheckHospital(draft, query.ItemCode, query.Hospital);
        var asked = query.ResultId is null ? "$.itemCode" : "$.resultId";
        if (draft.Context.Published is not { } published || published.ItemCode != query.ItemCode || published.City != draft.TargetCity
            || published.ResultId != (query.ResultId ?? published.ResultId))
        {
            draft.Refuse(ReasonCodes.NoSharedResult, asked);
            return;
        }

        if (published.Revoked)
            draft.Refuse(ReasonCodes.ResultRevoked, asked);
        if (asking is not null && RecognitionRules.WhyNotShared(draft.Context.Registry, published, asking, RecognitionRules.Today(draft)) is { } why)
            draft.Refuse(why);

        RecognitionRules.CheckConsent(draft, query.Consent);
        draft.Remember(FactKeys.ResultId, published.ResultId);
        draft.Remember(FactKeys.PublishingHospital, published.HospitalCode);
        draft.Remember(FactKeys.ConsentNumber, query.Consent.ConsentNumber);
        draft.Remember(FactKeys.ConsentUntil, query.Consent.ExpiresAt.UtcDateTime.ToString("O", CultureInfo.InvariantCulture));
        draft.Remember(FactKeys.ResultDays, draft.Context.Registry.CaseRules(query.ItemCode).ResultDays);
        draft.Remember(FactKeys.AskingHospital, query.Hospital.Code);
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
        else if (draft.Fact(FactKeys.DeliveredDigest) == result.ResultDigest)
            draft.Refuse(ReasonCodes.ResultAlreadyDelivered, "$.resultDigest");
        if (result.ItemCode != draft.Item)
            draft.Refuse(ReasonCodes.ResultIdDiffers, "$.itemCode");
        if (draft.Context.ConsentWithdrawn)
            draft.Refuse(ReasonCodes.ConsentWithdrawn, "$.resultId");
        else if (draft.Fact(FactKeys.ConsentUntil) is { } until
            && DateTimeOffset.TryParse(until, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var end) && draft.Context.Now > end)
            draft.Refuse(ReasonCodes.ConsentExpired, "$.resultId");

        draft.Remember(FactKeys.DeliveredDigest, result.ResultDigest);
        draft.Cause(new Effect.AddHolder(result.ResultId, draft.SourceCity));
    }

    private static void Decide(StepDraft draft)
    {
        var decision = draft.Payload<RecognitionDecision>();
        if (decision is { Verdict: RecognitionVerdict.NotRecognised, Reason: { } reason })
            draft.Remember(FactKeys.RepeatReason, WireNames.Of(reason));
        if (!CheckResult(draft, decision.ResultId, out var published) || decision.Verdict != RecognitionVerdict.Recognised)
            return;

        if (published.Revoked)
            draft.Refuse(ReasonCodes.ResultRevoked, "$.resultId");
        else if (draft.Fact(FactKeys.DeliveredDigest) is { } delivered && delivered != published.ResultDigest)
            draft.Refuse(ReasonCodes.ResultChangedSinceDelivery, "$.resultId");
        var item = draft.Context.Registry.RecognitionItem(published.ItemCode);
        if (RecognitionRules.Expired(item, published.PerformedAt, decision.DecidedAt))
            draft.Refuse(ReasonCodes.ResultExpired, "$.verdict", item!.ValidDays);
        draft.Remember(FactKeys.AvoidedFen, decision.AvoidedFen ?? item?.PriceFen ?? 0);
        draft.Cause(new Effect.UseResult(published.ResultId, Recognised: true));
    }

    private static void TakeBack(StepDraft draft)
    {
        draft.Facts.Remove(FactKeys.AvoidedFen);
        draft.Cause(new Effect.UseResult(draft.Fact(FactKeys.ResultId) ?? "", Recognised: false));
        draft.Cause(new Effect.CloseBreak(ReasonCodes.BreakRecognisedResultChanged, "互认决定已撤销"));
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

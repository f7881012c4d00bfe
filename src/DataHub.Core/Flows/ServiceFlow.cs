using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Registry;

namespace DataHub.Core.Flows;

/// <summary>通办: a government service applied for in one city and decided by another (国办发〔2020〕35号).</summary>
public static class ServiceFlow
{
    public const string Code = "service.online";

    public const string Submitted = "submitted";
    public const string SupplementBeforeAcceptance = "supplement-before-acceptance";
    public const string Accepted = "accepted";
    public const string Supplementing = "supplementing";
    public const string Decided = "decided";
    public const string Delivered = "delivered";
    public const string Evaluated = "evaluated";
    public const string FollowUpOpen = "follow-up-open";
    public const string FollowedUp = "followed-up";
    public const string Reevaluated = "re-evaluated";

    private static readonly string[] Running = [Submitted, SupplementBeforeAcceptance, Accepted, Supplementing];

    private static readonly string[] Rated = [Evaluated, FollowUpOpen, FollowedUp, Reevaluated];

    public static FlowDefinition Definition { get; } = new(
        Code,
        version: 1,
        "通办",
        states:
        [
            new(Submitted, "已提交") { Leg = new(Party.Target, FactKeys.AcceptDays) },
            new(SupplementBeforeAcceptance, "受理前补正") { StopsClock = true },
            new(Accepted, "已受理") { Leg = new(Party.Target, FactKeys.DecisionDays) },
            new(Supplementing, "办理中补正") { StopsClock = true },
            new(Decided, "已办结") { Leg = new(Party.Source, FactKeys.DeliveryDays) },
            new(Delivered, "已送达") { Final = true },
            new(Evaluated, "已评价") { Final = true },
            new(FollowUpOpen, "差评待整改") { Leg = new(Party.Target, FactKeys.FollowUpDays) },
            new(FollowedUp, "差评已回访") { Final = true },
            new(Reevaluated, "已再次评价") { Final = true },
            .. Administrative.EndStates,
        ],
        steps:
        [
            new()
            {
                Type = MessageTypes.ServiceSubmission,
                Payload = typeof(ServiceSubmission),
                Title = "申请",
                Senders = [Party.Source],
                Moves = [new("", Submitted)],
                Correctable = ["$.applicant.name", "$.applicant.mobile", "$.applicant.sex", "$.agent", "$.organisation.name", "$.form"],
                Rule = Submit,
            },
            new()
            {
                Type = MessageTypes.ServiceAcceptance,
                Payload = typeof(ServiceAcceptance),
                Title = "受理",
                Senders = [Party.Target],
                Moves = [new(Submitted, Accepted)],
                Correctable = ["$.handlingAgency", "$.acceptanceNumber"],
            },
            new()
            {
                Type = MessageTypes.ServiceDecision,
                Payload = typeof(ServiceDecision),
                Title = "办结",
                Senders = [Party.Target],
                Moves = [new(Accepted, Decided), new(Submitted, Decided, Guard.Instant)],
                Outcome = OutcomeEffect.Set,
                Correctable = ["$.reason", "$.fileDigest", "$.dispatch.carrier"],
                Rule = CheckDispatch,
            },
            new()
            {
                Type = MessageTypes.ServiceDelivery,
                Payload = typeof(ServiceDelivery),
                Title = "结果送达",
                Senders = [Party.Source],
                Moves = [new(Decided, Delivered)],
                Correctable = ["$.channel", "$.trackingNumber"],
            },
            new()
            {
                Type = MessageTypes.ServiceEvaluation,
                Payload = typeof(ServiceEvaluation),
                Title = "好差评",
                Senders = [Party.Source],
                Moves = [new(Delivered, FollowUpOpen, Guard.Dissatisfied), new(Delivered, Evaluated), new(FollowedUp, Reevaluated)],
                RefusedIn = Rated.Where(s => s != FollowedUp).ToDictionary(s => s, _ => ReasonCodes.AlreadyEvaluated),
                Rule = draft =>
                {
                    draft.Facts.Remove(FactKeys.Dissatisfied);
                    draft.RememberIf(FactKeys.Dissatisfied, draft.Payload<ServiceEvaluation>().Score <= ServiceEvaluation.DissatisfiedUpTo);
                },
            },
            new()
            {
                Type = MessageTypes.ServiceFollowUp,
                Payload = typeof(ServiceFollowUp),
                Title = "差评回访整改",
                Senders = [Party.Target],
                Moves = [new(FollowUpOpen, FollowedUp)],
            },
            new()
            {
                Type = MessageTypes.ServiceHandover,
                Payload = typeof(ServiceHandover),
                Title = "材料移交",
                Senders = [Party.Source],
                Moves = [.. Running.Select(s => new Move(s, s, Guard.OriginalsForwarded))],
                Correctable = ["$.carrier", "$.trackingNumber"],
                Rule = CheckHandover,
            },
            Administrative.Return(Party.Target, Submitted, SupplementBeforeAcceptance),
            Administrative.Withdraw(Party.Source, Running),
            Administrative.RequestSupplement(Party.Target, (Submitted, SupplementBeforeAcceptance), (Accepted, Supplementing)),
            AnsweringSupplement(Administrative.Supplement(Party.Source, (SupplementBeforeAcceptance, Submitted), (Supplementing, Accepted))),
            Administrative.Remind([Party.Source, Party.Target], [.. Running, Decided, FollowUpOpen]),
            Administrative.Correct([Party.Source, Party.Target], [.. Running, Decided, Delivered, .. Rated]),
            Administrative.Forward([Party.Target], Running),
            Administrative.Close([Party.Target], SupplementBeforeAcceptance, Accepted, Supplementing),
            Administrative.Revoke(Party.Target, [Decided, Delivered, .. Rated]),
            Administrative.Reopen(Party.Target, Submitted, Administrative.Returned, Administrative.Closed, Administrative.Revoked),
            Administrative.Reopen(Party.Source, Submitted, Administrative.Withdrawn),
        ]);

    private static void Submit(StepDraft draft)
    {
        var submission = draft.Payload<ServiceSubmission>();
        draft.Item = submission.ItemCode;
        if (draft.Context.Registry.Item(submission.ItemCode) is not { Flow: Code } item)
        {
            draft.Refuse(ReasonCodes.UnknownItem, "$.itemCode");
            return;
        }

        if (!item.Modes.Contains(submission.Mode))
            draft.Refuse(ReasonCodes.ModeNotOffered, "$.mode");

        draft.Remember(FactKeys.AcceptDays, item.AcceptDays);
        draft.Remember(FactKeys.DecisionDays, item.PromisedDays);
        draft.Remember(FactKeys.Mode, WireNames.Of(submission.Mode));
        draft.Remember(FactKeys.FollowUpDays, item.FollowUpDays);
        draft.Remember(FactKeys.DeliveryDays, draft.Context.Registry.CaseRules(item.Code).DeliveryDays);
        draft.RememberIf(FactKeys.Instant, item.Instant);
        draft.RememberIf(FactKeys.PaperResult, submission.Mode == ServiceMode.CollectOnBehalf && item.ResultMedium == ResultMedium.Paper);
        if (submission.Collection is { } collection)
            Collect(draft, collection, submission.Materials);
        if (submission.Joint is { } joint)
            JointSplit.Open(draft, submission, joint);
    }

    private static void Collect(StepDraft draft, OnBehalfCollection collection, IReadOnlyList<Material> materials)
    {
        if (draft.Context.Registry.Agency(collection.Agency.Code) is not { } agency || agency.CityCode != draft.SourceCity)
            draft.Refuse(ReasonCodes.AgencyNotOfCity, "$.collection.agency.code", collection.Agency.Code);
        draft.RememberIf(FactKeys.OriginalsForwarded, collection.Originals == OriginalsHandling.Forwarded);
        RememberMaterials(draft, materials);
    }

    private static void RememberMaterials(StepDraft draft, IReadOnlyList<Material> materials)
    {
        if (!draft.Facts.ContainsKey(FactKeys.OriginalsForwarded))
            return;
        foreach (var material in materials)
            draft.Remember(FactKeys.MaterialPrefix + material.Code, material.Digest);
    }

    // What was supplied later replaces what was submitted: its original may follow too.
    private static FlowStep AnsweringSupplement(FlowStep step) => step with
    {
        Rule = draft =>
        {
            step.Rule!(draft);
            RememberMaterials(draft, draft.Payload<CaseSupplement>().Materials);
        },
    };

    private static void CheckHandover(StepDraft draft)
    {
        if (!draft.Facts.ContainsKey(FactKeys.OriginalsForwarded))
            return;
        var materials = draft.Payload<ServiceHandover>().Materials;
        for (var i = 0; i < materials.Count; i++)
        {
            if (draft.Fact(FactKeys.MaterialPrefix + materials[i].Code) != materials[i].Digest)
                draft.Refuse(ReasonCodes.MaterialNotSubmitted, $"$.materials[{i}]");
        }
    }

    private static void CheckDispatch(StepDraft draft)
    {
        var decision = draft.Payload<ServiceDecision>();
        if (decision.Result == DecisionResult.Approved && draft.Facts.ContainsKey(FactKeys.PaperResult) && decision.Dispatch is not { Medium: ResultMedium.Paper })
            draft.Refuse(ReasonCodes.PaperResultRequired, "$.dispatch");
    }
}

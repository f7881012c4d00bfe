using DataHub.Contracts;
using DataHub.Contracts.Payloads;

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

    private static readonly string[] Running = [Submitted, SupplementBeforeAcceptance, Accepted, Supplementing];

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
            new(Decided, "已办结"),
            new(Delivered, "已送达") { Final = true },
            new(Evaluated, "已评价") { Final = true },
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
                Correctable = ["$.reason", "$.fileDigest"],
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
                Moves = [new(Delivered, Evaluated)],
                RefusedIn = new Dictionary<string, string> { [Evaluated] = ReasonCodes.AlreadyEvaluated },
            },
            Administrative.Return(Party.Target, Submitted, SupplementBeforeAcceptance),
            Administrative.Withdraw(Party.Source, Running),
            Administrative.RequestSupplement(Party.Target, (Submitted, SupplementBeforeAcceptance), (Accepted, Supplementing)),
            Administrative.Supplement(Party.Source, (SupplementBeforeAcceptance, Submitted), (Supplementing, Accepted)),
            Administrative.Remind([Party.Source, Party.Target], [.. Running, Decided]),
            Administrative.Correct([Party.Source, Party.Target], [.. Running, Decided, Delivered, Evaluated]),
            Administrative.Close([Party.Target], SupplementBeforeAcceptance, Accepted, Supplementing),
            Administrative.Revoke(Party.Target, Decided, Delivered, Evaluated),
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
        draft.RememberIf(FactKeys.Instant, item.Instant);
    }
}

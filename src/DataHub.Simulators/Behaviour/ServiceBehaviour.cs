using System.Globalization;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using DataHub.Core.Registry;
using DataHub.Simulators.Cases;

namespace DataHub.Simulators.Behaviour;

/// <summary>通办: how the clerks of both cities go on.</summary>
internal static class ServiceBehaviour
{
    private const string Carrier = "中国邮政速递物流";

    private static readonly string[] RefusalTexts = ["申请人不符合该事项的法定条件。", "申请材料不能证明所申请的事实。", "该事项正在办理冻结期内。"];

    /// <summary>Items that grant or charge money, by the beginning of their codes.</summary>
    private static readonly string[] WithAmount = ["housing-fund.", "disability.allowance", "funeral.", "public-rental."];

    public static void Opened(CaseDraft draft, ServiceSubmission submission)
    {
        draft.Remember("number", submission.Joint is { } joint ? Script.PartNumber(submission.CaseNumber, joint.Number) : submission.CaseNumber);
        draft.Remember("item", submission.ItemCode);
        draft.Remember("mode", submission.Mode.ToString());
        draft.Remember("district", submission.TargetDistrict);
        if (submission.Collection is { Originals: OriginalsHandling.Forwarded })
            draft.Remember("originals", string.Join(',', submission.Materials.Select(m => $"{m.Code}={m.Digest}")));
    }

    public static void Received(CaseDraft draft, IPayload payload)
    {
        switch (payload)
        {
            // Our own part of a joint application, as the hub's side filed it.
            case ServiceSubmission when draft.Case.Role == Party.Source:
                if (Item(draft)?.Instant == true)
                    WithdrawPart(draft);
                break;
            // A clerk who waits for the originals looks at the case when they are there.
            case ServiceSubmission when draft.Recall("originals") is null:
            case ServiceHandover:
                Examine(draft);
                break;
            case ServiceAcceptance when Script.IsPart(draft.Number):
                WithdrawPart(draft);
                break;
            case ServiceAcceptance when Script.Service(draft.Knobs, draft.Number) == ServiceEnd.Withdrawn:
                Withdraw(draft);
                break;
            case ServiceAcceptance:
                ServiceInterlude.SourceActs(draft);
                break;
            case CaseReminder or CaseCorrection:
                GoOn(draft);
                break;
            case CaseSupplementRequest request:
                draft.Then(at => new CaseSupplement
                {
                    Materials = [.. request.Items.Select(i => Material(draft, i.MaterialCode, i.Name))],
                    SuppliedAt = at,
                });
                break;
            case CaseSupplement:
                Decide(draft);
                break;
            case ServiceDecision:
                Deliver(draft);
                break;
            case ServiceEvaluation { Score: <= ServiceEvaluation.DissatisfiedUpTo } when draft.Recall("followed-up") is null:
                ServiceAfterwards.FollowUp(draft);
                break;
            case ServiceFollowUp:
                ServiceAfterwards.RateAgain(draft);
                break;
        }
    }

    public static void Sent(CaseDraft draft, IPayload payload)
    {
        switch (payload)
        {
            case ServiceSubmission when draft.Recall("originals") is { } originals:
                HandOver(draft, originals);
                break;
            // An item that is decided at once is never accepted first: the applicant has to be quick.
            case ServiceSubmission or ServiceHandover when Item(draft)?.Instant == true && Script.Service(draft.Knobs, draft.Number) == ServiceEnd.Withdrawn:
                Withdraw(draft);
                break;
            case ServiceAcceptance when Script.Service(draft.Knobs, draft.Number) == ServiceEnd.Withdrawn:
                break;
            case ServiceAcceptance when ServiceInterlude.TargetWaits(draft):
                break;
            case ServiceAcceptance or CaseForwarding:
                GoOn(draft);
                break;
            case ServiceEvaluation { Score: <= ServiceEvaluation.DissatisfiedUpTo } when draft.Recall("rated-again") is null:
                break;
            case ServiceDecision or ServiceEvaluation or ServiceFollowUp:
                draft.Done();
                break;
            case ServiceDelivery when draft.Below("evaluates", 100) < 60:
                ServiceAfterwards.Rate(draft);
                break;
            case ServiceDelivery:
                draft.Done();
                break;
        }
    }

    /// <summary>Where the whole is taken back, that takes back the part as well.</summary>
    private static void WithdrawPart(CaseDraft draft)
    {
        if (Script.Service(draft.Knobs, draft.Number) == ServiceEnd.Withdrawn && !Script.WholeWithdrawn(draft.Knobs, draft.Number))
            Withdraw(draft);
    }

    private static ServiceItem? Item(CaseDraft draft) => draft.Registry.Item(draft.Recall("item") ?? "");

    private static void HandOver(CaseDraft draft, string originals) => draft.Then(at => new ServiceHandover
    {
        Means = HandoverMeans.Post,
        Carrier = Carrier,
        TrackingNumber = TrackingNumber(draft, "originals"),
        Materials = [.. originals.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(o => o.Split('=')).Select(o => new HandedMaterial { Code = o[0], Digest = o[1] })],
        HandedOverAt = at,
    });

    private static string TrackingNumber(CaseDraft draft, string what) =>
        string.Create(CultureInfo.InvariantCulture, $"EMS{draft.Below("tracking " + what, 900_000_000) + 100_000_000}CN");

    private static void Examine(CaseDraft draft)
    {
        var end = Script.Service(draft.Knobs, draft.Number);
        if (Script.IsPart(draft.Number) && Script.WholeWithdrawn(draft.Knobs, draft.Number))
            return;
        if (end == ServiceEnd.Returned)
        {
            Return(draft);
        }
        else if (Item(draft)?.Instant == true)
        {
            if (end != ServiceEnd.Withdrawn)
                Decide(draft);
        }
        else
        {
            draft.Then(at => new ServiceAcceptance
            {
                HandlingAgency = Hall(draft, draft.Recall("district") ?? ""),
                AcceptanceNumber = $"SL{draft.Case.ExchangeId?.Replace("-", "", StringComparison.Ordinal)}",
                AcceptedAt = at,
            });
        }
    }

    public static void Return(CaseDraft draft)
    {
        var reason = draft.Pick("return", draft.Registry.ReturnReasons);
        draft.Then(at => new CaseReturn { ReasonCode = reason.Code, Reason = reason.Text, ReturnedAt = at });
    }

    public static void Withdraw(CaseDraft draft) => draft.Then(at => new CaseWithdrawal { Reason = "申请人改在其他地方办理。", WithdrawnAt = at });

    /// <summary>After acceptance, and whatever came between.</summary>
    private static void GoOn(CaseDraft draft)
    {
        if (Item(draft) is { } item && Script.Supplement(draft.Knobs, draft.Number, item))
            AskForMore(draft, item);
        else
            Decide(draft);
    }

    private static void AskForMore(CaseDraft draft, ServiceItem item)
    {
        var material = draft.Pick("missing", item.Materials);
        draft.Then(at => new CaseSupplementRequest
        {
            Items = [new SupplementItem { MaterialCode = material.Code, Name = material.Name, Requirement = "原影像不清晰，请重新提供原件扫描件。" }],
            WorkingDays = 5,
            RequestedAt = at,
        });
    }

    private static void Decide(CaseDraft draft)
    {
        var item = draft.Recall("item") ?? "";
        if (Script.Service(draft.Knobs, draft.Number) == ServiceEnd.Refused)
        {
            draft.Then(at => new ServiceDecision { Result = DecisionResult.Refused, Reason = draft.Pick("refusal", RefusalTexts), DecidedAt = at });
            return;
        }

        draft.Then(at => new ServiceDecision
        {
            Result = DecisionResult.Approved,
            CertificateNumber = $"{draft.City}-{draft.Case.ExchangeId?[7..]}",
            FileDigest = draft.File(SimulatedFile.Result).Digest,
            Dispatch = draft.Recall("mode") == nameof(ServiceMode.CollectOnBehalf) && Item(draft) is { ResultMedium: ResultMedium.Paper }
                ? new ResultDispatch { Medium = ResultMedium.Paper, Carrier = Carrier, TrackingNumber = TrackingNumber(draft, "result") }
                : null,
            AmountFen = Array.Exists(WithAmount, p => item.StartsWith(p, StringComparison.Ordinal)) ? 10_000 + (draft.Below("amount", 5_000_000) * 7L) : null,
            DecidedAt = at,
        });
    }

    private static void Deliver(CaseDraft draft)
    {
        var channel = draft.Recall("mode") == nameof(ServiceMode.Online) ? DeliveryChannel.Electronic
            : draft.Below("channel", 2) == 0 ? DeliveryChannel.Window
            : DeliveryChannel.Post;
        draft.Then(at => new ServiceDelivery
        {
            Channel = channel,
            TrackingNumber = channel == DeliveryChannel.Post ? TrackingNumber(draft, "delivery") : null,
            DeliveredAt = at,
        });
    }

    public static Agency Hall(CaseDraft draft, string district)
    {
        var hall = draft.Registry.Agency($"A{district}-SH") ?? draft.Registry.Agencies.First(a => a.CityCode == draft.City);
        return new Agency { Code = hall.Code, Name = hall.Name };
    }

    public static Material Material(CaseDraft draft, string code, string name) => SimulatedFile.Supplemented(draft.Knobs.Seed, draft.Number, code).As(code, name);
}

using DataHub.Contracts.Payloads;
using DataHub.Core.Registry;

namespace DataHub.Simulators.Behaviour;

/// <summary>通办: how the clerks of both cities go on.</summary>
internal static class ServiceBehaviour
{
    private static readonly string[] RefusalTexts = ["申请人不符合该事项的法定条件。", "申请材料不能证明所申请的事实。", "该事项正在办理冻结期内。"];
    private static readonly string[] Comments = ["办理很快，谢谢。", "不用再跑一趟，很方便。", "工作人员态度好。"];

    /// <summary>Items that grant or charge money, by the beginning of their codes.</summary>
    private static readonly string[] WithAmount = ["housing-fund.", "disability.allowance", "funeral.", "public-rental."];

    public static void Opened(CaseDraft draft, ServiceSubmission submission)
    {
        draft.Remember("number", submission.CaseNumber);
        draft.Remember("item", submission.ItemCode);
        draft.Remember("mode", submission.Mode.ToString());
    }

    public static void Received(CaseDraft draft, IPayload payload)
    {
        switch (payload)
        {
            case ServiceSubmission submission:
                Examine(draft, submission);
                break;
            case ServiceAcceptance when Script.Service(draft.Knobs, draft.Number) == ServiceEnd.Withdrawn:
                Withdraw(draft);
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
        }
    }

    public static void Sent(CaseDraft draft, IPayload payload)
    {
        switch (payload)
        {
            // An item that is decided at once is never accepted first: the applicant has to be quick.
            case ServiceSubmission when Item(draft)?.Instant == true && Script.Service(draft.Knobs, draft.Number) == ServiceEnd.Withdrawn:
                Withdraw(draft);
                break;
            case ServiceAcceptance when Script.Service(draft.Knobs, draft.Number) == ServiceEnd.Withdrawn:
                break;
            case ServiceAcceptance when Item(draft) is { } item && Script.Supplement(draft.Knobs, draft.Number, item):
                AskForMore(draft, item);
                break;
            case ServiceAcceptance:
                Decide(draft);
                break;
            case ServiceDecision or ServiceEvaluation:
                draft.Done();
                break;
            case ServiceDelivery when draft.Below("evaluates", 100) < 60:
                draft.Then(at => new ServiceEvaluation
                {
                    Score = 5 - (draft.Below("score", 10) / 7),
                    Comment = draft.Below("comments", 100) < 30 ? draft.Pick("comment", Comments) : null,
                    EvaluatedAt = at,
                });
                break;
            case ServiceDelivery:
                draft.Done();
                break;
        }
    }

    private static ServiceItem? Item(CaseDraft draft) => draft.Registry.Item(draft.Recall("item") ?? "");

    private static void Examine(CaseDraft draft, ServiceSubmission submission)
    {
        var end = Script.Service(draft.Knobs, draft.Number);
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
                HandlingAgency = Hall(draft, submission.TargetDistrict),
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
            FileDigest = draft.FileDigest("result"),
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
            TrackingNumber = channel == DeliveryChannel.Post ? $"EMS{draft.Below("tracking", 900_000_000) + 100_000_000}CN" : null,
            DeliveredAt = at,
        });
    }

    private static Agency Hall(CaseDraft draft, string district)
    {
        var hall = draft.Registry.Agency($"A{district}-SH") ?? draft.Registry.Agencies.First(a => a.CityCode == draft.City);
        return new Agency { Code = hall.Code, Name = hall.Name };
    }

    public static Material Material(CaseDraft draft, string code, string name) => new()
    {
        Code = code,
        Name = name,
        Digest = draft.FileDigest("supplement " + code),
        Size = 20_000 + draft.Below("size " + code, 900_000),
        MediaType = "application/pdf",
    };
}

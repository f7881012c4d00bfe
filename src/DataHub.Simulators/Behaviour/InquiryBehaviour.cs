using DataHub.Contracts.Payloads;
using DataHub.Core.Calendar;

namespace DataHub.Simulators.Behaviour;

/// <summary>One question, one answer: verification of pensioners and contribution months.</summary>
internal static class InquiryBehaviour
{
    public static void Opened(CaseDraft draft, IInquiry inquiry)
    {
        draft.Remember("number", inquiry.CaseNumber);
        draft.Remember("item", inquiry.ItemCode);
    }

    public static void Received(CaseDraft draft, IPayload payload)
    {
        switch (payload)
        {
            case IInquiry when Returns(draft.Knobs, draft.Number):
                ServiceBehaviour.Return(draft);
                break;
            case QualificationRequest:
                AnswerQualification(draft);
                break;
            case ContributionQuery:
                AnswerContribution(draft);
                break;
            case QualificationAnswer or ContributionAnswer:
                draft.Done();
                break;
        }
    }

    public static void Sent(CaseDraft draft, IPayload payload)
    {
        if (payload is QualificationAnswer or ContributionAnswer)
            draft.Done();
    }

    public static bool Returns(Knobs knobs, string number) => knobs.FixedEnds.TryGetValue(number, out var end)
        ? end == "returned"
        : Draw.Of(knobs.Seed, number, "end") < knobs.ReturnRate;

    public static QualificationFinding Finding(Knobs knobs, string number)
    {
        if (knobs.FixedEnds.TryGetValue(number, out var end))
            return end switch { "not-qualified" => QualificationFinding.Deceased, "unable" => QualificationFinding.NotFound, _ => QualificationFinding.Eligible };
        return Draw.Of(knobs.Seed, number, "finding") switch
        {
            < 0.8 => QualificationFinding.Eligible,
            < 0.87 => QualificationFinding.Deceased,
            < 0.9 => QualificationFinding.NotEligible,
            < 0.96 => QualificationFinding.NotFound,
            _ => QualificationFinding.Declined,
        };
    }

    public static bool HasRecord(Knobs knobs, string number) => knobs.FixedEnds.TryGetValue(number, out var end)
        ? end != "none"
        : Draw.Of(knobs.Seed, number, "record") < 0.85;

    private static void AnswerQualification(CaseDraft draft)
    {
        var finding = Finding(draft.Knobs, draft.Number);
        draft.Then(at => new QualificationAnswer
        {
            AnswerNumber = $"RZ{draft.Number}",
            Finding = finding,
            DeceasedOn = finding == QualificationFinding.Deceased ? WorkingDayCalendar.ShanghaiDate(at).AddDays(-1 - draft.Below("deceased", 300)) : null,
            EvidenceDigest = finding is QualificationFinding.NotFound or QualificationFinding.Declined ? null : CaseDraft.DigestOf($"{draft.City} {draft.Number} evidence"),
            Note = finding switch
            {
                QualificationFinding.NotEligible => "服刑期间停发待遇。",
                QualificationFinding.NotFound => "登记住址查无此人。",
                QualificationFinding.Declined => "本人拒绝认证。",
                _ => null,
            },
            AnsweredAt = at,
        });
    }

    private static void AnswerContribution(CaseDraft draft) => draft.Then(at =>
    {
        var period = TransferRecord.PeriodOf(draft.Knobs.Seed, draft.Number, at);
        var found = HasRecord(draft.Knobs, draft.Number);
        return new ContributionAnswer
        {
            AnswerNumber = $"NX{draft.Number}",
            TotalMonths = found ? PensionRecord.Month(period.To) - PensionRecord.Month(period.From) + 1 : 0,
            Spans = found ? [period] : [],
            RecordDigest = CaseDraft.DigestOf($"{draft.City} {draft.Number} record"),
            AnsweredAt = at,
        };
    });
}

using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Calendar;
using DataHub.Core.Errors;
using DataHub.Core.Registry;

namespace DataHub.Core.Flows;

/// <summary>Rules of mutual recognition that its flows share (国卫医发〔2022〕6号).</summary>
internal static class RecognitionRules
{
    /// <summary>The item is in force; the hospital is the sender's own, and of the grade that the item asks for.</summary>
    /// <returns>The hospital; null where it is refused.</returns>
    public static RegisteredHospital? CheckHospital(StepDraft draft, string itemCode, Hospital hospital)
    {
        var registry = draft.Context.Registry;
        var item = registry.RecognitionItem(itemCode);
        if (item is null)
            draft.Refuse(ReasonCodes.UnknownItem, "$.itemCode");
        else if (!item.InForce(Today(draft)))
            draft.Refuse(ReasonCodes.ItemNotInForce, "$.itemCode");

        if (CheckOwnHospital(draft, hospital) is not { } registered)
            return null;
        if (item is null || registered.Grade >= item.LowestGrade)
            return registered;
        draft.Refuse(ReasonCodes.HospitalGradeTooLow, "$.hospital.code");
        return null;
    }

    /// <summary>The hospital is the sender's own.</summary>
    /// <returns>The hospital; null where it is refused.</returns>
    public static RegisteredHospital? CheckOwnHospital(StepDraft draft, Hospital hospital)
    {
        if (draft.Context.Registry.Hospital(hospital.Code) is not { } registered)
            draft.Refuse(ReasonCodes.UnknownHospital, "$.hospital.code");
        else if (registered.CityCode != draft.SourceCity)
            draft.Refuse(ReasonCodes.HospitalNotOfCity, "$.hospital.code");
        else
            return registered;
        return null;
    }

    /// <summary>The mark covers the publishing hospital and is in force.</summary>
    public static void CheckMark(StepDraft draft, string markText, RegisteredHospital publisher)
    {
        var mark = draft.Context.Registry.Mark(markText);
        if (mark is null || !mark.Covers(publisher))
            draft.Refuse(ReasonCodes.MarkDoesNotCover, "$.mark");
        else if (!mark.InForce(Today(draft)))
            draft.Refuse(ReasonCodes.MarkNotInForce, "$.mark");
    }

    /// <summary>
    /// Whether a hospital may use a published result: the mark is in force and covers both hospitals, and both have the
    /// grade that their cities agreed on for the item.
    /// </summary>
    /// <returns>Null where it may.</returns>
    public static Reason? WhyNotShared(RegistrySnapshot registry, PublishedResult result, RegisteredHospital asking, DateOnly on)
    {
        const string path = "$.hospital.code";
        if (registry.Mark(result.Mark) is not { } mark || registry.Hospital(result.HospitalCode) is not { } publishing || !mark.Covers(publishing) || !mark.Covers(asking))
            return Reasons.Of(ReasonCodes.MarkDoesNotCover, path);
        if (!mark.InForce(on))
            return Reasons.Of(ReasonCodes.MarkNotInForce, path);
        if (registry.RecognitionItem(result.ItemCode) is not { } item || !item.InForce(on))
            return Reasons.Of(ReasonCodes.ItemNotInForce, "$.itemCode");
        var lowest = registry.LowestGrade(item, publishing.CityCode, asking.CityCode, on);
        return publishing.Grade < lowest || asking.Grade < lowest ? Reasons.Of(ReasonCodes.GradeNotAgreed, path, GradeName(lowest)) : null;
    }

    /// <summary>Whether a result is out of its validity on that day; the last day counts as valid.</summary>
    public static bool Expired(RecognitionItem? item, DateTimeOffset performedAt, DateTimeOffset decidedAt) =>
        item is not null && WorkingDayCalendar.ShanghaiDate(decidedAt).DayNumber - WorkingDayCalendar.ShanghaiDate(performedAt).DayNumber > item.ValidDays;

    /// <summary>By the hub's own clock, and not taken back.</summary>
    public static void CheckConsent(StepDraft draft, Consent consent)
    {
        if (draft.Context.ConsentWithdrawn)
            draft.Refuse(ReasonCodes.ConsentWithdrawn, "$.consent.consentNumber");
        else if (draft.Context.Now > consent.ExpiresAt)
            draft.Refuse(ReasonCodes.ConsentExpired, "$.consent.expiresAt");
    }

    public static DateOnly Today(StepDraft draft) => WorkingDayCalendar.ShanghaiDate(draft.Context.Now);

    private static string GradeName(HospitalGrade grade) => grade switch
    {
        HospitalGrade.Second => "二级",
        HospitalGrade.SecondA => "二级甲等",
        HospitalGrade.Third => "三级",
        _ => "三级甲等",
    };
}

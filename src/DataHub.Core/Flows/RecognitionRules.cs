using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Calendar;
using DataHub.Core.Registry;

namespace DataHub.Core.Flows;

/// <summary>Rules of mutual recognition that both recognition flows share (国卫医发〔2022〕6号).</summary>
internal static class RecognitionRules
{
    /// <summary>The hospital is the sender's own, and of the grade that the item asks for.</summary>
    public static void CheckHospital(StepDraft draft, string itemCode, Hospital hospital)
    {
        var registry = draft.Context.Registry;
        var item = registry.RecognitionItem(itemCode);
        if (item is null)
            draft.Refuse(ReasonCodes.UnknownItem, "$.itemCode");

        if (registry.Hospital(hospital.Code) is not { } registered)
            draft.Refuse(ReasonCodes.UnknownHospital, "$.hospital.code");
        else if (registered.CityCode != draft.SourceCity)
            draft.Refuse(ReasonCodes.HospitalNotOfCity, "$.hospital.code");
        else if (item is not null && registered.Grade < item.LowestGrade)
            draft.Refuse(ReasonCodes.HospitalGradeTooLow, "$.hospital.code");
    }

    /// <summary>Whether a result is out of its validity on that day; the last day counts as valid.</summary>
    public static bool Expired(RecognitionItem? item, DateTimeOffset performedAt, DateTimeOffset decidedAt) =>
        item is not null && WorkingDayCalendar.ShanghaiDate(decidedAt).DayNumber - WorkingDayCalendar.ShanghaiDate(performedAt).DayNumber > item.ValidDays;
}

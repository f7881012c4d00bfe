using DataHub.Contracts.Payloads;

namespace DataHub.Simulators.Behaviour;

/// <summary>Reminders, corrections and forwardings between acceptance and decision.</summary>
internal static class ServiceInterlude
{
    /// <summary>The source has heard of the acceptance.</summary>
    public static void SourceActs(CaseDraft draft)
    {
        switch (Script.Between(draft.Knobs, draft.Number))
        {
            case Interlude.Reminder:
                draft.Then(at => new CaseReminder { Text = "申请人来电询问进度，请尽快办理。", RemindedAt = at });
                break;
            case Interlude.Correction:
                draft.Then(at => new CaseCorrection
                {
                    CorrectedMessageId = draft.OwnMessage(1),
                    Changes = [new FieldChange { Path = "$.applicant.mobile", After = $"139{draft.Below("mobile", 90_000_000) + 10_000_000}" }],
                    Reason = "申请人更换了联系电话。",
                    CorrectedAt = at,
                });
                break;
        }
    }

    /// <summary>The target has accepted.</summary>
    /// <returns>True where it goes on only after a forwarding, a reminder or a correction.</returns>
    public static bool TargetWaits(CaseDraft draft)
    {
        var between = Script.Between(draft.Knobs, draft.Number);
        if (between == Interlude.Forwarding)
            Forward(draft);
        return between != Interlude.None;
    }

    private static void Forward(CaseDraft draft)
    {
        var from = ServiceBehaviour.Hall(draft, draft.Recall("district") ?? "");
        var to = draft.Pick("forwarded to", draft.Registry.Agencies.Where(a => a.CityCode == draft.City && a.Code != from.Code).ToList());
        draft.Then(at => new CaseForwarding { FromAgency = from, ToAgency = new Agency { Code = to.Code, Name = to.Name }, Reason = "该事项由专门机构办理。", ForwardedAt = at });
    }
}

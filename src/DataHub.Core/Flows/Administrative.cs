using System.Globalization;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Calendar;

namespace DataHub.Core.Flows;

/// <summary>
/// The administrative family: the steps that every flow shares. A flow takes the ones it wants and says who may send
/// them in which states; what they mean stands here once.
/// </summary>
internal static class Administrative
{
    public const string Returned = "returned";
    public const string Withdrawn = "withdrawn";
    public const string Closed = "closed";
    public const string Revoked = "revoked";

    /// <summary>The states in which a case of any flow ends without its main outcome.</summary>
    public static IReadOnlyList<FlowState> EndStates { get; } =
    [
        new(Returned, "已退回") { Final = true },
        new(Withdrawn, "已撤回") { Final = true },
        new(Closed, "已终止") { Final = true },
        new(Revoked, "已撤销") { Final = true },
    ];

    /// <summary>退回 / 不予受理.</summary>
    public static FlowStep Return(Party sender, params IReadOnlyList<string> from) => new()
    {
        Type = MessageTypes.CaseReturn,
        Payload = typeof(CaseReturn),
        Title = "退回",
        Senders = [sender],
        Moves = To(Returned, from),
        Outcome = OutcomeEffect.Set,
        Rule = draft =>
        {
            var sent = draft.Payload<CaseReturn>();
            if (draft.Context.Registry.ReturnReason(sent.ReasonCode) is null)
                draft.Refuse(ReasonCodes.UnknownReturnReason, "$.reasonCode");
            if (sent.CompetentCity is { } city && draft.Context.Registry.CityByCode(city) is null)
                draft.Refuse(ReasonCodes.UnknownCity, "$.competentCity");
            else if (sent.CompetentCity == draft.Message.SenderCity)
                draft.Refuse(ReasonCodes.CompetentCityIsSender, "$.competentCity");
            SupplementPeriodOver(draft);
        },
    };

    /// <summary>撤回.</summary>
    public static FlowStep Withdraw(Party sender, params IReadOnlyList<string> from) => new()
    {
        Type = MessageTypes.CaseWithdrawal,
        Payload = typeof(CaseWithdrawal),
        Title = "撤回",
        Senders = [sender],
        Moves = To(Withdrawn, from),
        Outcome = OutcomeEffect.Set,
    };

    /// <summary>补正通知: once per case, everything that is missing (行政许可法第三十二条).</summary>
    public static FlowStep RequestSupplement(Party sender, params IReadOnlyList<(string From, string Waiting)> moves) => new()
    {
        Type = MessageTypes.CaseSupplementRequest,
        Payload = typeof(CaseSupplementRequest),
        Title = "补正通知",
        Senders = [sender],
        Moves = [.. moves.Select(m => new Move(m.From, m.Waiting, Guard.NotYetSupplemented))],
        Rule = draft =>
        {
            if (!Guards.Holds(Guard.NotYetSupplemented, draft.Facts))
            {
                draft.Refuse(ReasonCodes.StepNotAllowed, "$", "再次要求补正", draft.StateTitle);
                return;
            }

            var request = draft.Payload<CaseSupplementRequest>();
            var today = WorkingDayCalendar.ShanghaiDate(draft.Context.Now);
            var days = Math.Clamp(request.WorkingDays, 0, WorkingDayCalendar.MaxDays);
            draft.Remember(FactKeys.AskedMaterials, string.Join(',', request.Items.Select(i => i.MaterialCode).Distinct(StringComparer.Ordinal)));
            draft.Remember(FactKeys.SupplementDueOn, draft.Context.Calendar.AddWorkingDays(today, days).Date.ToString("yyyy-MM-dd"));
        },
    };

    /// <summary>补正材料: answers everything that was asked for.</summary>
    public static FlowStep Supplement(Party sender, params IReadOnlyList<(string Waiting, string Back)> moves) => new()
    {
        Type = MessageTypes.CaseSupplement,
        Payload = typeof(CaseSupplement),
        Title = "补正材料",
        Senders = [sender],
        Moves = [.. moves.Select(m => new Move(m.Waiting, m.Back))],
        Rule = draft =>
        {
            var supplied = draft.Payload<CaseSupplement>().Materials.Select(m => m.Code).ToHashSet(StringComparer.Ordinal);
            var asked = (draft.Fact(FactKeys.AskedMaterials) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries);
            var missing = asked.Where(code => !supplied.Contains(code)).ToList();
            if (missing.Count > 0)
                draft.Refuse(ReasonCodes.SupplementIncomplete, "$.materials", string.Join('、', missing));

            draft.Facts.Remove(FactKeys.AskedMaterials);
            draft.Facts.Remove(FactKeys.SupplementDueOn);
            draft.RememberIf(FactKeys.Supplemented, holds: true);
        },
    };

    /// <summary>催办: changes nothing but is delivered and counted. A side that reminds too often on one day is refused.</summary>
    public static FlowStep Remind(IReadOnlyList<Party> senders, params IReadOnlyList<string> states) =>
        Staying<CaseReminder>(MessageTypes.CaseReminder, "催办", senders, states, CountReminder);

    /// <summary>转办: one side hands the case to another agency of its own city. State and deadline stay as they are.</summary>
    public static FlowStep Forward(IReadOnlyList<Party> senders, params IReadOnlyList<string> states) =>
        Staying<CaseForwarding>(MessageTypes.CaseForwarding, "转办", senders, states, ChangeAgency);

    /// <summary>更正: of a descriptive field of a message that the sender itself sent.</summary>
    public static FlowStep Correct(IReadOnlyList<Party> senders, params IReadOnlyList<string> states) =>
        Staying<CaseCorrection>(MessageTypes.CaseCorrection, "更正", senders, states, CheckCorrection);

    /// <summary>撤销: the side that reached the outcome takes it back.</summary>
    public static FlowStep Revoke(Party sender, params IReadOnlyList<string> from) => new()
    {
        Type = MessageTypes.CaseRevocation,
        Payload = typeof(CaseRevocation),
        Title = "撤销",
        Senders = [sender],
        Moves = To(Revoked, from),
        Outcome = OutcomeEffect.Set,
    };

    /// <summary>重新办理: from the beginning, under the terms of the first time.</summary>
    public static FlowStep Reopen(Party sender, string to, params IReadOnlyList<string> from) => new()
    {
        Type = MessageTypes.CaseReopening,
        Payload = typeof(CaseReopening),
        Title = "重新办理",
        Senders = [sender],
        Moves = To(to, from),
        Outcome = OutcomeEffect.Clear,
        Rule = draft =>
        {
            foreach (var key in draft.Facts.Keys.Where(k => !k.StartsWith(FactKeys.TermPrefix, StringComparison.Ordinal)).ToList())
                draft.Facts.Remove(key);
        },
    };

    /// <summary>终止: ends the case without its main outcome.</summary>
    public static FlowStep Close(IReadOnlyList<Party> senders, params IReadOnlyList<string> from) => new()
    {
        Type = MessageTypes.CaseClosure,
        Payload = typeof(CaseClosure),
        Title = "终止",
        Senders = senders,
        Moves = To(Closed, from),
        Outcome = OutcomeEffect.Set,
        Rule = SupplementPeriodOver,
    };

    /// <summary>Where a supplement was asked for, the side that asked may end the case only when the applicant's days are over.</summary>
    public static void SupplementPeriodOver(StepDraft draft)
    {
        if (draft.Message.SenderCity == draft.TargetCity && Deadline.SupplementDueOn(draft.Facts) is { } due && WorkingDayCalendar.ShanghaiDate(draft.Context.Now) <= due)
            draft.Refuse(ReasonCodes.SupplementPeriodRuns, "$", due.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
    }

    /// <summary>A step that is told to the other side and leaves state and clock as they are.</summary>
    private static FlowStep Staying<T>(string type, string title, IReadOnlyList<Party> senders, IReadOnlyList<string> states, Action<StepDraft> rule)
        where T : IPayload => new()
        {
            Type = type,
            Payload = typeof(T),
            Title = title,
            Senders = senders,
            Moves = Stay(states),
            Rule = rule,
        };

    private static Move[] To(string to, IReadOnlyList<string> from) => [.. from.Select(f => new Move(f, to))];

    private static Move[] Stay(IReadOnlyList<string> states) => [.. states.Select(s => new Move(s, s))];

    private static void CountReminder(StepDraft draft)
    {
        var limit = draft.Context.Registry.CaseRules(draft.Item).RemindersPerDay;
        var key = FactKeys.RemindedPrefix + draft.Message.SenderCity;
        var today = WorkingDayCalendar.ShanghaiDate(draft.Context.Now).ToString("yyyy-MM-dd ", CultureInfo.InvariantCulture);
        var sofar = draft.Fact(key) is { } last && last.StartsWith(today, StringComparison.Ordinal) ? int.Parse(last.AsSpan(today.Length), CultureInfo.InvariantCulture) : 0;
        if (sofar >= limit)
        {
            draft.Refuse(ReasonCodes.TooManyReminders, "$", limit);
            return;
        }

        draft.Remember(key, today + (sofar + 1).ToString(CultureInfo.InvariantCulture));
        draft.Remember(FactKeys.Reminders, (draft.Number(FactKeys.Reminders) ?? 0) + 1);
    }

    private static void ChangeAgency(StepDraft draft)
    {
        var forwarding = draft.Payload<CaseForwarding>();
        var city = draft.Message.SenderCity;
        var (agencyKey, countKey) = (FactKeys.AgencyPrefix + city, FactKeys.ForwardedPrefix + city);
        if (draft.Context.Registry.Agency(forwarding.ToAgency.Code)?.CityCode != city)
            draft.Refuse(ReasonCodes.ForwardedBeyondCity, "$.toAgency.code", forwarding.ToAgency.Code);
        if (draft.Fact(agencyKey) is { } handling && handling != forwarding.FromAgency.Code)
            draft.Refuse(ReasonCodes.NotTheHandlingAgency, "$.fromAgency.code", handling);
        var count = draft.Number(countKey) ?? 0;
        var limit = draft.Context.Registry.CaseRules(draft.Item).MaxForwardings;
        if (count >= limit)
            draft.Refuse(ReasonCodes.TooManyForwardings, "$", limit);

        draft.Remember(agencyKey, forwarding.ToAgency.Code);
        draft.Remember(countKey, count + 1);
    }

    internal static void CheckCorrection(StepDraft draft)
    {
        var correction = draft.Payload<CaseCorrection>();
        var sent = draft.Fact(FactKeys.Message(correction.CorrectedMessageId));
        if (sent is null || !sent.StartsWith(draft.Message.SenderCity + " ", StringComparison.Ordinal))
        {
            draft.Refuse(ReasonCodes.UnknownMessageReferred, "$.correctedMessageId");
            return;
        }

        var step = draft.Flow.StepsOf(sent[(sent.IndexOf(' ') + 1)..])[0];
        for (var i = 0; i < correction.Changes.Count; i++)
        {
            if (!step.Correctable.Any(allowed => Covers(allowed, correction.Changes[i].Path)))
                draft.Refuse(ReasonCodes.StepNotAllowed, $"$.changes[{i}].path", "更正该字段", draft.StateTitle);
        }
    }

    private static bool Covers(string allowed, string path) =>
        path.StartsWith(allowed, StringComparison.Ordinal) && (path.Length == allowed.Length || path[allowed.Length] is '.' or '[');
}

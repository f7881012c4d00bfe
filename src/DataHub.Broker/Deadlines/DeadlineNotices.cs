using System.Globalization;
using DataHub.Broker.Intake;
using DataHub.Contracts.Payloads;
using DataHub.Core.Calendar;
using DataHub.Core.Flows;
using DataHub.Core.Storage;

namespace DataHub.Broker.Deadlines;

/// <summary>What the hub tells of a deadline, to source, target, whoever has to act, and the holders of a corrected result.</summary>
internal static class DeadlineNotices
{
    /// <summary>Tells the last day of a supplement where this step asked for one: the applicant at the window has to know it.</summary>
    public static void SupplementAsked(HubStep step, ExchangeRow? previous, ExchangeRow next, WorkingDayCalendar calendar)
    {
        if (Deadline.SupplementDueOn(next.State.Facts) is { } due && (previous is null || Deadline.SupplementDueOn(previous.State.Facts) != due)
            && Deadline.Of(next.State, calendar) is { } deadline)
        {
            Tell(step, next.State, deadline, DeadlineStage.Set, 0);
        }
    }

    /// <param name="number">Tells apart what is told of one version of the exchange: see <see cref="NoticePlan"/>; 0 for <see cref="DeadlineStage.Set"/>.</param>
    public static void Tell(HubStep step, ExchangeState state, Deadline deadline, DeadlineStage stage, int number)
    {
        var notice = new DeadlineNotice
        {
            Stage = stage,
            State = state.State,
            ResponsibleCity = deadline.ResponsibleCity,
            DueOn = deadline.DueOn,
            Level = NoticePlan.LevelOf(number) is > 0 and var level ? level : null,
            CalendarComplete = deadline.CalendarComplete,
        };
        foreach (var city in new[] { state.SourceCity, state.TargetCity, deadline.ResponsibleCity }.Concat(FactKeys.OpenHolders(state.Facts)).Where(c => c.Length > 0).Distinct(StringComparer.Ordinal))
        {
            var id = string.Create(CultureInfo.InvariantCulture, $"deadline-{state.ExchangeId}-{state.Version}-{number}-{city}");
            step.Make(city, id, state.ExchangeId, notice);
        }
    }
}

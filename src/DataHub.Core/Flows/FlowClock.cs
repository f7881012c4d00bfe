using System.Globalization;
using DataHub.Core.Calendar;

namespace DataHub.Core.Flows;

/// <summary>The deadline that follows from a change of state. Day 1 is the first working day after the leg began.</summary>
public static class FlowClock
{
    /// <summary>The leg that a change of state brought to its end.</summary>
    /// <param name="before">The exchange before the step; null when it was opened.</param>
    /// <param name="after">The exchange after the step.</param>
    /// <param name="today">Day of the step in Asia/Shanghai.</param>
    /// <param name="calendar">The calendar that the leg was counted by.</param>
    /// <returns>Null where no leg ended: none ran, it goes on or stands still, or it began before the hub kept when.</returns>
    public static EndedLeg? Ended(ExchangeState? before, ExchangeState after, DateOnly today, WorkingDayCalendar calendar)
    {
        ArgumentNullException.ThrowIfNull(after);
        ArgumentNullException.ThrowIfNull(calendar);
        if (before?.Clock is not { Term: { } term, AllowedDays: { } allowed } clock)
            return null;
        if (after.Clock is { } next && next.Term == term && next.StartedOn == clock.StartedOn)
            return null;
        var used = Used(clock, today, calendar);
        return new EndedLeg(term, clock.ResponsibleCity, allowed, used, used <= allowed && (clock.StoppedOn ?? today) <= clock.DueOn);
    }

    /// <param name="from">Null when the exchange is opened.</param>
    /// <param name="to">The state that is entered.</param>
    /// <param name="before">The exchange before the step.</param>
    /// <param name="facts">The facts after the step.</param>
    /// <param name="context">The hub's clock and calendar.</param>
    internal static Clock? Next(FlowState? from, FlowState to, ExchangeState before, IReadOnlyDictionary<string, string> facts, FlowContext context)
    {
        var today = WorkingDayCalendar.ShanghaiDate(context.Now);
        var running = before.Clock;

        if (to.StopsClock)
        {
            return running is null || running.StoppedOn is not null
                ? running
                : running with
                {
                    StoppedOn = today,
                    Remaining = Math.Max(0, context.Calendar.WorkingDaysBetween(today, running.DueOn)),
                    UsedDays = Used(running, today, context.Calendar),
                };
        }

        if (to.Leg is not { } leg)
            return null;

        var responsible = Responsible(leg, before, facts);
        if (from is { StopsClock: true } && running is { Remaining: { } left })
            return Start(responsible, today, left, context.Calendar) with { StartedOn = running.StartedOn, Term = running.Term, AllowedDays = running.AllowedDays, UsedDays = running.UsedDays };
        if (from is not null && from.Leg == leg && running is not null)
            return running with { ResponsibleCity = responsible };
        return facts.TryGetValue(leg.Term, out var text) && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var days)
            ? Start(responsible, today, days, context.Calendar) with { StartedOn = today, Term = leg.Term, AllowedDays = days }
            : null;
    }

    // What was used before the last stop, and since then: the days that were left at the restart less those that are left now.
    private static int Used(Clock clock, DateOnly today, WorkingDayCalendar calendar) => clock is { StoppedOn: null, AllowedDays: { } allowed }
        ? clock.UsedDays + Math.Max(0, Math.Min(allowed, WorkingDayCalendar.MaxDays) - clock.UsedDays) - calendar.WorkingDaysBetween(today, clock.DueOn)
        : clock.UsedDays;

    private static Clock Start(string responsible, DateOnly today, int days, WorkingDayCalendar calendar)
    {
        var (due, complete) = calendar.AddWorkingDays(today, Math.Min(days, WorkingDayCalendar.MaxDays));
        return new Clock(responsible, due, StoppedOn: null, Remaining: null, complete);
    }

    private static string Responsible(Leg leg, ExchangeState state, IReadOnlyDictionary<string, string> facts) => leg.Responsible switch
    {
        Party.Source => state.SourceCity,
        Party.Target => state.TargetCity,
        Party.Holder => FactKeys.OpenHolders(facts).FirstOrDefault() ?? state.SourceCity,
        _ => Contracts.Nodes.Hub,
    };
}

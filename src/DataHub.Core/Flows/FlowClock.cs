using System.Globalization;
using DataHub.Core.Calendar;

namespace DataHub.Core.Flows;

/// <summary>The deadline that follows from a change of state. Day 1 is the first working day after the leg began.</summary>
internal static class FlowClock
{
    /// <param name="from">Null when the exchange is opened.</param>
    /// <param name="to">The state that is entered.</param>
    /// <param name="before">The exchange before the step.</param>
    /// <param name="facts">The facts after the step.</param>
    /// <param name="context">The hub's clock and calendar.</param>
    public static Clock? Next(FlowState? from, FlowState to, ExchangeState before, IReadOnlyDictionary<string, string> facts, FlowContext context)
    {
        var today = WorkingDayCalendar.ShanghaiDate(context.Now);
        var running = before.Clock;

        if (to.StopsClock)
        {
            return running is null || running.StoppedOn is not null
                ? running
                : running with { StoppedOn = today, Remaining = Math.Max(0, context.Calendar.WorkingDaysBetween(today, running.DueOn)) };
        }

        if (to.Leg is not { } leg)
            return null;

        var responsible = Responsible(leg, before, facts);
        if (from is { StopsClock: true } && running is { Remaining: { } left })
            return Start(responsible, today, left, context.Calendar);
        if (from is not null && from.Leg == leg && running is not null)
            return running with { ResponsibleCity = responsible };
        return facts.TryGetValue(leg.Term, out var text) && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var days)
            ? Start(responsible, today, days, context.Calendar)
            : null;
    }

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

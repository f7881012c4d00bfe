using System.Globalization;
using DataHub.Core.Calendar;
using DataHub.Core.Registry;

namespace DataHub.Core.Flows;

/// <summary>What an exchange waits for now: its running leg, or the supplement while the leg's clock stands still.</summary>
/// <param name="ResponsibleCity">Who has to act.</param>
/// <param name="DueOn">Last day; it has passed when this day has ended in Asia/Shanghai.</param>
/// <param name="Days">Working days that there were; null where that is not known.</param>
/// <param name="CalendarComplete">False where the date lies past the calendar's last year.</param>
public sealed record Deadline(string ResponsibleCity, DateOnly DueOn, int? Days, bool CalendarComplete)
{
    /// <summary>The deadline that nobody may miss now; null where nobody has one.</summary>
    public static Deadline? Of(ExchangeState state, WorkingDayCalendar calendar)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(calendar);
        if (state.Final)
            return null;
        if (SupplementDueOn(state.Facts) is { } due)
        {
            // What is missing is asked of the applicant, who stands at the source's window.
            var asked = state.Clock?.StoppedOn ?? WorkingDayCalendar.ShanghaiDate(state.ChangedAt);
            return new Deadline(state.SourceCity, due, calendar.WorkingDaysBetween(asked, due), due.Year <= calendar.LastYear);
        }

        return state.Clock is { StoppedOn: null } clock
            ? new Deadline(clock.ResponsibleCity, clock.DueOn, clock.AllowedDays is { } allowed ? Math.Max(0, allowed - clock.UsedDays) : null, clock.CalendarComplete)
            : null;
    }

    /// <summary>Last day for the supplement; null where none is awaited.</summary>
    public static DateOnly? SupplementDueOn(IReadOnlyDictionary<string, string> facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        return facts.TryGetValue(FactKeys.SupplementDueOn, out var text) && DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
            ? day
            : null;
    }
}

/// <summary>
/// When what is told of a deadline. A stage counts what has been told: 0 nothing, 1 the warning, 2 the breach at level 1,
/// 3 the breach at level 2, and so on. Pure.
/// </summary>
public static class NoticePlan
{
    /// <summary>The stage at which a breach has first been told.</summary>
    public const int Breached = 2;

    /// <summary>The level of a breach at a stage; 0 below <see cref="Breached"/>.</summary>
    public static int LevelOf(int stage) => Math.Max(0, stage - 1);

    /// <summary>The day on which the stage after this one is reached; null where nothing follows.</summary>
    public static DateOnly? Next(ExchangeState state, int stage, RegistrySnapshot registry)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(registry);
        if (Deadline.Of(state, registry.Calendar) is not { } deadline)
            return null;
        var rules = registry.CaseRules(state.Item);
        return LevelOf(stage) >= rules.MaxLevel ? null : DayOf(stage + 1, deadline, rules, registry.Calendar);
    }

    /// <summary>
    /// The stage that is due on a day, where it is beyond what was told: the highest, so that after a standstill one
    /// notice says how bad it is, and not one for each that was missed.
    /// </summary>
    public static int? Due(ExchangeState state, int stage, DateOnly today, RegistrySnapshot registry)
    {
        int? due = null;
        while (Next(state, stage, registry) is { } day && day <= today)
            due = ++stage;
        return due;
    }

    private static DateOnly DayOf(int stage, Deadline deadline, CaseRules rules, WorkingDayCalendar calendar)
    {
        if (stage >= Breached)
            return calendar.AddWorkingDays(deadline.DueOn, (stage - Breached) * rules.RepeatDays).Date.AddDays(1);

        // The earliest day from which at most that many working days are left. A leg that has no more from the beginning is
        // warned of on its first day, not while it is being handed over.
        var days = Math.Clamp(rules.WarningDays, 0, Math.Max(0, (deadline.Days ?? int.MaxValue) - 1));
        var day = deadline.DueOn;
        while (calendar.AddWorkingDays(day.AddDays(-1), days).Date >= deadline.DueOn)
            day = day.AddDays(-1);
        return day;
    }
}

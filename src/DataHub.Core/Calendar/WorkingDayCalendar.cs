namespace DataHub.Core.Calendar;

/// <summary>
/// Working days of the State Council's calendar: weekends are off, "work" days that fall on a weekend are worked, "off"
/// days are not. Days outside <see cref="FirstYear"/>..<see cref="LastYear"/> follow the week alone, and results that
/// touch such days say so (<c>Complete = false</c>). Days are days of Asia/Shanghai. Source: the notices named in
/// <c>seeds/calendar</c>.
/// </summary>
public sealed class WorkingDayCalendar
{
    /// <summary>Longest span that can be counted, in working days.</summary>
    public const int MaxDays = 1000;

    // China has kept UTC+8 without summer time since 1991, so no time-zone data is needed.
    private static readonly TimeSpan ShanghaiOffset = TimeSpan.FromHours(8);

    private readonly HashSet<DateOnly> off;
    private readonly HashSet<DateOnly> work;

    /// <param name="firstYear">First year that the notices cover.</param>
    /// <param name="lastYear">Last year that the notices cover; at least <paramref name="firstYear"/>.</param>
    /// <param name="off">Days off beside the weekends.</param>
    /// <param name="work">Weekend days that are worked.</param>
    public WorkingDayCalendar(int firstYear, int lastYear, IEnumerable<DateOnly> off, IEnumerable<DateOnly> work)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(lastYear, firstYear);
        FirstYear = firstYear;
        LastYear = lastYear;
        this.off = [.. off];
        this.work = [.. work];
    }

    public int FirstYear { get; }

    public int LastYear { get; }

    /// <summary>The day that it is in Asia/Shanghai at this moment.</summary>
    public static DateOnly ShanghaiDate(DateTimeOffset moment) => DateOnly.FromDateTime(moment.ToOffset(ShanghaiOffset).DateTime);

    public bool IsWorkingDay(DateOnly day) =>
        work.Contains(day) || (day.DayOfWeek is not (DayOfWeek.Saturday or DayOfWeek.Sunday) && !off.Contains(day));

    /// <summary>
    /// The last day of a deadline of <paramref name="days"/> working days. Day 1 is the first working day after
    /// <paramref name="from"/>; 0 days give <paramref name="from"/> itself.
    /// </summary>
    /// <param name="from">Day on which the clock started.</param>
    /// <param name="days">0 to <see cref="MaxDays"/>.</param>
    /// <returns>The day, and whether the calendar's notices cover every day that was counted.</returns>
    public (DateOnly Date, bool Complete) AddWorkingDays(DateOnly from, int days)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(days);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(days, MaxDays);
        var day = from;
        for (var left = days; left > 0;)
        {
            day = day.AddDays(1);
            if (IsWorkingDay(day))
                left--;
        }

        return (day, from.Year >= FirstYear && day.Year <= LastYear);
    }

    /// <summary>
    /// Working days after <paramref name="from"/> up to and with <paramref name="to"/>, so that it undoes
    /// <see cref="AddWorkingDays"/>; negative where <paramref name="to"/> lies before <paramref name="from"/>.
    /// </summary>
    public int WorkingDaysBetween(DateOnly from, DateOnly to)
    {
        if (to < from)
            return -WorkingDaysBetween(to, from);

        var count = 0;
        for (var day = from; day < to;)
        {
            day = day.AddDays(1);
            if (IsWorkingDay(day))
                count++;
        }

        return count;
    }
}

using DataHub.Core.Calendar;
using DataHub.Core.Flows;

namespace DataHub.Core.Statistics;

/// <summary>
/// Legs that the responsible city brought to their end itself, with the working days that it used. A leg that somebody
/// else ended (the applicant withdrew, the hub closed the case) says nothing of how fast the responsible city is.
/// </summary>
public static class LegStatistics
{
    public const string OnTime = "on-time";
    public const string Late = "late";

    private const string DaysSuffix = "-days";

    internal static void Add(StatisticDeltas deltas, ExchangeState previous, ExchangeState next, string sender, int month, WorkingDayCalendar calendar)
    {
        if (FlowClock.Ended(previous, next, WorkingDayCalendar.ShanghaiDate(next.ChangedAt), calendar) is not { } leg || leg.ResponsibleCity != sender)
            return;
        var key = StandingCounts.Key(Counters.Leg, next, month);
        deltas.Add(key with
        {
            // Where a flow has no target, the other side is the city that had to act (a holder of a corrected result).
            TargetCity = key.TargetCity.Length > 0 ? key.TargetCity : leg.ResponsibleCity,
            Detail = StepOf(leg.Term),
            Variant = leg.OnTime ? OnTime : Late,
            Bucket = Math.Clamp(leg.UsedDays, 0, Counters.MaxDays),
        });
    }

    /// <summary>The name of a leg by the fact that holds its days: <c>term.contact-letter-days</c> is <c>contact-letter</c>.</summary>
    private static string StepOf(string term)
    {
        var name = term.StartsWith(FactKeys.TermPrefix, StringComparison.Ordinal) ? term[FactKeys.TermPrefix.Length..] : term;
        return name.EndsWith(DaysSuffix, StringComparison.Ordinal) ? name[..^DaysSuffix.Length] : name;
    }
}

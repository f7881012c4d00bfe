using System.Globalization;
using DataHub.Core.Calendar;
using DataHub.Core.Flows;

namespace DataHub.Core.Statistics;

/// <summary>
/// What an exchange counts for as it stands: a function of its state alone. A change of state takes the old counts back
/// and gives the new ones, so that the sums always equal those of all exchanges as they stand now, however often an
/// outcome was revoked, corrected or reached again.
/// </summary>
public static class StandingCounts
{
    /// <summary>Adds what an exchange counts for in this state, or takes it back.</summary>
    /// <param name="deltas">Where to.</param>
    /// <param name="state">Null counts for nothing, and so does a state without an outcome.</param>
    /// <param name="sign">1 to count it, -1 to take it back.</param>
    public static void Add(StatisticDeltas deltas, ExchangeState? state, int sign)
    {
        ArgumentNullException.ThrowIfNull(deltas);
        if (state?.Outcome is not { } outcome || !state.Facts.TryGetValue(FactKeys.OutcomeMonth, out var month))
            return;
        var key = Key(Counters.Outcome, state, int.Parse(month, NumberStyles.None, CultureInfo.InvariantCulture)) with { Detail = outcome.Code };
        deltas.Add(key with { Variant = state.Facts.GetValueOrDefault(FactKeys.Mode, "") }, sign, sign * (outcome.AmountFen ?? 0));
        if (state.Flow != RecognitionUseFlow.Code || outcome.Code is not (OutcomeReader.Recognised or OutcomeReader.NotRecognised))
            return;
        deltas.Add(
            key with
            {
                Counter = Counters.Recognition,
                Hospital = state.Facts.GetValueOrDefault(FactKeys.AskingHospital, ""),
                Detail = outcome.Code,
                Variant = state.Facts.GetValueOrDefault(FactKeys.RepeatReason, ""),
            },
            sign,
            sign * (outcome.AmountFen ?? 0));
    }

    internal static StatisticKey Key(string counter, ExchangeState state, int month) =>
        new(counter, month, state.Flow, state.Item, state.SourceCity, state.TargetCity);

    /// <summary>The month of a moment in Asia/Shanghai, as <c>yyyyMM</c>.</summary>
    public static int MonthOf(DateTimeOffset moment)
    {
        var day = WorkingDayCalendar.ShanghaiDate(moment);
        return (day.Year * 100) + day.Month;
    }
}

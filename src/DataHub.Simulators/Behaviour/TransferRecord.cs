using DataHub.Contracts.Payloads;
using DataHub.Core.Calendar;
using DataHub.Core.Registry;

namespace DataHub.Simulators.Behaviour;

/// <summary>A person's record in the old city, for the kinds beside the pension: drawn, the same whenever it is asked for.</summary>
internal sealed record TransferRecord(IReadOnlyList<TransferYear> Years, int Months, long PrincipalFen, long InterestFen, long PooledFen, long? PooledBaseFen)
{
    public long TotalFen => PrincipalFen + InterestFen + PooledFen;

    /// <summary>Ended at least half a year before, so that months paid in the new city since fit in.</summary>
    public static MonthSpan PeriodOf(int seed, string number, DateTimeOffset appliedAt)
    {
        var on = WorkingDayCalendar.ShanghaiDate(appliedAt);
        var last = (on.Year * 12) + on.Month - 1 - 6 - Draw.Below(seed, number, "ended", 24);
        var first = Math.Max((1992 * 12) + 6, last - 5 - Draw.Below(seed, number, "months", 320));
        return new MonthSpan { From = PensionRecord.Text(first), To = PensionRecord.Text(last) };
    }

    public static TransferRecord Of(int seed, string number, MonthSpan period, TransferRule rule)
    {
        var years = PensionRecord.Of(seed, number, period).Years
            .Select(y => new TransferYear { Year = y.Year, FirstMonth = y.FirstMonth, Months = y.Months }).ToArray();
        long Drawn(string amount, int below) => rule.Amounts.Contains(amount) ? 1 + Draw.Below(seed, number, amount, below) : 0;
        long? pooledBase = rule.PooledPercent is null ? null : 1 + Draw.Below(seed, number, "pooled-base", 4_000_000);
        return new TransferRecord(
            years,
            years.Sum(y => y.Months),
            // Never so small that it could not be paid in parts.
            rule.Amounts.Contains(TransferAmounts.Principal) ? 100 + Drawn(TransferAmounts.Principal, 20_000_000) : 0,
            Drawn(TransferAmounts.Interest, 300_000),
            pooledBase is { } benefits ? ((benefits * rule.PooledPercent!.Value) + 50) / 100 : 0,
            pooledBase);
    }
}

using System.Globalization;
using DataHub.Contracts.Payloads;

namespace DataHub.Simulators.Behaviour;

/// <summary>A person's contribution record as the old agency keeps it: drawn, the same whenever it is asked for.</summary>
internal sealed record PensionRecord(IReadOnlyList<ContributionYear> Years, int Months, long PersonalFen, long PooledFen)
{
    public static PensionRecord Of(int seed, string number, MonthSpan period)
    {
        var (first, last) = (Month(period.From), Month(period.To));
        var years = new List<ContributionYear>();
        for (var year = first / 12; year <= last / 12; year++)
        {
            var from = Math.Max(first, year * 12);
            var months = Math.Min(last, (year * 12) + 11) - from + 1;
            var monthly = 80_000L + ((year - 1990) * 12_000L) + Draw.Below(seed, number, $"base {year}", 60_000);
            var line = monthly * months;
            years.Add(new ContributionYear
            {
                Year = year,
                FirstMonth = (from % 12) + 1,
                Months = months,
                BaseFen = line,
                PersonalFen = (line * 8 / 100) + Draw.Below(seed, number, $"interest {year}", 20_000),
            });
        }

        return new PensionRecord(years, years.Sum(y => y.Months), years.Sum(y => y.PersonalFen), years.Where(y => y.Year >= 1998).Sum(y => Pooled(y.BaseFen)));
    }

    /// <summary>12% of the year's base, rounded half up to the fen (国办发〔2009〕66号).</summary>
    private static long Pooled(long baseFen) => ((baseFen * 12) + 50) / 100;

    /// <summary>Months since year 0.</summary>
    public static int Month(string text) =>
        (int.Parse(text.AsSpan(0, 4), NumberStyles.None, CultureInfo.InvariantCulture) * 12)
        + int.Parse(text.AsSpan(5, 2), NumberStyles.None, CultureInfo.InvariantCulture) - 1;

    public static string Text(int month) => string.Create(CultureInfo.InvariantCulture, $"{month / 12:D4}-{(month % 12) + 1:D2}");
}

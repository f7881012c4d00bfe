using DataHub.Core.Calendar;
using DataHub.Core.Registry;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Calendar;

public sealed class WorkingDayCalendarTests
{
    private static readonly WorkingDayCalendar Calendar = RegistrySnapshot.Load(RegistrySnapshot.FindSeeds()).Calendar;

    [Theory]
    [InlineData("2026-11-20", true)] // Friday
    [InlineData("2026-11-21", false)] // Saturday
    [InlineData("2026-11-22", false)] // Sunday
    [InlineData("2026-10-07", false)] // Wednesday of the National Day holiday
    [InlineData("2026-10-08", true)] // Thursday after it
    [InlineData("2026-10-10", true)] // Saturday, worked for the holiday
    [InlineData("2025-01-26", true)] // Sunday, worked for the Spring Festival
    [InlineData("2024-02-09", true)] // New Year's Eve of 2024 was a working day
    public void The_notices_overrule_the_week(string day, bool works) => Calendar.IsWorkingDay(Day(day)).ShouldBe(works);

    [Theory]
    [InlineData("2026-11-19", 1, "2026-11-20")]
    [InlineData("2026-11-20", 1, "2026-11-23")] // over a weekend
    [InlineData("2026-11-21", 1, "2026-11-23")] // accepted on a Saturday
    [InlineData("2026-09-30", 1, "2026-10-08")] // over the National Day holiday
    [InlineData("2026-09-30", 3, "2026-10-10")] // the worked Saturday counts
    [InlineData("2026-02-13", 2, "2026-02-24")] // the worked 14th, then the Spring Festival
    [InlineData("2025-09-26", 15, "2025-10-23")]
    [InlineData("2026-11-22", 0, "2026-11-22")]
    public void Day_one_is_the_working_day_after(string from, int days, string due) =>
        Calendar.AddWorkingDays(Day(from), days).ShouldBe((Day(due), true));

    [Theory]
    [InlineData("2026-12-30", 1, "2026-12-31", true)]
    [InlineData("2026-12-30", 2, "2027-01-01", false)] // weekends only, although New Year's Day will be off
    [InlineData("2027-03-01", 5, "2027-03-08", false)]
    [InlineData("2023-12-29", 1, "2024-01-02", false)] // starts before the first year
    public void A_deadline_outside_the_notices_counts_weekends_only_and_says_so(string from, int days, string due, bool complete) =>
        Calendar.AddWorkingDays(Day(from), days).ShouldBe((Day(due), complete));

    [Fact]
    public void Counting_undoes_adding()
    {
        var random = new Random(20_261_122);
        for (var i = 0; i < 2000; i++)
        {
            var from = Day("2023-11-01").AddDays(random.Next(1300));
            var days = random.Next(0, 80);
            var due = Calendar.AddWorkingDays(from, days).Date;
            Calendar.WorkingDaysBetween(from, due).ShouldBe(days);
            Calendar.WorkingDaysBetween(due, from).ShouldBe(-days);
            if (days > 0)
                Calendar.IsWorkingDay(due).ShouldBeTrue();
        }
    }

    [Fact]
    public void A_span_without_a_bound_is_refused()
    {
        Should.Throw<ArgumentOutOfRangeException>(() => Calendar.AddWorkingDays(Day("2026-01-01"), -1));
        Should.Throw<ArgumentOutOfRangeException>(() => Calendar.AddWorkingDays(Day("2026-01-01"), WorkingDayCalendar.MaxDays + 1));
    }

    [Theory]
    [InlineData("2026-11-22T15:59:59Z", "2026-11-22")]
    [InlineData("2026-11-22T16:00:00Z", "2026-11-23")]
    [InlineData("2026-11-22T23:30:00+08:00", "2026-11-22")]
    [InlineData("2026-11-22T23:30:00-05:00", "2026-11-23")]
    public void The_day_is_that_of_Shanghai(string moment, string day) =>
        WorkingDayCalendar.ShanghaiDate(DateTimeOffset.Parse(moment)).ShouldBe(Day(day));

    private static DateOnly Day(string text) => DateOnly.ParseExact(text, "yyyy-MM-dd");
}

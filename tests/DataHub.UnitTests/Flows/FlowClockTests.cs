using DataHub.Core.Flows;
using Shouldly;
using Xunit;
using static DataHub.UnitTests.Flows.Samples;

namespace DataHub.UnitTests.Flows;

/// <summary>Legs over weekends, holidays and stops; the item has 3 working days to accept and 5 to decide.</summary>
public sealed class FlowClockTests
{
    [Theory]
    [InlineData("2026-02-13", "2026-02-27", true)] // 春节: Saturday 14 is worked, 15 to 23 are off
    [InlineData("2026-02-26", "2026-03-04", true)] // Saturday 28 February is worked
    [InlineData("2026-09-30", "2026-10-13", true)] // 国庆节: 1 to 7 are off, Saturday 10 is worked, Sunday 11 is not
    [InlineData("2026-09-18", "2026-09-24", true)] // Sunday 20 September is worked
    [InlineData("2026-12-28", "2027-01-04", false)] // past the calendar's last year the week alone counts
    public void A_leg_counts_working_days_over_holidays_and_days_that_are_worked_for_them(string accepted, string due, bool complete)
    {
        var clock = AcceptedOn(accepted).State.Clock!;
        (clock.DueOn, clock.CalendarComplete).ShouldBe((DateOnly.Parse(due), complete));
        (clock.Term, clock.StartedOn, clock.AllowedDays, clock.UsedDays).ShouldBe((FactKeys.DecisionDays, DateOnly.Parse(accepted), 5, 0));
    }

    [Theory]
    [InlineData("2026-03-04", 0, true)]
    [InlineData("2026-03-05", 1, true)]
    [InlineData("2026-03-08", 2, true)]
    [InlineData("2026-03-11", 5, true)]
    [InlineData("2026-03-12", 6, false)]
    [InlineData("2026-03-16", 8, false)]
    public void A_leg_that_ends_says_how_many_working_days_it_used(string decided, int used, bool onTime)
    {
        var journey = AcceptedOn("2026-03-04");
        Ended(journey, decided, () => journey.Accept(Deyang, Approval)).ShouldBe(new EndedLeg(FactKeys.DecisionDays, Deyang, 5, used, onTime));
    }

    [Fact]
    public void Due_on_a_Friday_the_Saturday_is_late_though_no_working_day_has_gone_by()
    {
        var journey = AcceptedOn("2026-03-06");
        journey.State.Clock!.DueOn.ShouldBe(new DateOnly(2026, 3, 13));
        Ended(journey, "2026-03-14", () => journey.Accept(Deyang, Approval)).ShouldBe(new EndedLeg(FactKeys.DecisionDays, Deyang, 5, 5, OnTime: false));
    }

    [Fact]
    public void Days_on_which_the_clock_stood_still_are_not_used()
    {
        // Asked on Friday with two days used, answered on Sunday a week later, decided on the Tuesday after.
        var journey = AcceptedOn("2026-03-04");
        Ended(journey, "2026-03-06", () => journey.Accept(Deyang, SupplementRequest)).ShouldBeNull();
        (journey.State.Clock!.UsedDays, journey.State.Clock.Remaining).ShouldBe((2, 3));
        Ended(journey, "2026-03-15", () => journey.Accept(Chengdu, Supplement)).ShouldBeNull();
        journey.State.Clock.ShouldBe(new Clock(Deyang, new DateOnly(2026, 3, 18), null, null, CalendarComplete: true)
        {
            StartedOn = new DateOnly(2026, 3, 4),
            Term = FactKeys.DecisionDays,
            AllowedDays = 5,
            UsedDays = 2,
        });
        Ended(journey, "2026-03-17", () => journey.Accept(Deyang, Approval)).ShouldBe(new EndedLeg(FactKeys.DecisionDays, Deyang, 5, 4, OnTime: true));
    }

    [Fact]
    public void A_stop_over_a_weekend_costs_no_working_day()
    {
        var journey = AcceptedOn("2026-03-04");
        Ended(journey, "2026-03-07", () => journey.Accept(Deyang, SupplementRequest));
        Ended(journey, "2026-03-08", () => journey.Accept(Chengdu, Supplement));
        journey.State.Clock!.DueOn.ShouldBe(new DateOnly(2026, 3, 11));
        Ended(journey, "2026-03-11", () => journey.Accept(Deyang, Approval)).ShouldBe(new EndedLeg(FactKeys.DecisionDays, Deyang, 5, 5, OnTime: true));
    }

    [Fact]
    public void A_stop_after_the_due_day_does_not_make_a_late_leg_timely()
    {
        var journey = AcceptedOn("2026-03-04");
        Ended(journey, "2026-03-13", () => journey.Accept(Deyang, SupplementRequest));
        (journey.State.Clock!.UsedDays, journey.State.Clock.Remaining).ShouldBe((7, 0));
        Ended(journey, "2026-03-16", () => journey.Accept(Chengdu, Supplement));
        Ended(journey, "2026-03-17", () => journey.Accept(Deyang, Approval)).ShouldBe(new EndedLeg(FactKeys.DecisionDays, Deyang, 5, 8, OnTime: false));
    }

    [Fact]
    public void A_case_that_ends_while_its_clock_stands_still_has_used_what_it_had_then()
    {
        var journey = AcceptedOn("2026-03-04");
        Ended(journey, "2026-03-06", () => journey.Accept(Deyang, SupplementRequest));
        Ended(journey, "2026-04-20", () => journey.Accept(Deyang, Closure)).ShouldBe(new EndedLeg(FactKeys.DecisionDays, Deyang, 5, 2, OnTime: true));
    }

    [Fact]
    public void The_next_leg_begins_where_one_ends_and_a_reminder_ends_none()
    {
        var journey = Start("2026-03-04");
        Ended(journey, "2026-03-05", () => journey.Accept(Chengdu, Reminder)).ShouldBeNull();
        Ended(journey, "2026-03-06", () => journey.Accept(Deyang, Acceptance)).ShouldBe(new EndedLeg(FactKeys.AcceptDays, Deyang, 3, 2, OnTime: true));
        journey.State.Clock!.StartedOn.ShouldBe(new DateOnly(2026, 3, 6));
        FlowClock.Ended(null, journey.State, new DateOnly(2026, 3, 6), Journey.Registry.Calendar).ShouldBeNull();
    }

    [Fact]
    public void A_leg_that_began_before_its_start_was_kept_is_not_counted()
    {
        var journey = AcceptedOn("2026-03-04");
        var old = journey.State with { Clock = journey.State.Clock! with { StartedOn = null, Term = null, AllowedDays = null } };
        FlowClock.Ended(old, journey.Accept(Deyang, Approval).State, new DateOnly(2026, 3, 5), Journey.Registry.Calendar).ShouldBeNull();
    }

    private static Journey Start(string day) => new(Chengdu, Deyang, Submission, now: Morning(day));

    private static Journey AcceptedOn(string day) => Start(day).Accept(Deyang, Acceptance);

    private static EndedLeg? Ended(Journey journey, string day, Func<Journey> step)
    {
        var before = journey.State;
        journey.Now = Morning(day);
        return FlowClock.Ended(before, step().State, DateOnly.Parse(day), Journey.Registry.Calendar);
    }

    private static DateTimeOffset Morning(string day) => new(DateOnly.Parse(day), new TimeOnly(9, 0), TimeSpan.FromHours(8));
}

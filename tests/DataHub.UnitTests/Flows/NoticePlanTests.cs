using DataHub.Core.Flows;
using Shouldly;
using Xunit;
using static DataHub.UnitTests.Flows.Samples;

namespace DataHub.UnitTests.Flows;

/// <summary>When warnings, breaches and their repetitions are told. Most items: 2 days before, then every 3 working days up to level 4.</summary>
public sealed class NoticePlanTests
{
    [Theory]
    [InlineData("2026-03-04", "2026-03-09")] // five days to decide, due Wednesday 11: two are left from Monday
    [InlineData("2026-03-06", "2026-03-11")]
    [InlineData("2026-09-30", "2026-10-10")] // due Tuesday 13 October: Saturday 10 is worked, Sunday 11 is not
    public void The_warning_comes_on_the_first_day_that_leaves_no_more_than_the_items_days(string accepted, string day) =>
        NoticePlan.Next(AcceptedOn(accepted).State, 0, Journey.Registry).ShouldBe(DateOnly.Parse(day));

    [Fact]
    public void A_leg_as_short_as_the_warning_is_warned_of_on_its_first_day()
    {
        // An answer is due within one working day of Wednesday 4 March.
        var journey = new Journey(Chengdu, Deyang, Query, Published);
        journey.State.Clock!.DueOn.ShouldBe(new DateOnly(2026, 3, 5));
        NoticePlan.Next(journey.State, 0, Journey.Registry).ShouldBe(new DateOnly(2026, 3, 5));
    }

    [Fact]
    public void A_breach_is_told_when_the_due_day_has_ended_and_again_each_three_working_days_up_to_the_last_level()
    {
        // Due Wednesday 11 March.
        var state = AcceptedOn("2026-03-04").State;
        var days = new[] { 1, 2, 3, 4, 5 }.Select(stage => NoticePlan.Next(state, stage, Journey.Registry));
        days.ShouldBe([new DateOnly(2026, 3, 12), new DateOnly(2026, 3, 17), new DateOnly(2026, 3, 20), new DateOnly(2026, 3, 25), null]);
    }

    [Theory]
    [InlineData("2026-03-08", null)]
    [InlineData("2026-03-09", 1)]
    [InlineData("2026-03-11", 1)]
    [InlineData("2026-03-12", 2)]
    [InlineData("2026-03-16", 2)]
    [InlineData("2026-03-17", 3)]
    [InlineData("2026-06-01", 5)]
    public void After_a_standstill_the_stage_that_is_reached_is_told_once(string today, int? stage)
    {
        var state = AcceptedOn("2026-03-04").State;
        NoticePlan.Due(state, 0, DateOnly.Parse(today), Journey.Registry).ShouldBe(stage);
        if (stage is { } told)
            NoticePlan.Due(state, told, DateOnly.Parse(today), Journey.Registry).ShouldBeNull();
    }

    [Fact]
    public void While_the_clock_stands_still_the_supplement_has_a_deadline_of_its_own_at_the_source()
    {
        var journey = AcceptedOn("2026-03-04").Accept(Deyang, SupplementRequest);
        Deadline.Of(journey.State, Journey.Registry.Calendar).ShouldBe(new Deadline(Chengdu, new DateOnly(2026, 3, 11), 5, CalendarComplete: true));
        NoticePlan.Next(journey.State, 0, Journey.Registry).ShouldBe(new DateOnly(2026, 3, 9));
        NoticePlan.Due(journey.State, 1, new DateOnly(2026, 3, 12), Journey.Registry).ShouldBe(2);

        journey.Now = Now.AddDays(9);
        journey.Accept(Chengdu, Supplement);
        Deadline.Of(journey.State, Journey.Registry.Calendar)!.ResponsibleCity.ShouldBe(Deyang);
        NoticePlan.Due(journey.State, 0, new DateOnly(2026, 3, 13), Journey.Registry).ShouldBeNull();
    }

    [Fact]
    public void Nothing_is_told_of_a_case_that_is_finished_or_where_nobody_has_a_deadline()
    {
        NoticePlan.Next(AcceptedOn("2026-03-04").Accept(Chengdu, Withdrawal).State, 0, Journey.Registry).ShouldBeNull();
        var asked = new Journey(Chengdu, Deyang, Query, Published).Accept(Deyang, Result);
        NoticePlan.Next(asked.State, 0, Journey.Registry).ShouldBeNull();
    }

    [Fact]
    public void Past_the_calendars_last_year_the_supplement_says_so()
    {
        var journey = new Journey(Chengdu, Deyang, Submission, now: new DateTimeOffset(2026, 12, 28, 9, 0, 0, TimeSpan.FromHours(8))).Accept(Deyang, SupplementRequest);
        Deadline.Of(journey.State, Journey.Registry.Calendar)!.CalendarComplete.ShouldBeFalse();
    }

    [Fact]
    public void The_result_of_a_decision_is_to_be_handed_over_within_ten_working_days()
    {
        var journey = AcceptedOn("2026-03-04").Accept(Deyang, Approval);
        (journey.State.Clock!.ResponsibleCity, journey.State.Clock.DueOn).ShouldBe((Chengdu, new DateOnly(2026, 3, 18)));
    }

    private static Journey AcceptedOn(string day) =>
        new Journey(Chengdu, Deyang, Submission, now: new DateTimeOffset(DateOnly.Parse(day), new TimeOnly(9, 0), TimeSpan.FromHours(8))).Accept(Deyang, Acceptance);
}

using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Contracts.Payloads;
using DataHub.Core.Calendar;
using DataHub.Core.Flows;
using DataHub.Core.Journal;
using DataHub.Core.Statistics;
using DataHub.Core.Storage;
using DataHub.Core.Validation;
using DataHub.Simulators;
using DataHub.Simulators.Cases;
using DataHub.UnitTests.Flows;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Operations;

/// <summary>Deadlines by working days, with a clock that the test puts forward.</summary>
public sealed class DeadlineTests
{
    [Fact]
    public async Task Both_cities_are_warned_once_and_told_once_of_the_breach_and_a_restart_repeats_nothing()
    {
        var time = new ShiftedTime();
        await using var fixture = await StartAsync(time);
        var journey = new Journey(fixture).HonestCities();
        var late = await journey.OpenAsync(Samples.Chengdu, Cases.Submission(fixture.Host.Registry));
        var inTime = await journey.OpenAsync(Samples.Chengdu, Cases.Submission(fixture.Host.Registry));
        await journey.StepAsync(Samples.Deyang, inTime, Samples.Acceptance);
        var clock = (await journey.HubAsync(late)).State.Clock.ShouldNotBeNull();
        clock.ResponsibleCity.ShouldBe(Samples.Deyang);

        // Two working days before the due day, Shanghai's noon.
        var calendar = fixture.Host.Registry.Calendar;
        var warning = Enumerable.Range(0, 30).Select(d => clock.DueOn.AddDays(-d)).First(d => calendar.AddWorkingDays(d, 2).Date >= clock.DueOn && calendar.AddWorkingDays(d.AddDays(-1), 2).Date < clock.DueOn);
        time.MoveTo(warning);
        await NoticeAsync(fixture, late, DeadlineStage.Warning);
        (await journey.HubAsync(late)).NoticeStage.ShouldBe(1);

        // The whole of the due day is still in time.
        time.MoveTo(clock.DueOn);
        await journey.GoodCaseAsync();
        (await journey.HubAsync(late)).NoticeStage.ShouldBe(1);

        time.MoveTo(clock.DueOn.AddDays(1));
        await NoticeAsync(fixture, late, DeadlineStage.Breach);
        (await journey.HubAsync(late)).NoticeStage.ShouldBe(2);

        await fixture.StopAsync();
        await fixture.StartAsync();
        time.MoveTo(clock.DueOn.AddDays(2));
        await journey.GoodCaseAsync();
        foreach (var city in new[] { Samples.Chengdu, Samples.Deyang })
        {
            (await NoticesAsync(fixture, city, late)).Select(n => (n.Stage, n.DueOn, n.ResponsibleCity)).ShouldBe(
                [(DeadlineStage.Warning, clock.DueOn, Samples.Deyang), (DeadlineStage.Breach, clock.DueOn, Samples.Deyang)]);
        }

        (await NoticesAsync(fixture, Samples.Meishan, late)).ShouldBeEmpty();

        // Late is not ended: the city may still act, and the next leg has its own deadline.
        await journey.StepAsync(Samples.Deyang, late, Samples.Acceptance);
        (await journey.HubAsync(late)).NoticeStage.ShouldBe(0);
        (await LegsAsync(fixture)).ShouldContain(l => l.Key.Detail == "accept" && l.Key.Variant == LegStatistics.Late && l.Value.Count == 1);
        await StatisticsAudit.HoldsAsync(fixture.Host.Store, fixture.Host.Registry, fixture.Host.Shards);
    }

    [Fact]
    public async Task While_the_clock_is_stopped_no_deadline_passes()
    {
        var time = new ShiftedTime();
        await using var fixture = await StartAsync(time);
        var journey = new Journey(fixture).HonestCities();
        var waiting = await journey.OpenAsync(Samples.Chengdu, Cases.Submission(fixture.Host.Registry));
        var running = await journey.OpenAsync(Samples.Chengdu, Cases.Submission(fixture.Host.Registry));
        await journey.StepAsync(Samples.Deyang, waiting, Samples.SupplementRequest);
        var due = (await journey.HubAsync(running)).State.Clock!.DueOn;
        time.MoveTo(due.AddDays(1));
        await NoticeAsync(fixture, running, DeadlineStage.Breach);
        (await NoticesAsync(fixture, Samples.Deyang, waiting)).ShouldAllBe(n => n.ResponsibleCity == Samples.Chengdu && n.Stage != DeadlineStage.Breach);

        await journey.StepAsync(Samples.Chengdu, waiting, Samples.Supplement);
        var until = (await journey.HubAsync(waiting)).State.Clock!.DueOn;
        until.ShouldBeGreaterThan(WorkingDayCalendar.ShanghaiDate(time.GetUtcNow()));

        // All the days that were left are used: what it stood still is not counted, also by whoever counts again.
        time.MoveTo(until);
        await journey.StepAsync(Samples.Deyang, waiting, Samples.Acceptance);
        await journey.StepAsync(Samples.Deyang, running, Samples.Acceptance);
        (await LegsAsync(fixture)).Select(l => (l.Key.Detail, l.Key.Variant, l.Value.Count)).ShouldBe([("accept", LegStatistics.OnTime, 1), ("accept", LegStatistics.Late, 1)], ignoreOrder: true);
        await StatisticsAudit.HoldsAsync(fixture.Host.Store, fixture.Host.Registry, fixture.Host.Shards);
    }

    [Fact]
    public async Task A_supplement_that_never_comes_is_told_as_the_sources_and_then_the_target_may_close_the_case()
    {
        var time = new ShiftedTime();
        await using var fixture = await StartAsync(time);
        var journey = new Journey(fixture).HonestCities();
        var id = await journey.OpenAsync(Samples.Chengdu, Cases.Submission(fixture.Host.Registry));
        await journey.StepAsync(Samples.Deyang, id, Samples.SupplementRequest);
        var due = Deadline.SupplementDueOn((await journey.HubAsync(id)).State.Facts).ShouldNotBeNull();
        var told = new DeadlineNotice
        {
            Stage = DeadlineStage.Set,
            State = ServiceFlow.SupplementBeforeAcceptance,
            ResponsibleCity = Samples.Chengdu,
            DueOn = due,
            CalendarComplete = due.Year <= fixture.Host.Registry.Calendar.LastYear,
        };
        await NoticeAsync(fixture, id, DeadlineStage.Set);
        (await NoticesAsync(fixture, Samples.Chengdu, id)).ShouldBe([told]);

        time.MoveTo(due.AddDays(1));
        await NoticeAsync(fixture, id, DeadlineStage.Breach);
        (await NoticesAsync(fixture, Samples.Deyang, id)).ShouldBe([told, told with { Stage = DeadlineStage.Breach, Level = 1 }]);
        await journey.StepAsync(Samples.Deyang, id, Samples.Closure);
        (await journey.HubAsync(id)).NoticeOn.ShouldBeNull();
    }

    [Fact]
    public async Task A_breach_that_lasts_is_told_again_a_level_higher_and_worked_as_a_break_until_the_leg_ends()
    {
        var time = new ShiftedTime();
        await using var fixture = await StartAsync(time);
        var journey = new Journey(fixture).HonestCities();
        var id = await journey.OpenAsync(Samples.Chengdu, Cases.Submission(fixture.Host.Registry));
        var due = (await journey.HubAsync(id)).State.Clock!.DueOn;
        time.MoveTo(due.AddDays(1));
        await NoticeAsync(fixture, id, DeadlineStage.Breach);
        (await BreaksAsync(fixture, id)).ShouldBeEmpty();

        time.MoveTo((await journey.HubAsync(id)).NoticeOn!.Value);
        await HostFixture.UntilAsync(async () => (await NoticesAsync(fixture, Samples.Deyang, id)).Any(n => n.Level == 2), "the second level is told");
        (await NoticesAsync(fixture, Samples.Deyang, id)).Select(n => n.Level).ShouldBe([1, 2]);
        (await BreaksAsync(fixture, id)).ShouldBe([ReasonCodes.BreakLegOverdue]);

        // The cities' own systems hear of it too.
        foreach (var city in new[] { Samples.Chengdu, Samples.Deyang })
            await HostFixture.UntilAsync(() => fixture.Played[city].Deliveries.Count(d => d.Type == MessageTypes.DeadlineNotice && d.ExchangeId == id) == 2, $"{city}'s system has both notices");

        await journey.StepAsync(Samples.Deyang, id, Samples.Acceptance);
        (await BreaksAsync(fixture, id)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_correction_that_a_holder_does_not_acknowledge_in_time_is_an_alarm_until_it_does()
    {
        var time = new ShiftedTime();
        await using var fixture = await StartAsync(time);
        var journey = new Journey(fixture).HonestCities();
        var notice = await journey.OpenAsync(Samples.Deyang, Samples.Notice);
        var query = await journey.OpenAsync(Samples.Chengdu, Samples.Query with { Consent = Samples.Query.Consent with { ExpiresAt = new DateTimeOffset(2099, 1, 1, 0, 0, 0, TimeSpan.Zero) } });
        await journey.StepAsync(Samples.Deyang, query, Samples.Result);
        await journey.StepAsync(Samples.Deyang, notice, Samples.Correction, "C-1");
        var clock = (await journey.HubAsync(notice)).State.Clock.ShouldNotBeNull();
        clock.ResponsibleCity.ShouldBe(Samples.Chengdu);
        await journey.ReconciledAsync(notice);

        time.MoveTo(clock.DueOn.AddDays(1));
        await NoticeAsync(fixture, notice, DeadlineStage.Breach);
        var alarm = (await fixture.Host.Store.BreaksAsync(notice, openOnly: true, 10, default)).ShouldHaveSingleItem();
        (alarm.Code, alarm.Detail).ShouldBe((ReasonCodes.BreakUnacknowledgedCorrection, Samples.Chengdu));

        await journey.StepAsync(Samples.Chengdu, notice, Samples.Acknowledgement with { MessageId = "C-1" });
        (await BreaksAsync(fixture, notice)).ShouldBeEmpty();
        (await LegsAsync(fixture)).ShouldContain(l => l.Key.Detail == "acknowledgement" && l.Key.Variant == LegStatistics.Late && l.Key.TargetCity == Samples.Chengdu);
        await StatisticsAudit.HoldsAsync(fixture.Host.Store, fixture.Host.Registry, fixture.Host.Shards);
    }

    [Fact]
    public async Task What_passed_while_the_hub_was_down_is_told_once_when_it_is_back()
    {
        var time = new ShiftedTime();
        await using var fixture = await StartAsync(time);
        var journey = new Journey(fixture).HonestCities();
        var id = await journey.OpenAsync(Samples.Chengdu, Cases.Submission(fixture.Host.Registry));
        var due = (await journey.HubAsync(id)).State.Clock!.DueOn;
        await fixture.StopAsync();
        time.MoveTo(due.AddDays(1));
        await fixture.StartAsync();
        await NoticeAsync(fixture, id, DeadlineStage.Breach);
        await fixture.StopAsync();
        await fixture.StartAsync();
        await new Journey(fixture).HonestCities().GoodCaseAsync();
        (await NoticesAsync(fixture, Samples.Deyang, id)).ShouldHaveSingleItem().Level.ShouldBe(1);
    }

    [Fact]
    public async Task A_leg_is_breached_at_midnight_in_Shanghai_and_not_a_second_before()
    {
        var time = new ShiftedTime();
        await using var fixture = await StartAsync(time);
        var journey = new Journey(fixture).HonestCities();
        var id = await journey.OpenAsync(Samples.Chengdu, Cases.Submission(fixture.Host.Registry));
        var midnight = new DateTimeOffset((await journey.HubAsync(id)).State.Clock!.DueOn.AddDays(1), TimeOnly.MinValue, TimeSpan.FromHours(8));
        time.MoveTo(midnight.AddSeconds(-30));
        await NoticeAsync(fixture, id, DeadlineStage.Warning);
        (await journey.HubAsync(id)).NoticeStage.ShouldBe(1);
        time.MoveTo(midnight);
        await NoticeAsync(fixture, id, DeadlineStage.Breach);
    }

    [Fact]
    public async Task All_four_cities_systems_take_the_notices_in_their_own_form()
    {
        var time = new ShiftedTime();
        var idle = TimeSpan.FromDays(400);
        await using var fixture = await HostFixture.WithSimulatorsAsync(o => o with
        {
            Time = time,
            Hub = o.Hub with { SweepEvery = TimeSpan.FromMilliseconds(50) },
            Knobs = Knobs.Default with { ClerkDelayFrom = idle, ClerkDelayTo = idle },
        });
        var store = fixture.Host.Store;
        // What follows from other cases waits for their clerks, who do nothing here.
        var made = new CaseGenerator(Knobs.Default, fixture.Host.Registry).Generate(60, time.GetUtcNow(), TimeSpan.Zero).Where(c => c.OutOf is null);
        foreach (var group in made.GroupBy(c => c.City))
            await fixture.Host.Cities[group.Key].System.PlanAsync([.. group], default);

        List<ExchangeRow> open = [];
        await HostFixture.UntilAsync(
            async () =>
            {
                open = [.. (await store.ListExchangesAsync(Nodes.Hub, 1000, default)).Where(r => r.NoticeOn is not null)];
                return open.SelectMany(r => new[] { r.State.SourceCity, r.State.TargetCity }).Distinct().Count() == 4;
            },
            "cases of all cities wait");
        // A call that is under way while the clock jumps would carry a signature of long ago.
        await HostFixture.UntilAsync(() => fixture.Host.Cities.Values.All(c => c.System.Cases(null, 1000).All(v => v.State != "planned")), "every case is handed in");
        foreach (var city in fixture.Host.Cities.Keys)
            await HostFixture.UntilAsync(async () => (await store.PendingDeliveriesAsync(city, 0, 1000, default)).Count == 0, $"{city} has taken everything");
        time.MoveTo(open.Max(r => r.State.Clock!.DueOn).AddDays(1));
        foreach (var city in fixture.Host.Cities.Keys)
        {
            await HostFixture.UntilAsync(
                async () => (await store.JournalAsync(city, 0, EntryKind.Received, 1000, default)).Any(r => r.Type == MessageTypes.DeadlineNotice)
                    && (await store.PendingDeliveriesAsync(city, 0, 1000, default)).Count == 0,
                $"{city} is told and has taken it");
            (await store.ParkedDeliveriesAsync(city, default)).ShouldBeEmpty();
        }
    }

    [Fact]
    public async Task A_query_that_nobody_answers_ends_on_its_day_where_the_patient_took_the_consent_back()
    {
        var time = new ShiftedTime();
        await using var fixture = await StartAsync(time);
        var journey = new Journey(fixture).HonestCities();
        var consent = Samples.Query.Consent with { ExpiresAt = new DateTimeOffset(2099, 1, 1, 0, 0, 0, TimeSpan.Zero) };
        await journey.OpenAsync(Samples.Deyang, Samples.Notice);
        var query = await journey.OpenAsync(Samples.Chengdu, Samples.Query with { Consent = consent });
        var other = await journey.OpenAsync(Samples.Chengdu, Samples.Query with { QueryNumber = "Q-2", Consent = consent with { ConsentNumber = "K-2" } });
        await journey.OpenAsync(Samples.Chengdu, Samples.ConsentBack);
        time.MoveTo((await journey.HubAsync(query)).State.Clock!.DueOn);
        await journey.ReconciledAsync(query);
        (await journey.HubAsync(query)).State.Outcome!.Code.ShouldBe("withdrawn");
        await NoticeAsync(fixture, other, DeadlineStage.Warning);
        foreach (var city in new[] { Samples.Chengdu, Samples.Deyang })
        {
            fixture.Played[city].Deliveries.Select(Journey.Payload).OfType<CaseWithdrawal>().ShouldHaveSingleItem(city);
            (await NoticesAsync(fixture, city, query)).ShouldBeEmpty("it is over before it is late");
        }

        (await journey.HubAsync(other)).State.State.ShouldBe(RecognitionUseFlow.Asked, "another consent");
    }

    private static ValueTask<List<KeyValuePair<StatisticKey, StatisticValue>>> LegsAsync(HostFixture fixture) => fixture.Host.Store.StatisticsAsync(Counters.Leg, 0, 999_912, default);

    private static Task<HostFixture> StartAsync(ShiftedTime time) =>
        HostFixture.WithPlayedCitiesAsync(o => o with { Time = time, Hub = o.Hub with { SweepEvery = TimeSpan.FromMilliseconds(50) } });

    private static async Task<List<string>> BreaksAsync(HostFixture fixture, string exchangeId) =>
        [.. (await fixture.Host.Store.BreaksAsync(exchangeId, openOnly: true, 10, default)).Select(b => b.Code)];

    private static async Task NoticeAsync(HostFixture fixture, string exchangeId, DeadlineStage stage)
    {
        foreach (var city in new[] { Samples.Chengdu, Samples.Deyang })
            await HostFixture.UntilAsync(async () => (await NoticesAsync(fixture, city, exchangeId)).Any(n => n.Stage == stage), $"{city} is told of the {stage}");
    }

    private static async Task<List<DeadlineNotice>> NoticesAsync(HostFixture fixture, string city, string exchangeId) =>
    [
        .. (await fixture.Host.Store.TimelineAsync(city, exchangeId, default)).Where(r => r.Type == MessageTypes.DeadlineNotice)
            .Select(r => (DeadlineNotice)((ReadOutcome.Ok)PayloadReader.Read(r.Type, EventFormat.ReadElement(r.Body).Event!.Data.Span)).Payload),
    ];

    /// <summary>The system's clock, put forward by whole days. Timers run as always.</summary>
    private sealed class ShiftedTime : TimeProvider
    {
        private long shift;

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddTicks(Interlocked.Read(ref shift));

        /// <summary>To noon of a day in Shanghai.</summary>
        public void MoveTo(DateOnly day) => MoveTo(new DateTimeOffset(day, new TimeOnly(12, 0), TimeSpan.FromHours(8)));

        public void MoveTo(DateTimeOffset moment) => Interlocked.Exchange(ref shift, (moment - base.GetUtcNow()).Ticks);
    }
}

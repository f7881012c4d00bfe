using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Contracts.Payloads;
using DataHub.Core.Calendar;
using DataHub.Core.Validation;
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
        await using var fixture = await HostFixture.WithPlayedCitiesAsync(o => o with { Time = time, Hub = o.Hub with { SweepEvery = TimeSpan.FromMilliseconds(50) } });
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
    }

    [Fact]
    public async Task While_the_clock_is_stopped_no_deadline_passes()
    {
        var time = new ShiftedTime();
        await using var fixture = await HostFixture.WithPlayedCitiesAsync(o => o with { Time = time, Hub = o.Hub with { SweepEvery = TimeSpan.FromMilliseconds(50) } });
        var journey = new Journey(fixture).HonestCities();
        var waiting = await journey.OpenAsync(Samples.Chengdu, Cases.Submission(fixture.Host.Registry));
        var running = await journey.OpenAsync(Samples.Chengdu, Cases.Submission(fixture.Host.Registry));
        await journey.StepAsync(Samples.Deyang, waiting, Samples.SupplementRequest);
        var due = (await journey.HubAsync(running)).State.Clock!.DueOn;
        time.MoveTo(due.AddDays(3));
        await NoticeAsync(fixture, running, DeadlineStage.Breach);
        (await NoticesAsync(fixture, Samples.Deyang, waiting)).ShouldBeEmpty();
        (await journey.HubAsync(waiting)).NoticeStage.ShouldBe(0);

        await journey.StepAsync(Samples.Chengdu, waiting, Samples.Supplement);
        (await journey.HubAsync(waiting)).State.Clock!.DueOn.ShouldBeGreaterThan(WorkingDayCalendar.ShanghaiDate(time.GetUtcNow()));
    }

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
        public void MoveTo(DateOnly day)
        {
            var noon = new DateTimeOffset(day.ToDateTime(new TimeOnly(12, 0)), TimeSpan.FromHours(8));
            Interlocked.Exchange(ref shift, (noon - base.GetUtcNow()).Ticks);
        }
    }
}

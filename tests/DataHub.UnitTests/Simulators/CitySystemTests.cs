using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Errors;
using DataHub.Core.Flows;
using DataHub.Core.Registry;
using DataHub.Core.Validation;
using DataHub.Simulators;
using DataHub.Simulators.Cases;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Simulators;

public sealed class CitySystemTests : IDisposable
{
    private static readonly Knobs AtOnce = new() { ClerkDelayFrom = TimeSpan.Zero, ClerkDelayTo = TimeSpan.Zero };
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(3);

    private readonly RegistrySnapshot registry = RegistrySnapshot.Load(RegistrySnapshot.FindSeeds());
    private readonly string dir = Path.Combine(Path.GetTempPath(), "datahub-cities-" + Guid.NewGuid().ToString("N"));

    public void Dispose() => Directory.Delete(dir, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Every_generated_case_ends_as_expected_in_spite_of_faults_and_lost_answers(int seed)
    {
        var knobs = AtOnce with { Seed = seed, FaultRate = 0.1, CorrectionRate = 0.25, OverlapRate = 0.2, InvalidRate = 0.15 };
        await using var hub = new LocalHub(registry) { Unrest = 0.1 };
        await using var four = Cities(hub, knobs);
        var cases = new CaseGenerator(knobs, registry).Generate(400, Now(), TimeSpan.Zero);
        await four.PlanAsync(cases);
        four.Run();
        await UntilSettledAsync(hub, four, cases);

        hub.Unexpected.ShouldBeEmpty();
        foreach (var city in four.Systems.Values)
        {
            var summary = city.Summary();
            summary.DuplicateEffects.ShouldBe(0);
            summary.Unlinked.ShouldBe(0);
            summary.ActionsDue.ShouldBe(0);
            summary.Open.ShouldBe(0, $"{city.City}: {string.Join(' ', city.Cases(null, 5000).Where(c => c.State == "open").Select(c => $"{c.CaseNumber}/{c.Flow}/{c.Role}"))}");
            summary.Deliveries.ShouldBeGreaterThan(summary.Effects);
        }
    }

    [Fact]
    public async Task Doctors_look_and_ask_until_the_result_is_there_also_where_the_question_is_wrong()
    {
        var knobs = AtOnce with { InvalidRate = 0.4 };
        await using var hub = new LocalHub(registry);
        await using var four = Cities(hub, knobs);
        // The moment is part of what is drawn: as many of them as it takes. What asks for a result is numbered after its publication, with a letter behind it.
        var now = Now();
        var families = Enumerable.Range(0, 200).SelectMany(before => new CaseGenerator(knobs, registry).Generate(2_000, now.AddSeconds(-before), TimeSpan.Zero)
            .GroupBy(c => c.CaseNumber[2..].TrimEnd('Q', 'S', 'W')).Where(f => f.Count() > 1));
        var wrong = families.First(f => f.Any(c => c.Expected.Expectation is Expectation.Refused { ReasonCode: ReasonCodes.MarkDoesNotCover }));
        var takenBack = families.First(f => f.Any(c => c.CaseNumber.EndsWith('W')));
        List<PlannedCase> cases = [.. wrong, .. takenBack, .. families.Where(f => f.Key != wrong.Key && f.Key != takenBack.Key).Take(8).SelectMany(f => f)];
        var (questions, published) = (cases.Where(c => char.IsAsciiLetter(c.CaseNumber[^1])).ToList(), cases.Where(c => !char.IsAsciiLetter(c.CaseNumber[^1])).ToList());

        await four.PlanAsync(questions);
        four.Run();
        await UntilAsync(() => questions.Where(q => q.OutOf is null).All(q => four.Systems[q.City].FindCase(q.CaseNumber) is { ExchangeId: not null } or { RefusalCodes.Length: > 0 }));
        await four.PlanAsync(published);
        await UntilSettledAsync(hub, four, cases);
    }

    [Fact]
    public async Task A_city_that_is_stopped_and_started_again_goes_on_where_it_was()
    {
        var knobs = AtOnce with { ClerkDelayTo = TimeSpan.FromMilliseconds(30) };
        await using var hub = new LocalHub(registry);
        var cases = new CaseGenerator(knobs, registry).Generate(120, Now(), TimeSpan.FromMilliseconds(500));
        await using (var first = Cities(hub, knobs))
        {
            await first.PlanAsync(cases);
            first.Run();
            await UntilAsync(() => first.Systems.Values.Sum(c => c.Summary().Submitted) > 40);
        }

        await using var again = Cities(hub, knobs);
        again.Run();
        await UntilSettledAsync(hub, again, cases);
        again.Systems.Values.Sum(c => c.Summary().DuplicateEffects).ShouldBe(0);
    }

    [Fact]
    public async Task A_repeated_delivery_gets_the_same_answer_and_has_no_second_effect()
    {
        await using var city = One(AtOnce, new SilentPort());
        var submission = Generated(ServiceFlow.Code);
        for (var i = 0; i < 3; i++)
            (await city.System.HandleAsync("CD-1", submission.Type, "510100-20260305-0000000001", submission.Data, default)).ShouldBeNull();
        var withdrawal = """{"reason":"申请人撤回","withdrawnAt":"2026-03-05T09:00:00+08:00"}"""u8.ToArray();
        for (var i = 0; i < 3; i++)
        {
            (await city.System.HandleAsync("CD-2", MessageTypes.CaseWithdrawal, "510100-20260305-0000000001", withdrawal, default))
                .ShouldBe(new Outcome("withdrawn", null, null));
        }

        city.System.Recorded("510100-20260305-0000000001").ShouldBe(new Outcome("withdrawn", null, null));
        var summary = city.System.Summary();
        (summary.Deliveries, summary.Effects, summary.DuplicateEffects, summary.Received).ShouldBe((6, 2, 0, 1));
    }

    [Fact]
    public async Task What_comes_before_the_answer_to_the_submission_is_kept_and_used_afterwards()
    {
        // A withdrawal of the applicant's could cross the return.
        var port = new SilentPort();
        await using var city = One(AtOnce with { WithdrawalRate = 0 }, port);
        var submission = Generated(ServiceFlow.Code);
        await city.System.PlanAsync([submission with { City = city.System.City }], default);
        city.Run();
        await UntilAsync(() => port.Asked > 0);
        const string exchange = "510600-20260305-0000000001";
        var back = """{"reasonCode":"other","reason":"其他不予受理情形","returnedAt":"2026-03-05T09:00:00+08:00"}"""u8.ToArray();
        (await city.System.HandleAsync("X-1", MessageTypes.CaseReturn, exchange, back, default)).ShouldBe(new Outcome("returned", null, null));
        city.System.Summary().Unlinked.ShouldBe(1);
        city.System.Recorded(exchange).ShouldBeNull();

        port.Answer = new PortOutcome.Accepted(exchange);
        await UntilAsync(() => city.System.Recorded(exchange) is not null);
        city.System.Recorded(exchange).ShouldBe(new Outcome("returned", null, null));
        city.System.FindCase(submission.CaseNumber)!.State.ShouldBe("done");
        city.System.Summary().Unlinked.ShouldBe(0);
    }

    [Fact]
    public async Task Parts_that_never_opened_are_booked_also_where_the_completion_comes_before_the_answer_to_the_whole()
    {
        var port = new SilentPort();
        await using var city = One(AtOnce, port);
        var planned = Generated(JointFlow.Code) with { City = city.System.City };
        var whole = (JointApplication)((ReadOutcome.Ok)PayloadReader.Read(planned.Type, planned.Data.Span)).Payload;
        await city.System.PlanAsync([planned], default);
        city.Run();
        await UntilAsync(() => port.Asked > 0);
        const string exchange = "510600-20260305-0000000001";
        var parts = whole.Parts.Select(p => (p.Number, ExchangeId: $"510600-20260305-000000001{p.Number}", Data: PayloadReader.Write(JointSplit.Part(whole, p, exchange, registry)))).ToList();
        foreach (var part in parts)
            await city.System.HandleAsync($"P-{part.Number}", MessageTypes.ServiceSubmission, part.ExchangeId, part.Data, default);
        var completion = new JointCompletion
        {
            Result = JointResult.NotCompleted,
            Parts = [.. parts.Select(p => new JointPartOutcome { Number = p.Number, ExchangeId = p.ExchangeId, Outcome = JointPartState.NotOpened, Reasons = ReasonCodes.ModeNotOffered })],
            CompletedAt = Now(),
        };
        await city.System.HandleAsync("J-1", MessageTypes.JointCompletion, exchange, PayloadReader.Write(completion), default);
        city.System.Summary().Unlinked.ShouldBe(1);

        port.Answer = new PortOutcome.Accepted(exchange);
        await UntilAsync(() => city.System.Recorded(exchange) is not null);
        parts.Select(p => city.System.FindCase($"{planned.CaseNumber}-P{p.Number}")!.State).ShouldAllBe(state => state == "refused");
    }

    [Fact]
    public async Task A_refused_submission_keeps_its_reasons()
    {
        await using var city = One(AtOnce, new SilentPort { Answer = new PortOutcome.Refused([Core.Errors.Reasons.Of(ReasonCodes.ResidentIdCheckDigit, "$.applicant.idNumber")]) });
        var submission = Generated(ServiceFlow.Code);
        await city.System.PlanAsync([submission with { City = city.System.City }], default);
        city.Run();
        await UntilAsync(() => city.System.Summary().Refused == 1);
        city.System.FindCase(submission.CaseNumber)!.RefusalCodes.ShouldBe(ReasonCodes.ResidentIdCheckDigit);
    }

    [Fact]
    public async Task A_message_that_is_retried_is_the_same_message()
    {
        var port = new SilentPort();
        await using var city = One(AtOnce, port);
        await city.System.PlanAsync([Generated(ServiceFlow.Code) with { City = city.System.City }], default);
        city.Run();
        await UntilAsync(() => port.Asked >= 3);
        port.Seen.Select(m => (m.MessageId, m.Time, Convert.ToHexString(m.Data.Span))).Distinct().ShouldHaveSingleItem();
    }

    [Fact]
    public async Task A_city_that_is_down_answers_nothing_and_sends_nothing()
    {
        var port = new SilentPort();
        await using var city = One(AtOnce with { Down = true }, port);
        var submission = Generated(ServiceFlow.Code);
        await city.System.PlanAsync([submission with { City = city.System.City }], default);
        city.Run();
        await Should.ThrowAsync<CityUnavailableException>(() => city.System.HandleAsync("CD-1", submission.Type, "510100-20260305-0000000001", submission.Data, default));
        port.Asked.ShouldBe(0);
        city.System.Knobs = AtOnce;
        await UntilAsync(() => port.Asked > 0);
    }

    [Fact]
    public async Task An_unreadable_message_is_told_apart_from_a_fault()
    {
        await using var city = One(AtOnce, new SilentPort());
        await Should.ThrowAsync<UnacceptableMessageException>(
            () => city.System.HandleAsync("CD-1", MessageTypes.CaseReturn, "510100-20260305-0000000001", "{}"u8.ToArray(), default));
        city.System.Summary().Deliveries.ShouldBe(0);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Every_sample_ends_as_its_list_says_whatever_the_seed(int seed)
    {
        var samples = SampleCases.Load(RegistrySnapshot.FindSeeds(), registry);
        var knobs = AtOnce with { Seed = seed, FaultRate = 0.05, OverlapRate = 0.5, ReturnRate = 0.3, RefusalRate = 0.5, FixedEnds = samples.FixedEnds };
        await using var hub = new LocalHub(registry) { Unrest = 0.1 };
        await using var four = Cities(hub, knobs);
        var cases = samples.Plan(Now());
        await four.PlanAsync(cases);
        four.Run();
        await UntilSettledAsync(hub, four, cases);
        four.Systems.Values.Sum(c => c.Summary().DuplicateEffects).ShouldBe(0);
    }

    [Fact]
    public async Task A_sample_goes_out_byte_for_byte_and_after_a_restart_again_under_the_same_number()
    {
        var samples = SampleCases.Load(RegistrySnapshot.FindSeeds(), registry);
        bool Wanted(PlannedCase c) => c.City == "510600" && c.Type != MessageTypes.RecognitionQuery;
        var cases = samples.Plan(Now()).Where(Wanted).ToList();
        var port = new SilentPort();
        await using (var first = One(AtOnce with { FixedEnds = samples.FixedEnds }, port))
        {
            await first.PlanAsync(cases);
            first.Run();
            await UntilAsync(() => port.Raw.Count >= cases.Count);
        }

        port.Raw.Clear();
        port.Answer = new PortOutcome.Refused([Reasons.Of(ReasonCodes.InternalFault, "$")]);
        await using var again = One(AtOnce with { FixedEnds = samples.FixedEnds }, port);
        await again.PlanAsync(samples.Plan(Now().AddDays(1)).Where(Wanted).ToList());
        again.Run();
        await UntilAsync(() => again.System.Summary().ActionsDue == 0);

        port.Asked.ShouldBe(0);
        port.Raw.Distinct().OrderBy(r => r.MessageId, StringComparer.Ordinal).ShouldBe(
            cases.OrderBy(c => c.CaseNumber, StringComparer.Ordinal).Select(c => (c.CaseNumber + "-01", Convert.ToHexString(c.Native!.Value.Span))));
        again.System.Summary().Refused.ShouldBe(cases.Count);
    }

    [Fact]
    public async Task A_sample_that_no_one_can_read_but_was_taken_in_waits_without_harm()
    {
        var sample = SampleCases.Load(RegistrySnapshot.FindSeeds(), registry).Plan(Now()).First(c => c.City == "510600" && c.Data.Length == 0);
        var port = new SilentPort { Answer = new PortOutcome.Accepted("510600-20260305-0000000001") };
        await using var one = One(AtOnce, port);
        await one.PlanAsync([sample]);
        one.Run();
        await UntilAsync(() => one.System.Summary().ActionsDue == 0);
        one.System.FindCase(sample.CaseNumber)!.State.ShouldBe("open");
    }

    private static DateTimeOffset Now() => TimeProvider.System.GetUtcNow();

    // So many that each flow is among them whatever the moment, which is part of what is drawn.
    private PlannedCase Generated(string flow)
        => new CaseGenerator(AtOnce with { InvalidRate = 0 }, registry).Generate(2000, Now(), TimeSpan.Zero).First(c => c.Expected.Flow == flow);

    private RunningCities Cities(LocalHub hub, Knobs knobs)
    {
        var four = new RunningCities();
        foreach (var city in registry.Cities)
        {
            var system = four.Add(city.Key, Path.Combine(dir, $"sim-{city.Key}.db"), knobs, hub.PortOf(city.Code), registry);
            hub.Connect(system);
        }

        return four;
    }

    private RunningCities One(Knobs knobs, INativePort port)
    {
        var one = new RunningCities();
        one.Add("deyang", Path.Combine(dir, "sim-deyang.db"), knobs, port, registry);
        return one;
    }

    private static async Task UntilSettledAsync(LocalHub hub, RunningCities four, IReadOnlyList<PlannedCase> cases)
    {
        List<string> wrong = [];
        try
        {
            await UntilAsync(() =>
            {
                if (!hub.Quiet || four.Systems.Values.Any(c => c.Summary() is not { ActionsDue: 0, Planned: 0 }))
                    return false;
                wrong = [.. cases.Select(c => Fault(hub, four, c)).OfType<string>()];
                return wrong.Count == 0;
            });
        }
        catch (TimeoutException)
        {
            hub.Unexpected.ShouldBeEmpty();
            wrong.ShouldBeEmpty();
            string.Join('\n', four.Systems.Values.Select(c => c.Summary().ToString())).ShouldBeEmpty();
        }
    }

    private static string? Fault(LocalHub hub, RunningCities four, PlannedCase planned)
    {
        var view = four.Systems[planned.City].FindCase(planned.CaseNumber)!;
        var about = $"{planned.CaseNumber} {planned.Expected.Flow} {planned.Expected.Expectation} is {view.State} {view.Outcome?.Code} {view.RefusalCodes}";
        switch (planned.Expected.Expectation)
        {
            case Expectation.Refused refused:
                return view.State == "refused" && view.RefusalCodes.Split(',').Contains(refused.ReasonCode) ? null : about;
            case Expectation.Reconciled expected:
                var exchange = view.ExchangeId is null ? null : hub.Exchange(view.ExchangeId);
                if (exchange?.Outcome is not { } outcome || outcome.Code != expected.OutcomeCode || view.Outcome != outcome)
                    return about + $", hub {exchange?.State} {exchange?.Outcome}";
                if (exchange.TargetCity.Length > 0 && four.Systems[exchange.TargetCity].Recorded(view.ExchangeId!) != outcome)
                    return about + $", target {four.Systems[exchange.TargetCity].Recorded(view.ExchangeId!)}";
                return hub.Breaks.GetValueOrDefault(view.ExchangeId!) == expected.BreakCode ? null : about + ", break";
            default:
                return about;
        }
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        var start = System.Diagnostics.Stopwatch.GetTimestamp();
        while (!holds())
        {
            if (System.Diagnostics.Stopwatch.GetElapsedTime(start) > Deadline)
                throw new TimeoutException();
            await Task.Delay(20);
        }
    }

    private sealed class SilentPort : INativePort
    {
        public System.Collections.Concurrent.ConcurrentQueue<OutgoingNative> Seen { get; } = [];

        public int Asked => Seen.Count;

        public System.Collections.Concurrent.ConcurrentQueue<(string MessageId, string Sample)> Raw { get; } = [];

        public volatile PortOutcome Answer = new PortOutcome.Retry(TimeSpan.FromMilliseconds(20));

        public Task<PortOutcome> SendAsync(OutgoingNative message, CancellationToken cancellationToken)
        {
            Seen.Enqueue(message);
            return Task.FromResult(Answer);
        }

        public Task<PortOutcome> SendRawAsync(string messageId, ReadOnlyMemory<byte> sample, CancellationToken cancellationToken)
        {
            Raw.Enqueue((messageId, Convert.ToHexString(sample.Span)));
            return Task.FromResult(Answer);
        }
    }
}

/// <summary>Cities with their stores, run and stopped together.</summary>
internal sealed class RunningCities : IAsyncDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly List<CityStore> stores = [];
    private readonly List<Task> runs = [];

    public Dictionary<string, CitySystem> Systems { get; } = [];

    public CitySystem System => Systems.Values.Single();

    public CitySystem Add(string key, string file, Knobs knobs, INativePort port, RegistrySnapshot registry)
    {
        var store = CityStore.Open(file);
        stores.Add(store);
        var system = new CitySystem(key, store, knobs, port, TimeProvider.System, registry);
        Systems.Add(system.City, system);
        return system;
    }

    public async Task PlanAsync(IReadOnlyList<PlannedCase> cases)
    {
        foreach (var own in cases.GroupBy(c => c.City))
            await Systems[own.Key].PlanAsync([.. own], default);
    }

    public void Run() => runs.AddRange(Systems.Values.Select(s => s.RunAsync(stop.Token)));

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await Task.WhenAll(runs);
        foreach (var store in stores)
            await store.DisposeAsync();
        stop.Dispose();
    }
}

using System.Globalization;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using DataHub.Core.Validation;
using Shouldly;
using Xunit;
using static DataHub.UnitTests.Flows.Samples;

namespace DataHub.UnitTests.Flows;

/// <summary>The administrative family in every flow and state, and what its members check beside that.</summary>
public sealed class AdministrativeTests
{
    private static readonly string[] NotAllowed =
        [ReasonCodes.StepNotAllowed, ReasonCodes.SenderOutOfRole, ReasonCodes.ExchangeFinished, ReasonCodes.NotAHolder];

    private static readonly IPayload[] Family =
    [
        Samples.Return, Withdrawal, SupplementRequest, Supplement, Reminder, CorrectionOf("m-1", "$.doctor"), TakingBack, Reopening, Closure,
        Forwarding, TableRecall,
    ];

    public static TheoryData<string, string> States()
    {
        var data = new TheoryData<string, string>();
        foreach (var flow in FlowCatalogue.All)
        {
            foreach (var state in flow.States)
                data.Add(flow.Code, state.Name);
        }

        return data;
    }

    [Fact]
    public void The_family_is_whole()
    {
        var sent = Family.Select(PayloadReader.TypeOf).ToHashSet();
        sent.ShouldBe(Shape.ByName.Keys.Where(t => t.StartsWith(MessageTypes.Prefix + "case.", StringComparison.Ordinal)), ignoreOrder: true);
    }

    [Theory]
    [MemberData(nameof(States))]
    public void Each_member_is_taken_in_each_state_from_exactly_those_whom_the_definition_names(string code, string stateName)
    {
        var flow = FlowCatalogue.Find(code)!;
        foreach (var member in Family)
        {
            var payload = member is CaseCorrection ? CorrectionOf("m-1", flow.Opening.Correctable.FirstOrDefault("$.doctor")) : member;
            var named = flow.StepsOf(PayloadReader.TypeOf(payload)).SelectMany(s => s.RefusedIn.Values).ToHashSet();
            var steps = flow.StepsOf(PayloadReader.TypeOf(payload)).Where(s => s.Moves.Any(m => m.From == stateName)).ToList();
            foreach (var (sender, party) in new (string, Party?)[] { (Chengdu, Party.Source), (Deyang, Party.Target), (Ziyang, null), (Nodes.Hub, Party.Hub), ("", null) })
            {
                var where = $"{PayloadReader.TypeOf(payload)} from {party?.ToString() ?? $"'{sender}'"} in {code} {stateName}";
                var allowed = party is { } role && (role != Party.Target || flow.HasTarget) && steps.Exists(s => s.Senders.Contains(role));
                var state = In(flow, stateName);
                var message = Journey.Message("m-9", state.ExchangeId, sender, payload);
                var codes = FlowEngine.Decide(state, message, Journey.Context(state.TargetCity, null) with { ConsentWithdrawn = party == Party.Hub }) is Decision.Refused refused ? refused.Reasons.Select(r => r.Code).ToList() : [];
                codes.Exists(c => NotAllowed.Contains(c) || named.Contains(c)).ShouldBe(!allowed, where);
            }
        }
    }

    [Fact]
    public void A_forwarded_case_keeps_its_state_and_clock_and_the_other_side_is_told()
    {
        var journey = new Journey(Chengdu, Deyang, Submission).Accept(Deyang, Acceptance);
        var clock = journey.State.Clock;
        journey.Now = Now.AddDays(1);
        journey.Accept(Deyang, Forwarding).ShouldBeIn(ServiceFlow.Accepted);
        journey.State.Clock.ShouldBe(clock);
        journey.Effects.ShouldBe([new Effect.Forward(Chengdu)]);
        journey.State.Facts[FactKeys.AgencyPrefix + Deyang].ShouldBe(Forwarding.ToAgency.Code);
    }

    [Fact]
    public void A_case_is_forwarded_within_the_senders_city_by_the_agency_that_has_it() => new Journey(Chengdu, Deyang, Submission)
        .Refuse(Deyang, Forwarding with { ToAgency = Samples.Agency with { Code = "A511400-SI" } }, ReasonCodes.ForwardedBeyondCity)
        .Refuse(Deyang, Forwarding with { ToAgency = Samples.Agency with { Code = "A510600-XX" } }, ReasonCodes.ForwardedBeyondCity)
        .Accept(Deyang, Forwarding)
        .Refuse(Deyang, Forwarding with { ToAgency = Samples.Agency with { Code = "A510600-GA" } }, ReasonCodes.NotTheHandlingAgency)
        .Accept(Deyang, Forwarding with { FromAgency = Forwarding.ToAgency, ToAgency = Samples.Agency with { Code = "A510600-GA" } });

    [Fact]
    public void A_case_is_forwarded_only_so_often()
    {
        var journey = new Journey(Chengdu, Deyang, Submission);
        var there = Forwarding;
        var back = Forwarding with { FromAgency = Forwarding.ToAgency, ToAgency = Forwarding.FromAgency };
        journey.Accept(Deyang, there).Accept(Deyang, back).Accept(Deyang, there).Refuse(Deyang, back, ReasonCodes.TooManyForwardings);
    }

    [Fact]
    public void Both_agencies_of_a_transfer_forward_within_their_own_city()
    {
        var own = Forwarding with { FromAgency = Samples.Agency with { Code = "A510100-SI" }, ToAgency = Samples.Agency with { Code = "A510100-SH" } };
        var journey = new Journey(Chengdu, Deyang, Application).Accept(Chengdu, own).Refuse(Chengdu, Forwarding, ReasonCodes.ForwardedBeyondCity, ReasonCodes.NotTheHandlingAgency);
        journey.Effects.ShouldBe([new Effect.Forward(Deyang)]);
        journey.Accept(Deyang, Forwarding).Effects.ShouldBe([new Effect.Forward(Chengdu)]);
    }

    [Fact]
    public void To_another_city_a_case_is_returned_with_the_competent_city_named()
    {
        var returned = Samples.Return with { ReasonCode = "not-competent" };
        new Journey(Chengdu, Deyang, Submission)
            .Refuse(Deyang, returned with { CompetentCity = "310000" }, ReasonCodes.UnknownCity)
            .Refuse(Deyang, returned with { CompetentCity = Deyang }, ReasonCodes.CompetentCityIsSender)
            .Accept(Deyang, returned with { CompetentCity = Meishan }).ShouldBeIn("returned", final: true);
    }

    [Fact]
    public void Reminders_are_counted_and_bounded_for_each_side_and_day()
    {
        var journey = new Journey(Chengdu, Deyang, Submission).Accept(Chengdu, Reminder).Accept(Chengdu, Reminder)
            .Refuse(Chengdu, Reminder, ReasonCodes.TooManyReminders)
            .Accept(Deyang, Reminder);
        journey.Now = new DateTimeOffset(2026, 3, 4, 15, 59, 59, TimeSpan.Zero);
        journey.Refuse(Chengdu, Reminder, ReasonCodes.TooManyReminders);

        // Midnight in Shanghai, not in Greenwich.
        journey.Now = new DateTimeOffset(2026, 3, 4, 16, 0, 0, TimeSpan.Zero);
        journey.Accept(Chengdu, Reminder).State.Facts[FactKeys.Reminders].ShouldBe("4");
    }

    [Fact]
    public void An_item_may_have_a_limit_of_its_own() =>
        new Journey(Chengdu, Deyang, Application).Accept(Deyang, Reminder).Refuse(Deyang, Reminder, ReasonCodes.TooManyReminders);

    [Fact]
    public void Who_asked_for_a_supplement_waits_for_it_until_its_days_are_over()
    {
        // Five working days from Wednesday 4 March.
        var journey = new Journey(Chengdu, Deyang, Submission).Accept(Deyang, SupplementRequest);
        journey.State.Facts[FactKeys.SupplementDueOn].ShouldBe("2026-03-11");
        journey.Now = new DateTimeOffset(2026, 3, 11, 23, 59, 59, TimeSpan.FromHours(8));
        journey.Refuse(Deyang, Closure, ReasonCodes.SupplementPeriodRuns).Refuse(Deyang, Samples.Return, ReasonCodes.SupplementPeriodRuns);
        journey.Now = journey.Now.AddSeconds(1);
        journey.Accept(Deyang, Samples.Return).ShouldBeIn("returned", final: true);
    }

    [Fact]
    public void The_new_agency_of_a_transfer_may_close_it_while_a_supplement_is_awaited_from_itself() => new Journey(Chengdu, Deyang, Application)
        .Accept(Chengdu, Letter).Accept(Deyang, SupplementRequest)
        .Refuse(Deyang, Closure, ReasonCodes.SupplementPeriodRuns)
        .Accept(Chengdu, Closure).ShouldBeIn("closed", final: true);

    private static ExchangeState In(FlowDefinition flow, string state) => new()
    {
        ExchangeId = Chengdu + "-20260304-0000000001",
        Flow = flow.Code,
        FlowVersion = flow.Version,
        Item = "",
        SourceCity = Chengdu,
        TargetCity = flow.HasTarget ? Deyang : "",
        State = state,
        Version = 3,
        OpenedAt = Now,
        ChangedAt = Now,
        Final = flow.State(state)!.Final,
        Facts = new Dictionary<string, string>
        {
            [FactKeys.DecisionDays] = 5.ToString(CultureInfo.InvariantCulture),
            [FactKeys.Message("m-1")] = Chengdu + " " + flow.Opening.Type,
        },
    };
}

using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Errors;
using DataHub.Core.Flows;
using DataHub.Core.Statistics;
using DataHub.Core.Validation;
using DataHub.UnitTests.Flows;
using Shouldly;
using Xunit;
using static DataHub.UnitTests.Flows.Samples;

namespace DataHub.UnitTests.Statistics;

/// <summary>What single messages count for, by example.</summary>
public sealed class StepStatisticsTests
{
    private readonly StatisticDeltas deltas = [];

    [Fact]
    public void A_case_that_is_decided_revoked_reopened_and_decided_again_counts_one_outcome_and_one_opening()
    {
        var journey = new Journey(Chengdu, Deyang, Submission);
        Count(null, Chengdu, Submission, journey.State);
        Step(journey, Deyang, Acceptance);
        Step(journey, Deyang, Approval);
        deltas.ShouldContain(d => d.Key.Counter == Counters.Outcome && d.Key.Detail == "approved" && d.Key.Month == 202603 && d.Value.Count == 1);

        journey.Now = Now.AddDays(40);
        Step(journey, Deyang, TakingBack);
        Of(Counters.Outcome).ShouldBe(["202604 revoked online 1"]);
        Step(journey, Deyang, Reopening);
        Of(Counters.Outcome).ShouldBeEmpty();
        Step(journey, Deyang, Acceptance);
        Step(journey, Deyang, Approval with { Result = DecisionResult.Refused, Reason = "不符合条件", CertificateNumber = null });

        Of(Counters.Outcome).ShouldBe(["202604 refused online 1"]);
        Of(Counters.Opened).ShouldBe(["202603  online 1"]);
        Of(Counters.Administrative).ShouldBe(["202604 reopening  1", "202604 revocation  1"]);
    }

    [Fact]
    public void A_leg_counts_when_the_responsible_city_ends_it_with_the_working_days_it_used()
    {
        // Submitted on Wednesday 2026-03-04; accepted on Monday: three working days of the three that it has.
        var journey = new Journey(Chengdu, Deyang, Submission) { Now = new DateTimeOffset(2026, 3, 9, 9, 0, 0, TimeSpan.FromHours(8)) };
        Step(journey, Deyang, Acceptance);
        Legs().ShouldBe(["accept on-time 3 1"]);

        // Five days to decide, over a weekend: decided on the sixth, Tuesday 2026-03-17.
        journey.Now = new DateTimeOffset(2026, 3, 17, 9, 0, 0, TimeSpan.FromHours(8));
        Step(journey, Deyang, Approval);
        Legs().ShouldBe(["accept on-time 3 1", "decision late 6 1"]);
    }

    [Fact]
    public void Money_after_its_deadline_makes_the_leg_of_the_old_agency_late()
    {
        // Five days from Wednesday 2026-03-04: due on the 11th, paid on the 12th.
        var journey = new Journey(Chengdu, Deyang, HousingApplication).Accept(Chengdu, FundLetter).Accept(Deyang, FundTable);
        journey.Now = Now.AddDays(8);
        Step(journey, Deyang, FundAdvice);
        journey.ShouldBeIn(TransferFlow.Transferred);
        Legs().ShouldBe(["information-table late 6 1"]);
    }

    [Fact]
    public void A_part_in_time_does_not_save_the_leg_when_the_last_part_is_late()
    {
        var journey = new Journey(Chengdu, Deyang, HousingApplication).Accept(Chengdu, FundLetter);
        Step(journey, Deyang, FundAdvice with { AmountFen = 10_000, Part = 1 });
        Step(journey, Deyang, FundTable);
        Legs().ShouldBeEmpty("the rest of the money is still to come");
        journey.Now = Now.AddDays(8);
        Step(journey, Deyang, FundAdvice with { AdviceNumber = "B-2", AmountFen = 20_500, Part = 2 });
        journey.ShouldBeIn(TransferFlow.Overpaid);
        Legs().ShouldBe(["information-table late 6 1"]);
    }

    [Fact]
    public void Money_after_the_end_counts_with_its_amount_and_what_a_revocation_asks_back_does_not()
    {
        var journey = new Journey(Chengdu, Deyang, HousingApplication).Accept(Chengdu, FundLetter).Accept(Deyang, FundTable).Accept(Deyang, FundAdvice).Accept(Chengdu, FundCompletion);
        Step(journey, Deyang, FundAdvice with { AdviceNumber = "B-2", AmountFen = 500 });
        Step(journey, Chengdu, Bounced with { AdviceNumber = "B-2", AmountFen = 200 });
        Step(journey, Chengdu, TakingBack);
        Step(journey, Chengdu, Bounced with { ReturnNumber = "TH-2", AdviceNumber = "B-2", AmountFen = 300 });
        deltas.Where(d => d.Key.Counter == Counters.MoneyAfterEnd).Select(d => $"{d.Key.Detail} {d.Value.Count} {d.Value.AmountFen}").Order(StringComparer.Ordinal)
            .ShouldBe(["remitted 1 500", "returned 1 200"]);
    }

    [Fact]
    public void A_leg_that_the_other_side_ended_does_not_count()
    {
        Step(new Journey(Chengdu, Deyang, Submission) { Now = Now.AddDays(1) }, Chengdu, Withdrawal);
        Legs().ShouldBeEmpty();
    }

    [Fact]
    public void A_recognition_counts_under_the_asking_hospital_with_the_cost_avoided()
    {
        var journey = new Journey(Chengdu, Deyang, Query, Published);
        Step(journey, Deyang, Result);
        Step(journey, Chengdu, Recognised with { AvoidedFen = 2000 });

        var (key, value) = deltas.Where(d => d.Key.Counter == Counters.Recognition).ShouldHaveSingleItem();
        key.ShouldBe(new StatisticKey(Counters.Recognition, 202603, RecognitionUseFlow.Code, Query.ItemCode, Chengdu, Deyang) { Hospital = Query.Hospital.Code, Detail = "recognised" });
        value.ShouldBe(new StatisticValue(1, 2000));

        Step(journey, Chengdu, TakingBack);
        deltas.ShouldNotContain(d => d.Key.Counter == Counters.Recognition);
    }

    [Fact]
    public void A_result_that_is_not_recognised_counts_under_its_reason()
    {
        var journey = new Journey(Chengdu, Deyang, Query, Published);
        Step(journey, Deyang, Result);
        Step(journey, Chengdu, Recognised with { Verdict = RecognitionVerdict.NotRecognised, Reason = RepeatReason.Emergency, AvoidedFen = null });
        Of(Counters.Recognition).ShouldBe(["202603 not-recognised emergency 1"]);
    }

    [Fact]
    public void A_supplement_counts_once_and_each_material_that_was_asked_for_by_the_catalogues_code()
    {
        var journey = new Journey(Chengdu, Deyang, Submission);
        var asked = SupplementRequest.Items[0];
        var material = Journey.Registry.Item(Submission.ItemCode)!.Materials[0].Code;
        Step(journey, Deyang, SupplementRequest with { Items = [asked with { MaterialCode = material }, asked with { MaterialCode = "made-up-1" }, asked with { MaterialCode = "made-up-2" }] });
        Of(Counters.Administrative).ShouldBe(["202603 supplement-request  1"]);
        Of(Counters.AdministrativeReason).ShouldBe([$"202603 supplement-request {material} 1", "202603 supplement-request other 1"], ignoreOrder: true);
    }

    [Fact]
    public void A_withdrawal_counts_by_how_far_the_case_was_and_a_return_by_its_reason()
    {
        Step(new Journey(Chengdu, Deyang, Submission).Accept(Deyang, Acceptance), Chengdu, Withdrawal);
        Step(new Journey(Chengdu, Deyang, Submission), Deyang, Samples.Return);
        Of(Counters.AdministrativeReason).ShouldBe([$"202603 return {Samples.Return.ReasonCode} 1", "202603 withdrawal accepted 1"]);
    }

    [Fact]
    public void A_refused_message_counts_once_and_each_of_its_reason_codes_once()
    {
        var state = new Journey(Chengdu, Deyang, Submission).State;
        IReadOnlyList<Reason> reasons = [Reasons.Of(ReasonCodes.StepNotAllowed, "$"), Reasons.Of(ReasonCodes.LetterNumberDiffers, "$.a"), Reasons.Of(ReasonCodes.LetterNumberDiffers, "$.b")];
        RefusalStatistics.AddAtHub(deltas, Deyang, MessageTypes.ServiceDecision, Approval, state, reasons, Now, Journey.Registry);
        Of(Counters.Refusal).ShouldBe(["202603   1"]);
        Of(Counters.RefusalReason).Count().ShouldBe(2);
        deltas.ShouldAllBe(d => d.Key.SourceCity == Deyang && d.Key.TargetCity == Chengdu && d.Key.Item == Submission.ItemCode && d.Value.Count == 1);
    }

    [Fact]
    public void What_an_untrusted_message_says_makes_no_key()
    {
        RefusalStatistics.AddAtHub(deltas, "nobody", "made.up", Submission with { ItemCode = "made-up" }, null, [Reasons.Of(ReasonCodes.UnknownItem, "$")], Now, Journey.Registry);
        deltas.ShouldAllBe(d => d.Key.SourceCity == "" && d.Key.Item == "" && d.Key.Flow == "");
    }

    [Fact]
    public void A_month_is_that_of_Shanghai()
    {
        StandingCounts.MonthOf(new DateTimeOffset(2026, 3, 31, 15, 59, 59, TimeSpan.Zero)).ShouldBe(202603);
        StandingCounts.MonthOf(new DateTimeOffset(2026, 3, 31, 16, 0, 0, TimeSpan.Zero)).ShouldBe(202604);
    }

    private void Step(Journey journey, string sender, IPayload payload)
    {
        var before = journey.State;
        Count(before, sender, payload, journey.Accept(sender, payload).State);
    }

    private void Count(ExchangeState? before, string sender, IPayload payload, ExchangeState after) =>
        StepStatistics.Add(deltas, before, PayloadReader.TypeOf(payload), sender, payload, after, Journey.Registry);

    private IEnumerable<string> Legs() =>
        deltas.Where(d => d.Key.Counter == Counters.Leg).Select(d => $"{d.Key.Detail} {d.Key.Variant} {d.Key.Bucket} {d.Value.Count}").Order(StringComparer.Ordinal);

    private IEnumerable<string> Of(string counter) =>
        deltas.Where(d => d.Key.Counter == counter).Select(d => $"{d.Key.Month} {d.Key.Detail} {d.Key.Variant} {d.Value.Count}").Order(StringComparer.Ordinal);
}

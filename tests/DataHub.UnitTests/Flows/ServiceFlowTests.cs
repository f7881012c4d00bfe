using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using Shouldly;
using Xunit;
using static DataHub.UnitTests.Flows.Samples;

namespace DataHub.UnitTests.Flows;

public sealed class ServiceFlowTests
{
    private static Journey Submitted => new(Chengdu, Deyang, Submission);

    private static Journey Accepted => Submitted.Accept(Deyang, Acceptance);

    private static Journey Decided => Accepted.Accept(Deyang, Approval);

    [Fact]
    public void A_case_goes_from_submission_to_evaluation()
    {
        var journey = Submitted.ShouldBeIn(ServiceFlow.Submitted);
        journey.State.Item.ShouldBe("marriage.registration");
        journey.Effects.ShouldBe([new Effect.Forward(Deyang)]);

        journey.Accept(Deyang, Acceptance).ShouldBeIn(ServiceFlow.Accepted);
        journey.Effects.ShouldBe([new Effect.Forward(Chengdu)]);

        journey.Accept(Deyang, Approval).ShouldBeIn(ServiceFlow.Decided);
        journey.State.Outcome.ShouldBe(new Outcome("approved", 900, "J510681-2026-000001"));
        journey.State.Clock!.ResponsibleCity.ShouldBe(Chengdu);

        journey.Accept(Chengdu, Delivery).ShouldBeIn(ServiceFlow.Delivered, final: true);
        journey.State.Clock.ShouldBeNull();
        journey.Accept(Chengdu, Evaluation).ShouldBeIn(ServiceFlow.Evaluated, final: true);
        journey.Effects.ShouldBe([new Effect.Forward(Deyang)]);
        journey.State.Outcome!.Code.ShouldBe("approved");
    }

    [Fact]
    public void An_item_outside_the_catalogue_or_of_another_flow_is_refused()
    {
        Open(Submission with { ItemCode = "no.such-item" }).ShouldBe([ReasonCodes.UnknownItem]);
        Open(Submission with { ItemCode = "pension.employee" }).ShouldBe([ReasonCodes.UnknownItem]);
    }

    [Fact]
    public void A_mode_that_the_item_does_not_have_is_refused() =>
        Open(Submission with { Mode = ServiceMode.Joint }).ShouldBe([ReasonCodes.ModeNotOffered]);

    [Fact]
    public void Only_the_target_accepts_decides_returns_and_asks_for_more() => Submitted
        .Refuse(Chengdu, Acceptance, ReasonCodes.SenderOutOfRole)
        .Refuse(Chengdu, Approval, ReasonCodes.SenderOutOfRole)
        .Refuse(Chengdu, Samples.Return, ReasonCodes.SenderOutOfRole)
        .Refuse(Chengdu, SupplementRequest, ReasonCodes.SenderOutOfRole)
        .Refuse(Meishan, Acceptance, ReasonCodes.SenderOutOfRole);

    [Fact]
    public void Only_the_source_withdraws_supplements_delivers_and_evaluates() => Submitted
        .Refuse(Deyang, Withdrawal, ReasonCodes.SenderOutOfRole)
        .Refuse(Deyang, Supplement, ReasonCodes.SenderOutOfRole)
        .Refuse(Deyang, Delivery, ReasonCodes.SenderOutOfRole)
        .Refuse(Deyang, Evaluation, ReasonCodes.SenderOutOfRole);

    [Fact]
    public void Steps_out_of_order_are_refused()
    {
        Submitted.Refuse(Chengdu, Delivery, ReasonCodes.StepNotAllowed).Refuse(Chengdu, Supplement, ReasonCodes.StepNotAllowed);
        Accepted.Refuse(Deyang, Acceptance, ReasonCodes.StepNotAllowed).Refuse(Deyang, Samples.Return, ReasonCodes.StepNotAllowed);
        Decided.Refuse(Deyang, Approval, ReasonCodes.StepNotAllowed).Refuse(Chengdu, Withdrawal, ReasonCodes.StepNotAllowed);
    }

    [Fact]
    public void The_refusal_names_the_step_and_the_state_for_the_clerk() =>
        FlowEngine.Decide(
                Accepted.State, Journey.Message("m-9", Accepted.ExchangeId, Deyang, Acceptance), Journey.Context(Deyang, null))
            .ShouldBeOfType<Decision.Refused>().Reasons[0].Message.ShouldBe("办件当前为“已受理”，不允许“受理”。");

    [Fact]
    public void An_item_that_is_not_instant_must_be_accepted_first() =>
        Submitted.Refuse(Deyang, Approval, ReasonCodes.NotInstant);

    [Fact]
    public void An_instant_item_may_be_decided_at_once() =>
        new Journey(Chengdu, Deyang, Submission with { ItemCode = "marriage.record" }).Accept(Deyang, Approval).ShouldBeIn(ServiceFlow.Decided);

    [Fact]
    public void A_finished_case_takes_no_further_step()
    {
        Submitted.Accept(Deyang, Samples.Return).ShouldBeIn("returned", final: true).Refuse(Deyang, Acceptance, ReasonCodes.ExchangeFinished);
        Submitted.Accept(Chengdu, Withdrawal).ShouldBeIn("withdrawn", final: true).Refuse(Deyang, Acceptance, ReasonCodes.ExchangeFinished);
        Decided.Accept(Chengdu, Delivery).Refuse(Chengdu, Delivery, ReasonCodes.ExchangeFinished);
    }

    [Fact]
    public void A_second_evaluation_is_refused() =>
        Decided.Accept(Chengdu, Delivery).Accept(Chengdu, Evaluation).Refuse(Chengdu, Evaluation, ReasonCodes.AlreadyEvaluated);

    [Fact]
    public void A_return_needs_a_reason_of_the_catalogue() =>
        Submitted.Refuse(Deyang, Samples.Return with { ReasonCode = "because" }, ReasonCodes.UnknownReturnReason);

    [Fact]
    public void A_return_or_a_withdrawal_is_the_outcome()
    {
        Submitted.Accept(Deyang, Samples.Return).State.Outcome.ShouldBe(new Outcome("returned", null, null));
        Accepted.Accept(Chengdu, Withdrawal).State.Outcome.ShouldBe(new Outcome("withdrawn", null, null));
    }

    [Fact]
    public void The_target_has_the_items_working_days_to_accept_and_then_to_decide()
    {
        // 3 days to accept from Wednesday 4 March: Thursday, Friday, Monday.
        var journey = Submitted;
        (journey.State.Clock!.ResponsibleCity, journey.State.Clock.DueOn).ShouldBe((Deyang, new DateOnly(2026, 3, 9)));

        // 5 days to decide, counted from the acceptance on Friday 6 March.
        journey.Now = Now.AddDays(2);
        journey.Accept(Deyang, Acceptance);
        (journey.State.Clock!.ResponsibleCity, journey.State.Clock.DueOn).ShouldBe((Deyang, new DateOnly(2026, 3, 13)));
    }

    [Fact]
    public void A_supplement_stops_the_clock_and_gives_back_the_days_that_were_left()
    {
        var journey = Accepted;
        journey.State.Clock!.DueOn.ShouldBe(new DateOnly(2026, 3, 11));

        // Friday 6 March: Monday to Wednesday are left.
        journey.Now = Now.AddDays(2);
        journey.Accept(Deyang, SupplementRequest).ShouldBeIn(ServiceFlow.Supplementing);
        (journey.State.Clock.DueOn, journey.State.Clock.StoppedOn, journey.State.Clock.Remaining).ShouldBe((new DateOnly(2026, 3, 11), new DateOnly(2026, 3, 6), 3));
        journey.State.Facts[FactKeys.SupplementDueOn].ShouldBe("2026-03-13");

        journey.Accept(Chengdu, Reminder).State.Clock!.Remaining.ShouldBe(3);

        // Monday 16 March: three working days later is Thursday.
        journey.Now = Now.AddDays(12);
        journey.Accept(Chengdu, Supplement).ShouldBeIn(ServiceFlow.Accepted);
        (journey.State.Clock.DueOn, journey.State.Clock.StoppedOn).ShouldBe((new DateOnly(2026, 3, 19), null));
        journey.State.Facts.ContainsKey(FactKeys.AskedMaterials).ShouldBeFalse();
    }

    [Fact]
    public void A_supplement_before_acceptance_goes_back_to_submitted() => Submitted
        .Accept(Deyang, SupplementRequest).ShouldBeIn(ServiceFlow.SupplementBeforeAcceptance)
        .Refuse(Deyang, Acceptance, ReasonCodes.StepNotAllowed)
        .Accept(Chengdu, Supplement).ShouldBeIn(ServiceFlow.Submitted)
        .Accept(Deyang, Acceptance).ShouldBeIn(ServiceFlow.Accepted);

    [Fact]
    public void An_incomplete_supplement_is_refused_and_the_case_waits_on() => Accepted
        .Accept(Deyang, SupplementRequest)
        .Refuse(Chengdu, Supplement with { Materials = [Supplement.Materials[0] with { Code = "other" }] }, ReasonCodes.SupplementIncomplete)
        .Accept(Chengdu, Supplement);

    [Fact]
    public void What_is_missing_is_asked_for_once_only() => Submitted
        .Accept(Deyang, SupplementRequest).Accept(Chengdu, Supplement).Accept(Deyang, Acceptance)
        .Refuse(Deyang, SupplementRequest, ReasonCodes.StepNotAllowed);

    [Fact]
    public void A_case_whose_supplement_never_comes_is_closed_by_the_target()
    {
        var journey = Accepted.Accept(Deyang, SupplementRequest);
        journey.Now = Now.AddDays(30);
        journey.Refuse(Chengdu, Closure, ReasonCodes.SenderOutOfRole).Accept(Deyang, Closure).ShouldBeIn("closed", final: true);
    }

    [Fact]
    public void A_revoked_case_is_reopened_from_the_beginning_under_the_same_terms()
    {
        var journey = Accepted.Accept(Deyang, SupplementRequest).Accept(Chengdu, Supplement).Accept(Deyang, Approval)
            .Refuse(Deyang, Reopening, ReasonCodes.StepNotAllowed)
            .Refuse(Chengdu, TakingBack, ReasonCodes.SenderOutOfRole)
            .Accept(Deyang, TakingBack).ShouldBeIn("revoked", final: true);
        journey.State.Outcome.ShouldBe(new Outcome("revoked", null, null));

        journey.Accept(Deyang, Reopening).ShouldBeIn(ServiceFlow.Submitted);
        journey.State.Outcome.ShouldBeNull();
        journey.State.Clock!.DueOn.ShouldBe(new DateOnly(2026, 3, 9));
        journey.State.Facts.Keys.ShouldAllBe(k => k.StartsWith("term.", StringComparison.Ordinal));
        journey.Accept(Deyang, SupplementRequest);
    }

    [Fact]
    public void A_withdrawn_case_is_reopened_by_the_source_only() => Submitted
        .Accept(Chengdu, Withdrawal)
        .Refuse(Deyang, Reopening, ReasonCodes.ExchangeFinished)
        .Accept(Chengdu, Reopening).ShouldBeIn(ServiceFlow.Submitted);

    [Fact]
    public void A_city_corrects_only_its_own_messages_of_this_case() => Accepted
        .Accept(Chengdu, CorrectionOf("m-1", "$.applicant.mobile")).ShouldBeIn(ServiceFlow.Accepted)
        .Accept(Deyang, CorrectionOf("m-2", "$.acceptanceNumber"))
        .Refuse(Chengdu, CorrectionOf("m-2", "$.acceptanceNumber"), ReasonCodes.UnknownMessageReferred)
        .Refuse(Chengdu, CorrectionOf("m-99", "$.applicant.mobile"), ReasonCodes.UnknownMessageReferred);

    [Theory]
    [InlineData("$.itemCode")]
    [InlineData("$.applicant")]
    [InlineData("$.applicant.idNumber")]
    [InlineData("$['applicant']['idNumber']")]
    [InlineData("$.applicant.mobileX")]
    public void A_correction_never_changes_what_the_flow_is_reckoned_from(string path) =>
        Submitted.Refuse(Chengdu, CorrectionOf("m-1", path), ReasonCodes.StepNotAllowed);

    private static IEnumerable<string> Open(ServiceSubmission submission) =>
        FlowEngine.Decide(null, Journey.Message("m-1", "510100-20260304-0000000001", Chengdu, submission), Journey.Context(Deyang, null))
            .ShouldBeOfType<Decision.Refused>().Reasons.Select(r => r.Code);
}

using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using Shouldly;
using Xunit;
using static DataHub.UnitTests.Flows.Samples;

namespace DataHub.UnitTests.Flows;

/// <summary>异地代收代办, 差评整改 and what a supplement asks for.</summary>
public sealed class ServiceDepthTests
{
    private static readonly ServiceEvaluation Bad = Evaluation with { Score = 2 };

    private static Journey CollectedCase => new(Chengdu, Deyang, Collected);

    private static Journey DeliveredCase => new Journey(Chengdu, Deyang, Submission).Accept(Deyang, Acceptance).Accept(Deyang, Approval).Accept(Chengdu, Delivery);

    [Fact]
    public void Originals_are_handed_over_and_a_paper_result_comes_back_with_its_parcel_in_the_outcome()
    {
        var journey = CollectedCase.Accept(Chengdu, Handover).ShouldBeIn(ServiceFlow.Submitted);
        journey.Effects.ShouldBe([new Effect.Forward(Deyang)]);

        journey.Accept(Deyang, Acceptance).Accept(Chengdu, Handover).ShouldBeIn(ServiceFlow.Accepted)
            .Accept(Deyang, PaperApproval).ShouldBeIn(ServiceFlow.Decided);
        journey.State.Outcome.ShouldBe(new Outcome("approved", 900, "J510681-2026-000001/EMS200000002CN"));
        OutcomeReader.From(MessageTypes.ServiceDecision, PaperApproval, ServiceFlow.Code).ShouldBe(journey.State.Outcome);
    }

    [Fact]
    public void The_parcel_tells_two_outcomes_apart()
    {
        var other = PaperApproval with { Dispatch = PaperApproval.Dispatch! with { TrackingNumber = "EMS200000003CN" } };
        OutcomeReader.From(MessageTypes.ServiceDecision, other, ServiceFlow.Code)
            .ShouldNotBe(OutcomeReader.From(MessageTypes.ServiceDecision, PaperApproval, ServiceFlow.Code));
    }

    [Fact]
    public void A_paper_result_without_its_parcel_is_refused_and_a_refusal_needs_none()
    {
        var accepted = CollectedCase.Accept(Deyang, Acceptance);
        accepted.Refuse(Deyang, Approval, ReasonCodes.PaperResultRequired)
            .Refuse(Deyang, Approval with { Dispatch = new ResultDispatch { Medium = ResultMedium.Electronic } }, ReasonCodes.PaperResultRequired)
            .Accept(Deyang, Approval with { Result = DecisionResult.Refused }).ShouldBeIn(ServiceFlow.Decided);
    }

    [Fact]
    public void Only_what_was_submitted_is_handed_over_by_its_digest() => CollectedCase
        .Refuse(Chengdu, Handover with { Materials = [Handover.Materials[0] with { Code = "photo" }] }, ReasonCodes.MaterialNotSubmitted)
        .Refuse(Chengdu, Handover with { Materials = [Handover.Materials[0] with { Digest = new string('b', 64) }] }, ReasonCodes.MaterialNotSubmitted);

    [Fact]
    public void What_was_supplied_later_may_be_handed_over_too()
    {
        var supplied = IdCard with { Digest = new string('b', 64) };
        CollectedCase.Accept(Deyang, SupplementRequest)
            .Accept(Chengdu, Supplement with { Materials = [.. Supplement.Materials, supplied] })
            .Accept(Chengdu, Handover with { Materials = [new HandedMaterial { Code = "id-card", Digest = supplied.Digest }] });
    }

    [Fact]
    public void Without_originals_on_the_way_there_is_nothing_to_hand_over()
    {
        new Journey(Chengdu, Deyang, Submission).Refuse(Chengdu, Handover, ReasonCodes.NothingToHandOver);
        new Journey(Chengdu, Deyang, Collected with { Collection = Collected.Collection! with { Originals = OriginalsHandling.Returned } })
            .Refuse(Chengdu, Handover, ReasonCodes.NothingToHandOver);
    }

    [Fact]
    public void Only_the_source_hands_over_and_only_before_the_decision() => CollectedCase
        .Refuse(Deyang, Handover, ReasonCodes.SenderOutOfRole)
        .Accept(Deyang, Acceptance).Accept(Deyang, PaperApproval)
        .Refuse(Chengdu, Handover, ReasonCodes.StepNotAllowed);

    [Theory]
    [InlineData("A510600-CA")]
    [InlineData("A000000-XX")]
    public void A_window_of_another_city_collects_nothing(string agency)
    {
        var elsewhere = Collected with { Collection = Collected.Collection! with { Agency = new Agency { Code = agency, Name = "窗口" } } };
        FlowEngine.Decide(null, Journey.Message("m-1", "510100-20260304-0000000001", Chengdu, elsewhere), Journey.Context(Deyang, null))
            .ShouldBeOfType<Decision.Refused>().Reasons.ShouldHaveSingleItem().Code.ShouldBe(ReasonCodes.AgencyNotOfCity);
    }

    [Fact]
    public void A_bad_evaluation_is_a_task_of_the_target_with_working_days()
    {
        var journey = DeliveredCase.Accept(Chengdu, Bad).ShouldBeIn(ServiceFlow.FollowUpOpen);

        // Five working days from Wednesday 4 March.
        journey.State.Clock!.ResponsibleCity.ShouldBe(Deyang);
        journey.State.Clock.DueOn.ShouldBe(new DateOnly(2026, 3, 11));
        journey.State.Outcome!.Code.ShouldBe("approved");

        journey.Refuse(Chengdu, FollowUp, ReasonCodes.SenderOutOfRole).Accept(Chengdu, Reminder)
            .Accept(Deyang, FollowUp).ShouldBeIn(ServiceFlow.FollowedUp, final: true);
        journey.Effects.ShouldBe([new Effect.Forward(Chengdu)]);
        journey.State.Clock.ShouldBeNull();
    }

    [Theory]
    [InlineData(1, ServiceFlow.FollowUpOpen)]
    [InlineData(2, ServiceFlow.FollowUpOpen)]
    [InlineData(3, ServiceFlow.Evaluated)]
    [InlineData(5, ServiceFlow.Evaluated)]
    public void The_two_lowest_scores_are_followed_up(int score, string state) =>
        DeliveredCase.Accept(Chengdu, Evaluation with { Score = score }).State.State.ShouldBe(state);

    [Fact]
    public void Who_was_called_back_rates_once_more_and_no_more() => DeliveredCase
        .Accept(Chengdu, Bad)
        .Refuse(Chengdu, Evaluation, ReasonCodes.AlreadyEvaluated)
        .Accept(Deyang, FollowUp)
        .Refuse(Deyang, FollowUp, ReasonCodes.ExchangeFinished)
        .Accept(Chengdu, Bad).ShouldBeIn(ServiceFlow.Reevaluated, final: true)
        .Refuse(Chengdu, Evaluation, ReasonCodes.AlreadyEvaluated);

    [Fact]
    public void A_good_evaluation_needs_no_follow_up() =>
        DeliveredCase.Accept(Chengdu, Evaluation).Refuse(Deyang, FollowUp, ReasonCodes.ExchangeFinished);

    [Fact]
    public void A_decision_is_revoked_while_its_bad_evaluation_is_worked() =>
        DeliveredCase.Accept(Chengdu, Bad).Accept(Deyang, TakingBack).ShouldBeIn("revoked", final: true);

    [Theory]
    [InlineData(ServiceMode.Online)]
    [InlineData(ServiceMode.CollectOnBehalf)]
    public void In_every_mode_what_is_missing_is_asked_for_once_before_or_after_acceptance(ServiceMode mode)
    {
        var opener = mode == ServiceMode.Online ? Submission : Collected;
        new Journey(Chengdu, Deyang, opener).Accept(Deyang, SupplementRequest).Accept(Chengdu, Supplement)
            .Refuse(Deyang, SupplementRequest, ReasonCodes.StepNotAllowed)
            .Accept(Deyang, Acceptance).Refuse(Deyang, SupplementRequest, ReasonCodes.StepNotAllowed);
        new Journey(Chengdu, Deyang, opener).Accept(Deyang, Acceptance).Accept(Deyang, SupplementRequest).Accept(Chengdu, Supplement)
            .Refuse(Deyang, SupplementRequest, ReasonCodes.StepNotAllowed);
    }

    [Fact]
    public void A_case_whose_supplement_never_comes_is_closed_before_acceptance_too()
    {
        var journey = new Journey(Chengdu, Deyang, Submission).Accept(Deyang, SupplementRequest);
        journey.Now = Now.AddDays(30);
        journey.Accept(Deyang, Closure).ShouldBeIn("closed", final: true);
    }
}

using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using DataHub.Core.Validation;
using Shouldly;
using Xunit;
using static DataHub.UnitTests.Flows.Samples;

namespace DataHub.UnitTests.Flows;

public sealed class InquiryFlowTests
{
    private static Journey Verifying => new(Chengdu, Deyang, Verification);

    private static Journey Querying => new(Chengdu, Deyang, MonthsQuery);

    [Fact]
    public void A_pensioner_who_lives_elsewhere_is_verified_within_the_items_days()
    {
        var journey = Verifying.ShouldBeIn(InquiryFlows.Inquired);
        (journey.State.Clock!.ResponsibleCity, journey.State.Clock.DueOn).ShouldBe((Deyang, new DateOnly(2026, 3, 11)));
        journey.Refuse(Chengdu, Verified, ReasonCodes.SenderOutOfRole)
            .Accept(Deyang, Verified).ShouldBeIn(InquiryFlows.Answered, final: true)
            .Refuse(Deyang, Verified, ReasonCodes.ExchangeFinished);
        journey.State.Outcome.ShouldBe(new Outcome("qualified", null, "RZ-1"));
    }

    [Theory]
    [InlineData(QualificationFinding.Deceased, "not-qualified")]
    [InlineData(QualificationFinding.NotEligible, "not-qualified")]
    [InlineData(QualificationFinding.NotFound, "unable")]
    [InlineData(QualificationFinding.Declined, "unable")]
    public void Every_other_finding_has_its_outcome(QualificationFinding finding, string outcome) =>
        Verifying.Accept(Deyang, Verified with { Finding = finding }).State.Outcome!.Code.ShouldBe(outcome);

    [Fact]
    public void Months_are_answered_or_there_are_none()
    {
        var journey = Querying;
        journey.State.Clock!.DueOn.ShouldBe(new DateOnly(2026, 3, 6));
        journey.Accept(Deyang, MonthsAnswer).State.Outcome.ShouldBe(new Outcome("answered", null, "NX-1"));
        Querying.Accept(Deyang, MonthsAnswer with { TotalMonths = 0, Spans = [] }).State.Outcome.ShouldBe(new Outcome("none", null, "NX-1"));
    }

    [Fact]
    public void A_question_is_returned_or_withdrawn_before_its_answer_only()
    {
        Verifying.Accept(Deyang, Samples.Return).ShouldBeIn("returned", final: true);
        Querying.Accept(Chengdu, Withdrawal).ShouldBeIn("withdrawn", final: true);
        Querying.Accept(Deyang, MonthsAnswer).Refuse(Chengdu, Withdrawal, ReasonCodes.ExchangeFinished).Refuse(Deyang, Samples.Return, ReasonCodes.ExchangeFinished);
    }

    [Fact]
    public void A_wrong_answer_is_taken_back_and_asked_for_anew()
    {
        var journey = Verifying.Accept(Deyang, Verified with { Finding = QualificationFinding.Deceased })
            .Refuse(Chengdu, TakingBack, ReasonCodes.SenderOutOfRole)
            .Accept(Deyang, TakingBack).Accept(Chengdu, Reopening).ShouldBeIn(InquiryFlows.Inquired)
            .Accept(Deyang, Verified);
        journey.State.Outcome!.Code.ShouldBe("qualified");
    }

    [Fact]
    public void An_item_of_another_flow_is_refused()
    {
        Opening(Verification with { ItemCode = "contribution.record" }).ShouldBe([ReasonCodes.UnknownItem]);
        Opening(MonthsQuery with { ItemCode = "medical.employee" }).ShouldBe([ReasonCodes.UnknownItem]);
    }

    [Fact]
    public void A_death_has_its_date_and_only_a_death()
    {
        var died = Verified with { Finding = QualificationFinding.Deceased };
        Rules(died with { DeceasedOn = new DateOnly(2026, 1, 15) }).ShouldBeEmpty();
        Rules(died).ShouldBe([ReasonCodes.DeceasedDateUnfit]);
        Rules(died with { DeceasedOn = new DateOnly(2026, 3, 5) }).ShouldBe([ReasonCodes.TimeInFuture]);
        Rules(Verified with { DeceasedOn = new DateOnly(2026, 1, 15) }).ShouldBe([ReasonCodes.DeceasedDateUnfit]);
    }

    [Fact]
    public void A_finding_has_its_evidence_and_what_hinders_it_its_words()
    {
        Rules(Verified).ShouldBeEmpty();
        Rules(Verified with { EvidenceDigest = null }).ShouldBe([ReasonCodes.EvidenceRequired]);
        Rules(Verified with { Finding = QualificationFinding.NotFound, EvidenceDigest = null }).ShouldBe([ReasonCodes.ReasonRequired]);
        Rules(Verified with { Finding = QualificationFinding.Declined, EvidenceDigest = null, Note = "本人拒绝" }).ShouldBeEmpty();
    }

    [Fact]
    public void Months_are_the_sum_of_their_spans_and_asked_for_under_a_consent_that_holds()
    {
        Rules(MonthsAnswer).ShouldBeEmpty();
        Rules(MonthsAnswer with { TotalMonths = 13 }).ShouldBe([ReasonCodes.MonthsDiffer]);
        Rules(MonthsQuery).ShouldBeEmpty();
        Rules(MonthsQuery with { ConsentValidUntil = new DateOnly(2026, 3, 3) }).ShouldBe([ReasonCodes.ConsentExpired]);
        Rules(MonthsQuery with { InsuranceKind = "marriage.record" }).ShouldBe([ReasonCodes.UnknownItem]);
    }

    private static IEnumerable<string> Rules(IPayload payload) => BusinessRules.Check(payload, new RuleContext(Journey.Registry, Now)).Select(r => r.Code);

    private static IEnumerable<string> Opening(IPayload inquiry) =>
        FlowEngine.Decide(null, Journey.Message("m-1", "510100-20260304-0000000001", Chengdu, inquiry), Journey.Context(Deyang, null))
            .ShouldBeOfType<Decision.Refused>().Reasons.Select(r => r.Code);
}

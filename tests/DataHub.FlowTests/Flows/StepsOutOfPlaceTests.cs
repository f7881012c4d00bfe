using DataHub.Adapters.Pipeline;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Journal;
using DataHub.Core.Validation;
using DataHub.UnitTests.Flows;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Flows;

/// <summary>Right messages at the wrong moment, by the wrong city, or twice.</summary>
public sealed class StepsOutOfPlaceTests : PlayedCitiesTests
{
    [Fact]
    public async Task Steps_out_of_order_are_refused_and_the_case_goes_on_where_it_was()
    {
        var id = await journey.OpenAsync(Samples.Chengdu, Cases.Submission(fixture.Host.Registry));
        await journey.RefusedStepAsync(Samples.Deyang, id, Samples.Approval, ReasonCodes.NotInstant);
        await journey.RefusedStepAsync(Samples.Chengdu, id, Samples.Delivery, ReasonCodes.StepNotAllowed);
        await journey.StepAsync(Samples.Deyang, id, Samples.Acceptance);
        await journey.RefusedStepAsync(Samples.Deyang, id, Samples.Acceptance, ReasonCodes.StepNotAllowed);
        await journey.RefusedStepAsync(Samples.Chengdu, id, Samples.Approval, ReasonCodes.SenderOutOfRole);
        await journey.StepAsync(Samples.Deyang, id, Samples.Approval);
        await journey.StepAsync(Samples.Chengdu, id, Samples.Delivery);
        await journey.ReconciledAsync(id);
        (await journey.HubAsync(id)).State.Version.ShouldBe(4);
    }

    [Fact]
    public async Task A_step_after_completion_is_refused()
    {
        var id = await journey.GoodCaseAsync();
        await journey.RefusedStepAsync(Samples.Chengdu, id, Samples.Withdrawal, ReasonCodes.ExchangeFinished);
        await journey.RefusedStepAsync(Samples.Deyang, id, Samples.Approval, ReasonCodes.ExchangeFinished);
        await journey.StepAsync(Samples.Chengdu, id, Samples.Evaluation);
        await journey.RefusedStepAsync(Samples.Chengdu, id, Samples.Evaluation, ReasonCodes.AlreadyEvaluated);
        (await journey.HubAsync(id)).ReconciledAt.ShouldNotBeNull();
    }

    [Fact]
    public async Task A_step_of_an_exchange_that_the_city_has_no_part_in_is_refused_by_its_own_node()
    {
        var id = await journey.OpenAsync(Samples.Chengdu, Cases.Submission(fixture.Host.Registry));
        var message = Cases.NewId();
        var refused = (await journey.SendAsync(Samples.Ziyang, id, Samples.Acceptance, message)).ShouldBeOfType<IntakeOutcome.Refused>();
        refused.Reasons.ShouldHaveSingleItem().Code.ShouldBe(ReasonCodes.UnknownExchange);
        await journey.RefusalAsync(Samples.Ziyang, message, ReasonCodes.UnknownExchange);
        (await fixture.Host.Store.LinkAsync(Samples.Ziyang, Nodes.Hub, default)).Sent.ShouldBe(0);
        await journey.GoodCaseAsync();
    }

    [Fact]
    public async Task A_duplicate_is_answered_like_the_first_and_delivered_once()
    {
        var submission = Cases.Submission(fixture.Host.Registry);
        var message = Cases.NewId();
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => journey.SendAsync(Samples.Chengdu, null, submission, message)));
        var accepted = outcomes.Select(o => o.ShouldBeOfType<IntakeOutcome.Accepted>()).ToList();
        accepted.Count(a => !a.Duplicate).ShouldBe(1);
        accepted.Select(a => (a.ExchangeId, a.Sequence)).Distinct().ShouldHaveSingleItem();
        await journey.GoodCaseAsync();
        fixture.Played[Samples.Deyang].Deliveries.Count(d => d.MessageId == message).ShouldBe(1);

        // After a restart it is still known.
        await fixture.StopAsync();
        await fixture.StartAsync();
        var again = (await journey.SendAsync(Samples.Chengdu, null, submission, message)).ShouldBeOfType<IntakeOutcome.Accepted>();
        again.Duplicate.ShouldBeTrue();
        again.ExchangeId.ShouldBe(accepted[0].ExchangeId);
    }

    [Fact]
    public async Task A_known_number_with_another_body_is_refused_and_journalled_by_the_citys_node()
    {
        var message = Cases.NewId();
        var id = await journey.OpenAsync(Samples.Chengdu, Cases.Submission(fixture.Host.Registry), message);
        var other = Cases.Submission(fixture.Host.Registry) with { CaseNumber = "other" };
        for (var i = 0; i < 3; i++)
        {
            var refused = (await journey.SendAsync(Samples.Chengdu, null, other, message)).ShouldBeOfType<IntakeOutcome.Refused>();
            refused.Reasons.ShouldHaveSingleItem().Code.ShouldBe(ReasonCodes.ReplayedWithOtherBody);
        }

        // The evidence is what the city sent, once however often it came.
        var row = await journey.RefusalAsync(Samples.Chengdu, message, ReasonCodes.ReplayedWithOtherBody);
        row.Body.ShouldBe(PayloadReader.Write(other));
        (await Conservation.JournalAsync(fixture.Host, Samples.Chengdu, EntryKind.Refused)).ShouldHaveSingleItem();
        (await journey.HubAsync(id)).State.Version.ShouldBe(1);
        await journey.GoodCaseAsync();
        fixture.Played[Samples.Deyang].Deliveries.Where(d => d.ExchangeId == id).ShouldHaveSingleItem();
    }

    [Theory]
    [InlineData("wrong check digit", ReasonCodes.ResidentIdCheckDigit)]
    [InlineData("wrong check digit of a firm", ReasonCodes.CreditCodeCheckDigit)]
    [InlineData("future", ReasonCodes.TimeInFuture)]
    [InlineData("ancient", ReasonCodes.TimeTooOld)]
    [InlineData("missing material", ReasonCodes.MaterialMissing)]
    public async Task What_breaks_a_rule_is_refused_before_it_takes_a_number(string what, string code)
    {
        var right = Cases.Submission(fixture.Host.Registry);
        var now = TimeProvider.System.GetUtcNow();
        var wrong = what switch
        {
            "wrong check digit" => right with { Applicant = right.Applicant with { IdNumber = "110105194912310021" } },
            "wrong check digit of a firm" => right with { Organisation = new Organisation { Name = "四川晨光机械有限公司", CreditCode = "91510113MA61XB1236" } },
            "future" => right with { SubmittedAt = now.AddDays(1) },
            "ancient" => right with { SubmittedAt = now.AddYears(-11) },
            _ => right with { Materials = [] },
        };
        var message = Cases.NewId();
        (await journey.SendAsync(Samples.Chengdu, null, wrong, message)).ShouldBeOfType<IntakeOutcome.Refused>().Reasons.ShouldContain(r => r.Code == code);
        await journey.RefusalAsync(Samples.Chengdu, message, code);
        (await fixture.Host.Store.LinkAsync(Samples.Chengdu, Nodes.Hub, default)).Sent.ShouldBe(0);
        await journey.GoodCaseAsync();
    }
}

using System.Globalization;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using DataHub.Core.Validation;
using Shouldly;
using Xunit;
using static DataHub.UnitTests.Flows.Samples;

namespace DataHub.UnitTests.Flows;

public sealed class OutcomeTests
{
    [Fact]
    public void The_canonical_text_has_five_lines()
    {
        OutcomeText.Canonical("510100-20260304-0000000001", new Outcome("completed", 30_000, "B-1"))
            .ShouldBe("datahub-outcome-v1\n510100-20260304-0000000001\ncompleted\n30000\nB-1\n");
        OutcomeText.Canonical("510100-20260304-0000000001", new Outcome("withdrawn", null, null))
            .ShouldBe("datahub-outcome-v1\n510100-20260304-0000000001\nwithdrawn\n\n\n");
    }

    [Fact]
    public void The_digest_is_the_sha256_of_the_text_whatever_the_culture()
    {
        var before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo("ar-SA");
            OutcomeText.Digest("510100-20260304-0000000001", new Outcome("completed", 30_000, "B-1"))
                .ShouldBe("3af58d7e5704b65cc0f4c8defe5a22da24c8d67373b854430a3ab3cab5ca62e9");
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void Both_sides_read_the_same_outcome_of_a_transfer_as_the_hub_whatever_the_order()
    {
        foreach (var order in new[] { (true, "table first"), (false, "money first") })
        {
            var journey = new Journey(Chengdu, Deyang, Application).Accept(Chengdu, Letter);
            string? reference = null;
            foreach (var (sender, payload) in order.Item1 ? Documents() : Documents().Reverse())
            {
                journey.Accept(sender, payload);
                reference = OutcomeReader.Remember(reference, payload);
            }

            journey.Accept(Chengdu, Completion);
            OutcomeReader.From(MessageTypes.PensionCompletion, Completion, PensionFlow.Code, reference).ShouldBe(journey.State.Outcome, order.Item2);
        }

        static IEnumerable<(string, IPayload)> Documents() => [(Deyang, Table), (Deyang, Advice)];
    }

    [Fact]
    public void A_new_contact_letter_forgets_the_reference_of_the_first_time()
    {
        var reference = OutcomeReader.Remember(OutcomeReader.Remember(null, Table), Advice);
        reference.ShouldBe("B-1");
        OutcomeReader.Remember(OutcomeReader.Remember(reference, Letter), Table).ShouldBe("T-1");
    }

    [Fact]
    public void A_message_that_sets_no_outcome_carries_none()
    {
        OutcomeReader.From(MessageTypes.ServiceAcceptance, Acceptance, ServiceFlow.Code).ShouldBeNull();
        OutcomeReader.From(MessageTypes.CaseReopening, Reopening, ServiceFlow.Code).ShouldBeNull();
        OutcomeReader.From(MessageTypes.ServiceDecision, Approval, PensionFlow.Code).ShouldBeNull();
        OutcomeReader.From(MessageTypes.ServiceDecision, Approval, "no.such-flow").ShouldBeNull();
        OutcomeReader.From(MessageTypes.CaseReturn, Samples.Return, PensionFlow.Code).ShouldBe(new Outcome("returned", null, null));
    }

    [Fact]
    public void Every_step_that_sets_an_outcome_has_one_to_read()
    {
        IPayload[] payloads =
        [
            Approval, JointEnd, Completion, FundCompletion, Verified, MonthsAnswer, Notice, Correction, Revocation, Search, ConsentBack, Recognised, Samples.Return, Withdrawal, Closure, TakingBack,
        ];
        var types = FlowCatalogue.All.SelectMany(f => f.Steps).Where(s => s.Outcome == OutcomeEffect.Set).Select(s => s.Type).ToHashSet();
        types.SetEquals(payloads.Select(p => PayloadReader.TypeOf(p))).ShouldBeTrue();
        foreach (var payload in payloads)
            FlowCatalogue.All.Any(f => OutcomeReader.From(PayloadReader.TypeOf(payload), payload, f.Code) is not null).ShouldBeTrue();
    }
}

using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using DataHub.Core.Validation;
using Shouldly;
using Xunit;
using static DataHub.UnitTests.Flows.Samples;

namespace DataHub.UnitTests.Flows;

/// <summary>What protects the patient: corrections reach those who treat by a result, and nothing is delivered without consent.</summary>
public sealed class RecognitionSafetyTests
{
    private const string Use = "510100-20260304-0000000007";

    private static readonly ResultAcknowledgement Reassessed = Acknowledgement with { Reassessment = Reassessment.PatientRecalled };

    private static Journey Asked => new(Chengdu, Deyang, Query, Published);

    private static Journey Delivered => Asked.Accept(Deyang, Result);

    [Fact]
    public void Who_recognised_a_result_that_is_then_corrected_must_say_what_became_of_the_patient()
    {
        var journey = Used().Accept(Deyang, Correction).ShouldBeIn(RecognitionNoticeFlow.CorrectionOpen);
        Opened(journey).ShouldBe([(ReasonCodes.BreakRecognisedResultChanged, Use)]);
        journey.Refuse(Chengdu, Acknowledgement, ReasonCodes.ReassessmentRequired)
            .Accept(Meishan, Acknowledgement);
        Closed(journey).ShouldBeEmpty("Meishan holds the result and treated nobody by it");

        journey.Accept(Chengdu, Reassessed).ShouldBeIn(RecognitionNoticeFlow.Corrected, final: true);
        Closed(journey).ShouldBe([(ReasonCodes.BreakRecognisedResultChanged, Use), (ReasonCodes.BreakUnacknowledgedCorrection, null)], ignoreOrder: true);
    }

    [Fact]
    public void A_revocation_on_top_of_a_correction_asks_for_a_reassessment_of_its_own()
    {
        var journey = Used().Accept(Deyang, Correction).Accept(Deyang, Revocation).Accept(Chengdu, Reassessed);
        Closed(journey).ShouldBeEmpty("the revocation is still to be looked at");
        journey.Refuse(Chengdu, Acknowledgement with { MessageId = "m-3" }, ReasonCodes.ReassessmentRequired).Accept(Chengdu, Reassessed with { MessageId = "m-3" });
        Closed(journey).ShouldBe([(ReasonCodes.BreakRecognisedResultChanged, Use)]);
    }

    [Fact]
    public void A_recognition_is_remembered_with_the_result_until_it_is_taken_back()
    {
        var journey = Delivered.Accept(Chengdu, Recognised);
        journey.Effects.ShouldContain(new Effect.UseResult("R-1", Recognised: true));
        journey.Accept(Chengdu, TakingBack);
        journey.Effects.ShouldContain(new Effect.UseResult("R-1", Recognised: false));
        Closed(journey).ShouldBe([(ReasonCodes.BreakRecognisedResultChanged, null)]);

        var not = Recognised with { Verdict = RecognitionVerdict.NotRecognised, Reason = RepeatReason.Emergency };
        Delivered.Accept(Chengdu, not).Effects.OfType<Effect.UseResult>().ShouldBeEmpty();
    }

    [Fact]
    public void After_a_correction_the_corrected_version_is_delivered_again_and_once()
    {
        foreach (var journey in new[] { Delivered, Delivered.Accept(Chengdu, Recognised) })
        {
            var (state, outcome) = (journey.State.State, journey.State.Outcome);
            journey.Refuse(Deyang, Result, ReasonCodes.ResultAlreadyDelivered);
            journey.Published = Published with { ResultDigest = Correction.CorrectedDigest };
            journey.Refuse(Deyang, Result, ReasonCodes.DigestMismatch).Accept(Deyang, Corrected);
            journey.Effects.ShouldContain(new Effect.Forward(Chengdu));
            (journey.State.State, journey.State.Outcome).ShouldBe((state, outcome));
            journey.Refuse(Deyang, Corrected, ReasonCodes.ResultAlreadyDelivered);
        }
    }

    [Fact]
    public void An_earlier_version_is_not_recognised_once_the_result_is_corrected()
    {
        var journey = Delivered;
        journey.Published = Published with { ResultDigest = Correction.CorrectedDigest };
        journey.Refuse(Chengdu, Recognised, ReasonCodes.ResultChangedSinceDelivery)
            .Accept(Deyang, Corrected).Accept(Chengdu, Recognised).ShouldBeIn(RecognitionUseFlow.Decided, final: true);
    }

    [Fact]
    public void Under_a_consent_that_was_taken_back_nothing_is_listed_asked_for_or_delivered()
    {
        var journey = Asked;
        journey.ConsentWithdrawn = true;
        journey.Refuse(Deyang, Result, ReasonCodes.ConsentWithdrawn).Accept(Deyang, Samples.Return).ShouldBeIn("returned", final: true);
        Codes(Query, Deyang, Now, withdrawn: true).ShouldBe([ReasonCodes.ConsentWithdrawn]);
        Codes(Search, "", Now, withdrawn: true).ShouldBe([ReasonCodes.ConsentWithdrawn]);
    }

    [Fact]
    public void The_hub_withdraws_an_open_query_whose_consent_is_gone_and_nothing_else()
    {
        var asked = Asked;
        var context = Journey.Context(Deyang, null, Now.AddHours(1));
        var (ended, told) = RecognitionUseFlow.WithoutConsent(asked.State, context).ShouldNotBeNull();
        (ended.State, ended.Final, ended.Version, ended.Clock).ShouldBe(("withdrawn", true, 2, null));
        ended.Outcome.ShouldBe(new Outcome("withdrawn", null, null));
        OutcomeReader.From(MessageTypes.CaseWithdrawal, told, ended.Flow).ShouldBe(ended.Outcome, "both cities read the same from what they are told");
        BusinessRules.Check(told, new RuleContext(Journey.Registry, context.Now)).ShouldBeEmpty();

        RecognitionUseFlow.WithoutConsent(ended, context).ShouldBeNull("it has ended");
        RecognitionUseFlow.WithoutConsent(Asked.Accept(Deyang, Result).State, context).ShouldBeNull("what was delivered stays");
        RecognitionUseFlow.WithoutConsent(new Journey(Chengdu, Deyang, Submission).State, context).ShouldBeNull("no query");
        Asked.Refuse(Nodes.Hub, Withdrawal, ReasonCodes.SenderOutOfRole);
    }

    [Fact]
    public void A_consent_that_is_over_by_the_hubs_clock_lets_nothing_out()
    {
        var journey = Asked;
        journey.Now = Query.Consent.ExpiresAt.AddSeconds(1);
        journey.Refuse(Deyang, Result, ReasonCodes.ConsentExpired);
        journey.Now = Query.Consent.ExpiresAt;
        journey.Accept(Deyang, Result);
        Codes(Query, Deyang, Query.Consent.ExpiresAt.AddSeconds(1)).ShouldBe([ReasonCodes.ConsentExpired]);
        Codes(Search, "", Query.Consent.ExpiresAt.AddSeconds(1)).ShouldBe([ReasonCodes.ConsentExpired]);
    }

    [Fact]
    public void Taking_back_a_consent_is_final_and_remembered_by_its_number()
    {
        var journey = new Journey(Chengdu, "", ConsentBack).ShouldBeIn(RecognitionConsentFlow.Withdrawn, final: true);
        journey.Effects.ShouldBe([new Effect.WithdrawConsent("K-1")]);
        journey.State.Outcome.ShouldBe(new Outcome("consent-withdrawn", null, "K-1"));
    }

    [Fact]
    public void A_decision_leaves_what_statistics_count()
    {
        var facts = Delivered.Accept(Chengdu, Recognised with { AvoidedFen = null }).State.Facts;
        facts[FactKeys.PublishingHospital].ShouldBe("H510600001");
        facts[FactKeys.AskingHospital].ShouldBe("H510100001");
        facts[FactKeys.AvoidedFen].ShouldBe("2000", "the catalogue's price, where the doctor names none");
        Delivered.Accept(Chengdu, Recognised with { AvoidedFen = 1_800 }).State.Facts[FactKeys.AvoidedFen].ShouldBe("1800");
    }

    private static RecognitionResult Corrected => Result with { ResultDigest = Correction.CorrectedDigest };

    private static Journey Used()
    {
        var journey = new Journey(Deyang, "", Notice);
        journey.Published = Published with { Holders = [Chengdu, Meishan], Uses = [new ResultUse(Use, Chengdu)] };
        return journey;
    }

    private static IEnumerable<(string, string?)> Opened(Journey journey) => journey.Effects.OfType<Effect.OpenBreak>().Select(b => (b.Code, b.ExchangeId));

    private static IEnumerable<(string, string?)> Closed(Journey journey) => journey.Effects.OfType<Effect.CloseBreak>().Select(b => (b.Code, b.ExchangeId));

    private static IEnumerable<string> Codes(IPayload payload, string target, DateTimeOffset now, bool withdrawn = false) =>
        FlowEngine.Decide(null, Journey.Message("m-1", "510100-20260304-0000000001", Chengdu, payload), Journey.Context(target, Published, now) with { ConsentWithdrawn = withdrawn })
            .ShouldBeOfType<Decision.Refused>().Reasons.Select(r => r.Code);
}

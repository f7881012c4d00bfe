using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using Shouldly;
using Xunit;
using static DataHub.UnitTests.Flows.Samples;

namespace DataHub.UnitTests.Flows;

/// <summary>多地联办: the whole, its parts, and what they come to together.</summary>
public sealed class JointFlowTests
{
    private const string WholeId = Chengdu + "-20260304-0000000001";
    private static readonly string Digest1 = new('1', 64);
    private static readonly string Digest2 = new('2', 64);

    private static Journey Whole => new(Chengdu, "", Joint);

    private static ServiceSubmission Part(int number) => JointSplit.Part(Joint, Joint.Parts[number - 1], WholeId, Journey.Registry);

    [Fact]
    public void A_whole_has_no_target_and_no_clock_and_nobody_is_told_of_it()
    {
        var journey = Whole.ShouldBeIn(JointFlow.Handling);
        journey.State.TargetCity.ShouldBeEmpty();
        journey.State.Clock.ShouldBeNull();
        journey.State.Item.ShouldBe("joint.newborn");
        journey.Effects.ShouldBeEmpty();
        JointParts.Of(journey.State.Facts).Count.ShouldBe(2);
    }

    [Fact]
    public void A_theme_outside_the_catalogue_or_of_another_flow_is_refused()
    {
        foreach (var code in new[] { "no.such-item", "birth.registration" })
        {
            FlowEngine.Decide(null, Journey.Message("m-1", WholeId, Chengdu, Joint with { ItemCode = code }), Journey.Context("", null))
                .ShouldBeOfType<Decision.Refused>().Reasons.ShouldHaveSingleItem().Code.ShouldBe(ReasonCodes.UnknownItem);
        }
    }

    [Fact]
    public void A_part_carries_what_its_item_asks_for_and_no_more()
    {
        Part(1).Materials.Select(m => m.Code).ShouldBe(["id-card", "household-book", "birth-certificate"]);
        Part(1).Form!.Keys.ShouldBe(["childName"]);
        Part(2).Materials.Select(m => m.Code).ShouldBe(["id-card", "photo"]);
        Part(2).Form!.Keys.ShouldBe(["bank"]);
        Part(2).Joint.ShouldBe(new JointPart { WholeExchangeId = WholeId, Number = 2, Count = 2 });
    }

    [Fact]
    public void A_part_opens_as_any_application_and_remembers_its_whole()
    {
        var state = Open(Part(1), Whole.State, Deyang).ShouldBeOfType<Decision.Advanced>().State;
        state.Flow.ShouldBe(ServiceFlow.Code);
        state.Clock!.ResponsibleCity.ShouldBe(Deyang);
        state.Facts[FactKeys.Whole].ShouldBe(WholeId);
        state.Facts[FactKeys.PartNumber].ShouldBe("1");
    }

    [Fact]
    public void A_part_whose_whole_does_not_wait_for_it_is_refused()
    {
        Refused(Part(1), null).ShouldBe(ReasonCodes.WholeUnknown);
        Refused(Part(1), new Journey(Chengdu, Deyang, Submission).State).ShouldBe(ReasonCodes.WholeUnknown);
        Refused(Part(1), Whole.State with { SourceCity = Ziyang }).ShouldBe(ReasonCodes.WholeOfOtherCity);
        Refused(Part(1) with { TargetDistrict = "510104" }, Whole.State).ShouldBe(ReasonCodes.PartNotAnnounced);
        Refused(Part(1) with { ItemCode = "household.migration" }, Whole.State).ShouldBe(ReasonCodes.PartNotAnnounced);
        Refused(Part(1) with { Joint = Part(1).Joint! with { Count = 3 } }, Whole.State).ShouldBe(ReasonCodes.PartNotAnnounced);
        Refused(Part(2) with { Joint = Part(2).Joint! with { Number = 3, Count = 3 } }, Whole.State).ShouldBe(ReasonCodes.PartNotAnnounced);
        Refused(Part(1), Changed(Whole.State, 1, null).Whole).ShouldBe(ReasonCodes.PartTaken);
        Refused(Part(1), Whole.Accept(Chengdu, Withdrawal).State).ShouldBe(ReasonCodes.WholeEnded);
    }

    [Theory]
    [InlineData("approved", "approved", "completed")]
    [InlineData("approved", "refused", "partially-completed")]
    [InlineData("withdrawn", "approved", "partially-completed")]
    [InlineData("approved", "not-opened", "partially-completed")]
    [InlineData("refused", "returned", "not-completed")]
    [InlineData("withdrawn", "closed", "not-completed")]
    [InlineData("withdrawn", "withdrawn", "withdrawn")]
    [InlineData("not-opened", "not-opened", "not-completed")]
    public void The_parts_come_to_one_outcome_when_the_last_has_ended(string one, string other, string expected)
    {
        var (half, early) = Changed(Whole.State, 1, one);
        half.State.ShouldBe(JointFlow.Handling);
        half.Outcome.ShouldBeNull();
        early.ShouldBeNull();

        var (whole, told) = Changed(half, 2, other);
        whole.State.ShouldBe(expected);
        whole.Final.ShouldBeTrue();
        whole.Outcome!.Code.ShouldBe(expected);
        told.ShouldNotBeNull().Parts.Select(p => p.Outcome).ShouldBe([one, other]);
        OutcomeReader.From(MessageTypes.JointCompletion, told, JointFlow.Code).ShouldBe(whole.Outcome);
    }

    [Fact]
    public void Of_a_whole_that_is_taken_back_what_was_approved_stays_approved()
    {
        var withdrawing = Whole.Refuse(Deyang, Withdrawal, ReasonCodes.SenderOutOfRole).Accept(Chengdu, Withdrawal).ShouldBeIn(JointFlow.Withdrawing);
        withdrawing.State.Outcome.ShouldBeNull();
        withdrawing.Refuse(Chengdu, Withdrawal, ReasonCodes.StepNotAllowed);

        Changed(Changed(withdrawing.State, 1, "approved").Whole, 2, "withdrawn").Whole.State.ShouldBe(JointFlow.PartiallyCompleted);
        Changed(Changed(withdrawing.State, 1, "returned").Whole, 2, "withdrawn").Whole.State.ShouldBe("withdrawn");
    }

    [Fact]
    public void An_ended_whole_takes_no_withdrawal()
    {
        var ended = Changed(Changed(Whole.State, 1, "approved").Whole, 2, "approved").Whole;
        FlowEngine.Decide(ended, Journey.Message("m-9", WholeId, Chengdu, Withdrawal), Journey.Context("", null))
            .ShouldBeOfType<Decision.Refused>().Reasons.ShouldHaveSingleItem().Code.ShouldBe(ReasonCodes.ExchangeFinished);
    }

    [Fact]
    public void A_part_that_is_revoked_or_taken_up_again_changes_the_whole_and_it_is_told_again()
    {
        var ended = Changed(Changed(Whole.State, 1, "approved").Whole, 2, "approved").Whole;

        var (revoked, told) = Changed(ended, 2, "revoked");
        revoked.State.ShouldBe(JointFlow.PartiallyCompleted);
        told!.Result.ShouldBe(JointResult.PartiallyCompleted);
        revoked.Outcome!.Reference.ShouldNotBe(ended.Outcome!.Reference);

        var (again, silent) = Changed(revoked, 2, null);
        again.State.ShouldBe(JointFlow.Handling);
        again.Final.ShouldBeFalse();
        again.Outcome.ShouldBeNull();
        silent.ShouldBeNull();
        Changed(again, 2, "approved").Whole.State.ShouldBe(JointFlow.Completed);
    }

    [Fact]
    public void A_withdrawal_of_the_whole_is_forgotten_when_a_part_is_taken_up_again()
    {
        var withdrawn = Changed(Changed(Whole.Accept(Chengdu, Withdrawal).State, 1, "withdrawn").Whole, 2, "returned").Whole;
        withdrawn.State.ShouldBe("withdrawn");
        Changed(Changed(withdrawn, 1, null).Whole, 1, "refused").Whole.State.ShouldBe(JointFlow.NotCompleted);
    }

    [Fact]
    public void Two_parts_with_the_same_codes_but_other_outcomes_are_told_apart()
    {
        var one = Changed(Changed(Whole.State, 1, "approved").Whole, 2, "approved").Whole;
        var other = JointFlow.PartChanged(Changed(Whole.State, 1, "approved").Whole, new JointPartState(2, PartId(2), "approved", Digest1), Journey.Context("", null)).Whole;
        other.Outcome!.Code.ShouldBe(one.Outcome!.Code);
        other.Outcome.Reference.ShouldNotBe(one.Outcome.Reference);
    }

    [Fact]
    public void Nobody_but_the_hub_completes_and_only_by_what_the_parts_say()
    {
        var told = Changed(Changed(Whole.State, 1, "approved").Whole, 2, "approved").Told!;
        Whole.Refuse(Chengdu, told, ReasonCodes.SenderOutOfRole).Refuse(Deyang, told, ReasonCodes.SenderOutOfRole).Refuse(Nodes.Hub, told, ReasonCodes.StepNotAllowed);
    }

    [Fact]
    public void Whatever_order_parts_change_in_the_whole_is_final_exactly_when_all_have_ended()
    {
        string?[] outcomes = [null, "approved", "refused", "returned", "withdrawn", "closed", "revoked"];
        for (var seed = 0; seed < 500; seed++)
        {
            var random = new Random(seed);
            var state = Whole.State;
            var stands = new string?[2];
            for (var step = 0; step < 20; step++)
            {
                var number = random.Next(2);
                stands[number] = outcomes[random.Next(outcomes.Length)];
                var (next, told) = Changed(state, number + 1, stands[number]);
                var all = stands.All(o => o is not null);
                next.Final.ShouldBe(all, $"seed {seed}, step {step}");
                (told is not null).ShouldBe(all);
                (next.Outcome is not null).ShouldBe(all);
                next.Version.ShouldBeGreaterThan(state.Version);
                if (all)
                    next.State.ShouldBe(stands.All(o => o == "approved") ? "completed" : stands.Contains("approved") ? "partially-completed" : stands.All(o => o == "withdrawn") ? "withdrawn" : "not-completed");
                state = next;
            }
        }
    }

    private static string PartId(int number) => Chengdu + "-20260304-000000000" + (number + 1);

    private static (ExchangeState Whole, JointCompletion? Told) Changed(ExchangeState whole, int number, string? outcome) => JointFlow.PartChanged(
        whole, new JointPartState(number, PartId(number), outcome, outcome is null ? null : outcome == "not-opened" ? "DH-3004" : number == 1 ? Digest1 : Digest2), Journey.Context("", null));

    private static Decision Open(ServiceSubmission part, ExchangeState? whole, string target) =>
        FlowEngine.Decide(null, Journey.Message("m-1", PartId(part.Joint!.Number), Chengdu, part), Journey.Context(target, null) with { Whole = whole });

    private static string Refused(ServiceSubmission part, ExchangeState? whole) =>
        Open(part, whole, Deyang).ShouldBeOfType<Decision.Refused>().Reasons.ShouldHaveSingleItem().Code;
}

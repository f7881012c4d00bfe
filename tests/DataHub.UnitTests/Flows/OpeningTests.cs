using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using Shouldly;
using Xunit;
using static DataHub.UnitTests.Flows.Samples;

namespace DataHub.UnitTests.Flows;

public sealed class OpeningTests
{
    private const string ExchangeId = "510100-20260304-0000000001";

    [Fact]
    public void A_message_that_opens_nothing_is_refused_where_the_exchange_is_unknown() =>
        Refusal(null, Chengdu, Acceptance).ShouldBe(ReasonCodes.UnknownExchange);

    [Fact]
    public void A_second_opening_under_the_same_exchange_id_is_refused() =>
        new Journey(Chengdu, Deyang, Submission).Refuse(Chengdu, Submission, ReasonCodes.ExchangeIdTaken).Refuse(Chengdu, Application, ReasonCodes.ExchangeIdTaken);

    [Fact]
    public void An_exchange_id_of_another_city_is_refused() =>
        Refusal(null, Meishan, Submission).ShouldBe(ReasonCodes.SenderOutOfRole);

    [Theory]
    [InlineData("", ReasonCodes.UnknownCity)]
    [InlineData("110000", ReasonCodes.UnknownCity)]
    [InlineData(Chengdu, ReasonCodes.SameCity)]
    public void A_target_that_is_no_other_city_of_the_hub_is_refused(string target, string code) =>
        Refusal(null, Chengdu, Submission, target).ShouldBe(code);

    [Fact]
    public void A_payload_that_is_not_the_types_own_is_refused()
    {
        var message = new FlowMessage("m-1", MessageTypes.ServiceSubmission, ExchangeId, Chengdu, Now, Acceptance);
        Code(FlowEngine.Decide(null, message, Journey.Context(Deyang, null))).ShouldBe(ReasonCodes.WrongKind);

        var open = new Journey(Chengdu, Deyang, Submission).State;
        message = new FlowMessage("m-2", MessageTypes.ServiceAcceptance, ExchangeId, Deyang, Now, Submission);
        Code(FlowEngine.Decide(open, message, Journey.Context(Deyang, null))).ShouldBe(ReasonCodes.WrongKind);
    }

    [Fact]
    public void A_message_for_another_exchange_is_refused()
    {
        var open = new Journey(Chengdu, Deyang, Submission).State;
        Refusal(open with { ExchangeId = "510100-20260304-0000000002" }, Deyang, Acceptance).ShouldBe(ReasonCodes.UnknownExchange);
    }

    [Fact]
    public void A_message_of_another_flow_is_refused() =>
        new Journey(Chengdu, Deyang, Submission).Refuse(Deyang, Table, ReasonCodes.StepNotAllowed);

    [Fact]
    public void A_flow_version_that_this_program_does_not_have_is_the_hubs_own_fault()
    {
        var open = new Journey(Chengdu, Deyang, Submission).State;
        Refusal(open with { FlowVersion = 99 }, Deyang, Acceptance).ShouldBe(ReasonCodes.InternalFault);
    }

    private static string Refusal(ExchangeState? state, string sender, IPayload payload, string target = Deyang) =>
        Code(FlowEngine.Decide(state, Journey.Message("m-1", ExchangeId, sender, payload), Journey.Context(target, null)));

    private static string Code(Decision decision) => decision.ShouldBeOfType<Decision.Refused>().Reasons.ShouldHaveSingleItem().Code;
}

using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Registry;
using DataHub.Core.Signing;
using DataHub.Core.Validation;
using DataHub.UnitTests.Signing;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Validation;

public sealed class PayloadCheckTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 5, 1, 0, 0, TimeSpan.Zero);
    private static readonly PayloadCheck Check = new(new ValidationPipeline(RegistrySnapshot.Load(RegistrySnapshot.FindSeeds()), new FixedTime()));

    [Theory]
    [InlineData(0, null)]
    [InlineData(5 * 60, null)]
    [InlineData((5 * 60) + 1, ReasonCodes.EnvelopeTimeInFuture)]
    [InlineData(-30 * 86_400, null)]
    [InlineData((-30 * 86_400) - 1, ReasonCodes.EnvelopeTimeTooOld)]
    public void A_messages_time_lies_near_enough(int seconds, string? refusedFor)
    {
        var data = """{"upTo":1}"""u8.ToArray();
        var e = SigningSamples.Events(1)[0] with { Type = MessageTypes.LinkProgress, Time = Now.AddSeconds(seconds), Data = data, DataDigest = SignedText.DigestOf(data) };
        var (payload, invalid) = Check.Read(e, Now);
        invalid?[0].Code.ShouldBe(refusedFor);
        (payload is null).ShouldBe(refusedFor is not null);
        (invalid is null).ShouldBe(refusedFor is null);
    }

    [Fact]
    public void A_citys_message_is_held_to_the_business_rules_and_the_hubs_own_to_their_shape()
    {
        // In the future: the shape allows it, the rules do not.
        var data = """{"score":5,"evaluatedAt":"2027-03-05T09:30:00+08:00"}"""u8.ToArray();
        Check.Read(MessageTypes.ServiceEvaluation, data).Invalid!.ShouldHaveSingleItem().Code.ShouldBe(ReasonCodes.TimeInFuture);
        PayloadCheck.ReadShape(SigningSamples.Events(1)[0] with { Data = data }).Payload.ShouldBeOfType<ServiceEvaluation>();
        Check.Read(MessageTypes.LinkProgress, """{"upTo":-1}"""u8.ToArray()).Invalid.ShouldNotBeNull();
    }

    [Fact]
    public void The_hubs_own_messages_are_no_citys_business()
    {
        PayloadCheck.IsForHub(MessageTypes.HubReceipt).ShouldBeFalse();
        PayloadCheck.IsForHub(MessageTypes.DeadlineNotice).ShouldBeFalse();
        PayloadCheck.IsForHub(MessageTypes.HolderReport).ShouldBeTrue();
        PayloadCheck.IsForHub(MessageTypes.LinkProgress).ShouldBeTrue();
        PayloadCheck.IsBusiness(MessageTypes.HolderReport).ShouldBeFalse();
        PayloadCheck.IsBusiness(MessageTypes.LinkProgress).ShouldBeFalse();
        PayloadCheck.IsBusiness(MessageTypes.CaseWithdrawal).ShouldBeTrue();
    }

    private sealed class FixedTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => Now;
    }
}

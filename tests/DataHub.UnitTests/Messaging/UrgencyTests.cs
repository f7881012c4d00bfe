using System.Reflection;
using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Core.Errors;
using DataHub.Core.Messaging;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Messaging;

public sealed class UrgencyTests
{
    [Fact]
    public void Only_what_brings_no_case_forward_can_wait()
    {
        var all = typeof(MessageTypes).GetFields(BindingFlags.Public | BindingFlags.Static).Select(f => (string)f.GetRawConstantValue()!);
        all.Where(Urgency.CanWait).ShouldBe([MessageTypes.HubReceipt, MessageTypes.HolderReport, MessageTypes.LinkProgress], ignoreOrder: true);
    }

    [Fact]
    public void What_has_to_be_refused_cannot_wait_whatever_it_is()
    {
        var report = new CloudEvent
        {
            Id = "m-1",
            Source = "/cities/510100",
            Type = MessageTypes.HolderReport,
            Time = DateTimeOffset.UnixEpoch,
            ExchangeId = Nodes.NoExchange,
            Sequence = 1,
            SenderCity = "510100",
            DataDigest = "",
            Data = "{}"u8.ToArray(),
        };
        new ReceivedEvent { Raw = report.Data, Event = report }.CanWait.ShouldBeTrue();
        new ReceivedEvent { Raw = report.Data, Event = report, Invalid = [Reasons.Of(ReasonCodes.RequiredMissing, "$")] }.CanWait.ShouldBeFalse();
        new ReceivedEvent { Raw = report.Data, Event = report, Untrusted = [Reasons.Of(ReasonCodes.SignatureInvalid, "$")] }.CanWait.ShouldBeFalse();
        new ReceivedEvent { Raw = report.Data, Untrusted = [Reasons.Of(ReasonCodes.SignatureInvalid, "$")] }.CanWait.ShouldBeFalse();
    }
}

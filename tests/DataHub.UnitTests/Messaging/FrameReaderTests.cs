using System.Text;
using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Contracts.Payloads;
using DataHub.Core.Messaging;
using DataHub.Core.Signing;
using DataHub.Core.Validation;
using DataHub.UnitTests.Signing;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Messaging;

public sealed class FrameReaderTests : IDisposable
{
    private readonly SigningKey key = SigningSamples.NewKey("510100-a", "510100");

    public void Dispose() => key.Dispose();

    [Fact]
    public void What_is_no_batch_is_one_refusal_that_keeps_its_first_bytes()
    {
        var frame = Encoding.UTF8.GetBytes("[" + new string('x', 100_000));
        var received = Read(frame).ShouldHaveSingleItem();
        received.Untrusted!.ShouldHaveSingleItem().Code.ShouldBe(ReasonCodes.NotWellFormed);
        received.Event.ShouldBeNull();
        received.Raw.ToArray().ShouldBe(frame[..FrameReader.RefusedBytes]);
    }

    [Fact]
    public void What_was_split_off_before_a_fault_is_not_used() =>
        Read(Encoding.UTF8.GetBytes("[" + Text(Signed(1)[0]) + ",")).ShouldHaveSingleItem().Untrusted.ShouldNotBeNull();

    [Fact]
    public void Every_event_is_judged_by_itself()
    {
        var events = Signed(5);
        var frame = Encoding.UTF8.GetBytes("[" + string.Join(",",
            Text(events[0]),
            Text(events[1] with { Sequence = 99 }),
            "{\"id\":\"half\"}",
            Text(events[3] with { SenderCity = "510600" }),
            Text(events[4])) + "]");
        var received = Read(frame);
        received.Select(r => r.Untrusted?[0].Code).ShouldBe([null, ReasonCodes.SignatureInvalid, ReasonCodes.RequiredMissing, ReasonCodes.NotAuthorised, null]);
        received[0].Payload.ShouldBeOfType<ServiceEvaluation>();
        Encoding.UTF8.GetString(received[4].Raw.Span).ShouldBe(Text(events[4]));
    }

    [Fact]
    public void Who_may_not_send_is_told_so_before_the_signature_is_asked()
    {
        var unsigned = Text(SigningSamples.Events(1)[0]);
        Read(Encoding.UTF8.GetBytes("[" + unsigned + "]"), _ => false)[0].Untrusted![0].Code.ShouldBe(ReasonCodes.NotAuthorised);
        Read(Encoding.UTF8.GetBytes("[" + unsigned + "]"))[0].Untrusted![0].Code.ShouldBe(ReasonCodes.SignatureMissing);
    }

    [Fact]
    public void A_payload_that_breaks_rules_is_the_senders_own_word()
    {
        var e = new BatchSigner(key).Sign([WithData("""{"score":9,"evaluatedAt":"2026-03-05T09:30:00+08:00"}""")], At)[0];
        var received = Read(Encoding.UTF8.GetBytes("[" + Text(e) + "]"))[0];
        received.Untrusted.ShouldBeNull();
        received.Payload.ShouldBeNull();
        received.Invalid!.ShouldHaveSingleItem().Path.ShouldBe("$.score");
    }

    [Fact]
    public void Progress_needs_no_signature_and_all_else_does()
    {
        var progress = WithData("""{"upTo":7}""") with { Type = MessageTypes.LinkProgress };
        var frame = Encoding.UTF8.GetBytes("[" + Text(progress) + "," + Text(progress with { Type = MessageTypes.HolderReport }) + "]");
        var received = Read(frame);
        ((LinkProgress)received[0].Payload!).UpTo.ShouldBe(7);
        received[1].Untrusted![0].Code.ShouldBe(ReasonCodes.SignatureMissing);
    }

    [Fact]
    public void The_same_bytes_are_refused_under_the_same_key()
    {
        FrameReader.RefusedKey("a"u8).ShouldBe("refused:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb");
        FrameReader.RefusedKey("b"u8).ShouldNotBe(FrameReader.RefusedKey("a"u8));
    }

    private static readonly DateTimeOffset At = new(2026, 3, 5, 1, 30, 0, TimeSpan.Zero);

    private static CloudEvent WithData(string data)
    {
        var bytes = Encoding.UTF8.GetBytes(data);
        return SigningSamples.Events(1)[0] with { Data = bytes, DataDigest = SignedText.DigestOf(bytes) };
    }

    private CloudEvent[] Signed(int count)
    {
        var one = WithData("""{"score":5,"evaluatedAt":"2026-03-05T09:30:00+08:00"}""");
        return new BatchSigner(key).Sign([.. SigningSamples.Events(count).Select(e => e with { Data = one.Data, DataDigest = one.DataDigest })], At);
    }

    private static string Text(CloudEvent e) => Encoding.UTF8.GetString(EventFormat.Write(e));

    private List<ReceivedEvent> Read(byte[] frame, Func<CloudEvent, bool>? mayCarry = null) =>
        FrameReader.Read(frame, new SignatureVerifier(new KeyRing([key.PublicKey()])), PayloadCheck.ReadShape, mayCarry ?? (e => e.SenderCity == "510100"));
}

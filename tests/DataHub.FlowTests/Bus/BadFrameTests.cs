using System.Text;
using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Contracts.Payloads;
using DataHub.Core.Journal;
using DataHub.Core.Validation;
using DataHub.UnitTests.Flows;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Bus;

/// <summary>Frames put into the cities' queues by whoever can reach the bus: signed wrongly, or signed well and wrong.</summary>
public sealed class BadFrameTests : IAsyncLifetime
{
    private readonly TestBus bus = new();
    private HostFixture fixture = null!;
    private Journey journey = null!;

    public async ValueTask InitializeAsync()
    {
        fixture = await HostFixture.WithPlayedCitiesAsync(o => o with { Bus = bus.Wrap });
        journey = new Journey(fixture);
    }

    public ValueTask DisposeAsync() => fixture.DisposeAsync();

    [Theory]
    [InlineData("no signature", ReasonCodes.SignatureMissing)]
    [InlineData("a signature that another secret made", ReasonCodes.SignatureInvalid)]
    [InlineData("a key that nobody knows", ReasonCodes.UnknownKey)]
    [InlineData("another city's key", ReasonCodes.KeyOfOtherCity)]
    [InlineData("another body under the old digest", ReasonCodes.DigestMismatch)]
    [InlineData("another body under its own digest", ReasonCodes.SignatureInvalid)]
    [InlineData("a sender that is no city", ReasonCodes.NotAuthorised)]
    [InlineData("a sender that is another city", ReasonCodes.NotAuthorised)]
    [InlineData("the hub's own kind of message", ReasonCodes.NotAuthorised)]
    public async Task What_is_not_the_citys_word_is_refused_and_takes_no_number_of_the_city(string what, string code)
    {
        var host = fixture.Host;
        var id = Cases.NewId();
        // On Chengdu's queue and under Chengdu's next number: Chengdu itself must be able to use both afterwards.
        var exchange = Cases.ExchangeId(Samples.Chengdu, 1);
        var real = Forge.Event(Samples.Chengdu, 1, id, exchange, Cases.Submission(host.Registry));
        var otherBody = PayloadReader.Write(Cases.Submission(host.Registry));
        var forged = what switch
        {
            "no signature" => real,
            "a signature that another secret made" => Forge.SignedByStranger(host, real),
            "a key that nobody knows" => Forge.SignedByStranger(host, real, "510100-es256-unheard-of"),
            "another city's key" => Forge.SignedByOtherCity(host, real, Samples.Meishan),
            "another body under the old digest" => Forge.Signed(host, real) with { Data = otherBody },
            "another body under its own digest" => Forge.Signed(host, real) with { Data = otherBody, DataDigest = Core.Signing.SignedText.DigestOf(otherBody) },
            "a sender that is no city" => real with { SenderCity = "519999", Signature = Forge.Signed(host, real).Signature },
            "a sender that is another city" => Forge.Signed(host, real with { SenderCity = Samples.Deyang }),
            _ => Forge.Signed(host, Forge.Event(Samples.Chengdu, 1, id, exchange, new DeadlineNotice
            {
                Stage = DeadlineStage.Breach,
                State = "submitted",
                ResponsibleCity = Samples.Deyang,
                DueOn = new DateOnly(2026, 11, 1),
                CalendarComplete = true,
            })),
        };

        await bus.InjectAsync(QueueNames.Intake(Samples.Chengdu), Forge.Frame(forged));
        var row = await journey.RefusalAsync(Nodes.Hub, id, code);
        row.Body.ShouldBe(EventFormat.Write(forged), "the refused bytes are kept as evidence");

        // Sent again it is the same refusal, journalled once.
        await bus.InjectAsync(QueueNames.Intake(Samples.Chengdu), Forge.Frame(forged));
        (await journey.FindAsync(Nodes.Hub, exchange)).ShouldBeNull();
        (await host.Store.LinkAsync(Nodes.Hub, Samples.Chengdu, default)).Received.ShouldBe(0);
        (await journey.GoodCaseAsync()).ShouldStartWith(Samples.Chengdu);
        (await Conservation.JournalAsync(host, Nodes.Hub, EntryKind.Refused)).Count.ShouldBe(1);
    }

    [Theory]
    [InlineData("bytes that are no JSON", ReasonCodes.NotWellFormed)]
    [InlineData("an event that is no array", ReasonCodes.NotWellFormed)]
    [InlineData("half a frame", ReasonCodes.NotWellFormed)]
    [InlineData("a thousand levels", ReasonCodes.TooDeep)]
    [InlineData("nine megabytes", ReasonCodes.TooLarge)]
    [InlineData("a thousand and one events", ReasonCodes.TooManyEntries)]
    public async Task A_frame_that_is_no_batch_is_refused_whole(string what, string code)
    {
        var good = EventFormat.Write(Forge.Signed(fixture.Host, Forge.Event(Samples.Ziyang, 1, Cases.NewId(), Cases.ExchangeId(Samples.Ziyang, 1), Cases.Submission(fixture.Host.Registry))));
        byte[] frame = what switch
        {
            "bytes that are no JSON" => [0xff, 0xfe, 0, 1, 2],
            "an event that is no array" => good,
            "half a frame" => Forge.Raw([good])[..^20],
            "a thousand levels" => Forge.Raw([(byte[])[.. "{\"data\":"u8, .. Forge.Nested(1000), (byte)'}']]),
            "nine megabytes" => Forge.Raw([Encoding.ASCII.GetBytes('"' + new string('x', 9 * 1024 * 1024) + '"')]),
            _ => Forge.Raw(Enumerable.Repeat("{}"u8.ToArray(), 1001)),
        };

        await bus.InjectAsync(QueueNames.Intake(Samples.Ziyang), frame);
        var row = await Journey.RefusalAsync(fixture, Nodes.Hub, _ => true, code);
        row.Body.Length.ShouldBeLessThanOrEqualTo(64 * 1024);
        (await fixture.Host.Store.LinkAsync(Nodes.Hub, Samples.Ziyang, default)).Received.ShouldBe(0);
        await journey.GoodCaseAsync();
    }

    [Theory]
    [InlineData("from the future", ReasonCodes.EnvelopeTimeInFuture)]
    [InlineData("from long ago", ReasonCodes.EnvelopeTimeTooOld)]
    [InlineData("seventeen levels deep", ReasonCodes.TooDeep)]
    [InlineData("over 64 KiB", ReasonCodes.TooLarge)]
    [InlineData("of an unknown type", ReasonCodes.UnknownType)]
    [InlineData("with a wrong check digit", ReasonCodes.ResidentIdCheckDigit)]
    [InlineData("of a document from the future", ReasonCodes.TimeInFuture)]
    [InlineData("of an ancient document", ReasonCodes.TimeTooOld)]
    [InlineData("for a district that does not exist", ReasonCodes.UnknownDistrict)]
    [InlineData("without an agreement", ReasonCodes.NoAgreement)]
    [InlineData("under another city's exchange id", ReasonCodes.SenderOutOfRole)]
    public async Task The_citys_own_word_that_breaks_a_rule_is_refused_by_a_signed_receipt_and_the_next_goes_on(string what, string code)
    {
        var host = fixture.Host;
        var id = Cases.NewId();
        var exchange = Cases.ExchangeId(Samples.Meishan, 1);
        var now = TimeProvider.System.GetUtcNow();
        var right = Cases.Submission(host.Registry);
        var type = MessageTypes.ServiceSubmission;
        CloudEvent Of(IPayload payload, string? exchangeId = null) => Forge.Event(Samples.Meishan, 1, id, exchangeId ?? exchange, payload);
        var e = what switch
        {
            "from the future" => Of(right) with { Time = now.AddHours(1) },
            "from long ago" => Of(right) with { Time = now.AddDays(-40) },
            "seventeen levels deep" => Forge.Event(Samples.Meishan, 1, id, exchange, type, Forge.Nested(17)),
            "over 64 KiB" => Forge.Event(Samples.Meishan, 1, id, exchange, type, Encoding.ASCII.GetBytes($"{{\"itemCode\":\"{new string('x', 70_000)}\"}}")),
            "of an unknown type" => Of(right) with { Type = MessageTypes.Prefix + "service.miracle.v1" },
            "with a wrong check digit" => Of(right with { Applicant = right.Applicant with { IdNumber = "110105194912310021" } }),
            "of a document from the future" => Of(right with { SubmittedAt = now.AddDays(1) }),
            "of an ancient document" => Of(right with { SubmittedAt = now.AddYears(-11) }),
            "for a district that does not exist" => Of(right with { TargetDistrict = "519999" }),
            "without an agreement" => Of(Cases.Submission(host.Registry, "archive.query", "512002")),
            _ => Of(right, Cases.ExchangeId(Samples.Ziyang, 1)),
        };

        var next = Forge.Event(Samples.Meishan, 2, Cases.NewId(), Cases.ExchangeId(Samples.Meishan, 2), Cases.Submission(host.Registry));
        await bus.InjectAsync(QueueNames.Intake(Samples.Meishan), Forge.Frame([Forge.Signed(host, e), Forge.Signed(host, next)]));

        await journey.RefusalAsync(Nodes.Hub, id, code);
        await HostFixture.UntilAsync(async () => await journey.FindAsync(Nodes.Hub, next.ExchangeId) is not null, "the next event of the frame is applied");
        (await journey.FindAsync(Nodes.Hub, e.ExchangeId)).ShouldBeNull();
        var receipt = (await host.Store.ReceiptAsync(Nodes.Hub, Samples.Meishan, 1, default)).ShouldNotBeNull();
        var entries = ((HubReceipt)((ReadOutcome.Ok)PayloadReader.Read(receipt.Type, EventFormat.ReadElement(receipt.Body).Event!.Data.Span)).Payload).Entries;
        entries.Select(r => (r.MessageId, r.Verdict)).ShouldBe([(id, Verdict.Refused), (next.Id, Verdict.Accepted)]);
        entries[0].Reasons!.ShouldContain(r => r.Code == code);
        await journey.GoodCaseAsync();
    }

    [Fact]
    public async Task One_bad_event_never_spoils_its_batch()
    {
        var host = fixture.Host;
        var events = Enumerable.Range(1, 3).Select(n => Forge.Event(Samples.Meishan, n, Cases.NewId(), Cases.ExchangeId(Samples.Meishan, n), Cases.Submission(host.Registry))).ToList();
        byte[][] elements =
        [
            EventFormat.Write(Forge.Signed(host, events[0])),
            EventFormat.Write(Forge.SignedByStranger(host, events[1] with { Id = "forged" })),
            "{\"specversion\":\"1.0\"}"u8.ToArray(),
            EventFormat.Write(Forge.Signed(host, events[1])),
            EventFormat.Write(Forge.Signed(host, events[2])),
        ];
        await bus.InjectAsync(QueueNames.Intake(Samples.Meishan), Forge.Raw(elements));
        await HostFixture.UntilAsync(async () => await journey.FindAsync(Nodes.Hub, events[2].ExchangeId) is not null, "the last event is applied");
        (await Conservation.JournalAsync(host, Nodes.Hub, EntryKind.Received)).Where(r => r.Sender == Samples.Meishan).Select(r => r.MessageId).ShouldBe(events.Select(e => e.Id));
        (await Conservation.JournalAsync(host, Nodes.Hub, EntryKind.Refused)).Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_forged_event_for_a_city_is_refused_by_its_node_and_the_true_one_still_arrives()
    {
        var host = fixture.Host;
        var forged = Forge.SignedByStranger(host, Forge.Event(Samples.Chengdu, 1, "forged", Cases.ExchangeId(Samples.Chengdu, 1), Cases.Submission(host.Registry))) with
        {
            DeliverySequence = 1,
            HubState = "submitted",
            HubVersion = 1,
            Flow = "service.online",
        };
        await bus.InjectAsync(QueueNames.Deliver(Samples.Deyang), Forge.Frame(forged));
        await journey.RefusalAsync(Samples.Deyang, "forged", ReasonCodes.SignatureInvalid);
        await journey.GoodCaseAsync();
        fixture.Played[Samples.Deyang].Deliveries.ShouldNotContain(d => d.MessageId == "forged");
    }
}

using System.Buffers;
using System.Text;
using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Core.Signing;
using DataHub.UnitTests.Signing;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Envelope;

public sealed class EventFormatTests
{
    private static readonly CloudEvent Full = SigningSamples.Events(1)[0] with
    {
        Signature = "v1.k.1.1.0..s",
        DeliverySequence = 12,
        HubState = "accepted",
        HubVersion = 3,
        Flow = "service.online",
    };

    private static readonly string FullText = Encoding.UTF8.GetString(EventFormat.Write(Full));

    [Fact]
    public void An_event_comes_back_as_it_was_written()
    {
        ShouldBeSame(Read(EventFormat.Write(Full)), Full);
        var bare = SigningSamples.Events(1)[0] with { TargetCity = null };
        ShouldBeSame(Read(EventFormat.Write(bare)), bare);
    }

    [Theory]
    [InlineData("{ \"a\" : 1.0e5 ,\t\"b\":\"\\u4e2d\" }")]
    [InlineData("\"text\"")]
    [InlineData("null")]
    [InlineData("[1,[2,[3]]]")]
    [InlineData("-0.10")]
    public void The_datas_bytes_are_not_touched(string data)
    {
        var written = EventFormat.Write(Full with { Data = Encoding.UTF8.GetBytes(data) });
        Encoding.UTF8.GetString(Read(written).Data.Span).ShouldBe(data);
        var elements = Split("[ " + Encoding.UTF8.GetString(written) + " , " + FullText + " ]");
        Encoding.UTF8.GetString(elements[0].Event!.Data.Span).ShouldBe(data);
        elements[0].Raw.ToArray().ShouldBe(written);
    }

    [Fact]
    public void Times_are_the_same_moment_with_every_offset_and_seven_decimals()
    {
        Read(FullText.Replace(EventFormat.Time(Full.Time), "2026-03-05T09:00:00.1234567+08:00", StringComparison.Ordinal)).Time
            .ShouldBe(new DateTimeOffset(2026, 3, 5, 1, 0, 0, TimeSpan.Zero).AddTicks(1_234_567));
        EventFormat.Time(new DateTimeOffset(2026, 3, 5, 9, 0, 0, TimeSpan.FromHours(8)).AddTicks(1)).ShouldBe("2026-03-05T01:00:00.0000001Z");
    }

    [Fact]
    public void A_batch_is_split_in_order()
    {
        var events = SigningSamples.Events(50);
        var elements = Split("[" + string.Join(",", events.Select(e => Encoding.UTF8.GetString(EventFormat.Write(e)))) + "]");
        elements.Select(e => e.Event!.Id).ShouldBe(events.Select(e => e.Id));
        Split("[]").ShouldBeEmpty();
        Split(" [\n] ").ShouldBeEmpty();
    }

    public static TheoryData<string, string> BadElements { get; } = new()
    {
        { "1", ReasonCodes.EnvelopeInvalid },
        { "null", ReasonCodes.EnvelopeInvalid },
        { "[]", ReasonCodes.EnvelopeInvalid },
        { "{}", ReasonCodes.RequiredMissing },
        { FullText.Replace("\"id\":\"CD-2026-00000000\",", "", StringComparison.Ordinal), ReasonCodes.RequiredMissing },
        { FullText.Replace("CD-2026-00000000", "-bad", StringComparison.Ordinal), ReasonCodes.EnvelopeInvalid },
        { FullText.Replace("CD-2026-00000000", new string('a', 65), StringComparison.Ordinal), ReasonCodes.EnvelopeInvalid },
        { FullText.Replace("CD-2026-00000000", new string('a', 200), StringComparison.Ordinal), ReasonCodes.LengthOutOfBounds },
        { FullText.Replace("CD-2026-00000000", "\\ud800", StringComparison.Ordinal), ReasonCodes.NotWellFormed },
        { FullText.Replace("\"1.0\"", "\"0.3\"", StringComparison.Ordinal), ReasonCodes.EnvelopeInvalid },
        { FullText.Replace("\"sequence\":\"1\"", "\"sequence\":\"0\"", StringComparison.Ordinal), ReasonCodes.EnvelopeInvalid },
        { FullText.Replace("\"sequence\":\"1\"", "\"sequence\":\"01\"", StringComparison.Ordinal), ReasonCodes.EnvelopeInvalid },
        { FullText.Replace("\"sequence\":\"1\"", "\"sequence\":\"-1\"", StringComparison.Ordinal), ReasonCodes.EnvelopeInvalid },
        { FullText.Replace("\"sequence\":\"1\"", "\"sequence\":\"99999999999999999999\"", StringComparison.Ordinal), ReasonCodes.EnvelopeInvalid },
        { FullText.Replace("\"sequence\":\"1\"", "\"sequence\":1", StringComparison.Ordinal), ReasonCodes.WrongKind },
        { FullText.Replace("\"hubversion\":3", "\"hubversion\":0", StringComparison.Ordinal), ReasonCodes.EnvelopeInvalid },
        { FullText.Replace("\"sendercity\":\"510100\"", "\"sendercity\":\"51010\"", StringComparison.Ordinal), ReasonCodes.EnvelopeInvalid },
        { FullText.Replace("\"sendercity\":\"510100\"", "\"sendercity\":\"５10100\"", StringComparison.Ordinal), ReasonCodes.EnvelopeInvalid },
        { FullText.Replace("510100-20260305-0000000000", "510100-20260305-000000000x", StringComparison.Ordinal), ReasonCodes.EnvelopeInvalid },
        { FullText.Replace(Full.DataDigest, Full.DataDigest.ToUpperInvariant(), StringComparison.Ordinal), ReasonCodes.EnvelopeInvalid },
        { FullText.Replace("T01:00:00.0000000Z", " 01:00:00.0000000Z", StringComparison.Ordinal), ReasonCodes.EnvelopeInvalid },
        { FullText.Replace("T01:00:00.0000000Z", "T01:00:00.00000000", StringComparison.Ordinal), ReasonCodes.EnvelopeInvalid },
        { FullText.Replace("T01:00:00.0000000Z", "T25:00:00.0000000Z", StringComparison.Ordinal), ReasonCodes.EnvelopeInvalid },
        { FullText.Replace("application/json", "text/plain", StringComparison.Ordinal), ReasonCodes.EnvelopeInvalid },
        { "{\"traceparent\":\"x\"," + FullText[1..], ReasonCodes.UnknownMember },
        { "{\"\\ud800\":\"x\"," + FullText[1..], ReasonCodes.NotWellFormed },
        { "{\"data_base64\":\"AA==\"," + FullText[1..], ReasonCodes.UnknownMember },
        { FullText[..^1] + ",\"data\":{}}", ReasonCodes.DuplicateMember },
        { FullText.Replace("\"data\":{", "\"data\":{\"x\":" + new string('[', 30) + new string(']', 30) + ",", StringComparison.Ordinal), ReasonCodes.TooDeep },
        { FullText.Replace("\"data\":{", "\"data\":{\"x\":\"" + new string('x', EventFormat.MaxEventBytes) + "\",", StringComparison.Ordinal), ReasonCodes.TooLarge },
    };

    [Theory]
    [MemberData(nameof(BadElements))]
    public void A_bad_event_is_refused_alone(string bad, string code)
    {
        var elements = Split("[" + FullText + "," + bad + "," + FullText + "]");
        elements.Select(e => e.Event?.Id).ShouldBe([Full.Id, null, Full.Id]);
        elements[1].Fault!.Code.ShouldBe(code);
        Encoding.UTF8.GetString(elements[1].Raw.Span).ShouldBe(bad);
    }

    [Theory]
    [InlineData("specversion")]
    [InlineData("id")]
    [InlineData("source")]
    [InlineData("type")]
    [InlineData("time")]
    [InlineData("datacontenttype")]
    [InlineData("exchangeid")]
    [InlineData("sequence")]
    [InlineData("sendercity")]
    [InlineData("targetcity")]
    [InlineData("datadigest")]
    [InlineData("signature")]
    [InlineData("deliverysequence")]
    [InlineData("hubstate")]
    [InlineData("hubversion")]
    [InlineData("flow")]
    [InlineData("data")]
    public void An_attribute_that_comes_twice_is_refused(string name)
    {
        var start = FullText.IndexOf($"\"{name}\":", StringComparison.Ordinal);
        start.ShouldBePositive();
        var next = FullText.IndexOf(",\"", start, StringComparison.Ordinal);
        var member = name == "data" ? FullText[start..^1] : FullText[start..next];
        var element = EventFormat.ReadElement(Encoding.UTF8.GetBytes("{" + member + "," + FullText[1..]));
        element.Event.ShouldBeNull();
        element.Fault!.Path.ShouldBe("$." + name);
        element.Fault.Code.ShouldBe(ReasonCodes.DuplicateMember);
    }

    [Theory]
    [InlineData("", ReasonCodes.NotWellFormed)]
    [InlineData("{}", ReasonCodes.NotWellFormed)]
    [InlineData("\"x\"", ReasonCodes.NotWellFormed)]
    [InlineData("[", ReasonCodes.NotWellFormed)]
    [InlineData("[]]", ReasonCodes.NotWellFormed)]
    [InlineData("[] []", ReasonCodes.NotWellFormed)]
    [InlineData("[{},]", ReasonCodes.NotWellFormed)]
    [InlineData("[{]", ReasonCodes.NotWellFormed)]
    public void What_is_no_batch_is_refused_whole(string text, string code) =>
        EventFormat.ReadBatch(Encoding.UTF8.GetBytes(text), [])!.Code.ShouldBe(code);

    [Fact]
    public void A_batch_is_bounded_in_count_and_bytes()
    {
        EventFormat.ReadBatch(Encoding.UTF8.GetBytes("[" + string.Join(",", Enumerable.Repeat("1", EventFormat.MaxBatchCount)) + "]"), []).ShouldBeNull();
        EventFormat.ReadBatch(Encoding.UTF8.GetBytes("[" + string.Join(",", Enumerable.Repeat("1", EventFormat.MaxBatchCount + 1)) + "]"), [])!.Code.ShouldBe(ReasonCodes.TooManyEntries);
        EventFormat.ReadBatch(new byte[EventFormat.MaxBatchBytes + 1], [])!.Code.ShouldBe(ReasonCodes.TooLarge);
        Split("[" + new string('[', 1_000_000) + new string(']', 1_000_000) + "," + FullText + "]")[1].Event.ShouldNotBeNull("depth alone spoils no neighbour");
    }

    [Theory]
    [InlineData(21)]
    [InlineData(22)]
    [InlineData(23)]
    [InlineData(24)]
    public void An_event_may_be_as_deep_in_a_batch_as_alone(int depth)
    {
        var deep = FullText.Replace("\"data\":{", "\"data\":{\"x\":" + new string('[', depth) + new string(']', depth) + ",", StringComparison.Ordinal);
        var alone = EventFormat.ReadElement(Encoding.UTF8.GetBytes(deep));
        (alone.Event is not null).ShouldBe(depth <= 22, "the event and its data are two levels of 24");
        ShouldBeSame(Split("[" + deep + "]")[0], alone);
        ShouldBeSame(Split("[" + deep + ",1]")[0], alone);
    }

    [Fact]
    public void Nothing_may_follow_an_event()
    {
        EventFormat.ReadElement(Encoding.UTF8.GetBytes(FullText + " \n")).Event.ShouldNotBeNull();
        EventFormat.ReadElement(Encoding.UTF8.GetBytes(FullText + "x")).Fault!.Code.ShouldBe(ReasonCodes.NotWellFormed);
        EventFormat.ReadElement(Encoding.UTF8.GetBytes(FullText + FullText)).Fault!.Code.ShouldBe(ReasonCodes.NotWellFormed);
    }

    [Fact]
    public void Forwarding_leaves_the_signed_bytes_as_they_are()
    {
        using var key = SigningSamples.NewKey("510100-a", "510100");
        var stored = EventFormat.Write(new BatchSigner(key).Sign(SigningSamples.Events(1), DateTimeOffset.UnixEpoch.AddDays(20_000))[0]);
        var target = new ArrayBufferWriter<byte>();
        EventFormat.WriteForwarded(target, stored, 7, "accepted", 2, "service.online");
        target.WrittenSpan[^(stored.Length - 1)..].ToArray().ShouldBe(stored[1..]);

        var read = Read(target.WrittenSpan.ToArray());
        (read.DeliverySequence, read.HubState, read.HubVersion, read.Flow).ShouldBe((7, "accepted", 2, "service.online"));
        new SignatureVerifier(new KeyRing([key.PublicKey()])).Verify(read).ShouldBeNull();

        target.Clear();
        EventFormat.WriteForwarded(target, stored, 8, null, 0, null);
        ShouldBeSame(Read(target.WrittenSpan.ToArray()), Read(stored) with { DeliverySequence = 8 });
    }

    [Fact]
    public void No_mutation_of_a_batch_makes_reading_throw()
    {
        var random = new Random(20_260_304);
        var batch = Encoding.UTF8.GetBytes("[" + FullText + "," + FullText + "]");
        byte[] spice = "{}[]\",:\\0u\0\x7f-eE. "u8.ToArray();
        var (whole, faulty, refused) = (0, 0, 0);
        for (var round = 0; round < 20_000; round++)
        {
            var mutated = batch.ToList();
            for (var n = random.Next(1, 5); n > 0; n--)
            {
                var at = random.Next(mutated.Count);
                switch (random.Next(4))
                {
                    case 0: mutated[at] = (byte)random.Next(256); break;
                    case 1: mutated.RemoveRange(at, Math.Min(random.Next(1, 40), mutated.Count - at - 1)); break;
                    case 2: mutated.InsertRange(at, mutated.Skip(random.Next(mutated.Count)).Take(random.Next(40)).ToArray()); break;
                    default: mutated[at] = spice[random.Next(spice.Length)]; break;
                }
            }

            var elements = new List<BatchElement>();
            var fault = EventFormat.ReadBatch(mutated.ToArray(), elements);
            foreach (var element in elements)
            {
                (element.Event is null).ShouldBe(element.Fault is not null);
                // A fault before it leaves what was split off, which nobody uses.
                if (fault is null)
                    ShouldBeSame(element, EventFormat.ReadElement(element.Raw));
            }

            if (fault is not null)
                refused++;
            else if (elements.TrueForAll(e => e.Event is not null))
                whole++;
            else
                faulty++;
        }

        // Each of the three ways was really taken.
        whole.ShouldBeGreaterThan(100);
        faulty.ShouldBeGreaterThan(100);
        refused.ShouldBeGreaterThan(100);
    }

    [Theory]
    [InlineData("a", true)]
    [InlineData("A.b_c:d-9", true)]
    [InlineData("", false)]
    [InlineData("-a", false)]
    [InlineData("a b", false)]
    [InlineData("é", false)]
    public void An_identifier_has_a_narrow_form(string text, bool valid) => EventFormat.IsIdentifier(text).ShouldBe(valid);

    private static CloudEvent Read(byte[] raw)
    {
        var element = EventFormat.ReadElement(raw);
        element.Fault.ShouldBeNull();
        return element.Event!;
    }

    private static CloudEvent Read(string text) => Read(Encoding.UTF8.GetBytes(text));

    private static List<BatchElement> Split(string text)
    {
        var elements = new List<BatchElement>();
        EventFormat.ReadBatch(Encoding.UTF8.GetBytes(text), elements).ShouldBeNull();
        return elements;
    }

    private static void ShouldBeSame(BatchElement element, BatchElement alone)
    {
        element.Fault.ShouldBe(alone.Fault);
        if (alone.Event is { } e)
            ShouldBeSame(element.Event!, e);
    }

    private static void ShouldBeSame(CloudEvent read, CloudEvent written)
    {
        read.Data.ToArray().ShouldBe(written.Data.ToArray());
        (read with { Data = written.Data }).ShouldBe(written);
    }
}

using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using DataHub.Contracts;
using DataHub.Core.Native;
using DataHub.Core.Validation;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Native;

/// <summary>What one city sends must come out of another city's words as the same message.</summary>
public sealed class NativeRoundTripTests
{
    public static TheoryData<string, string> CitiesAndTypes()
    {
        var data = new TheoryData<string, string>();
        foreach (var city in NativeTestData.Cities)
        {
            foreach (var type in NativeTestData.Types)
                data.Add(city, type);
        }

        return data;
    }

    public static TheoryData<string> Cities() => [.. NativeTestData.Cities];

    [Theory]
    [MemberData(nameof(CitiesAndTypes))]
    public void A_payload_with_every_member_comes_back_the_same(string city, string type) =>
        ShouldComeBack(city, type, NativeTestData.Payload(type, all: true));

    [Theory]
    [MemberData(nameof(CitiesAndTypes))]
    public void A_payload_with_only_what_is_required_comes_back_the_same(string city, string type) =>
        ShouldComeBack(city, type, NativeTestData.Payload(type, all: false));

    [Theory]
    [MemberData(nameof(Cities))]
    public void Fractions_of_a_second_and_other_offsets_keep_their_instant(string city)
    {
        foreach (var time in new[] { "2026-03-05T23:59:59.1234567Z", "2026-12-31T18:00:00.5-05:00", "2026-01-01T00:00:00+08:00" })
            ShouldComeBack(city, MessageTypes.CaseWithdrawal, new JsonObject { ["reason"] = "申请人撤回", ["withdrawnAt"] = time });
    }

    [Theory]
    [MemberData(nameof(Cities))]
    public void Every_code_of_the_registry_comes_back_the_same(string city)
    {
        var changed = new (string Type, string Member, IEnumerable<string> Values)[]
        {
            (MessageTypes.ServiceSubmission, "itemCode", NativeTestData.Registry.Items.Where(i => i.Flow == "service.online").Select(i => i.Code)),
            (MessageTypes.ServiceSubmission, "mode", ["online", "collect-on-behalf", "joint"]),
            (MessageTypes.CaseReturn, "reasonCode", NativeTestData.Registry.ReturnReasons.Select(r => r.Code)),
            (MessageTypes.ResultNotice, "itemCode", NativeTestData.Registry.RecognitionItems.Select(r => r.Code)),
            (MessageTypes.ServiceDecision, "result", ["approved", "refused"]),
        };
        foreach (var (type, member, values) in changed)
        {
            foreach (var value in values)
            {
                var payload = NativeTestData.Payload(type, all: false);
                payload[member] = value;
                ShouldComeBack(city, type, payload);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cities))]
    public void Whole_numbers_spelt_with_a_fraction_or_an_exponent_are_written_plainly(string city)
    {
        var data = """{"score":5.0,"evaluatedAt":"2026-03-05T14:30:05+08:00"}"""u8.ToArray();
        var mapping = NativeTestData.Mappings[city];
        var native = mapping.ToNative(MessageTypes.ServiceEvaluation, "M1", NativeTestData.ExchangeId, DateTimeOffset.UnixEpoch, data);
        var message = mapping.ToCanonical(native).ShouldBeOfType<NativeReadOutcome.Ok>().Message;
        JsonNode.Parse(message.Data.Span)!["score"]!.ToJsonString().ShouldBe("5");
    }

    [Theory]
    [MemberData(nameof(Cities))]
    public void The_same_record_always_gives_the_same_bytes(string city)
    {
        var mapping = NativeTestData.Mappings[city];
        var data = NativeTestData.Utf8(NativeTestData.Payload(MessageTypes.ServiceSubmission, all: true));
        var native = mapping.ToNative(MessageTypes.ServiceSubmission, "M1", null, DateTimeOffset.UnixEpoch, data);
        var first = mapping.ToCanonical(native).ShouldBeOfType<NativeReadOutcome.Ok>().Message.Data.ToArray();
        mapping.ToCanonical(native).ShouldBeOfType<NativeReadOutcome.Ok>().Message.Data.ToArray().ShouldBe(first);
    }

    [Theory]
    [MemberData(nameof(Cities))]
    public void Every_sample_of_the_contracts_comes_back_the_same(string city)
    {
        var samples = Path.Combine(Path.GetDirectoryName(NativeTestData.Seeds)!, "contracts", "samples");
        foreach (var type in NativeTestData.Types)
        {
            var valid = Directory.GetFiles(Path.Combine(samples, type[MessageTypes.Prefix.Length..], "valid"), "*.json");
            valid.ShouldNotBeEmpty();
            foreach (var sample in valid)
                ShouldComeBack(city, type, JsonNode.Parse(File.ReadAllText(sample))!.AsObject());
        }
    }

    private static void ShouldComeBack(string city, string type, JsonObject payload)
    {
        var mapping = NativeTestData.Mappings[city];
        var sent = new DateTimeOffset(2026, 11, 22, 9, 30, 0, TimeSpan.FromHours(8));
        var native = mapping.ToNative(type, "CD-2026.0001", NativeTestData.ExchangeId, sent, NativeTestData.Utf8(payload));

        var outcome = mapping.ToCanonical(native);
        var message = outcome.ShouldBeOfType<NativeReadOutcome.Ok>(outcome is NativeReadOutcome.Refused r ? string.Join('\n', r.Reasons) : null).Message;
        message.Type.ShouldBe(type);
        message.MessageId.ShouldBe("CD-2026.0001");
        message.ExchangeId.ShouldBe(NativeTestData.ExchangeId);
        message.SentAt.ShouldBe(sent);
        Normal(JsonNode.Parse(message.Data.Span)).ShouldBe(Normal(payload));
        var read = PayloadReader.Read(type, message.Data.Span);
        read.ShouldBeOfType<ReadOutcome.Ok>(read is ReadOutcome.Refused refused ? string.Join('\n', refused.Reasons) : null);
    }

    /// <summary>JSON text with members sorted, times in UTC and whole numbers plain: equal where the meaning is.</summary>
    private static string Normal(JsonNode? node) => node switch
    {
        JsonObject o => "{" + string.Join(',', o.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}:{Normal(p.Value)}")) + "}",
        JsonArray a => "[" + string.Join(',', a.Select(Normal)) + "]",
        JsonValue v when v.GetValueKind() == JsonValueKind.String && v.GetValue<string>() is { Length: > 18 } text && text[10] == 'T'
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, out var time) => time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture),
        JsonValue v when v.GetValueKind() == JsonValueKind.Number => decimal.Parse(v.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture).ToString("G29", CultureInfo.InvariantCulture),
        _ => node!.ToJsonString(),
    };
}

using System.Text;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Validation;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Validation;

public sealed class PayloadReaderTests
{
    private const string Evaluation = """{"score":5,"evaluatedAt":"2026-03-05T10:00:00+08:00"}""";

    [Fact]
    public void A_payload_that_has_its_shape_is_read()
    {
        var payload = Ok(MessageTypes.ServiceEvaluation, Evaluation).ShouldBeOfType<ServiceEvaluation>();

        payload.Score.ShouldBe(5);
        payload.Comment.ShouldBeNull();
        payload.EvaluatedAt.ShouldBe(new DateTimeOffset(2026, 3, 5, 10, 0, 0, TimeSpan.FromHours(8)));
        PayloadReader.TypeOf(payload).ShouldBe(MessageTypes.ServiceEvaluation);
    }

    [Fact]
    public void What_is_written_is_read_again_with_rare_characters_and_nothing_escaped()
    {
        var payload = new CaseReminder { Text = "请𠮷㛃䶮女士的案件尽快办理", RemindedAt = new(2026, 3, 5, 10, 0, 0, 123, TimeSpan.FromHours(8)) };

        var bytes = PayloadReader.Write(payload);

        Encoding.UTF8.GetString(bytes).ShouldContain("㛃䶮");
        Ok(MessageTypes.CaseReminder, Encoding.UTF8.GetString(bytes)).ShouldBe(payload);
    }

    [Fact]
    public void Every_fault_is_collected_with_its_path()
    {
        var reasons = Refused(MessageTypes.ServiceAcceptance,
            """{"handlingAgency":{"code":"?","nom":1},"acceptanceNumber":7,"acceptedAt":"2026-02-29T10:00:00Z"}""");

        reasons.Select(reason => (reason.Code, reason.Path)).ShouldBe(
            [
                (ReasonCodes.PatternMismatch, "$.handlingAgency.code"),
                (ReasonCodes.UnknownMember, "$.handlingAgency.nom"),
                (ReasonCodes.RequiredMissing, "$.handlingAgency.name"),
                (ReasonCodes.WrongKind, "$.acceptanceNumber"),
                (ReasonCodes.PatternMismatch, "$.acceptedAt"),
            ],
            ignoreOrder: true);
    }

    [Theory]
    [InlineData("""{"score":1.0,"evaluatedAt":"2026-03-05T10:00:00Z"}""")]
    [InlineData("""{"score":10e-1,"evaluatedAt":"2026-03-05T10:00:00Z"}""")]
    [InlineData("""{"scor\u0065":1,"evaluatedAt":"2026-03-05T10:00:00Z"}""")]
    [InlineData("""{"score":1,"evaluatedAt":"2026-03-05T10:00:00.1234567-14:00"}""")]
    [InlineData(""" {"score":1,"evaluatedAt":"2024-02-29T23:59:59Z"} """)]
    public void Spellings_that_JSON_Schema_takes_as_equal_are_accepted(string json) => Ok(MessageTypes.ServiceEvaluation, json);

    [Theory]
    [InlineData("", ReasonCodes.NotWellFormed)]
    [InlineData("{", ReasonCodes.NotWellFormed)]
    [InlineData("{} {}", ReasonCodes.NotWellFormed)]
    [InlineData("// no", ReasonCodes.NotWellFormed)]
    [InlineData("""{"score":5,"evaluatedAt":"2026-03-05T10:00:00Z",}""", ReasonCodes.NotWellFormed)]
    [InlineData("""{"score":5,"comment":"\ud800","evaluatedAt":"2026-03-05T10:00:00Z"}""", ReasonCodes.NotWellFormed)]
    [InlineData("""{"score":5,"\ud800":1,"evaluatedAt":"2026-03-05T10:00:00Z"}""", ReasonCodes.NotWellFormed)]
    [InlineData("null", ReasonCodes.WrongKind)]
    [InlineData("[]", ReasonCodes.WrongKind)]
    [InlineData("""{"score":5,"comment":null,"evaluatedAt":"2026-03-05T10:00:00Z"}""", ReasonCodes.WrongKind)]
    [InlineData("""{"score":"5","evaluatedAt":"2026-03-05T10:00:00Z"}""", ReasonCodes.WrongKind)]
    [InlineData("""{"score":4.5,"evaluatedAt":"2026-03-05T10:00:00Z"}""", ReasonCodes.WrongKind)]
    [InlineData("""{"score":1e400,"evaluatedAt":"2026-03-05T10:00:00Z"}""", ReasonCodes.WrongKind)]
    [InlineData("""{"score":6,"evaluatedAt":"2026-03-05T10:00:00Z"}""", ReasonCodes.NumberOutOfBounds)]
    [InlineData("""{"score":1e30,"evaluatedAt":"2026-03-05T10:00:00Z"}""", ReasonCodes.NumberOutOfBounds)]
    [InlineData("""{"score":5,"score":5,"evaluatedAt":"2026-03-05T10:00:00Z"}""", ReasonCodes.DuplicateMember)]
    [InlineData("""{"score":5,"sc\u006fre":5,"evaluatedAt":"2026-03-05T10:00:00Z"}""", ReasonCodes.DuplicateMember)]
    [InlineData("""{"Score":5,"score":5,"evaluatedAt":"2026-03-05T10:00:00Z"}""", ReasonCodes.UnknownMember)]
    [InlineData("""{"score":5,"comment":"","evaluatedAt":"2026-03-05T10:00:00Z"}""", ReasonCodes.LengthOutOfBounds)]
    [InlineData("""{"score":5,"evaluatedAt":"2026-03-05T10:00:00Z\n"}""", ReasonCodes.PatternMismatch)]
    [InlineData("""{"score":5,"evaluatedAt":"2026-03-05 10:00:00Z"}""", ReasonCodes.PatternMismatch)]
    [InlineData("""{"score":5,"evaluatedAt":"1900-02-29T10:00:00Z"}""", ReasonCodes.PatternMismatch)]
    [InlineData("""{"score":5}""", ReasonCodes.RequiredMissing)]
    public void One_fault_is_named_by_its_code(string json, string code) =>
        Refused(MessageTypes.ServiceEvaluation, json).ShouldHaveSingleItem().Code.ShouldBe(code);

    [Theory]
    [InlineData("Male")]
    [InlineData(" male")]
    [InlineData("0")]
    [InlineData("male, female")]
    public void A_choice_is_spelled_exactly(string sex) =>
        Refused(MessageTypes.ResultNotice, $$$"""{"patient":{"sex":"{{{sex}}}"}}""")
            .ShouldContain(reason => reason.Code == ReasonCodes.UnknownValue && reason.Path == "$.patient.sex");

    [Fact]
    public void Length_counts_code_points()
    {
        Ok(MessageTypes.ServiceEvaluation, Evaluation.Replace("5,", $"5,\"comment\":\"{Repeat("𠮷", 500)}\",", StringComparison.Ordinal));
        Refused(MessageTypes.ServiceEvaluation, Evaluation.Replace("5,", $"5,\"comment\":\"{Repeat("𠮷", 501)}\",", StringComparison.Ordinal))
            .ShouldHaveSingleItem().Code.ShouldBe(ReasonCodes.LengthOutOfBounds);
    }

    [Fact]
    public void Deep_nesting_is_refused_as_such() =>
        Refused(MessageTypes.ServiceEvaluation, $$"""{"x":{{Repeat("[", 40)}}{{Repeat("]", 40)}} }""")
            .ShouldHaveSingleItem().Code.ShouldBe(ReasonCodes.TooDeep);

    [Fact]
    public void More_than_64_KiB_is_refused_before_it_is_looked_at() =>
        Refused(MessageTypes.ServiceEvaluation, new string(' ', 65_537)).ShouldHaveSingleItem().Code.ShouldBe(ReasonCodes.TooLarge);

    [Fact]
    public void Bytes_that_are_not_UTF_8_are_refused() =>
        PayloadReader.Read(MessageTypes.ServiceEvaluation, [0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D])
            .ShouldBeOfType<ReadOutcome.Refused>().Reasons.ShouldHaveSingleItem().Code.ShouldBe(ReasonCodes.EncodingInvalid);

    [Fact]
    public void An_unknown_type_is_refused() =>
        Refused(MessageTypes.Prefix + "service.dance.v1", "{}").ShouldHaveSingleItem().Code.ShouldBe(ReasonCodes.UnknownType);

    [Fact]
    public void An_unknown_member_is_not_quoted_where_it_may_hold_personal_data() =>
        Refused(MessageTypes.ServiceEvaluation, Evaluation.Replace("{", """{"510107199003071234":1,""", StringComparison.Ordinal))
            .ShouldHaveSingleItem().Path.ShouldBe("$.?");

    [Fact]
    public void A_map_refuses_keys_that_repeat_or_are_not_codes()
    {
        var reasons = Refused(MessageTypes.ServiceSubmission, """{"form":{"a":"1","a":"2","坏 键":"3"}}""");

        reasons.ShouldContain(reason => reason.Code == ReasonCodes.DuplicateMember && reason.Path == "$.form.a");
        reasons.ShouldContain(reason => reason.Code == ReasonCodes.UnknownMember && reason.Path == "$.form.?");
    }

    [Fact]
    public void At_most_fifty_reasons_are_given() =>
        Refused(MessageTypes.HolderReport, $$"""{"entries":[{{string.Join(',', Enumerable.Repeat("{}", 60))}}]}""").Count.ShouldBe(50);

    [Fact]
    public void No_bytes_whatever_make_the_reader_throw()
    {
        var random = new Random(20260305);
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = Encoding.UTF8.GetBytes(Evaluation);
            for (var flips = random.Next(1, 5); flips > 0; flips--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            PayloadReader.Read(MessageTypes.ServiceEvaluation, bytes.AsSpan(0, random.Next(bytes.Length + 1))).ShouldNotBeNull();
        }
    }

    private static string Repeat(string text, int times) => string.Concat(Enumerable.Repeat(text, times));

    private static IPayload Ok(string type, string json) =>
        PayloadReader.Read(type, Encoding.UTF8.GetBytes(json)).ShouldBeOfType<ReadOutcome.Ok>().Payload;

    private static IReadOnlyList<Reason> Refused(string type, string json) =>
        PayloadReader.Read(type, Encoding.UTF8.GetBytes(json)).ShouldBeOfType<ReadOutcome.Refused>().Reasons;
}

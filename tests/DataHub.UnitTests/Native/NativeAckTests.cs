using DataHub.Contracts;
using DataHub.Core.Errors;
using DataHub.Core.Native;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Native;

public sealed class NativeAckTests
{
    public static TheoryData<string> Cities() => [.. NativeTestData.Cities];

    [Theory]
    [MemberData(nameof(Cities))]
    public void Every_answer_to_a_submission_comes_back_the_same(string city)
    {
        var acks = NativeTestData.Mappings[city].Acks;
        SubmitAck[] answers =
        [
            new("M1", SubmitResult.Accepted, NativeTestData.ExchangeId, []),
            new("M1", SubmitResult.Duplicate, NativeTestData.ExchangeId, []),
            new("M1", SubmitResult.Refused, null, [Reasons.Of(ReasonCodes.UnmappedCode, "申请人.性别", "7", "sex"), Reasons.Of(ReasonCodes.RequiredMissing, "$.mode")]),
            new(null, SubmitResult.Refused, null, [Reasons.Of(ReasonCodes.NativeNotReadable, "$")]),
            new("M1", SubmitResult.Busy, null, [], 30),
        ];
        foreach (var answer in answers)
        {
            var read = acks.SubmitFromNative(acks.ToNative(answer), out var faults);
            faults.ShouldBeEmpty();
            read.ShouldNotBeNull();
            (read with { Reasons = [] }).ShouldBe(answer with { Reasons = [] });
            read.Reasons.ShouldBe(answer.Reasons);
        }
    }

    [Theory]
    [MemberData(nameof(Cities))]
    public void Every_answer_to_a_delivery_comes_back_the_same(string city)
    {
        var mapping = NativeTestData.Mappings[city];
        var outcomes = NativeTestData.Registry.Codes.Rows.Where(r => r.City == mapping.City.Code && r.Table == "outcome").Select(r => r.Canonical).Distinct();
        HeldAck[] answers =
        [
            .. outcomes.Select(o => new HeldAck("M1", HeldResult.Held, o, 123456, "川〔2026〕1号")),
            new("M1", HeldResult.Held),
            new("M1", HeldResult.Busy, Note: "维护中"),
            new("M1", HeldResult.Rejected, Note: "格式不符"),
        ];
        foreach (var answer in answers)
        {
            mapping.Acks.HeldFromNative(mapping.Acks.ToNative(answer), out var faults).ShouldBe(answer);
            faults.ShouldBeEmpty();
        }
    }

    [Fact]
    public void Amounts_and_outcomes_are_in_the_citys_own_words()
    {
        var ack = new HeldAck("M1", HeldResult.Held, "approved", 123456, "R1");
        var chengdu = NativeTestData.Mappings["chengdu"].Acks.ToNative(ack);
        (chengdu.Text("status"), chengdu.Text("amount")).ShouldBe(("HELD", "1234.56"));
        var meishan = NativeTestData.Mappings["meishan"].Acks.ToNative(ack);
        (meishan.Text("HELD_STATUS"), meishan.Text("AMOUNT"), meishan.Text("OUTCOME")).ShouldBe(("00", "123456", "10"));
    }

    [Fact]
    public void An_answer_with_an_unknown_word_or_outcome_is_no_answer()
    {
        var acks = NativeTestData.Mappings["deyang"].Acks;
        acks.HeldFromNative(new NativeRecord { { "业务流水号", "M1" }, { "入库状态", "也许" }, { "结果代码", "??" } }, out var faults).ShouldBeNull();
        faults.Select(f => f.Code).ShouldBe([ReasonCodes.NativeValueInvalid, ReasonCodes.UnmappedCode]);
    }
}

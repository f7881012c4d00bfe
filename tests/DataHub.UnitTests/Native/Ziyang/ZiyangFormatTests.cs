using DataHub.Contracts;
using DataHub.Core.Native;
using DataHub.Core.Native.Ziyang;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Native.Ziyang;

public sealed class ZiyangFormatTests
{
    private const string Good = "行号,流水号,姓名,金额,清单\r\n1,A1,\"张三, \"\"小\"\"\",12.30,名=甲;值=1|名=乙;值=2\r\n2,A2,𠮷㛃䶮,0.7,\r\n合计,2,13.00\r\n";

    private static readonly ZiyangFormat Format = new(
    [
        new NativeField("流水号", NativeKind.Text, "text", true, []),
        new NativeField("姓名", NativeKind.Text, "text", true, []),
        new NativeField("金额", NativeKind.Text, "yuan-decimal", false, []),
        new NativeField("清单", NativeKind.Records, "", false, []),
        new NativeField("名录", NativeKind.Texts, "text-list", false, []),
    ]);

    [Fact]
    public void A_file_as_a_person_would_write_it_is_read()
    {
        var rows = Read(Good);
        rows[0].Record!.Text("姓名").ShouldBe("张三, \"小\"");
        rows[0].Record!.Records("清单").Select(entry => entry.Text("名")).ShouldBe(["甲", "乙"]);
        rows[1].Record!.Text("姓名").ShouldBe("𠮷㛃䶮");
        rows[1].Record!.Has("清单", out _).ShouldBeFalse();
        Gb18030.Decode(rows[1].Native.Span).ShouldBe("行号,流水号,姓名,金额,清单\r\n2,A2,𠮷㛃䶮,0.7,\r\n");
    }

    [Fact]
    public void What_is_written_is_what_the_contract_says() => Gb18030.Decode(Format.Write(
    [
        new NativeRecord
        {
            { "流水号", "A1" }, { "姓名", "张三, \"小\"" }, { "金额", "12.30" },
            { "清单", new NativeRecord[] { new() { { "名", "甲" }, { "值", "1" } }, new() { { "名", "乙" }, { "值", "2" } } } },
        },
        new NativeRecord { { "流水号", "A2" }, { "姓名", "𠮷㛃䶮" }, { "金额", "0.7" } },
    ])).ShouldBe(Good);

    [Theory]
    [InlineData("\n", "")]
    [InlineData("\r\n", "\uFEFF")]
    [InlineData("\r\n", "")]
    public void Line_feeds_and_a_byte_order_mark_are_tolerated(string lineEnd, string mark) =>
        Read(mark + Good.Replace("\r\n", lineEnd, StringComparison.Ordinal)).Count.ShouldBe(2);

    [Fact]
    public void A_utf8_byte_order_mark_is_tolerated() =>
        Format.Read([0xEF, 0xBB, 0xBF, .. Gb18030.Strict.GetBytes(Good)]).ShouldBeOfType<ZiyangReadOutcome.Ok>();

    [Theory]
    [InlineData("合计,2,13.00", "合计,3,13.00", ReasonCodes.CsvTrailerCountDiffers)]
    [InlineData("合计,2,13.00", "合计,2,13.01", ReasonCodes.CsvTrailerAmountDiffers)]
    [InlineData("合计,2,13.00\r\n", "", ReasonCodes.CsvTrailerMissing)]
    [InlineData("合计,2,13.00", "合计,2", ReasonCodes.CsvTrailerMissing)]
    [InlineData("合计,2,13.00", "合计,2,1.3e1", ReasonCodes.CsvTrailerMissing)]
    [InlineData("合计,2,13.00\r\n", "合计,2,13.00\r\n3,A3,李四,,\r\n", ReasonCodes.CsvTrailerMissing)]
    [InlineData("1,A1,", "1,A\"1,", ReasonCodes.CsvRowInvalid)]
    [InlineData("小\"\"\"", "小", ReasonCodes.CsvRowInvalid)]
    [InlineData("行号,流水号", "行号,姓名", ReasonCodes.NativeNotReadable)]
    [InlineData("行号,流水号", "流水号,行号", ReasonCodes.NativeNotReadable)]
    public void A_file_that_cannot_be_trusted_is_refused_whole(string good, string bad, string code) =>
        Codes(Gb18030.Strict.GetBytes(Good.Replace(good, bad, StringComparison.Ordinal))).ShouldBe([code]);

    [Fact]
    public void Every_fault_of_the_trailer_is_named() =>
        Codes(Gb18030.Strict.GetBytes(Good.Replace("合计,2,13.00", "合计,9,1", StringComparison.Ordinal)))
            .ShouldBe([ReasonCodes.CsvTrailerCountDiffers, ReasonCodes.CsvTrailerAmountDiffers]);

    [Fact]
    public void Bytes_that_are_not_GB18030_are_refused()
    {
        var bytes = Gb18030.Strict.GetBytes(Good);
        bytes[^10] = 0xFF;
        Codes(bytes).ShouldBe([ReasonCodes.EncodingInvalid]);
        Codes([]).ShouldBe([ReasonCodes.NativeNotReadable]);
    }

    [Fact]
    public void A_file_over_the_bound_is_refused_unread() => Codes(new byte[ZiyangFormat.MaxBytes + 1]).ShouldBe([ReasonCodes.FileTooLarge]);

    [Theory]
    [InlineData("2,A2,𠮷㛃䶮,0.7,", "2,A2,𠮷㛃䶮,0.7", ReasonCodes.CsvRowInvalid)]
    [InlineData("2,A2,", "7,A2,", ReasonCodes.CsvRowInvalid)]
    [InlineData("2,A2,𠮷㛃䶮,0.7,", "2,A2,𠮷㛃䶮,0.7,名=甲;名=乙", ReasonCodes.NativeValueInvalid)]
    public void A_row_that_cannot_be_read_is_refused_alone(string good, string bad, string code)
    {
        var rows = Read(Good.Replace(good, bad, StringComparison.Ordinal));
        rows[0].Record.ShouldNotBeNull();
        rows[1].Record.ShouldBeNull();
        rows[1].Reasons.Single().Code.ShouldBe(code);
    }

    [Fact]
    public void Packed_lists_survive_every_sign()
    {
        var texts = new[] { "", "无", "a|b;c=d\\e", "两行\r\n文本", "𠮷,\"" };
        PackedText.Unpack(PackedText.Pack(new NativeValue.Texts(texts)), NativeKind.Texts).ShouldBeOfType<NativeValue.Texts>().Values.ShouldBe(texts);
        foreach (var text in texts)
        {
            PackedText.Unpack(PackedText.Pack(new NativeValue.Texts([text])), NativeKind.Texts).ShouldBeOfType<NativeValue.Texts>().Values.ShouldBe([text]);
            var record = new NativeRecord { { text.Length == 0 ? "x" : text, text } };
            PackedText.Unpack(PackedText.Pack(new NativeValue.Records([record, record])), NativeKind.Records)
                .ShouldBeOfType<NativeValue.Records>().Values[1].ShouldBe(record);
        }

        PackedText.Unpack(PackedText.Pack(new NativeValue.Records([])), NativeKind.Records).ShouldBeOfType<NativeValue.Records>().Values.ShouldBeEmpty();
        PackedText.Unpack("a\\", NativeKind.Texts).ShouldBeNull();
        PackedText.Unpack("a\\q", NativeKind.Texts).ShouldBeNull();
        PackedText.Unpack("没有等号", NativeKind.Records).ShouldBeNull();
    }

    private static IReadOnlyList<ZiyangRow> Read(string text) => Format.Read(Gb18030.Strict.GetBytes(text)).ShouldBeOfType<ZiyangReadOutcome.Ok>().Rows;

    private static IEnumerable<string> Codes(byte[] bytes) =>
        Format.Read(bytes).ShouldBeOfType<ZiyangReadOutcome.Refused>().Reasons.Select(reason => reason.Code);
}

using System.Text.Json.Nodes;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Native;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Native;

/// <summary>What a city's system writes, in its own notation, and what of it is refused.</summary>
public sealed class NativeReadingTests
{
    [Theory]
    [InlineData("chengdu", "content.submitTime", "2026-03-05T14:30:05+08:00", "submittedAt", "2026-03-05T14:30:05+08:00")]
    [InlineData("chengdu", "content.submitTime", "2026-03-05T06:30:05Z", "submittedAt", "2026-03-05T06:30:05Z")]
    [InlineData("deyang", "报文体.申请时间", "2026年3月5日14时30分05秒", "submittedAt", "2026-03-05T14:30:05+08:00")]
    [InlineData("deyang", "报文体.申请时间", "2026年03月05日04时30分05.25秒", "submittedAt", "2026-03-05T04:30:05.25+08:00")]
    [InlineData("meishan", "SUBMIT_TIME", "20260305143005", "submittedAt", "2026-03-05T14:30:05+08:00")]
    [InlineData("ziyang", "申请时间", "2026-03-05 14:30:05", "submittedAt", "2026-03-05T14:30:05+08:00")]
    [InlineData("meishan", "HANDLE_MODE", "1 ", "mode", "online")]
    [InlineData("meishan", "HANDLE_REGION", "510681  ", "targetDistrict", "510681")]
    public void A_submissions_texts_are_read_in_the_citys_notation(string city, string field, string text, string member, string expected) =>
        Read(city, MessageTypes.ServiceSubmission, field, text)[member]!.GetValue<string>().ShouldBe(expected);

    [Theory]
    [InlineData("chengdu", "content.amount", "1234.56", 123456)]
    [InlineData("chengdu", "content.amount", "1234.5", 123450)]
    [InlineData("deyang", "报文体.金额", "0.07", 7)]
    [InlineData("meishan", "AMOUNT", "123456", 123456)]
    [InlineData("ziyang", "金额", "1000000000", 100000000000)]
    public void Amounts_are_read_to_the_fen(string city, string field, string text, long fen) =>
        Read(city, MessageTypes.ServiceDecision, field, text)["amountFen"]!.GetValue<long>().ShouldBe(fen);

    [Theory]
    [InlineData("chengdu", "content.amount", "1,234.56")]
    [InlineData("chengdu", "content.amount", "1234.567")]
    [InlineData("chengdu", "content.amount", "-1.00")]
    [InlineData("chengdu", "content.amount", "1e3")]
    [InlineData("chengdu", "content.amount", "１２.00")]
    [InlineData("chengdu", "content.amount", "7.25\n")]
    [InlineData("deyang", "报文体.办结时间", "2026年2月30日14时30分05秒")]
    [InlineData("deyang", "报文体.办结时间", "2026-03-05 14:30:05")]
    [InlineData("deyang", "报文体.办结时间", "1826年3月5日14时30分05秒")]
    [InlineData("meishan", "AMOUNT", "12.50")]
    [InlineData("meishan", "DECIDE_TIME", "2026030509151")]
    [InlineData("meishan", "RESULT_SHA256", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab")]
    [InlineData("ziyang", "办结时间", "2026-03-05T14:30:05")]
    [InlineData("ziyang", "原因", "零\0字符")]
    [InlineData("ziyang", "流水号", "含 空格")]
    [InlineData("ziyang", "流水号", "A1\n")]
    [InlineData("ziyang", "办件编号", "510100-20261122-1")]
    public void A_value_in_another_notation_is_refused_by_its_native_name(string city, string field, string text)
    {
        var reason = Refused(city, With(Native(city, MessageTypes.ServiceDecision), field, text)).ShouldHaveSingleItem();
        (reason.Code, reason.Path).ShouldBe((ReasonCodes.NativeValueInvalid, field));
        reason.Message.ShouldNotContain(text.Trim());
    }

    [Fact]
    public void Half_a_character_is_refused() =>
        Refused("ziyang", With(Native("ziyang", MessageTypes.ServiceDecision), "原因", "半个" + (char)0xD842 + "字"))
            .ShouldHaveSingleItem().Code.ShouldBe(ReasonCodes.NativeValueInvalid);

    [Theory]
    [InlineData("chengdu", "content.applicant.certType", "ZZ", "id-type")]
    [InlineData("deyang", "报文体.事项编码", "没有的事项", "item")]
    [InlineData("meishan", "APP_SEX", "7", "sex")]
    [InlineData("ziyang", "业务类型", "X99", "message-type")]
    public void An_unmapped_code_is_named_with_its_table(string city, string field, string code, string table)
    {
        var reason = Refused(city, With(Native(city, MessageTypes.ServiceSubmission), field, code)).ShouldHaveSingleItem();
        (reason.Code, reason.Path).ShouldBe((ReasonCodes.UnmappedCode, field));
        reason.Message.ShouldContain(code);
        reason.Message.ShouldContain(table);
    }

    [Fact]
    public void A_persons_number_in_the_wrong_column_is_not_repeated_in_the_reason()
    {
        var reason = Refused("meishan", With(Native("meishan", MessageTypes.ServiceSubmission), "APP_SEX", "11010519491231002X")).ShouldHaveSingleItem();
        reason.Code.ShouldBe(ReasonCodes.UnmappedCode);
        reason.Message.ShouldNotContain("19491231");
    }

    [Fact]
    public void Everything_that_is_wrong_is_listed_at_once_under_the_messages_number()
    {
        var native = With(Native("ziyang", MessageTypes.ServiceSubmission), "申请人性别", "XB8");
        native = With(native, "申请时间", "昨天");
        native = With(native, "收件编号", "");
        native.Add("多出的列", "1");
        var refused = NativeTestData.Mappings["ziyang"].ToCanonical(native).ShouldBeOfType<NativeReadOutcome.Refused>();
        refused.MessageId.ShouldBe("M1");
        refused.Reasons.Select(r => (r.Code, r.Path)).ShouldBe(
            [
                (ReasonCodes.UnknownMember, "多出的列"),
                (ReasonCodes.NativeFieldMissing, "收件编号"),
                (ReasonCodes.UnmappedCode, "申请人性别"),
                (ReasonCodes.NativeValueInvalid, "申请时间"),
            ],
            ignoreOrder: true);
    }

    [Fact]
    public void Faults_in_a_list_are_named_by_their_row()
    {
        var native = Native("meishan", MessageTypes.PensionInformationTable);
        var rows = native.Records("YEAR_DETAIL").ToList();
        rows[1] = With(With(rows[1], "PAY_MONTHS", "十二"), "INS_YEAR", "");
        Refused("meishan", With(native, "YEAR_DETAIL", new NativeValue.Records(rows))).Select(r => (r.Code, r.Path)).ShouldBe(
            [(ReasonCodes.NativeFieldMissing, "YEAR_DETAIL[1].INS_YEAR"), (ReasonCodes.NativeValueInvalid, "YEAR_DETAIL[1].PAY_MONTHS")]);
    }

    [Fact]
    public void A_list_where_one_value_belongs_is_refused() =>
        Refused("chengdu", With(Native("chengdu", MessageTypes.CaseWithdrawal), "content.reason", new NativeValue.Texts(["甲"])))
            .ShouldContain(r => r.Code == ReasonCodes.NativeValueInvalid && r.Path == "content.reason");

    [Fact]
    public void A_list_without_end_is_refused()
    {
        var native = Native("chengdu", MessageTypes.CaseSupplement);
        var material = native.Record("content")!.Records("materials")[0];
        Refused("chengdu", With(native, "content.materials", new NativeValue.Records([.. Enumerable.Repeat(material, 1001)])))
            .ShouldHaveSingleItem().Code.ShouldBe(ReasonCodes.TooManyEntries);
    }

    [Fact]
    public void A_form_field_that_comes_twice_is_refused()
    {
        var native = Native("deyang", MessageTypes.ServiceSubmission);
        var entry = native.Record("报文体")!.Records("表单项")[0];
        Refused("deyang", With(native, "报文体.表单项", new NativeValue.Records([entry, entry])))
            .ShouldHaveSingleItem().Code.ShouldBe(ReasonCodes.DuplicateMember);
    }

    [Fact]
    public void A_15_digit_number_is_upgraded_and_kept()
    {
        var native = With(With(Native("meishan", MessageTypes.ServiceSubmission), "APP_ID_NO", "110105491231002"), "APP_OLD_ID_NO", "");
        native = With(native, "APP_ID_TYPE", NativeTestData.Registry.Codes.ToNative("511400", "id-type", "resident-id")!);
        var applicant = Read("meishan", native)["applicant"]!;
        applicant["idNumber"]!.GetValue<string>().ShouldBe("11010519491231002X");
        applicant["originalIdNumber"]!.GetValue<string>().ShouldBe("110105491231002");
    }

    [Fact]
    public void A_15_digit_number_of_another_document_is_left_alone()
    {
        var native = With(With(Native("meishan", MessageTypes.ServiceSubmission), "APP_ID_NO", "110105491231002"), "APP_OLD_ID_NO", "");
        native = With(native, "APP_ID_TYPE", NativeTestData.Registry.Codes.ToNative("511400", "id-type", "foreign-permanent-resident")!);
        var applicant = Read("meishan", native)["applicant"]!.AsObject();
        applicant["idNumber"]!.GetValue<string>().ShouldBe("110105491231002");
        applicant.ContainsKey("originalIdNumber").ShouldBeFalse();
    }

    [Fact]
    public void An_optional_person_needs_the_essentials_only_when_something_of_them_is_there()
    {
        string[] fields = ["代办人姓名", "代办人证件类型", "代办人证件号码", "代办人原证件号码", "代办人性别", "代办人手机号"];
        var without = fields.Aggregate(Native("ziyang", MessageTypes.ServiceSubmission), (n, f) => With(n, f, ""));
        Read("ziyang", without).AsObject().ContainsKey("agent").ShouldBeFalse();

        Refused("ziyang", With(without, "代办人手机号", "13800000000")).Select(r => (r.Code, r.Path)).ShouldBe(
            fields[..3].Select(f => (ReasonCodes.NativeFieldMissing, f)));
    }

    [Fact]
    public void A_step_without_the_exchange_number_is_refused_and_an_opener_is_not()
    {
        Refused("chengdu", With(Native("chengdu", MessageTypes.CaseWithdrawal), "exchangeNo", "")).ShouldHaveSingleItem().Path.ShouldBe("exchangeNo");
        NativeTestData.Mappings["chengdu"].ToCanonical(With(Native("chengdu", MessageTypes.ServiceSubmission), "exchangeNo", ""))
            .ShouldBeOfType<NativeReadOutcome.Ok>().Message.ExchangeId.ShouldBeNull();
    }

    [Fact]
    public void A_code_that_a_city_cannot_write_is_a_fault_of_the_seeds()
    {
        var payload = NativeTestData.Payload(MessageTypes.ServiceSubmission, all: false);
        payload["itemCode"] = "no.such.item";
        Should.Throw<NativeMappingException>(() => NativeTestData.Mappings["deyang"].ToNative(
            MessageTypes.ServiceSubmission, "M1", null, DateTimeOffset.UnixEpoch, NativeTestData.Utf8(payload))).Message.ShouldContain("table item");
    }

    [Fact]
    public void A_member_without_a_row_is_a_fault_and_never_dropped()
    {
        var payload = NativeTestData.Payload(MessageTypes.CaseWithdrawal, all: false);
        payload["new"] = "x";
        Should.Throw<NativeMappingException>(() => NativeTestData.Mappings["deyang"].ToNative(
            MessageTypes.CaseWithdrawal, "M1", null, DateTimeOffset.UnixEpoch, NativeTestData.Utf8(payload)));
    }

    private static NativeRecord Native(string city, string type) => NativeTestData.Mappings[city].ToNative(
        type, "M1", NativeTestData.ExchangeId, DateTimeOffset.UnixEpoch, NativeTestData.Utf8(NativeTestData.Payload(type, all: true)));

    private static JsonNode Read(string city, string type, string field, string text) => Read(city, With(Native(city, type), field, text));

    private static JsonNode Read(string city, NativeRecord native)
    {
        var outcome = NativeTestData.Mappings[city].ToCanonical(native);
        return JsonNode.Parse(outcome.ShouldBeOfType<NativeReadOutcome.Ok>(
            outcome is NativeReadOutcome.Refused r ? string.Join('\n', r.Reasons) : null).Message.Data.Span)!;
    }

    private static IReadOnlyList<Reason> Refused(string city, NativeRecord native) =>
        NativeTestData.Mappings[city].ToCanonical(native).ShouldBeOfType<NativeReadOutcome.Refused>().Reasons;

    private static NativeRecord With(NativeRecord record, string path, string text) => With(record, path, new NativeValue.Text(text));

    /// <summary>A copy with another value at the path.</summary>
    private static NativeRecord With(NativeRecord record, string path, NativeValue value)
    {
        var names = path.Split('.', 2);
        record.Names.ShouldContain(names[0]);
        var copy = new NativeRecord();
        foreach (var (name, there) in record)
        {
            if (name != names[0])
                copy.Add(name, there);
            else if (names.Length == 1)
                copy.Add(name, value);
            else
                copy.Add(name, With(record.Record(name)!, names[1], value));
        }

        return copy;
    }
}

using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using DataHub.Contracts;
using DataHub.Core.Errors;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Errors;

public sealed class ReasonsTests
{
    public static TheoryData<string> Codes =>
        [.. typeof(ReasonCodes).GetFields(BindingFlags.Public | BindingFlags.Static).Select(constant => (string)constant.GetRawConstantValue()!)];

    [Theory]
    [MemberData(nameof(Codes))]
    public void Every_code_has_a_Chinese_and_an_English_sentence(string code)
    {
        var chinese = Reasons.Of(code, "$.applicant.idNumber", 1, 2, 3).Message;
        var english = Reasons.Sentence(code, "$.applicant.idNumber", CultureInfo.GetCultureInfo("en-GB"), 1, 2, 3);

        Regex.IsMatch(chinese, @"\p{IsCJKUnifiedIdeographs}").ShouldBeTrue(chinese);
        chinese.ShouldEndWith("。");
        Regex.IsMatch(english, @"\p{IsCJKUnifiedIdeographs}").ShouldBeFalse(english);
        english.ShouldEndWith(".");
    }

    [Fact]
    public void Codes_are_unique_and_numbered()
    {
        var codes = Codes.Select(row => row.Data).ToList();

        codes.ShouldBeUnique();
        codes.ShouldAllBe(code => Regex.IsMatch(code, "^DH-[0-9]{4}$"));
    }

    [Fact]
    public void A_sentence_names_the_field_as_a_clerk_knows_it() =>
        Reasons.Of(ReasonCodes.RequiredMissing, "$.years[2].baseFen").Message.ShouldBe("“年度明细第 3 项缴费基数”必须填写。");

    [Fact]
    public void Arguments_that_are_missing_show_as_a_dash() =>
        Reasons.Of(ReasonCodes.TooLarge, "$").Message.ShouldContain("—");

    [Fact]
    public void Path_and_message_stay_within_the_contract_s_bounds()
    {
        var reason = Reasons.Of(ReasonCodes.UnknownValue, "$." + new string('a', 400), new string('b', 900));

        reason.Path.Length.ShouldBe(200);
        reason.Message.Length.ShouldBe(500);
    }
}

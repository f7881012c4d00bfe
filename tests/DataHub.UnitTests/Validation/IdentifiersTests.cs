using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Validation;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Validation;

public sealed class IdentifiersTests
{
    private static readonly DateOnly Today = new(2026, 3, 10);

    [Theory]
    [InlineData("11010519491231002X")] // the example of GB 11643-1999
    [InlineData("440524188001010014")] // the example of GB 11643-1999
    public void The_standard_s_own_resident_numbers_are_right(string number) => Identifiers.CheckResidentId(number, Today).ShouldBeNull();

    [Theory]
    [InlineData("11010519491231002x", ReasonCodes.ResidentIdFormat)]
    [InlineData("110105194912310021", ReasonCodes.ResidentIdCheckDigit)]
    [InlineData("110105491231002", ReasonCodes.ResidentIdFormat)]
    [InlineData("1101051949123100X2", ReasonCodes.ResidentIdFormat)]
    [InlineData("11010519491231002123", ReasonCodes.ResidentIdFormat)]
    [InlineData("", ReasonCodes.ResidentIdFormat)]
    [InlineData("110105194913310028", ReasonCodes.ResidentIdBirthDate)]
    [InlineData("110105190002290027", ReasonCodes.ResidentIdBirthDate)]
    [InlineData("110105202603110027", ReasonCodes.ResidentIdBirthDate)]
    public void A_wrong_resident_number_says_what_is_wrong(string number, string code) =>
        Identifiers.CheckResidentId(number, Today).ShouldBe(code);

    [Fact]
    public void Exactly_one_check_character_fits_each_body_and_any_one_wrong_digit_is_found()
    {
        var random = new Random(1999);
        for (var round = 0; round < 2_000; round++)
        {
            var born = new DateOnly(1930, 1, 1).AddDays(random.Next(34_000));
            var body = $"51{random.Next(10_000):0000}{born:yyyyMMdd}{random.Next(1000):000}";
            var right = "0123456789X".Where(check => Identifiers.CheckResidentId(body + check, Today) is null).ToList();

            var number = body + right.ShouldHaveSingleItem();
            var place = random.Next(17);
            var wrong = number[..place] + (char)('0' + ((number[place] - '0' + random.Next(1, 10)) % 10)) + number[(place + 1)..];
            Identifiers.CheckResidentId(wrong, Today).ShouldNotBeNull();
        }
    }

    [Fact]
    public void A_number_of_the_first_generation_is_upgraded()
    {
        Identifiers.UpgradeResidentId("110105491231002").ShouldBe("11010519491231002X");
        Identifiers.UpgradeResidentId("110105491331002").ShouldBeNull();
        Identifiers.UpgradeResidentId("11010549123100").ShouldBeNull();
        Identifiers.UpgradeResidentId("11010549123100X").ShouldBeNull();
    }

    [Fact]
    public void The_seventeenth_digit_tells_the_sex()
    {
        Identifiers.SexOf("11010519491231002X").ShouldBe(Sex.Female);
        Identifiers.SexOf("440524188001010014").ShouldBe(Sex.Male);
    }

    [Theory]
    [InlineData("91350100M000100Y43")] // the example of GB 32100-2015
    [InlineData("91510113MA61XB1235")]
    public void Right_credit_codes_pass(string code) => Identifiers.CheckCreditCode(code).ShouldBeNull();

    [Theory]
    [InlineData("91350100M000100Y44")]
    [InlineData("91350100M000100Y4")]
    [InlineData("91350100M000100Y433")]
    [InlineData("91350100I000100Y43")]
    [InlineData("91350100m000100y43")]
    public void Wrong_credit_codes_are_refused(string code) => Identifiers.CheckCreditCode(code).ShouldBe(ReasonCodes.CreditCodeCheckDigit);

    [Fact]
    public void Any_one_wrong_character_of_a_credit_code_is_found()
    {
        const string alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
        const string right = "91350100M000100Y43";
        for (var place = 0; place < 18; place++)
        {
            foreach (var other in alphabet.Where(character => character != right[place]))
                Identifiers.CheckCreditCode(right[..place] + other + right[(place + 1)..]).ShouldBe(ReasonCodes.CreditCodeCheckDigit);
        }
    }

    [Theory]
    [InlineData("13800001234", true)]
    [InlineData("19912345678", true)]
    [InlineData("12800001234", false)]
    [InlineData("1380000123", false)]
    [InlineData("138000012345", false)]
    [InlineData("1380000123a", false)]
    public void Mobile_numbers(string number, bool right) => (Identifiers.CheckMobile(number) is null).ShouldBe(right);

    [Theory]
    [InlineData("张明", true)]
    [InlineData("𠮷㛃䶮", true)]
    [InlineData("阿卜杜拉·买买提", true)]
    [InlineData("MARIA GARCIA", true)]
    [InlineData("Jean-Luc O'Neil Jr.", true)]
    [InlineData("J. R. Smith", true)]
    [InlineData("王", false)]
    [InlineData("𠮷", false)]
    [InlineData("·买买提", false)]
    [InlineData("买买提·", false)]
    [InlineData("阿卜杜拉··买买提", false)]
    [InlineData("张明1", false)]
    [InlineData("张 ", false)]
    [InlineData("张\n明", false)]
    [InlineData("张?明", false)]
    [InlineData("张\uFFFD", false)]
    public void Names(string name, bool right) => (Identifiers.CheckName(name) is null).ShouldBe(right);

    [Fact]
    public void A_name_has_at_most_fifty_characters_however_they_are_encoded()
    {
        Identifiers.CheckName(string.Concat(Enumerable.Repeat("𠮷", 50))).ShouldBeNull();
        Identifiers.CheckName(string.Concat(Enumerable.Repeat("𠮷", 51))).ShouldBe(ReasonCodes.PersonNameInvalid);
    }
}

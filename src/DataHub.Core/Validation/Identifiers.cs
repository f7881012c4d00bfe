using System.Globalization;
using System.Text;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;

namespace DataHub.Core.Validation;

/// <summary>The public rules of identifiers. Pure; each check answers with a reason code, or null where the value is right.</summary>
public static class Identifiers
{
    private const string ResidentCheckCharacters = "10X98765432";
    private const string CreditCodeAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";

    /// <summary>Checks an 18-character resident ID number (公民身份号码, GB 11643-1999): form, birth date, check character.</summary>
    /// <param name="number">Seventeen digits and a digit or a capital X.</param>
    /// <param name="today">Day in Asia/Shanghai: no one is born later.</param>
    public static string? CheckResidentId(string number, DateOnly today)
    {
        if (number.Length != 18 || !IsDigits(number.AsSpan(0, 17)) || !(char.IsAsciiDigit(number[17]) || number[17] == 'X'))
            return ReasonCodes.ResidentIdFormat;
        if (BirthDate(number.AsSpan(6, 8)) is not { } born || born > today)
            return ReasonCodes.ResidentIdBirthDate;
        return ResidentCheck(number) == number[17] ? null : ReasonCodes.ResidentIdCheckDigit;
    }

    /// <summary>
    /// The 18-character number of a 15-digit first-generation one: the century 19 is inserted and the check character
    /// appended. Null where it is not 15 digits with a real birth date.
    /// </summary>
    public static string? UpgradeResidentId(string number)
    {
        if (number.Length != 15 || !IsDigits(number))
            return null;
        var body = string.Concat(number.AsSpan(0, 6), "19", number.AsSpan(6));
        return BirthDate(body.AsSpan(6, 8)) is null ? null : body + ResidentCheck(body);
    }

    /// <summary>The sex in a well-formed 18-character number: the seventeenth digit is odd for men.</summary>
    public static Sex SexOf(string residentId) => (residentId[16] - '0') % 2 == 1 ? Sex.Male : Sex.Female;

    /// <summary>Checks a unified social credit code (统一社会信用代码, GB 32100-2015): alphabet and check character.</summary>
    public static string? CheckCreditCode(string code)
    {
        if (code.Length != 18)
            return ReasonCodes.CreditCodeCheckDigit;
        var sum = 0;
        var weight = 1;
        for (var index = 0; index < 17; index++)
        {
            var value = CreditCodeAlphabet.IndexOf(code[index], StringComparison.Ordinal);
            if (value < 0)
                return ReasonCodes.CreditCodeCheckDigit;
            sum += value * weight;
            weight = weight * 3 % 31;
        }

        return CreditCodeAlphabet[(31 - (sum % 31)) % 31] == code[17] ? null : ReasonCodes.CreditCodeCheckDigit;
    }

    /// <summary>Checks a mobile number: 1, then 3 to 9, then nine digits.</summary>
    public static string? CheckMobile(string number) =>
        number.Length == 11 && number[0] == '1' && number[1] is >= '3' and <= '9' && IsDigits(number) ? null : ReasonCodes.PatternMismatch;

    /// <summary>
    /// Checks a person's name: 2 to 50 characters, letters of any script (rare ideographs beyond the BMP as well). The
    /// separator <c>·</c> of minority names, and the space, hyphen, apostrophe and full stop of Latin ones, stand only after
    /// a letter; <c>·</c>, hyphen and apostrophe also before one.
    /// </summary>
    public static string? CheckName(string name)
    {
        var count = 0;
        var afterLetter = false;
        var last = new Rune(' ');
        foreach (var rune in name.EnumerateRunes())
        {
            count++;
            var letter = Rune.IsLetter(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;
            var separator = rune.Value is '·' or ' ' or '-' or '\'' or '.';
            if (!letter && !(separator && (afterLetter || (rune.Value == ' ' && last.Value == '.'))))
                return ReasonCodes.PersonNameInvalid;
            afterLetter = letter;
            last = rune;
        }

        return count is >= 2 and <= 50 && (afterLetter || last.Value == '.') ? null : ReasonCodes.PersonNameInvalid;
    }

    private static char ResidentCheck(string number)
    {
        ReadOnlySpan<int> weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
        var sum = 0;
        for (var index = 0; index < 17; index++)
            sum += (number[index] - '0') * weights[index];
        return ResidentCheckCharacters[sum % 11];
    }

    private static DateOnly? BirthDate(ReadOnlySpan<char> digits) =>
        DateOnly.TryParseExact(digits, "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) ? date : null;

    private static bool IsDigits(ReadOnlySpan<char> text) => !text.ContainsAnyExceptInRange('0', '9');
}

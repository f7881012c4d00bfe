using System.Globalization;
using System.Text.RegularExpressions;
using DataHub.Core.Registry;

namespace DataHub.Core.Native;

/// <summary>Why a native text could not be read.</summary>
internal enum ConvertFault
{
    None,
    Invalid,
    UnmappedCode,
}

/// <summary>
/// How one field's text is written by the city and read by the hub. Each convert is the pair of directions; the names are
/// those of the mapping table's <c>convert</c> column and are described in <c>seeds/mapping/README.md</c>.
/// </summary>
/// <param name="Name">As in the table, with its argument.</param>
/// <param name="Table">Code table, where the convert has one.</param>
/// <param name="Number">True where the hub's JSON holds a number instead of a string.</param>
/// <param name="Expected">What a valid text looks like, for the clerk.</param>
/// <param name="Read">Native text to the hub's text.</param>
/// <param name="Write">The hub's text to native text; null where there is no counterpart.</param>
internal sealed record NativeConvert(
    string Name, string? Table, bool Number, string Expected, Func<string, (string Value, ConvertFault Fault)> Read, Func<string, string?> Write)
{
    private static readonly TimeSpan Shanghai = TimeSpan.FromHours(8);

    /// <summary>Text that may be empty: an empty text is a value, not an absent field.</summary>
    public bool KeepsEmpty => Name == "text-or-empty";

    /// <summary>True where the hub's JSON holds a truth value.</summary>
    public bool IsFlag => Name.StartsWith("flag(", StringComparison.Ordinal);

    /// <summary>Length of a CHAR(n) column.</summary>
    public int MaxLength { get; init; } = int.MaxValue;

    /// <summary>A list of plain texts instead of one.</summary>
    public bool IsTextList => Name == "text-list";

    /// <returns>Null where the convert is not known or lacks its table.</returns>
    public static NativeConvert? Find(string name, string table, string city, CodeTables codes)
    {
        var (kind, argument) = SplitArgument(name);
        return (kind, argument) switch
        {
            ("code", null) when table.Length > 0 => Coded(name, table, city, codes, int.MaxValue),
            ("text-list", null) when table.Length > 0 => Coded(name, table, city, codes, int.MaxValue),
            ("fixed", not null) when int.TryParse(argument, NumberStyles.None, CultureInfo.InvariantCulture, out var length) && length is > 0 and <= 200 =>
                table.Length > 0 ? Coded(name, table, city, codes, length) : Fixed(name, length),
            _ when table.Length > 0 => null,
            ("text" or "text-or-empty" or "text-list", null) => Text(name),
            ("resident-id" or "original-id", null) => Text(name),
            ("words", not null) => Words(name, argument),
            ("flag", not null) when argument.Split('=', '|') is ["true", _, "false", _] => Words(name, argument),
            ("integer", null) => Plain(name, true, "整数", ReadInteger, WriteInteger),
            ("fen-integer", null) => Plain(name, true, "以分为单位的整数", ReadInteger, WriteInteger),
            ("yuan-decimal", null) => Plain(name, true, "以元为单位、至多两位小数的金额", ReadYuan, WriteYuan),
            ("date", null) => Date(name, "yyyy-MM-dd", "2026-03-05"),
            ("date-cn", null) => Date(name, "yyyy年M月d日", "2026年3月5日"),
            ("date-compact", null) => Date(name, "yyyyMMdd", "20260305"),
            ("month", null) => Month(name, "yyyy-MM", "2026-03"),
            ("month-cn", null) => Month(name, "yyyy年M月", "2026年3月"),
            ("month-compact", null) => Month(name, "yyyyMM", "202603"),
            ("datetime-offset", null) => Plain(name, false, "带时区的时间,如2026-03-05T14:30:05+08:00", ReadOffsetTime, t => t),
            ("datetime", null) => Time(name, "yyyy-MM-dd HH:mm:ss", "", "2026-03-05 14:30:05"),
            ("datetime-cn", null) => Time(name, "yyyy年M月d日H时mm分ss", "秒", "2026年3月5日14时30分05秒"),
            ("datetime-compact", null) => Time(name, "yyyyMMddHHmmss", "", "20260305143005"),
            _ => null,
        };
    }

    private static (string Kind, string? Argument) SplitArgument(string name)
    {
        var open = name.IndexOf('(', StringComparison.Ordinal);
        return open > 0 && name.EndsWith(')') ? (name[..open], name[(open + 1)..^1]) : (name, null);
    }

    private static NativeConvert Plain(string name, bool number, string expected, Func<string, string?> read, Func<string, string?> write) =>
        new(name, null, number, expected, text => read(text) is { } value ? (value, ConvertFault.None) : ("", ConvertFault.Invalid), write);

    private static NativeConvert Text(string name) => Plain(name, false, "不含控制字符的文本", t => t, t => t);

    /// <summary>CHAR(n) column: trailing blanks are padding. Nothing is ever cut off.</summary>
    private static NativeConvert Fixed(string name, int length) =>
        Plain(name, false, $"长度为{length}的字符", t => t.TrimEnd(' ') is var text && text.Length <= length ? text : null, t => t.PadRight(length));

    private static NativeConvert Coded(string name, string table, string city, CodeTables codes, int length) => new(
        name, table, false, table,
        text => codes.ToCanonical(city, table, length < int.MaxValue ? text.TrimEnd(' ') : text) is { } code ? (code, ConvertFault.None) : ("", ConvertFault.UnmappedCode),
        text => codes.ToNative(city, table, text) is { } native ? length < int.MaxValue ? native.PadRight(length) : native : null)
    {
        MaxLength = length,
    };

    /// <summary>A handful of fixed words, <c>canonical=native</c> separated by <c>|</c>.</summary>
    private static NativeConvert? Words(string name, string argument)
    {
        var pairs = argument.Split('|').Select(pair => pair.Split('=')).ToList();
        if (pairs.Any(p => p is not [{ Length: > 0 }, { Length: > 0 }]) || pairs.DistinctBy(p => p[0]).Count() != pairs.Count || pairs.DistinctBy(p => p[1]).Count() != pairs.Count)
            return null;
        var native = pairs.ToDictionary(p => p[0], p => p[1]);
        var canonical = pairs.ToDictionary(p => p[1], p => p[0]);
        return new(
            name, null, false, string.Join(" / ", canonical.Keys),
            text => canonical.TryGetValue(text, out var word) ? (word, ConvertFault.None) : ("", ConvertFault.Invalid),
            word => native.GetValueOrDefault(word));
    }

    private static string? ReadInteger(string text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number.ToString(CultureInfo.InvariantCulture) : null;

    /// <summary>The hub's JSON may spell a whole number as <c>1.0</c> or <c>1e2</c>, as JSON Schema allows.</summary>
    private static string? WriteInteger(string text) => Whole(text)?.ToString(CultureInfo.InvariantCulture);

    private static long? Whole(string text)
    {
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var plain))
            return plain;
        return decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            && decimal.Truncate(number) == number && number is >= long.MinValue and <= long.MaxValue
            ? (long)number
            : null;
    }

    private static string? ReadYuan(string text) =>
        NativePatterns.Yuan().Match(text) is { Success: true } match
            && long.TryParse(match.Groups[1].Value + match.Groups[2].Value.PadRight(2, '0'), NumberStyles.None, CultureInfo.InvariantCulture, out var fen)
            ? fen.ToString(CultureInfo.InvariantCulture)
            : null;

    private static string? WriteYuan(string text) =>
        Whole(text) is { } fen and >= 0 ? string.Create(CultureInfo.InvariantCulture, $"{fen / 100}.{fen % 100:00}") : null;

    private static NativeConvert Date(string name, string format, string example) => Plain(
        name, false, "日期,如" + example,
        text => DateOnly.TryParseExact(text, [format, format.Replace("M月d日", "MM月dd日", StringComparison.Ordinal)], CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) && date.Year is >= 1900 and <= 2099
            ? date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)
            : null,
        text => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)
            ? date.ToString(format, CultureInfo.InvariantCulture)
            : null);

    private static NativeConvert Month(string name, string format, string example) => Plain(
        name, false, "年月,如" + example,
        text => DateOnly.TryParseExact(text, [format, format.Replace("M月", "MM月", StringComparison.Ordinal)], CultureInfo.InvariantCulture, DateTimeStyles.None, out var month) && month.Year is >= 1900 and <= 2099
            ? month.ToString("yyyy-MM", CultureInfo.InvariantCulture)
            : null,
        text => DateOnly.TryParseExact(text, "yyyy-MM", CultureInfo.InvariantCulture, DateTimeStyles.None, out var month)
            ? month.ToString(format, CultureInfo.InvariantCulture)
            : null);

    /// <summary>
    /// A time in Asia/Shanghai without its offset. A fraction of a second is written only where there is one, so that
    /// nothing is lost and ordinary times look as the city expects them.
    /// </summary>
    private static NativeConvert Time(string name, string format, string suffix, string example)
    {
        string[] formats = [format + "'" + suffix + "'", format + ".FFFFFFF'" + suffix + "'"];
        if (suffix.Length == 0)
            formats = [format, format + ".FFFFFFF"];
        return Plain(
            name, false, "时间,如" + example,
            text => DateTime.TryParseExact(text, formats, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) && time.Year is >= 1900 and <= 2099
                ? Rfc3339(new DateTimeOffset(time, Shanghai))
                : null,
            text => DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)
                ? time.ToOffset(Shanghai).ToString(formats[1], CultureInfo.InvariantCulture)
                : null);
    }

    private static string? ReadOffsetTime(string text) => NativePatterns.IsWhole(NativePatterns.OffsetTime(), text) ? text : null;

    private static string Rfc3339(DateTimeOffset time) => time.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz", CultureInfo.InvariantCulture);
}

internal static partial class NativePatterns
{
    /// <summary>The contracts' patterns end with <c>$</c>, which would let a line feed at the end pass.</summary>
    public static bool IsWhole(Regex pattern, string text) => pattern.Match(text) is { Success: true, Length: var length } && length == text.Length;

    [GeneratedRegex("^([0-9]{1,13})(?:\\.([0-9]{1,2}))?\\z")]
    public static partial Regex Yuan();

    [GeneratedRegex(DataHub.Contracts.Patterns.DateTime)]
    public static partial Regex OffsetTime();

    [GeneratedRegex(DataHub.Contracts.Patterns.Identifier)]
    public static partial Regex Identifier();

    [GeneratedRegex(DataHub.Contracts.Patterns.ExchangeId)]
    public static partial Regex ExchangeId();
}

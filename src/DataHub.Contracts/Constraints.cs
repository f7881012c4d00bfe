namespace DataHub.Contracts;

/// <summary>
/// Bounds on a text's length, in Unicode code points (as JSON Schema counts), not UTF-16 units. On a list or a map: of
/// each entry's text.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class TextAttribute(int min, int max) : Attribute
{
    public int Min { get; } = min;

    public int Max { get; } = max;
}

/// <summary>
/// A pattern over the whole text. Written in the part of the syntax that ECMA-262 and .NET read alike: no <c>\d</c>,
/// no look-around, always anchored. On a list or a map: of each entry's text.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PatternAttribute(string expression) : Attribute
{
    public string Expression { get; } = expression;
}

/// <summary>Inclusive bounds on a whole number.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class RangeAttribute(long min, long max) : Attribute
{
    public long Min { get; } = min;

    public long Max { get; } = max;
}

/// <summary>Bounds on the number of entries of a list or of a map. A map's keys follow <see cref="Patterns.Identifier"/>.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class CountAttribute(int min, int max) : Attribute
{
    public int Min { get; } = min;

    public int Max { get; } = max;
}

/// <summary>The patterns that several payloads share.</summary>
public static class Patterns
{
    public const string CityCode = "^[0-9]{6}$";
    public const string Identifier = "^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$";
    public const string ExchangeId = "^[0-9]{6}-[0-9]{8}-[0-9]{10}$";
    public const string Sha256 = "^[0-9a-f]{64}$";
    /// <summary>A decimal number as text: no exponent, at most six decimals.</summary>
    public const string Decimal = @"^-?[0-9]{1,12}(\.[0-9]{1,6})?$";

    public const string Month = "^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$";

    /// <summary>A real Gregorian date from 1900-01-01 to 2099-12-31.</summary>
    public const string Date =
        "^((19|20)[0-9]{2}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
        + "|(19|20)(0[48]|[2468][048]|[13579][26])-02-29|2000-02-29)$";

    /// <summary>RFC 3339 date-time with seconds and an offset, years 1900 to 2099.</summary>
    public const string DateTime =
        "^((19|20)[0-9]{2}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
        + "|(19|20)(0[48]|[2468][048]|[13579][26])-02-29|2000-02-29)"
        + "T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,7})?(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)$";

    public const string Mobile = "^1[3-9][0-9]{9}$";
    public const string IdentityNumber = "^[0-9A-Za-z()]{5,20}$";
    public const string CreditCode = "^[0-9A-Z]{18}$";

    /// <summary>Never plain HTTP: what is fetched there is a medical record (GB/T 35273 6.3, personal sensitive information is sent encrypted).</summary>
    public const string HttpsUrl = "^https://[A-Za-z0-9._~:/?#@!$&'()*+,;=%\\[\\]-]{1,480}$";

    public const string MediaType = "^[a-z]+/[a-z0-9.+-]{1,80}$";
    public const string TrackingNumber = "^[0-9A-Za-z-]{6,40}$";
    public const string Account = "^[0-9A-Za-z-]{4,40}$";
}

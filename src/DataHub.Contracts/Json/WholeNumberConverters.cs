using System.Text.Json;
using System.Text.Json.Serialization;

namespace DataHub.Contracts.Json;

/// <summary>
/// Whole numbers as JSON Schema counts them: <c>1</c>, <c>1.0</c> and <c>1e0</c> are the same integer. Written without
/// fraction or exponent.
/// </summary>
public static class WholeNumber
{
    /// <summary>Largest whole number that every JSON implementation holds exactly (2^53 − 1).</summary>
    public const long Max = 9_007_199_254_740_991;

    /// <summary>Reads the number that the reader stands on; false where it is not whole or is beyond ±<see cref="Max"/>.</summary>
    public static bool TryRead(ref Utf8JsonReader reader, out long value)
    {
        if (reader.TryGetInt64(out value))
            return true;
        if (reader.TryGetDouble(out var number) && double.IsInteger(number) && Math.Abs(number) <= Max)
        {
            value = (long)number;
            return true;
        }

        return false;
    }
}

/// <summary>Reads and writes a 64-bit whole number.</summary>
public sealed class WholeNumber64Converter : JsonConverter<long>
{
    public override long Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Number && WholeNumber.TryRead(ref reader, out var value) ? value : throw new JsonException();

    public override void Write(Utf8JsonWriter writer, long value, JsonSerializerOptions options) => writer.WriteNumberValue(value);
}

/// <summary>Reads and writes a 32-bit whole number.</summary>
public sealed class WholeNumber32Converter : JsonConverter<int>
{
    public override int Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Number && WholeNumber.TryRead(ref reader, out var value) && value is >= int.MinValue and <= int.MaxValue
            ? (int)value
            : throw new JsonException();

    public override void Write(Utf8JsonWriter writer, int value, JsonSerializerOptions options) => writer.WriteNumberValue(value);
}

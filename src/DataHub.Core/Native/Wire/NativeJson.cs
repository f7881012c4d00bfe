using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Contracts.Payloads;
using DataHub.Core.Errors;

namespace DataHub.Core.Native.Wire;

/// <summary>
/// Native records as JSON objects. Numbers and booleans are read as their text; <c>null</c> is read as absent; a member
/// that stands twice is refused, for two readers could take it differently.
/// </summary>
public static class NativeJson
{
    public const int MaxDepth = 16;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false };
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>False with one reason where the bytes are no JSON object that can stand for a record.</summary>
    public static bool TryRead(
        ReadOnlyMemory<byte> json, [NotNullWhen(true)] out NativeRecord? record, [NotNullWhen(false)] out Reason? reason)
    {
        record = null;
        reason = null;
        if (!Utf8.IsValid(json.Span))
        {
            reason = Reasons.Of(ReasonCodes.EncodingInvalid, "$", "UTF-8");
            return false;
        }

        try
        {
            using var document = JsonDocument.Parse(json, Strict);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
                record = ReadRecord(document.RootElement);
        }
        catch (JsonException fault)
        {
            // The fault's own message is dropped, for it may quote the input.
            reason = EventFormat.IsTooDeep(fault)
                ? Reasons.Of(ReasonCodes.TooDeep, "$", MaxDepth)
                : Reasons.Of(ReasonCodes.NotWellFormed, "$", (fault.LineNumber ?? 0) + 1, (fault.BytePositionInLine ?? 0) + 1);
            return false;
        }
        catch (Exception fault) when (fault is InvalidOperationException or FormatException)
        {
            // InvalidOperationException: a text with a lone surrogate.
        }

        reason = record is null ? Reasons.Of(ReasonCodes.NativeNotReadable, "$") : null;
        return record is not null;
    }

    public static byte[] Write(NativeRecord record)
    {
        var buffer = new ArrayBufferWriter<byte>(2048);
        using (var writer = new Utf8JsonWriter(buffer, Plain))
            WriteRecord(writer, record);
        return buffer.WrittenSpan.ToArray();
    }

    private static NativeRecord ReadRecord(JsonElement json)
    {
        var record = new NativeRecord();
        foreach (var member in json.EnumerateObject())
        {
            switch (member.Value.ValueKind)
            {
                case JsonValueKind.Null:
                    break;
                case JsonValueKind.Object:
                    record.Add(member.Name, ReadRecord(member.Value));
                    break;
                case JsonValueKind.Array when member.Value.EnumerateArray().All(static entry => entry.ValueKind == JsonValueKind.Object):
                    record.Add(member.Name, member.Value.EnumerateArray().Select(ReadRecord).ToList());
                    break;
                case JsonValueKind.Array:
                    record.Add(member.Name, member.Value.EnumerateArray().Select(ReadText).ToList());
                    break;
                default:
                    record.Add(member.Name, ReadText(member.Value));
                    break;
            }
        }

        return record;
    }

    private static string ReadText(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.String => json.GetString()!,
        JsonValueKind.Number => json.GetRawText(),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => throw new FormatException("A list holds either objects or texts."),
    };

    private static void WriteRecord(Utf8JsonWriter writer, NativeRecord record)
    {
        writer.WriteStartObject();
        foreach (var (name, value) in record)
        {
            writer.WritePropertyName(name);
            switch (value)
            {
                case NativeValue.Text text:
                    writer.WriteStringValue(text.Value);
                    break;
                case NativeValue.Record nested:
                    WriteRecord(writer, nested.Value);
                    break;
                case NativeValue.Records list:
                    writer.WriteStartArray();
                    foreach (var entry in list.Values)
                        WriteRecord(writer, entry);
                    writer.WriteEndArray();
                    break;
                case NativeValue.Texts texts:
                    writer.WriteStartArray();
                    foreach (var entry in texts.Values)
                        writer.WriteStringValue(entry);
                    writer.WriteEndArray();
                    break;
            }
        }

        writer.WriteEndObject();
    }
}

using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace DataHub.Contracts.Envelope;

/// <summary>Why an event of a batch could not be read: a reason code and the attribute concerned.</summary>
public sealed record EnvelopeFault(string Code, string Path);

/// <summary>One element of a batch: its own bytes, and the event or the fault that was found in it.</summary>
public readonly record struct BatchElement(ReadOnlyMemory<byte> Raw, CloudEvent? Event, EnvelopeFault? Fault);

/// <summary>
/// Reads and writes CloudEvents 1.0 in JSON: single (<c>application/cloudevents+json</c>) and batch
/// (<c>application/cloudevents-batch+json</c>). The data's bytes are taken and given unchanged.
/// </summary>
public static class EventFormat
{
    public const string SingleMediaType = "application/cloudevents+json";
    public const string BatchMediaType = "application/cloudevents-batch+json";

    /// <summary>Events in one batch, at most.</summary>
    public const int MaxBatchCount = 1000;

    /// <summary>Bytes of one batch, at most.</summary>
    public const int MaxBatchBytes = 8 * 1024 * 1024;

    /// <summary>Bytes of one event, at most: the largest is a hub receipt over a whole batch.</summary>
    public const int MaxEventBytes = 512 * 1024;

    private const int MaxDepth = 24;

    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = MaxDepth };

    // The batch's array is one level more.
    private static readonly JsonReaderOptions BatchOptions = new() { MaxDepth = MaxDepth + 1 };

    // Splitting does not judge depth (skipping needs no stack), so that an event that is too deep is refused alone.
    private static readonly JsonReaderOptions SplitOptions = new() { MaxDepth = MaxBatchBytes };

    /// <summary>
    /// Splits a batch. A fault inside one element is that element's alone; a batch that is not a well-formed JSON array,
    /// or is too large, is refused whole.
    /// </summary>
    public static EnvelopeFault? ReadBatch(ReadOnlyMemory<byte> batch, List<BatchElement> elements)
    {
        ArgumentNullException.ThrowIfNull(elements);
        if (batch.Length > MaxBatchBytes)
            return new EnvelopeFault(ReasonCodes.TooLarge, "$");
        if (TryReadWhole(batch, elements))
            return null;
        elements.Clear();
        try
        {
            var reader = new Utf8JsonReader(batch.Span, SplitOptions);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
                return new EnvelopeFault(ReasonCodes.NotWellFormed, "$");
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (elements.Count == MaxBatchCount)
                    return new EnvelopeFault(ReasonCodes.TooManyEntries, "$");
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                elements.Add(ReadElement(batch[start..(int)reader.BytesConsumed]));
            }

            return reader.Read() ? new EnvelopeFault(ReasonCodes.NotWellFormed, "$") : null;
        }
        catch (JsonException e)
        {
            return NotReadable(e);
        }
    }

    // In one pass, and only where there is nothing to refuse: to tell a fault from its neighbours, the batch is split first.
    private static bool TryReadWhole(ReadOnlyMemory<byte> batch, List<BatchElement> elements)
    {
        try
        {
            var reader = new Utf8JsonReader(batch.Span, BatchOptions);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
                return false;
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                var start = (int)reader.TokenStartIndex;
                if (elements.Count == MaxBatchCount || ReadEvent(ref reader, batch).Event is not { } e)
                    return false;
                var raw = batch[start..(int)reader.BytesConsumed];
                if (raw.Length > MaxEventBytes)
                    return false;
                elements.Add(new BatchElement(raw, e, null));
            }

            return !reader.Read();
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>Reads one event.</summary>
    public static BatchElement ReadElement(ReadOnlyMemory<byte> raw)
    {
        if (raw.Length > MaxEventBytes)
            return new BatchElement(raw, null, new EnvelopeFault(ReasonCodes.TooLarge, "$"));
        try
        {
            var reader = new Utf8JsonReader(raw.Span, ReaderOptions);
            reader.Read();
            var (cloudEvent, fault) = ReadEvent(ref reader, raw);
            // Throws where anything but white space follows.
            if (fault is null)
                reader.Read();
            return new BatchElement(raw, cloudEvent, fault);
        }
        catch (JsonException e)
        {
            return new BatchElement(raw, null, NotReadable(e));
        }
        catch (InvalidOperationException)
        {
            // A text with half of a surrogate pair: well-formed by the grammar, not a text.
            return new BatchElement(raw, null, new EnvelopeFault(ReasonCodes.NotWellFormed, "$"));
        }
    }

    /// <summary>Writes one event, with the data's bytes as they are.</summary>
    public static byte[] Write(CloudEvent cloudEvent)
    {
        ArgumentNullException.ThrowIfNull(cloudEvent);
        var buffer = new ArrayBufferWriter<byte>(cloudEvent.Data.Length + 1200);
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true }))
        {
            json.WriteStartObject();
            json.WriteString("specversion"u8, "1.0"u8);
            json.WriteString("id"u8, cloudEvent.Id);
            json.WriteString("source"u8, cloudEvent.Source);
            json.WriteString("type"u8, cloudEvent.Type);
            json.WriteString("time"u8, Time(cloudEvent.Time));
            json.WriteString("datacontenttype"u8, "application/json"u8);
            json.WriteString("exchangeid"u8, cloudEvent.ExchangeId);
            json.WriteString("sequence"u8, cloudEvent.Sequence.ToString(CultureInfo.InvariantCulture));
            json.WriteString("sendercity"u8, cloudEvent.SenderCity);
            if (cloudEvent.TargetCity is not null)
                json.WriteString("targetcity"u8, cloudEvent.TargetCity);
            json.WriteString("datadigest"u8, cloudEvent.DataDigest);
            if (cloudEvent.Signature is not null)
                json.WriteString("signature"u8, cloudEvent.Signature);
            if (cloudEvent.DeliverySequence is { } delivery)
                json.WriteString("deliverysequence"u8, delivery.ToString(CultureInfo.InvariantCulture));
            if (cloudEvent.HubState is not null)
                json.WriteString("hubstate"u8, cloudEvent.HubState);
            if (cloudEvent.HubVersion is { } version)
                json.WriteNumber("hubversion"u8, version);
            if (cloudEvent.Flow is not null)
                json.WriteString("flow"u8, cloudEvent.Flow);
            json.WritePropertyName("data"u8);
            json.WriteRawValue(cloudEvent.Data.Span, skipInputValidation: true);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>
    /// Puts the hub's own attributes in front of a stored event's, which stay byte for byte as they were signed.
    /// </summary>
    public static void WriteForwarded(IBufferWriter<byte> target, ReadOnlySpan<byte> stored, long deliverySequence, string? hubState, int hubVersion, string? flow)
    {
        ArgumentNullException.ThrowIfNull(target);
        var head = hubState is null
            ? string.Create(CultureInfo.InvariantCulture, $"{{\"deliverysequence\":\"{deliverySequence}\",")
            : string.Create(CultureInfo.InvariantCulture, $"{{\"deliverysequence\":\"{deliverySequence}\",\"hubstate\":\"{hubState}\",\"hubversion\":{hubVersion},\"flow\":\"{flow}\",");
        Encoding.UTF8.GetBytes(head, target);
        target.Write(stored[1..]);
    }

    /// <summary>The time as it is written and signed: UTC, seven decimals (RFC 3339).</summary>
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture);

    // From the event's first token to its last.
    private static (CloudEvent? Event, EnvelopeFault? Fault) ReadEvent(ref Utf8JsonReader reader, ReadOnlyMemory<byte> bytes)
    {
        string? specVersion = null, id = null, source = null, type = null, contentType = null, exchangeId = null, sender = null, target = null;
        string? digest = null, signature = null, hubState = null, flow = null;
        DateTimeOffset? time = null;
        long? sequence = null, delivery = null;
        int? hubVersion = null;
        ReadOnlyMemory<byte>? data = null;

        if (reader.TokenType != JsonTokenType.StartObject)
            return (null, new EnvelopeFault(ReasonCodes.EnvelopeInvalid, "$"));
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = Attribute(ref reader);
            reader.Read();
            if (name is null)
                return (null, new EnvelopeFault(ReasonCodes.UnknownMember, "$"));
            if (name == "data")
            {
                if (data is not null)
                    return (null, new EnvelopeFault(ReasonCodes.DuplicateMember, "$.data"));
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                data = bytes[start..(int)reader.BytesConsumed];
                continue;
            }

            if (name == "hubversion")
            {
                if (hubVersion is not null)
                    return (null, new EnvelopeFault(ReasonCodes.DuplicateMember, "$.hubversion"));
                if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt32(out var v) || v < 1)
                    return (null, new EnvelopeFault(ReasonCodes.EnvelopeInvalid, "$.hubversion"));
                hubVersion = v;
                continue;
            }

            if (reader.TokenType != JsonTokenType.String)
                return (null, new EnvelopeFault(ReasonCodes.WrongKind, "$." + name));
            var text = reader.GetString()!;
            if (text.Length == 0 || text.Length > (name == "signature" ? 4096 : 128))
                return (null, new EnvelopeFault(ReasonCodes.LengthOutOfBounds, "$." + name));
            var seen = name switch
            {
                "specversion" => Set(ref specVersion, text),
                "id" => Set(ref id, text),
                "source" => Set(ref source, text),
                "type" => Set(ref type, text),
                "datacontenttype" => Set(ref contentType, text),
                "exchangeid" => Set(ref exchangeId, text),
                "sendercity" => Set(ref sender, text),
                "targetcity" => Set(ref target, text),
                "datadigest" => Set(ref digest, text),
                "signature" => Set(ref signature, text),
                "hubstate" => Set(ref hubState, text),
                "flow" => Set(ref flow, text),
                "time" => SetTime(ref time, text),
                "sequence" => SetNumber(ref sequence, text),
                "deliverysequence" => SetNumber(ref delivery, text),
                _ => Outcome.Wrong,
            };
            if (seen != Outcome.Set)
                return (null, new EnvelopeFault(seen == Outcome.Twice ? ReasonCodes.DuplicateMember : ReasonCodes.EnvelopeInvalid, "$." + name));
        }

        var fault = specVersion != "1.0" ? Missing(specVersion, "specversion")
            : id is null || !IsIdentifier(id) ? Missing(id, "id")
            : source is null ? Missing(source, "source")
            : type is null ? Missing(type, "type")
            : time is null ? Missing(null, "time")
            : contentType is not (null or "application/json") ? Missing(contentType, "datacontenttype")
            : sender is null || !IsCityCode(sender) ? Missing(sender, "sendercity")
            : target is not null && !IsCityCode(target) ? Missing(target, "targetcity")
            : exchangeId is null || !IsExchangeId(exchangeId) ? Missing(exchangeId, "exchangeid")
            : sequence is null ? Missing(null, "sequence")
            : digest is null || !IsSha256(digest) ? Missing(digest, "datadigest")
            : data is null ? Missing(null, "data")
            : null;
        if (fault is not null)
            return (null, fault);
        return (new CloudEvent
        {
            Id = id!,
            Source = source!,
            Type = type!,
            Time = time!.Value,
            ExchangeId = exchangeId!,
            Sequence = sequence!.Value,
            SenderCity = sender!,
            TargetCity = target,
            DataDigest = digest!,
            Signature = signature,
            DeliverySequence = delivery,
            HubState = hubState,
            HubVersion = hubVersion,
            Flow = flow,
            Data = data!.Value,
        }, null);
    }

    private static EnvelopeFault Missing(string? value, string name) =>
        new(value is null ? ReasonCodes.RequiredMissing : ReasonCodes.EnvelopeInvalid, "$." + name);

    // A fixed set of names: an attribute that nobody knows is refused, so that nothing travels unsigned and unread.
    private static string? Attribute(ref Utf8JsonReader reader)
    {
        foreach (var (utf8, name) in Attributes)
        {
            if (reader.ValueTextEquals(utf8))
                return name;
        }

        return null;
    }

    private static readonly (byte[] Utf8, string Name)[] Attributes =
        [.. new[]
        {
            "specversion", "id", "source", "type", "time", "datacontenttype", "exchangeid", "sequence", "sendercity", "targetcity",
            "datadigest", "signature", "deliverysequence", "hubstate", "hubversion", "flow", "data",
        }.Select(n => (Encoding.UTF8.GetBytes(n), n))];

    private enum Outcome
    {
        Set,
        Twice,
        Wrong,
    }

    private static Outcome Set(ref string? field, string text)
    {
        if (field is not null)
            return Outcome.Twice;
        field = text;
        return Outcome.Set;
    }

    private static Outcome SetTime(ref DateTimeOffset? field, string text)
    {
        if (field is not null)
            return Outcome.Twice;
        field = ReadTime(text);
        return field is null ? Outcome.Wrong : Outcome.Set;
    }

    /// <summary>A time with date, seconds and offset (RFC 3339), in UTC; null where the text is none.</summary>
    public static DateTimeOffset? ReadTime(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Length < 20 || text[10] != 'T' || (text[^1] != 'Z' && text[^6] is not ('+' or '-'))
            || !DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)
            ? null
            : time.ToUniversalTime();
    }

    private static Outcome SetNumber(ref long? field, string text)
    {
        if (field is not null)
            return Outcome.Twice;
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || text[0] == '0')
            return Outcome.Wrong;
        field = number;
        return Outcome.Set;
    }

    /// <summary>True where the text has the form of <see cref="Patterns.Identifier"/>.</summary>
    public static bool IsIdentifier(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length is 0 or > 64 || !char.IsAsciiLetterOrDigit(text[0]))
            return false;
        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or ':' or '-'))
                return false;
        }

        return true;
    }

    /// <summary>True where the text has the form of <see cref="Patterns.ExchangeId"/>.</summary>
    public static bool IsExchangeId(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length != 26 || text[6] != '-' || text[15] != '-')
            return false;
        for (var i = 0; i < 26; i++)
        {
            if (i is not (6 or 15) && !char.IsAsciiDigit(text[i]))
                return false;
        }

        return true;
    }

    private static bool IsCityCode(string text) => text.Length == 6 && text.All(char.IsAsciiDigit);

    private static bool IsSha256(string text) => text.Length == 64 && text.All(char.IsAsciiHexDigitLower);

    private static EnvelopeFault NotReadable(JsonException e) => new(IsTooDeep(e) ? ReasonCodes.TooDeep : ReasonCodes.NotWellFormed, "$");

    /// <summary>True where the reader gave up because of nesting; a text that ends too early speaks of depth as well.</summary>
    public static bool IsTooDeep(JsonException fault)
    {
        ArgumentNullException.ThrowIfNull(fault);
        return fault.Message.Contains("maximum configured depth", StringComparison.OrdinalIgnoreCase);
    }
}

using System.Text.Json;
using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Contracts.Json;
using DataHub.Contracts.Payloads;
using DataHub.Core.Errors;
using DataHub.Core.Flows;
using DataHub.Core.Signing;
using DataHub.Core.Validation;

namespace DataHub.Host.Api;

/// <summary>
/// A CloudEvent as a city's system sends it: <c>specversion</c>, <c>id</c>, <c>type</c>, <c>time</c>, <c>exchangeid</c>
/// (absent where the message opens an exchange) and <c>data</c>. The city's adapter makes the event that travels: it gives
/// exchange id and sequence, and signs. What else CloudEvents knows may stand there where it says nothing false.
/// </summary>
/// <param name="Raw">The bytes as they came.</param>
/// <param name="Id">Null where none could be read.</param>
/// <param name="Faults">Every fault of the envelope; empty where there is none.</param>
internal sealed record ClientEvent(ReadOnlyMemory<byte> Raw, string? Id, string? Type, string? ExchangeId, ReadOnlyMemory<byte> Data, IReadOnlyList<Reason> Faults)
{
    /// <summary>Bytes of one event, at most: a payload of 64 KiB, written generously, and the attributes.</summary>
    public const int MaxBytes = 128 * 1024;

    private const int MaxDepth = 24;
    private const int MaxAttribute = 128;

    /// <summary>
    /// Splits a batch. Only what makes the array itself unreadable refuses it whole; a fault inside an event is that
    /// event's alone.
    /// </summary>
    public static Reason? ReadBatch(ReadOnlyMemory<byte> batch, string city, DateTimeOffset now, List<ClientEvent> events)
    {
        try
        {
            // No bound on depth here: an event that is nested too deep is found out when it is read by itself.
            var reader = new Utf8JsonReader(batch.Span, new JsonReaderOptions { MaxDepth = int.MaxValue });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
                return Reasons.Of(ReasonCodes.WrongKind, "$", "列表");
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (events.Count == EventFormat.MaxBatchCount)
                    return Reasons.Of(ReasonCodes.TooManyEntries, "$", EventFormat.MaxBatchCount);
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                events.Add(Read(batch[start..(int)reader.BytesConsumed], city, now));
            }

            return reader.Read() ? Reasons.Of(ReasonCodes.NotWellFormed, "$", 1, reader.BytesConsumed) : null;
        }
        catch (JsonException e)
        {
            return NotReadable(e);
        }
    }

    /// <summary>Reads one event that a city's system sends.</summary>
    /// <param name="raw">The event's bytes.</param>
    /// <param name="city">The city whose key came with the request.</param>
    /// <param name="now">For the bounds of the event's time.</param>
    public static ClientEvent Read(ReadOnlyMemory<byte> raw, string city, DateTimeOffset now)
    {
        var attributes = new Dictionary<string, string>(StringComparer.Ordinal);
        ReadOnlyMemory<byte>? data = null;
        List<Reason> reasons = [];
        if (raw.Length > MaxBytes)
        {
            reasons.Add(Reasons.Of(ReasonCodes.TooLarge, "$", MaxBytes));
        }
        else
        {
            try
            {
                data = ReadMembers(raw, attributes, reasons);
                if (!reasons.Exists(r => r.Path == "$"))
                    Check(attributes, data, city, now, reasons);
            }
            catch (JsonException e)
            {
                reasons = [NotReadable(e)];
            }
            catch (InvalidOperationException)
            {
                // Bytes that are not UTF-8, or half of a surrogate pair: well-formed by the grammar, not a text.
                reasons = [Reasons.Of(ReasonCodes.EncodingInvalid, "$", "UTF-8")];
            }
        }

        var id = attributes.GetValueOrDefault("id");
        return new ClientEvent(
            raw, id is not null && EventFormat.IsIdentifier(id) ? id : null, attributes.GetValueOrDefault("type"), attributes.GetValueOrDefault("exchangeid"),
            data ?? default, reasons.Count <= Reasons.MaxCount ? reasons : reasons[..Reasons.MaxCount]);
    }

    private static ReadOnlyMemory<byte>? ReadMembers(ReadOnlyMemory<byte> raw, Dictionary<string, string> attributes, List<Reason> reasons)
    {
        ReadOnlyMemory<byte>? data = null;
        var reader = new Utf8JsonReader(raw.Span, new JsonReaderOptions { MaxDepth = MaxDepth });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            reasons.Add(Reasons.Of(ReasonCodes.WrongKind, "$", "对象"));
            return null;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            var (start, kind) = ((int)reader.TokenStartIndex, reader.TokenType);
            reader.Skip();
            if (name == "data")
            {
                if (data is not null)
                    reasons.Add(Reasons.Of(ReasonCodes.DuplicateMember, Problems.DataPath));
                data = raw[start..(int)reader.BytesConsumed];
                continue;
            }

            var path = "$." + name;
            if (!Known.Contains(name))
                reasons.Add(Reasons.Of(ReasonCodes.UnknownMember, path));
            else if (kind != JsonTokenType.String)
                reasons.Add(Reasons.Of(ReasonCodes.WrongKind, path, "文本"));
            else if (reader.GetString()! is not { Length: > 0 and <= MaxAttribute } text)
                reasons.Add(Reasons.Of(ReasonCodes.LengthOutOfBounds, path, 1, MaxAttribute));
            else if (!attributes.TryAdd(name, text))
                reasons.Add(Reasons.Of(ReasonCodes.DuplicateMember, path));
        }

        if (reader.Read())
            reasons.Add(Reasons.Of(ReasonCodes.NotWellFormed, "$", 1, reader.BytesConsumed));
        return data;
    }

    // What the adapter and the hub give (sequence, signature and the like) is not among them: a client that sends it
    // believes something that is not so.
    private static readonly HashSet<string> Known = new(StringComparer.Ordinal)
    {
        "specversion", "id", "source", "type", "time", "exchangeid", "datacontenttype", "dataschema", "subject", "sendercity", "datadigest",
    };

    private static void Check(Dictionary<string, string> attributes, ReadOnlyMemory<byte>? data, string city, DateTimeOffset now, List<Reason> reasons)
    {
        void Require(string name, string faultCode, Func<string, bool> holds)
        {
            // A member that was there with another fault is told of already.
            if (attributes.TryGetValue(name, out var text) ? !holds(text) : !reasons.Exists(r => r.Path == "$." + name))
                reasons.Add(Reasons.Of(text is null ? ReasonCodes.RequiredMissing : faultCode, "$." + name));
        }

        void Allow(string name, string faultCode, Func<string, bool> holds)
        {
            if (attributes.TryGetValue(name, out var text) && !holds(text))
                reasons.Add(Reasons.Of(faultCode, "$." + name));
        }

        Require("specversion", ReasonCodes.EnvelopeInvalid, v => v == "1.0");
        Require("id", ReasonCodes.PatternMismatch, EventFormat.IsIdentifier);
        Require("type", ReasonCodes.UnknownType, IsBusinessType);
        Require("time", ReasonCodes.PatternMismatch, v => EventFormat.ReadTime(v) is not null);
        Allow("datacontenttype", ReasonCodes.EnvelopeInvalid, v => v == "application/json");
        Allow("sendercity", ReasonCodes.NotAuthorised, v => v == city);
        if (data is null)
            reasons.Add(Reasons.Of(ReasonCodes.RequiredMissing, Problems.DataPath));
        else
            Allow("datadigest", ReasonCodes.DigestMismatch, v => v == SignedText.DigestOf(data.Value.Span));
        if (attributes.TryGetValue("type", out var type) && IsBusinessType(type))
        {
            if (FlowCatalogue.Opens(type))
                Allow("exchangeid", ReasonCodes.EnvelopeInvalid, _ => false);
            else
                Require("exchangeid", ReasonCodes.PatternMismatch, EventFormat.IsExchangeId);
        }

        if (attributes.TryGetValue("time", out var text) && EventFormat.ReadTime(text) is { } time)
        {
            if (time > now + PayloadCheck.ClockTolerance)
                reasons.Add(Reasons.Of(ReasonCodes.EnvelopeTimeInFuture, "$.time"));
            else if (time < now - PayloadCheck.OldestMessage)
                reasons.Add(Reasons.Of(ReasonCodes.EnvelopeTimeTooOld, "$.time"));
        }
    }

    private static bool IsBusinessType(string type) => PayloadTypes.ByName.ContainsKey(type) && PayloadCheck.IsBusiness(type);

    private static Reason NotReadable(JsonException e) => EventFormat.IsTooDeep(e)
        ? Reasons.Of(ReasonCodes.TooDeep, "$", MaxDepth)
        : Reasons.Of(ReasonCodes.NotWellFormed, "$", (e.LineNumber ?? 0) + 1, e.BytePositionInLine ?? 0);
}

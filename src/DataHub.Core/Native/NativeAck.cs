using System.Buffers;
using System.Text.Json;
using DataHub.Contracts.Payloads;

namespace DataHub.Core.Native;

/// <summary>What the adapter answers to a city's submission.</summary>
public enum SubmitResult
{
    /// <summary>Taken in and journalled; the answer carries the exchange id.</summary>
    Accepted,

    /// <summary>Taken in before, with the same content; the answer carries the exchange id again. No second effect.</summary>
    Duplicate,

    /// <summary>Not taken in; the answer carries every reason. The same content will be refused again.</summary>
    Refused,

    /// <summary>Not taken in for now; try again after the seconds that the answer names.</summary>
    Busy,
}

/// <summary>The answer to one submission, or a later refusal of it by the hub.</summary>
/// <param name="MessageId">The city's own number; null where it could not be read.</param>
/// <param name="ExchangeId">办件编号, where known: later steps of the case quote it.</param>
/// <param name="Reasons">Empty unless refused.</param>
/// <param name="RetryAfterSeconds">Only where busy.</param>
public sealed record SubmitAck(string? MessageId, SubmitResult Result, string? ExchangeId, IReadOnlyList<Reason> Reasons, int? RetryAfterSeconds = null);

/// <summary>What a city's system answers to a delivery.</summary>
public enum HeldResult
{
    /// <summary>The system holds the message; the answer carries the outcome as the system recorded it, if the message has one.</summary>
    Held,

    /// <summary>The system cannot take it now; deliver again later.</summary>
    Busy,

    /// <summary>The system will never take it as it is; an operator has to look.</summary>
    Rejected,
}

/// <summary>The answer of a city's system to one delivery.</summary>
/// <param name="OutcomeCode">The outcome that the system recorded, in the hub's code; null where the message carries none.</param>
/// <param name="AmountFen">The amount that it recorded, in fen.</param>
/// <param name="Reference">The certificate number, remittance reference or result id that it recorded.</param>
/// <param name="Note">Why it is busy or rejects; no personal data.</param>
public sealed record HeldAck(string MessageId, HeldResult Result, string? OutcomeCode = null, long? AmountFen = null, string? Reference = null, string? Note = null);

/// <summary>
/// A city's words for the two acknowledgements: rows <c>@submit-ack</c> and <c>@held-ack</c> of its mapping table, so that
/// codes, amounts and lists are written as everywhere else in that city's interface. Both directions, for the adapter and
/// for the city's system.
/// </summary>
public sealed class NativeAck
{
    private static readonly Dictionary<string, SubmitResult> SubmitResults = Enum.GetValues<SubmitResult>().ToDictionary(Word);
    private static readonly Dictionary<string, HeldResult> HeldResults = Enum.GetValues<HeldResult>().ToDictionary(Word);

    private readonly MessageMap submit;
    private readonly MessageMap held;

    internal NativeAck(MessageMap submit, MessageMap held)
    {
        this.submit = submit;
        this.held = held;
    }

    /// <summary>The native layout of an answer to a submission.</summary>
    public IReadOnlyList<NativeField> SubmitFields => submit.Fields;

    /// <summary>The native layout of an answer to a delivery.</summary>
    public IReadOnlyList<NativeField> HeldFields => held.Fields;

    public NativeRecord ToNative(SubmitAck ack) => Write(submit, json =>
    {
        WriteText(json, "messageId", ack.MessageId);
        json.WriteString("result", Word(ack.Result));
        WriteText(json, "exchangeId", ack.ExchangeId);
        WriteNumber(json, "retryAfterSeconds", ack.RetryAfterSeconds);
        if (ack.Reasons.Count == 0)
            return;
        json.WriteStartArray("reasons");
        foreach (var reason in ack.Reasons)
        {
            json.WriteStartObject();
            json.WriteString("code", reason.Code);
            json.WriteString("path", reason.Path);
            json.WriteString("message", reason.Message);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    public NativeRecord ToNative(HeldAck ack) => Write(held, json =>
    {
        json.WriteString("messageId", ack.MessageId);
        json.WriteString("result", Word(ack.Result));
        WriteText(json, "outcomeCode", ack.OutcomeCode);
        WriteNumber(json, "amountFen", ack.AmountFen);
        WriteText(json, "reference", ack.Reference);
        WriteText(json, "note", ack.Note);
    });

    /// <returns>The answer, or null with what is wrong in it.</returns>
    public SubmitAck? SubmitFromNative(NativeRecord native, out IReadOnlyList<Reason> faults)
    {
        using var json = Read(submit, native, out faults);
        if (json is null)
            return null;
        var root = json.RootElement;
        var reasons = root.TryGetProperty("reasons", out var list)
            ? list.EnumerateArray().Select(r => new Reason { Code = Text(r, "code")!, Path = Text(r, "path")!, Message = Text(r, "message")! }).ToList()
            : [];
        return new SubmitAck(Text(root, "messageId"), SubmitResults[Text(root, "result")!], Text(root, "exchangeId"), reasons, (int?)Number(root, "retryAfterSeconds"));
    }

    /// <returns>The answer, or null with what is wrong in it.</returns>
    public HeldAck? HeldFromNative(NativeRecord native, out IReadOnlyList<Reason> faults)
    {
        using var json = Read(held, native, out faults);
        if (json is null)
            return null;
        var root = json.RootElement;
        return new HeldAck(
            Text(root, "messageId")!, HeldResults[Text(root, "result")!], Text(root, "outcomeCode"), Number(root, "amountFen"), Text(root, "reference"), Text(root, "note"));
    }

    private static NativeRecord Write(MessageMap map, Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        using var document = JsonDocument.Parse(buffer.WrittenMemory);
        var record = new NativeRecord();
        new RecordWriter(map.Type).WriteObject(document.RootElement, map.Body, record, "$");
        return record;
    }

    private static JsonDocument? Read(MessageMap map, NativeRecord native, out IReadOnlyList<Reason> faults)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var json = new Utf8JsonWriter(buffer);
        var reader = new RecordReader(json);
        reader.CheckFields(native, map.Fields);
        reader.WriteObject(native, map.Body);
        json.Flush();
        faults = reader.Reasons;
        return faults.Count == 0 ? JsonDocument.Parse(buffer.WrittenMemory) : null;
    }

    private static void WriteText(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
            json.WriteString(name, value);
    }

    private static void WriteNumber(Utf8JsonWriter json, string name, long? value)
    {
        if (value is { } number)
            json.WriteNumber(name, number);
    }

    private static string? Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static long? Number(JsonElement element, string name) => element.TryGetProperty(name, out var value) ? value.GetInt64() : null;

    private static string Word<TEnum>(TEnum value)
        where TEnum : struct, Enum => Enum.GetName(value)!.ToLowerInvariant();
}

using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using DataHub.Contracts;
using DataHub.Contracts.Json;
using DataHub.Contracts.Payloads;
using DataHub.Core.Errors;

namespace DataHub.Core.Validation;

/// <summary>What reading a payload's bytes came to.</summary>
public abstract record ReadOutcome
{
    private ReadOutcome()
    {
    }

    public sealed record Ok(IPayload Payload) : ReadOutcome;

    /// <summary>Every fault that was found, at most <see cref="Reasons.MaxCount"/>.</summary>
    public sealed record Refused(IReadOnlyList<Reason> Reasons) : ReadOutcome;
}

/// <summary>
/// The strict way in and out of the contract records: well-formedness and shape, as the JSON Schemas in
/// <c>contracts/schemas</c> state them. What JSON Schema cannot say is refused as well: members that come twice, bytes that
/// are not UTF-8, halves of surrogate pairs, and more than <see cref="MaxBytes"/>.
/// </summary>
public static class PayloadReader
{
    private static readonly JsonSerializerOptions Json = new(ContractsJson.Default.Options)
    {
        TypeInfoResolver = ContractsJson.Default,
        // Chinese text stays readable and short; nothing here is embedded in HTML without encoding.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Greatest size of a payload in bytes: 64 KiB, and 480 KiB for the two that report on a whole batch.</summary>
    public static int MaxBytes(string type) =>
        type is MessageTypes.HubReceipt or MessageTypes.HolderReport ? 480 * 1024 : 64 * 1024;

    /// <summary>Reads the payload of a message of this type. Never throws on any bytes.</summary>
    public static ReadOutcome Read(string type, ReadOnlySpan<byte> data)
    {
        if (!Shape.ByName.TryGetValue(type, out var shape))
            return new ReadOutcome.Refused([Reasons.Of(ReasonCodes.UnknownType, "$")]);
        if (data.Length > MaxBytes(type))
            return new ReadOutcome.Refused([Reasons.Of(ReasonCodes.TooLarge, "$", MaxBytes(type))]);
        if (!Utf8.IsValid(data))
            return new ReadOutcome.Refused([Reasons.Of(ReasonCodes.EncodingInvalid, "$", "UTF-8")]);
        if (ShapeCheck.Run(shape, data) is { } reasons)
            return new ReadOutcome.Refused(reasons);
        try
        {
            return new ReadOutcome.Ok((IPayload)JsonSerializer.Deserialize(data, Json.GetTypeInfo(shape.Type!))!);
        }
        catch (JsonException fault)
        {
            // The serializer is as strict as the shape; a difference between the two must refuse, never let through.
            return new ReadOutcome.Refused([Reasons.Of(ReasonCodes.WrongKind, fault.Path ?? "$", "消息模式规定的类型")]);
        }
    }

    /// <summary>The payload's bytes, UTF-8 without byte-order mark, members in the record's order.</summary>
    public static byte[] Write(IPayload payload) => JsonSerializer.SerializeToUtf8Bytes(payload, Json.GetTypeInfo(payload.GetType()));

    /// <summary>The wire name of the payload's type.</summary>
    public static string TypeOf(IPayload payload) => PayloadTypes.NameOf[payload.GetType()];
}

namespace DataHub.Contracts.Envelope;

/// <summary>
/// One message on the wire: CloudEvents 1.0, structured JSON. <see cref="Data"/> holds the payload's bytes exactly as
/// they were signed; they are copied, never rewritten, on every hop.
/// </summary>
public sealed record CloudEvent
{
    /// <summary>Unique per sender for all time: the key by which repetitions are recognised. At most 64 characters.</summary>
    public required string Id { get; init; }

    /// <summary>URI reference of the sending system, such as <c>/cities/510100/adapter</c>.</summary>
    public required string Source { get; init; }

    /// <summary>A name of <see cref="MessageTypes"/>.</summary>
    public required string Type { get; init; }

    public required DateTimeOffset Time { get; init; }

    /// <summary>办件编号: <c>{city}-{yyyyMMdd}-{10 digits}</c>, given by the source city's adapter.</summary>
    public required string ExchangeId { get; init; }

    /// <summary>Number of this message among all that its sender sent to the hub, from 1, without gaps.</summary>
    public required long Sequence { get; init; }

    /// <summary>GB/T 2260 code of the sending city, or <see cref="Nodes.Hub"/>.</summary>
    public required string SenderCity { get; init; }

    /// <summary>City that the sender addresses; absent where the hub has to find it.</summary>
    public string? TargetCity { get; init; }

    /// <summary>SHA-256 of <see cref="Data"/>, lower-case hexadecimal.</summary>
    public required string DataDigest { get; init; }

    /// <summary>Batch signature with this message's inclusion proof (docs/design/signatures.md). Absent before signing.</summary>
    public string? Signature { get; init; }

    /// <summary>Set by the hub when it forwards, outside the signature: number on the link from hub to city.</summary>
    public long? DeliverySequence { get; init; }

    /// <summary>Set by the hub when it forwards, outside the signature: the exchange's state after this message.</summary>
    public string? HubState { get; init; }

    /// <summary>Set by the hub when it forwards, outside the signature: version of that state, from 1.</summary>
    public int? HubVersion { get; init; }

    /// <summary>Set by the hub when it forwards, outside the signature: the flow's code, such as <c>service.online</c>.</summary>
    public string? Flow { get; init; }

    /// <summary>The payload's UTF-8 JSON.</summary>
    public required ReadOnlyMemory<byte> Data { get; init; }
}

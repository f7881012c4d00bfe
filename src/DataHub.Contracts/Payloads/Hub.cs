using System.Text.Json.Serialization;
using DataHub.Contracts.Json;

namespace DataHub.Contracts.Payloads;

/// <summary>What became of a message at the hub.</summary>
public enum Verdict
{
    /// <summary>Taken in, applied and journalled.</summary>
    [JsonStringEnumMemberName("accepted")] Accepted,

    /// <summary>Refused with reasons, and journalled.</summary>
    [JsonStringEnumMemberName("refused")] Refused,

    /// <summary>Taken in and set aside for an operator: processing met a fault of the hub's own.</summary>
    [JsonStringEnumMemberName("parked")] Parked,
}

/// <summary>One reason of a refusal.</summary>
public sealed record Reason
{
    /// <summary>A code of <see cref="ReasonCodes"/>.</summary>
    [Pattern("^DH-[0-9]{4}$")] public required string Code { get; init; }

    /// <summary>JSON path of the field, or <c>$</c> for the message as a whole.</summary>
    [Text(1, 200)] public required string Path { get; init; }

    /// <summary>A sentence that a clerk can act on. Holds no personal data.</summary>
    [Text(1, 500)] public required string Message { get; init; }
}

public sealed record ReceiptEntry
{
    [Text(1, 64)] public required string MessageId { get; init; }

    [Range(1, WholeNumber.Max)] public required long Sequence { get; init; }

    /// <summary>SHA-256 of the message's data, lower-case hexadecimal.</summary>
    [Pattern(Patterns.Sha256)] public required string Digest { get; init; }

    [Pattern(Patterns.ExchangeId)] public required string ExchangeId { get; init; }

    public required Verdict Verdict { get; init; }

    /// <summary>The exchange's state at the hub after this message.</summary>
    [Text(1, 40)] public string? State { get; init; }

    [Count(0, 50)] public IReadOnlyList<Reason>? Reasons { get; init; }
}

/// <summary>受理回执: the hub's signed proof of what it did with each message of a batch.</summary>
public sealed record HubReceipt : IPayload
{
    [Pattern(Patterns.CityCode)] public required string City { get; init; }

    [Count(1, 1000)] public required IReadOnlyList<ReceiptEntry> Entries { get; init; }

    public required DateTimeOffset TakenInAt { get; init; }
}

public sealed record HolderEntry
{
    [Pattern(Patterns.ExchangeId)] public required string ExchangeId { get; init; }

    /// <summary>The delivered message that the city's system now holds.</summary>
    [Text(1, 64)] public required string MessageId { get; init; }

    /// <summary>The outcome as the city's system holds it, where the message carried one.</summary>
    [Text(1, 40)] public string? Outcome { get; init; }

    [Range(0, 100_000_000_000)] public long? AmountFen { get; init; }

    /// <summary>SHA-256 over the outcome's canonical text (docs/design/reconciliation.md), lower-case hexadecimal.</summary>
    [Pattern(Patterns.Sha256)] public string? OutcomeDigest { get; init; }

    public required DateTimeOffset HeldAt { get; init; }
}

/// <summary>A city's report of what its own system holds.</summary>
public sealed record HolderReport : IPayload
{
    [Count(1, 1000)] public required IReadOnlyList<HolderEntry> Entries { get; init; }
}

public enum DeadlineStage
{
    [JsonStringEnumMemberName("warning")] Warning,
    [JsonStringEnumMemberName("breach")] Breach,

    /// <summary>A supplement was asked for: its last day, as the hub's calendar counts the working days that were given.</summary>
    [JsonStringEnumMemberName("set")] Set,
}

/// <summary>A leg of the exchange is about to miss, or has missed, its deadline; or a supplement has got one.</summary>
public sealed record DeadlineNotice : IPayload
{
    public required DeadlineStage Stage { get; init; }

    [Text(1, 40)] public required string State { get; init; }

    /// <summary>City that has to act.</summary>
    [Pattern(Patterns.CityCode)] public required string ResponsibleCity { get; init; }

    public required DateOnly DueOn { get; init; }

    /// <summary>For a breach: 1 when it is first told, one more each time that it is told again while the leg is still open.</summary>
    [Range(1, 9)] public int? Level { get; init; }

    /// <summary>False where the date lies past the last year of the working-day calendar.</summary>
    public required bool CalendarComplete { get; init; }
}

/// <summary>"I hold everything up to this number": lets the sender forget; may be lost or repeated harmlessly.</summary>
public sealed record LinkProgress : IPayload
{
    [Range(0, WholeNumber.Max)] public required long UpTo { get; init; }
}

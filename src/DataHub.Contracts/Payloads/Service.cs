using System.Text.Json.Serialization;

namespace DataHub.Contracts.Payloads;

/// <summary>The three modes of cross-region handling (国办发〔2020〕35号).</summary>
public enum ServiceMode
{
    /// <summary>全程网办: handled remotely end to end by the target.</summary>
    [JsonStringEnumMemberName("online")] Online,

    /// <summary>异地代收代办: the source's window collects, the target decides.</summary>
    [JsonStringEnumMemberName("collect-on-behalf")] CollectOnBehalf,

    /// <summary>多地联办: several cities each handle their part.</summary>
    [JsonStringEnumMemberName("joint")] Joint,
}

public enum DecisionResult
{
    [JsonStringEnumMemberName("approved")] Approved,
    [JsonStringEnumMemberName("refused")] Refused,
}

public enum DeliveryChannel
{
    [JsonStringEnumMemberName("electronic")] Electronic,
    [JsonStringEnumMemberName("window")] Window,
    [JsonStringEnumMemberName("post")] Post,
}

/// <summary>申请: the source city hands in an application.</summary>
public sealed record ServiceSubmission : IPayload
{
    [Pattern(Patterns.Identifier)] public required string ItemCode { get; init; }

    public required ServiceMode Mode { get; init; }

    /// <summary>The case number of the city's own system.</summary>
    [Pattern(Patterns.Identifier)] public required string CaseNumber { get; init; }

    public required Person Applicant { get; init; }

    public Organisation? Organisation { get; init; }

    public Person? Agent { get; init; }

    /// <summary>GB/T 2260 code of the district that has the power to decide; the hub routes by it.</summary>
    [Pattern(Patterns.CityCode)] public required string TargetDistrict { get; init; }

    /// <summary>The item's own questions and answers, by the catalogue's field codes.</summary>
    [Count(0, 40), Text(0, 500)] public IReadOnlyDictionary<string, string>? Form { get; init; }

    [Count(0, 40)] public required IReadOnlyList<Material> Materials { get; init; }

    /// <summary>Required for collect-on-behalf, and only there.</summary>
    public OnBehalfCollection? Collection { get; init; }

    /// <summary>Required for a part of a joint application, and only there.</summary>
    public JointPart? Joint { get; init; }

    public required DateTimeOffset SubmittedAt { get; init; }
}

/// <summary>受理: the target takes the case; the deadline clock starts.</summary>
public sealed record ServiceAcceptance : IPayload
{
    public required Agency HandlingAgency { get; init; }

    [Pattern(Patterns.Identifier)] public required string AcceptanceNumber { get; init; }

    public required DateTimeOffset AcceptedAt { get; init; }
}

/// <summary>办结: the target's decision.</summary>
public sealed record ServiceDecision : IPayload
{
    public required DecisionResult Result { get; init; }

    /// <summary>Required when refused.</summary>
    [Text(2, 500)] public string? Reason { get; init; }

    /// <summary>Number of the licence or certificate granted.</summary>
    [Text(1, 60)] public string? CertificateNumber { get; init; }

    /// <summary>SHA-256 of the result file, lower-case hexadecimal.</summary>
    [Pattern(Patterns.Sha256)] public string? FileDigest { get; init; }

    /// <summary>The amount granted or charged, in fen, where the item has one.</summary>
    [Range(0, 100_000_000_000)] public long? AmountFen { get; init; }

    /// <summary>Required, on paper, where an item collected on behalf says so (<c>service_terms.csv</c>).</summary>
    public ResultDispatch? Dispatch { get; init; }

    public required DateTimeOffset DecidedAt { get; init; }
}

/// <summary>结果送达: the source handed the result to the applicant.</summary>
public sealed record ServiceDelivery : IPayload
{
    public required DeliveryChannel Channel { get; init; }

    /// <summary>Required when by post.</summary>
    [Pattern(Patterns.TrackingNumber)] public string? TrackingNumber { get; init; }

    public required DateTimeOffset DeliveredAt { get; init; }
}

/// <summary>好差评: the applicant's rating after completion, 1 (worst) to 5 (best).</summary>
public sealed record ServiceEvaluation : IPayload
{
    /// <summary>差评: a score up to this one (不满意, 非常不满意) is followed up by the target (国办发〔2019〕51号).</summary>
    public const int DissatisfiedUpTo = 2;

    [Range(1, 5)] public required int Score { get; init; }

    /// <summary>Never required: a bad score without words is followed up by calling the applicant.</summary>
    [Text(1, 500)] public string? Comment { get; init; }

    public required DateTimeOffset EvaluatedAt { get; init; }
}

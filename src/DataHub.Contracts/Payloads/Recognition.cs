using System.Text.Json.Serialization;

namespace DataHub.Contracts.Payloads;

public enum ResultCategory
{
    /// <summary>检查: an image or an examination.</summary>
    [JsonStringEnumMemberName("examination")] Examination,

    /// <summary>检验: a laboratory result.</summary>
    [JsonStringEnumMemberName("laboratory")] Laboratory,
}

public enum RecognitionVerdict
{
    [JsonStringEnumMemberName("recognised")] Recognised,
    [JsonStringEnumMemberName("not-recognised")] NotRecognised,
}

/// <summary>The six reasons for examining again (国卫医发〔2022〕6号).</summary>
public enum RepeatReason
{
    /// <summary>1 病情变化,结果与临床表现、诊断不符</summary>
    [JsonStringEnumMemberName("condition-changed")] ConditionChanged,

    /// <summary>2 结果在疾病演变中变化较快</summary>
    [JsonStringEnumMemberName("fast-changing")] FastChanging,

    /// <summary>3 项目对诊疗意义重大(手术、输血等重大措施前)</summary>
    [JsonStringEnumMemberName("before-major-measure")] BeforeMajorMeasure,

    /// <summary>4 急诊、急救</summary>
    [JsonStringEnumMemberName("emergency")] Emergency,

    /// <summary>5 司法、伤残、病退等鉴定</summary>
    [JsonStringEnumMemberName("forensic")] Forensic,

    /// <summary>6 其他确需复查 (text required)</summary>
    [JsonStringEnumMemberName("other")] Other,
}

/// <summary>结果发布: a hospital publishes that a result exists. No image travels: its digest and where to fetch it.</summary>
public sealed record ResultNotice : IPayload
{
    [Pattern(Patterns.Identifier)] public required string ResultId { get; init; }

    public required Person Patient { get; init; }

    public required ResultCategory Category { get; init; }

    /// <summary>The examined item's code in the catalogue of mutually recognised items.</summary>
    [Pattern(Patterns.Identifier)] public required string ItemCode { get; init; }

    public required Hospital Hospital { get; init; }

    /// <summary>互认标识: the recognition range followed by <c>HR</c>; without one, no recognition.</summary>
    [Text(3, 20)] public required string Mark { get; init; }

    [Pattern(Patterns.Sha256)] public required string ResultDigest { get; init; }

    [Pattern(Patterns.HttpsUrl)] public required string FetchUrl { get; init; }

    public required DateTimeOffset PerformedAt { get; init; }

    public required DateTimeOffset ReportedAt { get; init; }
}

/// <summary>The patient's consent to a query: its scope and its end.</summary>
public sealed record Consent
{
    [Pattern(Patterns.Identifier)] public required string ConsentNumber { get; init; }

    public required DateTimeOffset GrantedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>Item codes that the patient agreed to share.</summary>
    [Count(1, 40), Pattern(Patterns.Identifier)] public required IReadOnlyList<string> ItemCodes { get; init; }
}

/// <summary>互认查询: a doctor asks for a patient's result of one item, with consent.</summary>
public sealed record RecognitionQuery : IPayload
{
    [Pattern(Patterns.Identifier)] public required string QueryNumber { get; init; }

    public required Person Patient { get; init; }

    [Pattern(Patterns.Identifier)] public required string ItemCode { get; init; }

    public required Hospital Hospital { get; init; }

    public required Doctor Doctor { get; init; }

    public required Consent Consent { get; init; }

    public required DateTimeOffset QueriedAt { get; init; }
}

/// <summary>One measured quantity of a laboratory result.</summary>
public sealed record Observation
{
    [Pattern(Patterns.Identifier)] public required string Code { get; init; }

    [Text(1, 100)] public required string Name { get; init; }

    [Text(1, 100)] public required string Value { get; init; }

    [Text(1, 30)] public string? Unit { get; init; }

    [Text(1, 60)] public string? ReferenceRange { get; init; }
}

/// <summary>结果送达: the publishing city delivers the result to the asking hospital.</summary>
public sealed record RecognitionResult : IPayload
{
    [Pattern(Patterns.Identifier)] public required string ResultId { get; init; }

    [Pattern(Patterns.Identifier)] public required string ItemCode { get; init; }

    public required Hospital Hospital { get; init; }

    [Text(3, 20)] public required string Mark { get; init; }

    [Pattern(Patterns.Sha256)] public required string ResultDigest { get; init; }

    [Pattern(Patterns.HttpsUrl)] public required string FetchUrl { get; init; }

    [Count(0, 100)] public IReadOnlyList<Observation>? Observations { get; init; }

    public required DateTimeOffset PerformedAt { get; init; }

    public required DateTimeOffset DeliveredAt { get; init; }
}

/// <summary>互认决定: the doctor's decision, which goes back to the publishing hospital.</summary>
public sealed record RecognitionDecision : IPayload
{
    [Pattern(Patterns.Identifier)] public required string ResultId { get; init; }

    public required RecognitionVerdict Verdict { get; init; }

    /// <summary>Required when not recognised.</summary>
    public RepeatReason? Reason { get; init; }

    /// <summary>Required when the reason is <see cref="RepeatReason.Other"/>.</summary>
    [Text(2, 500)] public string? ReasonText { get; init; }

    public required Doctor Doctor { get; init; }

    /// <summary>Price of the examination that need not be repeated, in fen.</summary>
    [Range(0, 100_000_000)] public long? AvoidedFen { get; init; }

    public required DateTimeOffset DecidedAt { get; init; }
}

/// <summary>结果更正: a published result was wrong; every holder gets this and must acknowledge it.</summary>
public sealed record ResultCorrection : IPayload
{
    [Pattern(Patterns.Identifier)] public required string ResultId { get; init; }

    [Text(2, 500)] public required string Reason { get; init; }

    [Pattern(Patterns.Sha256)] public required string CorrectedDigest { get; init; }

    public required DateTimeOffset CorrectedAt { get; init; }
}

/// <summary>结果撤销: a published result must not be used any more.</summary>
public sealed record ResultRevocation : IPayload
{
    [Pattern(Patterns.Identifier)] public required string ResultId { get; init; }

    [Text(2, 500)] public required string Reason { get; init; }

    public required DateTimeOffset RevokedAt { get; init; }
}

/// <summary>更正确认: a holder has seen a correction or a revocation.</summary>
public sealed record ResultAcknowledgement : IPayload
{
    [Pattern(Patterns.Identifier)] public required string ResultId { get; init; }

    /// <summary>The correction or revocation that is acknowledged, by its message id.</summary>
    [Pattern(Patterns.Identifier)] public required string MessageId { get; init; }

    public required Doctor Doctor { get; init; }

    public required DateTimeOffset AcknowledgedAt { get; init; }
}

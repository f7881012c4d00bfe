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

    /// <summary>Hospitals that may ask under this consent; without it, any hospital of the asking city.</summary>
    [Count(0, 20), Pattern(Patterns.Identifier)] public IReadOnlyList<string>? HospitalCodes { get; init; }

    public ConsentPurpose? Purpose { get; init; }

    public GrantMethod? GrantMethod { get; init; }
}

/// <summary>What the patient agreed to the use for (个人信息保护法第二十九条: separate consent for sensitive data).</summary>
public enum ConsentPurpose
{
    /// <summary>诊疗</summary>
    [JsonStringEnumMemberName("treatment")] Treatment,

    /// <summary>转诊</summary>
    [JsonStringEnumMemberName("referral")] Referral,

    /// <summary>健康体检</summary>
    [JsonStringEnumMemberName("check-up")] CheckUp,
}

/// <summary>How the consent was given.</summary>
public enum GrantMethod
{
    /// <summary>On paper, with a signature.</summary>
    [JsonStringEnumMemberName("signed")] Signed,

    /// <summary>With an electronic signature or in an app.</summary>
    [JsonStringEnumMemberName("electronic")] Electronic,

    /// <summary>By the patient's guardian.</summary>
    [JsonStringEnumMemberName("guardian")] Guardian,
}

/// <summary>撤回授权: the patient takes a consent back. From then on nothing is listed, asked for or delivered under its number.</summary>
public sealed record ConsentWithdrawal : IPayload
{
    /// <summary>As the asking city gave it: a city can only take back its own.</summary>
    [Pattern(Patterns.Identifier)] public required string ConsentNumber { get; init; }

    public required Person Patient { get; init; }

    [Text(2, 500)] public string? Reason { get; init; }

    public required DateTimeOffset WithdrawnAt { get; init; }
}

/// <summary>互认查询: a doctor asks for a patient's result of one item, with consent.</summary>
public sealed record RecognitionQuery : IPayload
{
    [Pattern(Patterns.Identifier)] public required string QueryNumber { get; init; }

    public required Person Patient { get; init; }

    [Pattern(Patterns.Identifier)] public required string ItemCode { get; init; }

    /// <summary>The result that the doctor chose from a list; without it, the newest that the hospital may use.</summary>
    [Pattern(Patterns.Identifier)] public string? ResultId { get; init; }

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

    /// <summary>Set where the value is only known to lie beyond the one given: <c>&lt; 0.01</c>.</summary>
    public ValueComparator? Comparator { get; init; }

    /// <summary>Lower end of the reference range, in the same unit; decimal text, never floating point.</summary>
    [Pattern(Patterns.Decimal)] public string? ReferenceLow { get; init; }

    [Pattern(Patterns.Decimal)] public string? ReferenceHigh { get; init; }

    public AbnormalFlag? Abnormal { get; init; }

    /// <summary>How it was measured.</summary>
    [Text(1, 60)] public string? Method { get; init; }
}

public enum ValueComparator
{
    [JsonStringEnumMemberName("less")] Less,
    [JsonStringEnumMemberName("at-most")] AtMost,
    [JsonStringEnumMemberName("at-least")] AtLeast,
    [JsonStringEnumMemberName("greater")] Greater,
}

/// <summary>The laboratory's own judgement against its reference range.</summary>
public enum AbnormalFlag
{
    [JsonStringEnumMemberName("normal")] Normal,
    [JsonStringEnumMemberName("low")] Low,
    [JsonStringEnumMemberName("high")] High,

    /// <summary>Abnormal, where low and high mean nothing (a positive finding).</summary>
    [JsonStringEnumMemberName("abnormal")] Abnormal,

    /// <summary>危急值</summary>
    [JsonStringEnumMemberName("critical")] Critical,
}

/// <summary>Where the images of an examination lie. None travels through the hub.</summary>
public sealed record ImageReference
{
    /// <summary>As in DICOM: CT, MR, DX, US, MG, ECG.</summary>
    [Pattern("^[A-Z]{2,4}$")] public required string Modality { get; init; }

    [Range(1, 1000)] public required int SeriesCount { get; init; }

    /// <summary>SHA-256 over the images as the hospital packs them for fetching.</summary>
    [Pattern(Patterns.Sha256)] public required string Digest { get; init; }

    [Pattern(Patterns.HttpsUrl)] public required string FetchUrl { get; init; }

    /// <summary>The address answers until then; afterwards the publisher is asked again.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }
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

    /// <summary>For an examination with images.</summary>
    public ImageReference? Image { get; init; }

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

/// <summary>What a doctor who had recognised a result found, now that it is corrected or revoked.</summary>
public enum Reassessment
{
    /// <summary>Diagnosis and treatment stand.</summary>
    [JsonStringEnumMemberName("unaffected")] Unaffected,

    /// <summary>The patient was called back.</summary>
    [JsonStringEnumMemberName("patient-recalled")] PatientRecalled,

    /// <summary>The examination was made again.</summary>
    [JsonStringEnumMemberName("examination-repeated")] ExaminationRepeated,
}

/// <summary>更正确认: a holder has seen a correction or a revocation.</summary>
public sealed record ResultAcknowledgement : IPayload
{
    [Pattern(Patterns.Identifier)] public required string ResultId { get; init; }

    /// <summary>The correction or revocation that is acknowledged, by its message id.</summary>
    [Pattern(Patterns.Identifier)] public required string MessageId { get; init; }

    public required Doctor Doctor { get; init; }

    /// <summary>What became of the patient; required where a hospital of this city recognised the result.</summary>
    public Reassessment? Reassessment { get; init; }

    public required DateTimeOffset AcknowledgedAt { get; init; }
}

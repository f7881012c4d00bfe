using System.Text.Json.Serialization;

namespace DataHub.Contracts.Payloads;

/// <summary>A question of one city's agency about a person, which another city answers once.</summary>
public interface IInquiry : IPayload
{
    string ItemCode { get; }

    string CaseNumber { get; }

    /// <summary>GB/T 2260 code of the city that is asked.</summary>
    string AskedCity { get; }
}

public enum VerificationMethod
{
    [JsonStringEnumMemberName("any")] Any,

    /// <summary>人脸识别</summary>
    [JsonStringEnumMemberName("face")] Face,

    /// <summary>窗口认证</summary>
    [JsonStringEnumMemberName("window")] Window,

    /// <summary>数据比对</summary>
    [JsonStringEnumMemberName("data-match")] DataMatch,
}

/// <summary>待遇领取资格认证请求: the paying city asks the city where the person lives (人社厅发〔2018〕107号).</summary>
public sealed record QualificationRequest : IInquiry
{
    [Pattern(Patterns.Identifier)] public required string ItemCode { get; init; }

    [Pattern(Patterns.Identifier)] public required string CaseNumber { get; init; }

    public required Person Person { get; init; }

    public required Agency PayingAgency { get; init; }

    /// <summary>GB/T 2260 code of the city where the person lives.</summary>
    [Pattern(Patterns.CityCode)] public required string AskedCity { get; init; }

    /// <summary>Year for which the pension is to be paid on.</summary>
    [Range(2000, 2099)] public required int Year { get; init; }

    /// <summary>How the person may be verified.</summary>
    public required VerificationMethod AllowedMethod { get; init; }

    public required DateTimeOffset RequestedAt { get; init; }
}

public enum QualificationFinding
{
    /// <summary>Alive, and nothing against paying on.</summary>
    [JsonStringEnumMemberName("eligible")] Eligible,

    [JsonStringEnumMemberName("deceased")] Deceased,

    /// <summary>Alive, but the right is lost or rests, such as while serving a sentence.</summary>
    [JsonStringEnumMemberName("not-eligible")] NotEligible,

    [JsonStringEnumMemberName("not-found")] NotFound,

    /// <summary>The person declined to be verified.</summary>
    [JsonStringEnumMemberName("declined")] Declined,
}

/// <summary>认证结果: what the city of residence found.</summary>
public sealed record QualificationAnswer : IPayload
{
    [Pattern(Patterns.Identifier)] public required string AnswerNumber { get; init; }

    public required QualificationFinding Finding { get; init; }

    /// <summary>Given for a person who died, and only then.</summary>
    public DateOnly? DeceasedOn { get; init; }

    /// <summary>SHA-256 of the evidence; required unless the person was not found or declined.</summary>
    [Pattern(Patterns.Sha256)] public string? EvidenceDigest { get; init; }

    /// <summary>Required where the person is neither eligible nor dead.</summary>
    [Text(2, 500)] public string? Note { get; init; }

    public required DateTimeOffset AnsweredAt { get; init; }
}

public enum ContributionPurpose
{
    /// <summary>购房</summary>
    [JsonStringEnumMemberName("house-purchase")] HousePurchase,

    /// <summary>落户</summary>
    [JsonStringEnumMemberName("settlement")] Settlement,

    /// <summary>医保待遇</summary>
    [JsonStringEnumMemberName("medical-benefit")] MedicalBenefit,

    [JsonStringEnumMemberName("other")] Other,
}

/// <summary>缴费年限互认查询: asks another city for a person's contribution months, with the person's consent.</summary>
public sealed record ContributionQuery : IInquiry
{
    [Pattern(Patterns.Identifier)] public required string ItemCode { get; init; }

    [Pattern(Patterns.Identifier)] public required string CaseNumber { get; init; }

    public required Person Person { get; init; }

    /// <summary>GB/T 2260 code of the city that holds the record.</summary>
    [Pattern(Patterns.CityCode)] public required string AskedCity { get; init; }

    /// <summary>A transfer kind of the catalogue, such as <c>medical.employee</c>.</summary>
    [Pattern(Patterns.Identifier)] public required string InsuranceKind { get; init; }

    public required ContributionPurpose Purpose { get; init; }

    /// <summary>Number of the person's written consent.</summary>
    [Pattern(Patterns.Identifier)] public required string ConsentNumber { get; init; }

    /// <summary>Last day on which the consent holds.</summary>
    public required DateOnly ConsentValidUntil { get; init; }

    public required DateTimeOffset QueriedAt { get; init; }
}

/// <summary>缴费年限查询结果.</summary>
public sealed record ContributionAnswer : IPayload
{
    [Pattern(Patterns.Identifier)] public required string AnswerNumber { get; init; }

    /// <summary>Equals the sum of the spans; 0 where the city has no record.</summary>
    [Range(0, 1200)] public required int TotalMonths { get; init; }

    [Count(0, 100)] public required IReadOnlyList<MonthSpan> Spans { get; init; }

    /// <summary>SHA-256 of the record as it is kept.</summary>
    [Pattern(Patterns.Sha256)] public required string RecordDigest { get; init; }

    public required DateTimeOffset AnsweredAt { get; init; }
}

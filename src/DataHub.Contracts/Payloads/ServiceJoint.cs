using System.Text.Json.Serialization;

namespace DataHub.Contracts.Payloads;

/// <summary>Which part of which joint application a submission is.</summary>
public sealed record JointPart
{
    /// <summary>Exchange id of the whole; in the same shard as the part's own.</summary>
    [Pattern(Patterns.ExchangeId)] public required string WholeExchangeId { get; init; }

    /// <summary>The part's number in the whole, from 1.</summary>
    [Range(1, 6)] public required int Number { get; init; }

    /// <summary>How many parts the whole has.</summary>
    [Range(2, 6)] public required int Count { get; init; }
}

/// <summary>One part of a joint application as the whole announces it.</summary>
public sealed record JointApplicationPart
{
    /// <summary>From 1, without a gap.</summary>
    [Range(1, 6)] public required int Number { get; init; }

    [Pattern(Patterns.Identifier)] public required string ItemCode { get; init; }

    /// <summary>GB/T 2260 code of the district that decides this part.</summary>
    [Pattern(Patterns.CityCode)] public required string TargetDistrict { get; init; }
}

/// <summary>
/// 多地联办 (高效办成一件事, 国办发〔2024〕3号): one application with one form and one set of materials, of which several cities
/// each decide a part. The source's adapter makes a submission of every part, with what that part's item asks for and no more.
/// </summary>
public sealed record JointApplication : IPayload
{
    /// <summary>The theme's code in the catalogue, such as the birth of a child.</summary>
    [Pattern(Patterns.Identifier)] public required string ItemCode { get; init; }

    /// <summary>The case number of the city's own system.</summary>
    [Pattern(Patterns.Identifier)] public required string CaseNumber { get; init; }

    public required Person Applicant { get; init; }

    public Organisation? Organisation { get; init; }

    public Person? Agent { get; init; }

    [Count(2, 6)] public required IReadOnlyList<JointApplicationPart> Parts { get; init; }

    /// <summary>The questions of all parts and their answers, by the catalogue's field codes.</summary>
    [Count(0, 40), Text(0, 500)] public IReadOnlyDictionary<string, string>? Form { get; init; }

    /// <summary>The materials of all parts; what several parts ask for is handed in once.</summary>
    [Count(0, 40)] public required IReadOnlyList<Material> Materials { get; init; }

    public required DateTimeOffset SubmittedAt { get; init; }
}

/// <summary>What the parts of a joint application came to together.</summary>
public enum JointResult
{
    /// <summary>Every part was approved.</summary>
    [JsonStringEnumMemberName("completed")] Completed,

    /// <summary>Some were approved and some were not.</summary>
    [JsonStringEnumMemberName("partially-completed")] PartiallyCompleted,

    /// <summary>None was approved.</summary>
    [JsonStringEnumMemberName("not-completed")] NotCompleted,

    /// <summary>None was approved since the applicant took the whole back.</summary>
    [JsonStringEnumMemberName("withdrawn")] Withdrawn,
}

public sealed record JointPartOutcome
{
    [Range(1, 6)] public required int Number { get; init; }

    [Pattern(Patterns.ExchangeId)] public required string ExchangeId { get; init; }

    /// <summary>The part's outcome code, or <c>not-opened</c> where the hub refused it at its opening.</summary>
    [Text(1, 40)] public required string Outcome { get; init; }

    /// <summary>SHA-256 over the part's outcome, lower-case hexadecimal; absent where it was not opened.</summary>
    [Pattern(Patterns.Sha256)] public string? OutcomeDigest { get; init; }

    /// <summary>Reason codes, by comma, where it was not opened.</summary>
    [Text(1, 200)] public string? Reasons { get; init; }
}

/// <summary>联办办结: the hub tells the source what all parts came to; again whenever a part's outcome changes afterwards.</summary>
public sealed record JointCompletion : IPayload
{
    public required JointResult Result { get; init; }

    [Count(2, 6)] public required IReadOnlyList<JointPartOutcome> Parts { get; init; }

    public required DateTimeOffset CompletedAt { get; init; }
}

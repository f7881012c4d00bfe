using System.Text.Json.Serialization;

namespace DataHub.Contracts.Payloads;

public enum FollowUpFinding
{
    /// <summary>The complaint holds.</summary>
    [JsonStringEnumMemberName("substantiated")] Substantiated,

    /// <summary>The complaint was looked into and does not hold.</summary>
    [JsonStringEnumMemberName("unsubstantiated")] Unsubstantiated,
}

/// <summary>差评回访整改: what the target found and did after a bad evaluation (国办发〔2019〕51号).</summary>
public sealed record ServiceFollowUp : IPayload
{
    /// <summary>When the applicant was called back.</summary>
    public required DateTimeOffset ContactedAt { get; init; }

    public required FollowUpFinding Finding { get; init; }

    [Text(2, 500)] public required string Explanation { get; init; }

    /// <summary>What was put right; required when the complaint holds.</summary>
    [Text(2, 500)] public string? Measure { get; init; }

    public required DateTimeOffset FollowedUpAt { get; init; }
}

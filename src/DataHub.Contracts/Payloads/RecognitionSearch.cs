using System.Text.Json.Serialization;

namespace DataHub.Contracts.Payloads;

/// <summary>互认检索: a doctor asks the hub which results of a patient other cities published, with consent. Values are not among the answer.</summary>
public sealed record RecognitionSearch : IPayload
{
    [Pattern(Patterns.Identifier)] public required string SearchNumber { get; init; }

    public required Person Patient { get; init; }

    /// <summary>Items that are looked for; each must be in the consent.</summary>
    [Count(1, 40), Pattern(Patterns.Identifier)] public required IReadOnlyList<string> ItemCodes { get; init; }

    public required Hospital Hospital { get; init; }

    public required Doctor Doctor { get; init; }

    public required Consent Consent { get; init; }

    public required DateTimeOffset SearchedAt { get; init; }
}

public enum ResultValidity
{
    /// <summary>Within the item's validity window.</summary>
    [JsonStringEnumMemberName("valid")] Valid,

    /// <summary>Out of the item's validity window: it may be read, but not recognised.</summary>
    [JsonStringEnumMemberName("expired")] Expired,
}

public enum ListCompleteness
{
    [JsonStringEnumMemberName("complete")] Complete,

    /// <summary>There are more than fit; the newest are in the list.</summary>
    [JsonStringEnumMemberName("truncated")] Truncated,
}

/// <summary>One published result that the asking hospital may have delivered.</summary>
public sealed record ResultListEntry
{
    [Pattern(Patterns.Identifier)] public required string ResultId { get; init; }

    [Pattern(Patterns.Identifier)] public required string ItemCode { get; init; }

    /// <summary>City that published it.</summary>
    [Pattern(Patterns.CityCode)] public required string City { get; init; }

    public required Hospital Hospital { get; init; }

    [Text(3, 20)] public required string Mark { get; init; }

    public required DateTimeOffset PerformedAt { get; init; }

    public required ResultValidity Validity { get; init; }
}

/// <summary>互认结果清单: the hub's answer to a search. Only results that a mark and the hospitals' grades let the asking hospital use.</summary>
public sealed record ResultList : IPayload
{
    [Pattern(Patterns.Identifier)] public required string SearchNumber { get; init; }

    /// <summary>Newest first.</summary>
    [Count(0, MaxEntries)] public required IReadOnlyList<ResultListEntry> Entries { get; init; }

    public required ListCompleteness Completeness { get; init; }

    /// <summary>Results that exist but that the asking hospital may not use: not covered by their mark, or by the agreed grades.</summary>
    [Range(0, 1000)] public required int NotCovered { get; init; }

    public required DateTimeOffset ListedAt { get; init; }

    public const int MaxEntries = 50;
}

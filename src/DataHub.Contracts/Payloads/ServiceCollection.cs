using System.Text.Json.Serialization;

namespace DataHub.Contracts.Payloads;

/// <summary>How the collecting window made sure that the applicant is who they say (国办发〔2020〕35号: 收件地负责身份核验).</summary>
public enum IdentityCheckMethod
{
    /// <summary>核验证件原件: the document itself was seen.</summary>
    [JsonStringEnumMemberName("original-document")] OriginalDocument,

    /// <summary>人脸识别: compared with the face.</summary>
    [JsonStringEnumMemberName("face")] Face,

    /// <summary>电子证照: an electronic identity was read.</summary>
    [JsonStringEnumMemberName("e-id")] ElectronicId,
}

/// <summary>What became of the originals after the check.</summary>
public enum OriginalsHandling
{
    /// <summary>Handed back to the applicant: the target works from the files.</summary>
    [JsonStringEnumMemberName("returned")] Returned,

    /// <summary>They travel to the target, announced by <see cref="ServiceHandover"/>.</summary>
    [JsonStringEnumMemberName("forwarded")] Forwarded,
}

/// <summary>异地代收: what the source's window did when it took the application for the target.</summary>
public sealed record OnBehalfCollection
{
    /// <summary>The window; an office of the source city.</summary>
    public required Agency Agency { get; init; }

    [Pattern(Patterns.Identifier)] public required string ClerkNumber { get; init; }

    public required IdentityCheckMethod IdentityCheck { get; init; }

    public required DateTimeOffset IdentityCheckedAt { get; init; }

    /// <summary>形式审查: when the materials were found complete and in the prescribed form.</summary>
    public required DateTimeOffset FormCheckedAt { get; init; }

    public required OriginalsHandling Originals { get; init; }
}

public enum HandoverMeans
{
    [JsonStringEnumMemberName("post")] Post,

    /// <summary>专人递送: carried by staff.</summary>
    [JsonStringEnumMemberName("by-hand")] ByHand,
}

/// <summary>One original of a hand-over, tied by its digest to the file that was submitted.</summary>
public sealed record HandedMaterial
{
    [Pattern(Patterns.Identifier)] public required string Code { get; init; }

    /// <summary>SHA-256 of the submitted file, lower-case hexadecimal.</summary>
    [Pattern(Patterns.Sha256)] public required string Digest { get; init; }
}

/// <summary>材料移交: the source's window sends the originals on to the target.</summary>
public sealed record ServiceHandover : IPayload
{
    public required HandoverMeans Means { get; init; }

    [Text(1, 60)] public string? Carrier { get; init; }

    /// <summary>Required when by post.</summary>
    [Pattern(Patterns.TrackingNumber)] public string? TrackingNumber { get; init; }

    [Count(1, 40)] public required IReadOnlyList<HandedMaterial> Materials { get; init; }

    public required DateTimeOffset HandedOverAt { get; init; }
}

public enum ResultMedium
{
    [JsonStringEnumMemberName("electronic")] Electronic,

    /// <summary>A document on paper that comes back to the source by post.</summary>
    [JsonStringEnumMemberName("paper")] Paper,
}

/// <summary>结果寄递: how the target sends the result to the source.</summary>
public sealed record ResultDispatch
{
    public required ResultMedium Medium { get; init; }

    [Text(1, 60)] public string? Carrier { get; init; }

    /// <summary>Required for paper; part of the outcome, so that both sides are held to the same parcel.</summary>
    [Pattern(Patterns.TrackingNumber)] public string? TrackingNumber { get; init; }
}

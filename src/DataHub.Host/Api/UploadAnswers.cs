using System.Text.Json.Serialization;

namespace DataHub.Host.Api;

/// <summary>A file that the city is going to send.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record UploadRequest
{
    /// <summary>SHA-256 of the whole file, lower-case hexadecimal: the one that messages name it by.</summary>
    public required string Digest { get; init; }

    /// <summary>Size of the whole file in bytes, 1 to 52,428,800.</summary>
    public required long Size { get; init; }

    /// <summary>Such as <c>application/pdf</c>; docs/design/materials.md lists those that are taken.</summary>
    public required string MediaType { get; init; }
}

/// <summary>How far a file is.</summary>
internal sealed record UploadAnswer
{
    /// <summary>Where to send the bytes; absent where nothing has to be sent any more.</summary>
    public string? UploadId { get; init; }

    /// <summary>SHA-256 of the whole file.</summary>
    public required string Digest { get; init; }

    /// <summary>Size of the whole file in bytes.</summary>
    public required long Size { get; init; }

    /// <summary>The file's media type.</summary>
    public required string MediaType { get; init; }

    /// <summary>Bytes that the hub has: the next one to send.</summary>
    public required long Offset { get; init; }

    /// <summary>True where the hub has the whole file from this city and has checked it.</summary>
    public required bool Held { get; init; }

    /// <summary>Bytes that one request may hold, at most.</summary>
    public required int ChunkBytes { get; init; }

    /// <summary>When the upload is forgotten unless it is finished; absent where it is.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>The materials that the accepted messages of an exchange name, oldest first.</summary>
internal sealed record MaterialsAnswer(string ExchangeId, IReadOnlyList<MaterialAnswer> Materials);

/// <summary>A material of an exchange.</summary>
internal sealed record MaterialAnswer
{
    /// <summary>The material's code in the catalogue; <c>result</c> for a result file.</summary>
    public required string Code { get; init; }

    /// <summary>The material's name.</summary>
    public required string Name { get; init; }

    /// <summary>SHA-256 of the file, lower-case hexadecimal.</summary>
    public required string Digest { get; init; }

    /// <summary>Size in bytes, where the message says so.</summary>
    public long? Size { get; init; }

    /// <summary>Media type, where the message says so.</summary>
    public string? MediaType { get; init; }

    /// <summary>True where the file can be fetched.</summary>
    public required bool Held { get; init; }

    /// <summary>The message that names it.</summary>
    public required string MessageId { get; init; }

    /// <summary>City that sent the message.</summary>
    public required string City { get; init; }

    /// <summary>When the message was accepted.</summary>
    public required DateTimeOffset NamedAt { get; init; }
}

namespace DataHub.Core.Materials;

/// <summary>A kind of file that may be handed in.</summary>
/// <param name="Extension">For the name under which the file is offered.</param>
/// <param name="Beginnings">The file begins with one of these bytes.</param>
public sealed record MediaKind(string MediaType, string Extension, IReadOnlyList<byte[]> Beginnings);

/// <summary>
/// The kinds of files that are taken: what window scanners and the cities' systems make, and nothing that a browser or an
/// office program would run. A file is judged by its own first bytes, never by a name.
/// </summary>
public static class MediaKinds
{
    /// <summary>Bytes of a file's beginning that are looked at.</summary>
    public const int Looked = 16;

    // OFD (GB/T 33190) and Office Open XML are ZIP containers: the beginning says no more than that.
    private static readonly byte[] Zip = [0x50, 0x4B, 0x03, 0x04];

    public static IReadOnlyList<MediaKind> All { get; } =
    [
        new("application/pdf", ".pdf", ["%PDF-"u8.ToArray()]),
        new("application/ofd", ".ofd", [Zip]),
        new("image/jpeg", ".jpg", [[0xFF, 0xD8, 0xFF]]),
        new("image/png", ".png", [[0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]]),
        new("image/tiff", ".tif", [[0x49, 0x49, 0x2A, 0x00], [0x4D, 0x4D, 0x00, 0x2A]]),
        new("application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx", [Zip]),
        new("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx", [Zip]),
    ];

    /// <summary>The kind of a media type; null where such files are not taken.</summary>
    public static MediaKind? Find(string mediaType) => All.FirstOrDefault(k => k.MediaType == mediaType);

    /// <summary>True where a file that begins so may be of this kind.</summary>
    public static bool Matches(MediaKind kind, ReadOnlySpan<byte> beginning)
    {
        ArgumentNullException.ThrowIfNull(kind);
        foreach (var known in kind.Beginnings)
        {
            if (beginning.StartsWith(known))
                return true;
        }

        return false;
    }
}

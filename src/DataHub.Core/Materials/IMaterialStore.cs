using DataHub.Core.Storage;

namespace DataHub.Core.Materials;

/// <summary>An unfinished upload. Its bytes lie under its id, from the first to <paramref name="Received"/>.</summary>
/// <param name="Id">Random; only the city that opened it may use it.</param>
/// <param name="Digest">What the whole file must hash to.</param>
/// <param name="Size">What the whole file must have, in bytes.</param>
public sealed record UploadRow(string Id, string City, string Digest, long Size, string MediaType, long Received, DateTimeOffset OpenedAt);

/// <summary>A file whose bytes the hub holds.</summary>
/// <param name="Location">Id of the upload under which the bytes lie.</param>
public sealed record ContentRow(string Digest, long Size, string MediaType, string Location);

/// <summary>A material of an exchange and whether it can be fetched.</summary>
/// <param name="Held">The hub holds the bytes, and a city that named them in this exchange has handed them in itself.</param>
public sealed record ListedMaterial(NamedMaterial Named, bool Held);

/// <summary>What asking for an upload comes to.</summary>
public abstract record UploadOpening
{
    private UploadOpening()
    {
    }

    /// <summary>This city has handed the file in before, and it is held.</summary>
    public sealed record Held(ContentRow Content) : UploadOpening;

    /// <summary>Bytes are awaited from <see cref="UploadRow.Received"/> on.</summary>
    public sealed record Open(UploadRow Upload, bool New) : UploadOpening;

    public sealed record TooManyOpen : UploadOpening;

    public sealed record VolumeReached : UploadOpening;
}

/// <summary>A file that is due to be looked at by the retention.</summary>
/// <param name="Named">False where no accepted message names it.</param>
/// <param name="InUse">An exchange that names it is not final.</param>
/// <param name="LastChange">Last change of a final exchange that names it.</param>
/// <param name="TouchedAt">When a city last handed it in or asked for it to be taken.</param>
public sealed record DueContent(string Digest, long Size, bool Named, bool InUse, DateTimeOffset? LastChange, DateTimeOffset TouchedAt);

/// <summary>A fetch, or an attempt.</summary>
public sealed record MaterialAccess(DateTimeOffset At, string City, string ExchangeId, string Digest, bool Given);

/// <summary>
/// What is known of materials, beside their bytes. Which of them an exchange names, and that one is not kept any longer, is
/// written by node commits (<see cref="NodeCommit.Materials"/>, <see cref="NodeCommit.MaterialsEnded"/>). Every method may throw
/// <see cref="StoreUnavailableException"/>.
/// </summary>
public interface IMaterialStore
{
    /// <summary>
    /// Opens an upload, or finds the one that the city has open for the same file, or that the city has handed the file in
    /// already; the file is then kept as if it had been handed in now.
    /// </summary>
    /// <param name="wanted">The upload to open; an open one of another size or type, or an expired one, makes way for it.</param>
    /// <param name="lost">Location of bytes that are found missing: they do not count as held.</param>
    Task<UploadOpening> OpenUploadAsync(UploadRow wanted, string? lost, MaterialOptions options, CancellationToken cancel);

    ValueTask<UploadRow?> UploadAsync(string id, CancellationToken cancel);

    /// <summary>Moves an upload on; false where it is not at <paramref name="from"/> any more.</summary>
    Task<bool> MoveAsync(string id, long from, long to, CancellationToken cancel);

    /// <summary>
    /// The upload's bytes have been checked: they are the file from now on, or, where the file is held already, are left over.
    /// The city counts as having handed it in.
    /// </summary>
    /// <param name="lost">Location of bytes that are found missing and are replaced.</param>
    /// <param name="checkAt">When the retention looks at the file for the first time.</param>
    Task CompleteAsync(UploadRow upload, string? lost, DateTimeOffset now, DateTimeOffset checkAt, CancellationToken cancel);

    /// <summary>Forgets an upload; its bytes are left over.</summary>
    Task DiscardAsync(string id, CancellationToken cancel);

    /// <summary>The file, where it is held.</summary>
    ValueTask<ContentRow?> ContentAsync(string digest, CancellationToken cancel);

    /// <summary>What the accepted messages of an exchange name, oldest first.</summary>
    ValueTask<List<ListedMaterial>> MaterialsAsync(string exchangeId, int limit, CancellationToken cancel);

    /// <summary>Records a fetch. Of refused ones a bounded number is kept per city and day.</summary>
    Task RecordAccessAsync(MaterialAccess access, CancellationToken cancel);

    /// <summary>Fetches and attempts of an exchange, oldest first.</summary>
    ValueTask<List<MaterialAccess>> AccessesAsync(string exchangeId, int limit, CancellationToken cancel);

    /// <summary>Held files that are due to be looked at.</summary>
    ValueTask<List<DueContent>> DueContentsAsync(DateTimeOffset now, int limit, CancellationToken cancel);

    /// <summary>Says when to look at files again.</summary>
    Task PostponeAsync(IReadOnlyList<(string Digest, DateTimeOffset CheckAt)> contents, CancellationToken cancel);

    /// <summary>Forgets uploads opened before a time, volumes of earlier days, and accesses before another time.</summary>
    Task ForgetAsync(DateTimeOffset uploadsBefore, DateTimeOffset accessesBefore, CancellationToken cancel);

    /// <summary>Locations of bytes that nothing refers to.</summary>
    ValueTask<List<string>> LeftoversAsync(int limit, CancellationToken cancel);

    /// <summary>The bytes at these locations are gone.</summary>
    Task ClearedAsync(IReadOnlyList<string> locations, CancellationToken cancel);
}

/// <summary>Where the bytes of materials lie, by location. Throws <see cref="MaterialsUnavailableException"/> where that cannot be used.</summary>
public interface IMaterialBytes
{
    /// <summary>Adds a piece at the end of an upload, durably, and moves the upload on; false where it has another end.</summary>
    Task<bool> AppendAsync(string location, long offset, ReadOnlyMemory<byte> piece, CancellationToken cancel);

    /// <summary>The bytes, seekable; null where they are not there in this number.</summary>
    Task<Stream?> OpenAsync(string location, long size, CancellationToken cancel);

    /// <summary>Removes the bytes; without effect where there are none.</summary>
    Task DeleteAsync(string location, CancellationToken cancel);
}

/// <summary>The place of the materials' bytes cannot be read or written.</summary>
public sealed class MaterialsUnavailableException(string message, Exception inner) : Exception(message, inner);

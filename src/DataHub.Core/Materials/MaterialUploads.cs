using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using DataHub.Contracts;

namespace DataHub.Core.Materials;

/// <summary>What sending bytes comes to.</summary>
public abstract record UploadProgress
{
    private UploadProgress()
    {
    }

    /// <summary>There is no such upload of the city's, or not any more.</summary>
    public sealed record Unknown : UploadProgress;

    /// <summary>The upload is elsewhere; nothing was taken.</summary>
    public sealed record AtOffset(long Offset) : UploadProgress;

    /// <summary>Another request sends bytes of it at this moment, or too many are under way.</summary>
    public sealed record Busy : UploadProgress;

    /// <summary>Taken; more is awaited.</summary>
    public sealed record Partial(UploadRow Upload) : UploadProgress;

    /// <summary>All is there and is what was announced.</summary>
    public sealed record Done(UploadRow Upload) : UploadProgress;

    /// <summary>The request holds more than may come at once; what is within the bound was taken.</summary>
    public sealed record TooLarge(long Offset) : UploadProgress;

    /// <summary>What came is not what was announced: the upload is gone.</summary>
    /// <param name="Code">A reason code.</param>
    public sealed record Refused(string Code, string Path) : UploadProgress;
}

/// <summary>
/// Takes files in, piece by piece. Every piece is durable before the next is read, so an upload that is cut goes on where it
/// was; the whole is read back and checked before it counts as held. Memory holds one piece per request.
/// </summary>
public sealed class MaterialUploads(IMaterialStore store, IMaterialBytes bytes, MaterialOptions options, TimeProvider time)
{
    /// <summary>As the contract bounds <see cref="DataHub.Contracts.Payloads.Material.Size"/>: 50 MiB.</summary>
    public const long MaxBytes = 52_428_800;

    /// <summary>Bytes of one request.</summary>
    public const int ChunkBytes = 4 * 1024 * 1024;

    /// <summary>Hexadecimal digits of an upload's id: 128 random bits.</summary>
    public const int IdLength = 32;

    private const int PieceBytes = 1024 * 1024;

    /// <summary>Requests of one city that are taken at once, each with a piece in memory.</summary>
    private const int AtOnce = 8;

    private readonly ConcurrentDictionary<string, string> busy = new(StringComparer.Ordinal);

    /// <summary>Opens an upload. Digest, size and media type have been checked for their form.</summary>
    public async Task<UploadOpening> OpenAsync(string city, string digest, long size, string mediaType, CancellationToken cancel)
    {
        var wanted = new UploadRow(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdLength / 2)), city, digest, size, mediaType, 0, time.GetUtcNow());
        return await store.OpenUploadAsync(wanted, await LostAsync(digest, cancel), options, cancel);
    }

    /// <summary>The city's upload as it stands; null where there is none.</summary>
    public async Task<UploadRow?> FindAsync(string city, string id, CancellationToken cancel) =>
        await store.UploadAsync(id, cancel) is { } upload && upload.City == city && upload.OpenedAt + options.UploadExpiry > time.GetUtcNow() ? upload : null;

    /// <summary>Forgets the city's upload; false where there is none.</summary>
    public async Task<bool> DiscardAsync(string city, string id, CancellationToken cancel)
    {
        if (await FindAsync(city, id, cancel) is null)
            return false;
        await store.DiscardAsync(id, cancel);
        return true;
    }

    /// <summary>Takes bytes of an upload; with the last one the whole is checked.</summary>
    /// <param name="offset">Place of the first byte in the file.</param>
    public async Task<UploadProgress> AppendAsync(string city, string id, long offset, Stream body, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(body);
        if (await FindAsync(city, id, cancel) is null)
            return new UploadProgress.Unknown();
        if (busy.Values.Count(c => c == city) >= AtOnce || !busy.TryAdd(id, city))
            return new UploadProgress.Busy();
        var buffer = ArrayPool<byte>.Shared.Rent(PieceBytes);
        try
        {
            // Read again: what was under way before this request had its turn may have ended the upload.
            return await FindAsync(city, id, cancel) is not { } upload ? new UploadProgress.Unknown()
                : upload.Received != offset ? new UploadProgress.AtOffset(upload.Received)
                : await TakeAsync(upload, body, buffer, cancel);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            busy.TryRemove(id, out _);
        }
    }

    private async Task<UploadProgress> TakeAsync(UploadRow upload, Stream body, byte[] buffer, CancellationToken cancel)
    {
        var begin = upload.Received;
        while (true)
        {
            var (count, cut) = await FillAsync(body, buffer.AsMemory(0, PieceBytes), cancel);
            if (upload.Received + count > upload.Size)
            {
                await RefuseAsync(upload);
                return new UploadProgress.Refused(ReasonCodes.FileSizeDiffers, "$.size");
            }

            if (upload.Received + count - begin > ChunkBytes)
                return new UploadProgress.TooLarge(upload.Received);
            // Not cancelled with the caller: what has come is worth keeping.
            if (count > 0 && !await bytes.AppendAsync(upload.Id, upload.Received, buffer.AsMemory(0, count), CancellationToken.None))
                return await store.UploadAsync(upload.Id, CancellationToken.None) is { } moved ? new UploadProgress.AtOffset(moved.Received) : new UploadProgress.Unknown();
            upload = upload with { Received = upload.Received + count };
            cut?.Throw();
            if (count < PieceBytes)
                return upload.Received == upload.Size ? await CompleteAsync(upload, buffer) : new UploadProgress.Partial(upload);
        }
    }

    private async Task<UploadProgress> CompleteAsync(UploadRow upload, byte[] buffer)
    {
        if (await FaultAsync(upload, buffer) is { } fault)
        {
            await RefuseAsync(upload);
            return fault;
        }

        var now = time.GetUtcNow();
        await store.CompleteAsync(upload, await LostAsync(upload.Digest, CancellationToken.None), now, now.AddDays(options.UnnamedDays), CancellationToken.None);
        return new UploadProgress.Done(upload);
    }

    /// <summary>Checks what lies there, not what went by: it is what others will get.</summary>
    private async Task<UploadProgress.Refused?> FaultAsync(UploadRow upload, byte[] buffer)
    {
        await using var file = await bytes.OpenAsync(upload.Id, upload.Size, CancellationToken.None);
        if (file is null)
            return new UploadProgress.Refused(ReasonCodes.FileDigestDiffers, "$.digest");
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var first = true;
        while (await file.ReadAtLeastAsync(buffer.AsMemory(0, PieceBytes), PieceBytes, throwOnEndOfStream: false, CancellationToken.None) is > 0 and var count)
        {
            if (first && (MediaKinds.Find(upload.MediaType) is not { } kind || !MediaKinds.Matches(kind, buffer.AsSpan(0, Math.Min(count, MediaKinds.Looked)))))
                return new UploadProgress.Refused(ReasonCodes.FileTypeDiffers, "$.mediaType");
            first = false;
            hash.AppendData(buffer.AsSpan(0, count));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset()) == upload.Digest ? null : new UploadProgress.Refused(ReasonCodes.FileDigestDiffers, "$.digest");
    }

    private Task RefuseAsync(UploadRow upload) => store.DiscardAsync(upload.Id, CancellationToken.None);

    /// <summary>Where the bytes of a file should lie that is held by the rows alone; null where all is well.</summary>
    private async Task<string?> LostAsync(string digest, CancellationToken cancel)
    {
        if (await store.ContentAsync(digest, cancel) is not { } content)
            return null;
        await using var file = await bytes.OpenAsync(content.Location, content.Size, cancel);
        return file is null ? content.Location : null;
    }

    /// <summary>Reads until the memory is full or the body ends; a body that is cut gives what had come, and its fault.</summary>
    private static async Task<(int Count, System.Runtime.ExceptionServices.ExceptionDispatchInfo? Cut)> FillAsync(Stream body, Memory<byte> memory, CancellationToken cancel)
    {
        var count = 0;
        try
        {
            while (count < memory.Length && await body.ReadAsync(memory[count..], cancel) is > 0 and var read)
                count += read;
            return (count, null);
        }
        catch (Exception e)
        {
            return (count, System.Runtime.ExceptionServices.ExceptionDispatchInfo.Capture(e));
        }
    }
}

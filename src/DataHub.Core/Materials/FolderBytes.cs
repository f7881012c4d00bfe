using DataHub.Core.Storage;

namespace DataHub.Core.Materials;

/// <summary>
/// Files in a folder, each under the id of its upload from its first byte on: a row says how far it is and, later, that it
/// is a material, so there is nothing to rename and nothing to search for after a crash.
/// </summary>
public sealed class FolderBytes(string folder, IMaterialStore store) : IMaterialBytes
{
    public async Task<bool> AppendAsync(string location, long offset, ReadOnlyMemory<byte> piece, CancellationToken cancel)
    {
        try
        {
            // Asked before a file is made: one that was forgotten meanwhile must not come back.
            if (await store.UploadAsync(location, cancel) is null)
                return false;
            var file = PathOf(location);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 0 };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = SafeFile.OwnerOnly;
            // Held alone until the row has moved on: another writer of the same upload, in whatever process, must not write below it.
            await using var stream = new FileStream(file, options);
            if (await store.UploadAsync(location, cancel) is not { } upload || upload.Received != offset)
                return false;
            stream.Position = offset;
            await stream.WriteAsync(piece, cancel);
            stream.Flush(flushToDisk: true);
            return await store.MoveAsync(location, offset, offset + piece.Length, cancel);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unavailable(e);
        }
    }

    public Task<Stream?> OpenAsync(string location, long size, CancellationToken cancel)
    {
        try
        {
            var file = PathOf(location);
            var info = new FileInfo(file);
            return Task.FromResult<Stream?>(info.Exists && info.Length == size
                ? new FileStream(file, new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.Read, Share = FileShare.Read | FileShare.Delete, Options = FileOptions.Asynchronous | FileOptions.SequentialScan })
                : null);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return Task.FromResult<Stream?>(null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unavailable(e);
        }
    }

    public Task DeleteAsync(string location, CancellationToken cancel)
    {
        try
        {
            File.Delete(PathOf(location));
        }
        catch (DirectoryNotFoundException)
        {
            // No byte of it ever came.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unavailable(e);
        }

        return Task.CompletedTask;
    }

    // Ids are hexadecimal; two digits spread the files over 256 folders.
    private string PathOf(string location) => location.Length == MaterialUploads.IdLength && location.All(char.IsAsciiHexDigitLower)
        ? Path.Combine(folder, location[..2], location)
        : throw new ArgumentException("A location is the id of an upload.", nameof(location));

    private static MaterialsUnavailableException Unavailable(Exception e) => new("The folder of the materials cannot be used.", e);
}

using System.Runtime.InteropServices;
using System.Text;

namespace DataHub.Core.Storage;

/// <summary>Writes small files whole or not at all: to a draft beside them, through to the disk, then renamed.</summary>
public static class SafeFile
{
    /// <summary>Readable and writable by the owner alone (where the system has file modes).</summary>
    public const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Replaces the file, or makes it.</summary>
    public static void Replace(string file, ReadOnlySpan<byte> content, UnixFileMode mode) => File.Move(Draft(file, content, mode), file, overwrite: true);

    /// <summary>Makes the file unless it is there: of several that try at once, one wins and the others leave it as it is.</summary>
    public static void CreateOnce(string file, ReadOnlySpan<byte> content, UnixFileMode mode)
    {
        var draft = Draft(file, content, mode);
        try
        {
            if (OperatingSystem.IsWindows())
                File.Move(draft, file, overwrite: false);
            else if (Link(Encoding.UTF8.GetBytes(draft + '\0'), Encoding.UTF8.GetBytes(file + '\0')) != 0)
                throw new IOException(Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError()));
        }
        catch (IOException) when (File.Exists(file))
        {
            // Another was first.
        }
        finally
        {
            File.Delete(draft);
        }
    }

    // A move that must not replace looks first and renames then, between which another may have come; a link is one step.
    [DllImport("libc", EntryPoint = "link", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Link(byte[] existing, byte[] created);

    private static string Draft(string file, ReadOnlySpan<byte> content, UnixFileMode mode)
    {
        var draft = $"{file}.{Guid.NewGuid():N}.tmp";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = mode;
        using var stream = new FileStream(draft, options);
        stream.Write(content);
        stream.Flush(flushToDisk: true);
        return draft;
    }
}

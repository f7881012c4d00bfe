namespace DataHub.Core.Native.Ziyang;

/// <summary>
/// One of Ziyang's folders. A file counts as handed over when its marker <c>{name}.ok</c> stands beside it: the writer
/// flushes the file under a temporary name, renames it, and writes the marker last. Who has processed a file moves it away,
/// file first and marker after, so that no half-moved file ever looks new.
/// </summary>
public sealed class DropFolder
{
    private const string Marker = ".ok";
    private const string Temporary = ".tmp";
    private readonly string _path;

    public DropFolder(string path) => _path = Directory.CreateDirectory(path).FullName;

    public string PathOf(string name) => Path.Combine(_path, name);

    public bool Contains(string name) => File.Exists(PathOf(name));

    /// <summary>Names of complete files, in the order of their names.</summary>
    public IReadOnlyList<string> Ready()
    {
        var names = new List<string>();
        foreach (var marker in Directory.EnumerateFiles(_path, "*" + Marker))
        {
            var name = Path.GetFileNameWithoutExtension(marker);
            if (!name.StartsWith('.') && Contains(name))
                names.Add(name);
        }

        names.Sort(StringComparer.Ordinal);
        return names;
    }

    /// <summary>Markers whose file is not there: left by a crash in the middle of a move, or written too early.</summary>
    public IEnumerable<string> Orphans() =>
        Directory.EnumerateFiles(_path, "*" + Marker).Select(Path.GetFileNameWithoutExtension).OfType<string>().Where(name => !Contains(name));

    /// <summary>The file's content, at most its first <paramref name="maxBytes"/>.</summary>
    public async Task<byte[]> ReadAsync(string name, int maxBytes, CancellationToken cancellationToken)
    {
        await using var file = new FileStream(PathOf(name), FileMode.Open, FileAccess.Read, FileShare.Read);
        var content = new byte[(int)Math.Min(file.Length, maxBytes)];
        await file.ReadExactlyAsync(content, cancellationToken);
        return content;
    }

    /// <summary>Hands a file over. An unread file of the same name is replaced.</summary>
    public async Task PublishAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        await WriteAsync(name, content, cancellationToken);
        await WriteAsync(name + Marker, ReadOnlyMemory<byte>.Empty, cancellationToken);
    }

    /// <summary>Writes a file without a marker, such as a note for people.</summary>
    public async Task WriteAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var temporary = PathOf("." + name + Temporary);
        await using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            await file.WriteAsync(content, cancellationToken);
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, PathOf(name), overwrite: true);
    }

    public void MoveTo(DropFolder target, string name, string? newName = null)
    {
        File.Move(PathOf(name), target.PathOf(newName ?? name), overwrite: true);
        DropMarker(name);
    }

    public void DropMarker(string name) => File.Delete(PathOf(name + Marker));
}

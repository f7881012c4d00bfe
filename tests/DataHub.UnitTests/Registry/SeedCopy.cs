using DataHub.Core.Registry;

namespace DataHub.UnitTests.Registry;

/// <summary>A copy of the seeds that a test may change or spoil; it goes with the test.</summary>
internal sealed class SeedCopy : IDisposable
{
    public SeedCopy()
    {
        var original = RegistrySnapshot.FindSeeds();
        foreach (var file in Directory.EnumerateFiles(original, "*", SearchOption.AllDirectories))
        {
            var copy = PathTo(Path.GetRelativePath(original, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("datahub-seeds-").FullName;

    public string PathTo(params string[] parts) => Path.Combine([Folder, .. parts]);

    /// <summary>Appends rows to a file.</summary>
    public void Add(string file, params string[] rows) => File.AppendAllLines(PathTo(file), rows);

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}

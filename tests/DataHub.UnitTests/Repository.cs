using Shouldly;

namespace DataHub.UnitTests;

/// <summary>The working tree that the tests were built from, for committed snapshots and samples.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string PathTo(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>
    /// Holds a generated text against the committed file. With UPDATE_SNAPSHOTS=1 the file is rewritten instead, so that
    /// the change is reviewed as a diff.
    /// </summary>
    public static void ShouldMatchSnapshot(string text, string advice, params string[] parts)
    {
        var path = PathTo(parts);
        if (Environment.GetEnvironmentVariable("UPDATE_SNAPSHOTS") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, text);
            return;
        }

        var committed = File.Exists(path) ? File.ReadAllText(path) : "";
        (committed == text).ShouldBeTrue(
            $"{string.Join('/', parts)} differs from what the code says. {advice} Run the tests with UPDATE_SNAPSHOTS=1 to rewrite the file, and review the diff.");
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "DataHub.sln")))
                return folder.FullName;
        }

        throw new InvalidOperationException("No folder above the tests holds DataHub.sln.");
    }
}

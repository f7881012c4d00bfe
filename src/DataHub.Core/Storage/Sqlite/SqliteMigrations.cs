using System.Globalization;
using System.Text.RegularExpressions;

namespace DataHub.Core.Storage.Sqlite;

/// <summary>Applies the numbered SQL files beside this class, each once and in order. The number reached is kept as <c>user_version</c>.</summary>
internal static partial class SqliteMigrations
{
    public static void Apply(SqliteSession session)
    {
        var version = session.Prepare("PRAGMA user_version");
        version.Step();
        var reached = version.Long(0);
        version.Reset();
        var files = typeof(SqliteMigrations).Assembly.GetManifestResourceNames()
            .Select(name => (Name: name, Match: MigrationName().Match(name)))
            .Where(f => f.Match.Success)
            .Select(f => (f.Name, Number: int.Parse(f.Match.Groups[1].Value, CultureInfo.InvariantCulture)))
            .OrderBy(f => f.Number)
            .ToList();
        if (files.Count > 0 && reached > files[^1].Number)
            throw new Microsoft.Data.Sqlite.SqliteException($"The database is at version {reached}; this program knows {files[^1].Number}.", 1);
        foreach (var (name, number) in files.Where(f => f.Number > reached))
        {
            using var stream = typeof(SqliteMigrations).Assembly.GetManifestResourceStream(name)!;
            using var reader = new StreamReader(stream);
            session.Execute($"BEGIN IMMEDIATE; {reader.ReadToEnd()}; PRAGMA user_version={number}; COMMIT");
        }
    }

    [GeneratedRegex(@"\.Sqlite\.([0-9]{3})_[a-z_]+\.sql$", RegexOptions.CultureInvariant)]
    private static partial Regex MigrationName();
}

using System.Security.Cryptography;
using DataHub.Contracts;
using DataHub.Contracts.Json;
using DataHub.Core.Registry;
using DataHub.Core.Storage.Sqlite;
using DataHub.Core.Validation;

namespace DataHub.Bench;

/// <summary>What this machine allows, measured in the same run: ratios to it stay true where absolute figures do not.</summary>
internal static class Limits
{
    private static readonly TimeSpan Span = TimeSpan.FromSeconds(2);

    /// <summary>Bare commits of <paramref name="rows"/> rows of 1.5 KB, each on disk before the next: commits per second.</summary>
    public static double SqliteCommitsPerSecond(string parent, int rows)
    {
        var directory = Directory.CreateDirectory(Path.Combine(parent, "datahub-bench-" + Guid.NewGuid().ToString("N"))).FullName;
        try
        {
            using var db = new SqliteSession(Path.Combine(directory, "limit.db"));
            db.Execute("CREATE TABLE row (id INTEGER PRIMARY KEY, body BLOB NOT NULL)");
            var body = RandomNumberGenerator.GetBytes(1536);
            var id = 0L;
            return PerSecond(() =>
            {
                db.Execute("BEGIN IMMEDIATE");
                for (var i = 0; i < rows; i++)
                    db.Prepare("INSERT INTO row (id, body) VALUES (?,?)").Bind(++id).Bind(body.AsSpan()).Run();
                db.Execute("COMMIT");
            });
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>SHA-256 of 64 KB blocks on one thread, MB per second: how fast a core is at this moment.</summary>
    public static double Sha256MbPerSecond()
    {
        var block = RandomNumberGenerator.GetBytes(64 * 1024);
        var digest = new byte[32];
        return PerSecond(() => SHA256.HashData(block, digest)) * block.Length / 1_000_000;
    }

    /// <summary>Whole validation (shape and business rules) of the valid samples: microseconds per message, overall and by type.</summary>
    public static (double Overall, IReadOnlyDictionary<string, double> ByType) ValidationMicroseconds(RegistrySnapshot registry)
    {
        var pipeline = new ValidationPipeline(registry, BenchHost.Time);
        var samples = Path.Combine(RegistrySnapshot.FindSeeds(), "..", "contracts", "samples");
        var byType = new SortedDictionary<string, double>(StringComparer.Ordinal);
        var (total, count) = (0.0, 0);
        foreach (var folder in Directory.EnumerateDirectories(samples).Order(StringComparer.Ordinal))
        {
            var type = MessageTypes.Prefix + Path.GetFileName(folder);
            if (!PayloadTypes.ByName.ContainsKey(type))
                continue;
            var bodies = Directory.EnumerateFiles(Path.Combine(folder, "valid"), "*.json").Select(File.ReadAllBytes)
                .Where(b => pipeline.Validate(type, b) is ValidationOutcome.Ok).ToList();
            if (bodies.Count == 0)
                continue;
            var one = PerMessage(() => bodies.ForEach(b => pipeline.Validate(type, b))) / bodies.Count;
            byType[Path.GetFileName(folder)] = one;
            total += one * bodies.Count;
            count += bodies.Count;
        }

        return (total / count, byType);
    }

    // The best of several short spans: what it costs when nothing else runs.
    private static double PerMessage(Action action)
    {
        for (var i = 0; i < 1_000; i++)
            action();
        var best = double.MaxValue;
        for (var round = 0; round < 5; round++)
        {
            const int Times = 500;
            var begin = BenchHost.Time.GetTimestamp();
            for (var i = 0; i < Times; i++)
                action();
            best = Math.Min(best, BenchHost.Time.GetElapsedTime(begin).TotalMicroseconds / Times);
        }

        return best;
    }

    private static double PerSecond(Action action)
    {
        action();
        var begin = BenchHost.Time.GetTimestamp();
        var times = 0;
        while (BenchHost.Time.GetElapsedTime(begin) < Span)
        {
            action();
            times++;
        }

        return times / BenchHost.Time.GetElapsedTime(begin).TotalSeconds;
    }
}

using DataHub.UnitTests.Registry;

namespace DataHub.FlowTests.FifthCity;

/// <summary>
/// A copy of the seeds with one city more, which does not exist. It is rows and nothing else: those that
/// docs/adding-a-city.md names, in its order.
/// </summary>
internal sealed class FifthCitySeeds : IDisposable
{
    public const string Code = "519000";
    public const string Key = "yunling";

    private static readonly string[] Others = ["510100", "510600", "511400", "512000"];

    private readonly SeedCopy seeds = new();

    /// <param name="like">Key of the city whose words and codes the new one shares.</param>
    public FifthCitySeeds(string like)
    {
        seeds.Add("cities.csv", $"{Code},{Key},云岭市");
        seeds.Add("districts.csv", $"519001,云上区,{Code}", $"519002,岭下县,{Code}");
        seeds.Add("agencies.csv", [.. Lines("agencies.csv").Where(line => line.StartsWith("A510100-", StringComparison.Ordinal)).Select(line => line.Replace("510100", Code, StringComparison.Ordinal).Replace("成都", "云岭", StringComparison.Ordinal))]);
        seeds.Add("hospitals.csv", $"H{Code}001,云岭市人民医院,{Code},三级甲等,,", $"H{Code}002,云岭市中医医院,{Code},三级甲等,,");
        seeds.Add("agreements.csv", [.. Flows().SelectMany(flow => Others.SelectMany(other => new[] { $"{Code},{other},{flow},*,2024-01-01,", $"{other},{Code},{flow},*,2024-01-01," }))]);
        File.Copy(seeds.PathTo("codes", like + ".csv"), seeds.PathTo("codes", Key + ".csv"));
        File.Copy(seeds.PathTo("mapping", like + ".csv"), seeds.PathTo("mapping", Key + ".csv"));
    }

    public string Folder => seeds.Folder;

    public void Dispose() => seeds.Dispose();

    private IEnumerable<string> Flows() => Lines("agreements.csv").Select(line => line.Split(',')[2]).Distinct(StringComparer.Ordinal);

    /// <summary>The rows of a file without its header.</summary>
    private List<string> Lines(string file) => [.. File.ReadLines(seeds.PathTo(file)).Where(line => line.Length > 0 && line[0] != '#').Skip(1)];
}

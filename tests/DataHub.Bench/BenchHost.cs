using DataHub.Adapters.Pipeline;
using DataHub.Host;
using DataHub.Host.Roles;

namespace DataHub.Bench;

/// <summary>The real host on a data folder of its own that is deleted afterwards, with the four cities' systems replaced.</summary>
internal sealed class BenchHost : IAsyncDisposable
{
    private readonly string directory;

    private BenchHost(string directory, DataHubHost host, Tracker tracker, BenchCases cases)
    {
        this.directory = directory;
        Host = host;
        Tracker = tracker;
        Cases = cases;
    }

    public static readonly TimeProvider Time = TimeProvider.System;

    public DataHubHost Host { get; }

    public Tracker Tracker { get; }

    public BenchCases Cases { get; }

    /// <summary>Bytes of the database with its write-ahead log.</summary>
    public long DatabaseBytes => Directory.EnumerateFiles(directory, "datahub.db*").Sum(f => new FileInfo(f).Length);

    public static async Task<BenchHost> StartAsync(string parent, int cases)
    {
        var folder = Directory.CreateDirectory(Path.Combine(parent, "datahub-bench-" + Guid.NewGuid().ToString("N"))).FullName;
        try
        {
            var tracker = new Tracker(cases, Time);
            Func<CityAdapterContext, ICityAdapter> city = context => new BenchCity(context, tracker, Time);
            var host = await DataHubHost.StartAsync(new DataHubOptions
            {
                DataDirectory = folder,
                Url = "http://127.0.0.1:0",
                Simulators = false,
                CityOverrides = new[] { "chengdu", "deyang", "meishan", "ziyang" }.ToDictionary(key => key, _ => city, StringComparer.Ordinal),
            });
            return new BenchHost(folder, host, tracker, new BenchCases(host.Registry, Time.GetUtcNow()));
        }
        catch
        {
            Directory.Delete(folder, recursive: true);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }
}

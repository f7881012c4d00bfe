using DataHub.Adapters.Pipeline;
using DataHub.Broker;
using DataHub.Core.Messaging;
using DataHub.Host.Telemetry;
using DataHub.Simulators;

namespace DataHub.Host;

/// <summary>Everything that a host can be told. Checked as a whole before anything starts (docs/configuration.md).</summary>
public sealed record DataHubOptions
{
    /// <summary>Folder of the database, the keys, the cities' exchange tables and files.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Where the hub listens. Loopback only unless it stands behind a gateway of its own. Port 0: any free one.</summary>
    public string Url { get; init; } = "http://127.0.0.1:5080";

    /// <summary>Folder of the catalogue; null: the folder <c>seeds</c> found upwards from the program or the current folder.</summary>
    public string? SeedsDirectory { get; init; }

    /// <summary>Runs the four simulated city systems in this process.</summary>
    public bool Simulators { get; init; } = true;

    public Knobs Knobs { get; init; } = Knobs.Default;

    public HubOptions Hub { get; init; } = new();

    public AdapterOptions Adapters { get; init; } = new();

    /// <summary>Pause between two looks of the table and file interfaces.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Lowest level that is logged.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Warning;

    /// <summary>Traces, metrics and the form of the log.</summary>
    public TelemetryOptions Telemetry { get; init; } = new();

    /// <summary>Adds log providers: for tests that read the log.</summary>
    public Action<ILoggingBuilder> Logging { get; init; } = static _ => { };

    /// <summary>Replaces a city's own interface, by city key: for measuring and for tests that play the city themselves.</summary>
    public IReadOnlyDictionary<string, Func<CityAdapterContext, ICityAdapter>> CityOverrides { get; init; } = new Dictionary<string, Func<CityAdapterContext, ICityAdapter>>();

    /// <summary>Wraps the bus that all nodes send to: tests lose, repeat and delay frames with it.</summary>
    public Func<IFrameBus, IFrameBus> Bus { get; init; } = static bus => bus;

    /// <summary>The clock; tests set their own.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Every fault of these settings, each with what to set instead; empty where they are sound.</summary>
    public IReadOnlyList<string> Faults()
    {
        List<string> faults = [];
        if (!Uri.TryCreate(Url, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
            faults.Add($"--urls '{Url}' is not an http address; set for example http://127.0.0.1:5080.");
        else if (!url.IsLoopback)
            faults.Add($"--urls '{Url}' is not a loopback address; the embedded default uses development keys and listens on 127.0.0.1 only.");
        if (string.IsNullOrWhiteSpace(DataDirectory))
            faults.Add("--data names no folder; set for example --data data.");
        else if (File.Exists(DataDirectory))
            faults.Add($"--data '{DataDirectory}' is a file; name a folder.");
        if (SeedsDirectory is not null && !File.Exists(Path.Combine(SeedsDirectory, "cities.csv")))
            faults.Add($"The seeds folder '{SeedsDirectory}' holds no cities.csv; name the repository's seeds folder.");
        faults.AddRange(Telemetry.Faults());
        return faults;
    }
}

/// <summary>The host does not start: its settings would lose data or cannot work. The message says what to set.</summary>
public sealed class HostRefusedException(string message) : Exception(message);

using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace DataHub.Core.Telemetry;

/// <summary>The one source of spans and the one meter. Without a listener both cost next to nothing; who listens is the host's business.</summary>
public static class Signals
{
    /// <summary>Name of the source and of the meter.</summary>
    public const string Name = "DataHub";

    /// <summary>Makes the spans of <see cref="ExchangeTrace"/>.</summary>
    public static ActivitySource Source { get; } = new(Name);

    /// <summary>Makes the instruments of <see cref="NodeMetrics"/> and <see cref="Gauges"/>.</summary>
    public static Meter Meter { get; } = new(Name);
}

using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace DataHub.Core.Telemetry;

/// <summary>A gauge of the process whose values come from whatever is there to be watched. Reads memory only.</summary>
public sealed class WatchedGauge
{
    private readonly ConcurrentDictionary<Watched, byte> watched = new();

    internal WatchedGauge(string name, string unit, string description) => Signals.Meter.CreateObservableGauge(name, Observe, unit, description);

    /// <summary>Shows a value until disposed.</summary>
    public IDisposable Watch(Func<double> read, params KeyValuePair<string, object?>[] tags) => Watch(() => [new Measurement<double>(read(), tags)]);

    /// <summary>Shows several values until disposed.</summary>
    public IDisposable Watch(Func<IEnumerable<Measurement<double>>> read)
    {
        var entry = new Watched(watched, read);
        watched.TryAdd(entry, 0);
        return entry;
    }

    private IEnumerable<Measurement<double>> Observe() => watched.Keys.SelectMany(w => w.Read());

    private sealed class Watched(ConcurrentDictionary<Watched, byte> all, Func<IEnumerable<Measurement<double>>> read) : IDisposable
    {
        public Func<IEnumerable<Measurement<double>>> Read => read;

        public void Dispose() => all.TryRemove(this, out _);
    }
}

/// <summary>What stands at this moment; docs/operations.md says what each gauge is for.</summary>
public static class Gauges
{
    /// <summary>Messages that the peer does not hold yet, by link.</summary>
    public static WatchedGauge LinkBacklog { get; } = new("datahub.link.backlog", "{message}", "Committed messages that the peer does not hold yet.");

    /// <summary>Age of the oldest of them.</summary>
    public static WatchedGauge LinkAge { get; } = new("datahub.link.oldest", "s", "Age of the oldest message that the peer does not hold yet, since this process knows it.");

    /// <summary>Native deliveries that wait, by city; those beyond what is kept in memory are not counted.</summary>
    public static WatchedGauge DeliveriesWaiting { get; } = new("datahub.deliveries.waiting", "{delivery}", "Native deliveries that wait for the city's system, as far as they are in memory.");

    /// <summary>Age of the oldest native delivery that waits.</summary>
    public static WatchedGauge DeliveriesAge { get; } = new("datahub.deliveries.oldest", "s", "Age of the oldest native delivery that waits.");

    /// <summary>Native deliveries that wait for an operator.</summary>
    public static WatchedGauge DeliveriesParked { get; } = new("datahub.deliveries.parked", "{delivery}", "Native deliveries that wait for an operator.");

    /// <summary>A city's circuit breaker: 0 closed, 1 trying, 2 open.</summary>
    public static WatchedGauge Breaker { get; } = new("datahub.city.breaker", "", "Circuit breaker of the city's interface: 0 closed, 1 trying, 2 open.");

    /// <summary>Open breaks by code.</summary>
    public static WatchedGauge BreaksOpen { get; } = new("datahub.breaks.open", "{break}", "Open breaks of reconciliation, by code.");

    /// <summary>1 where this process runs the node.</summary>
    public static WatchedGauge Lease { get; } = new("datahub.node.held", "", "1 where this process runs the node, 0 where it stands by.");

    /// <summary>1 where the node can write its journal.</summary>
    public static WatchedGauge Healthy { get; } = new("datahub.node.healthy", "", "1 where the node can write its journal.");
}

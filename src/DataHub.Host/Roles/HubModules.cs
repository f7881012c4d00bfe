using DataHub.Adapters.Chengdu;
using DataHub.Adapters.Deyang;
using DataHub.Adapters.Meishan;
using DataHub.Adapters.Pipeline;
using DataHub.Adapters.Ziyang;
using DataHub.Contracts;

namespace DataHub.Host.Roles;

/// <summary>A role, of which several processes may run.</summary>
/// <param name="Role">As the command line names it, with the city's key.</param>
/// <param name="Nodes">Nodes that one process at a time runs, by lease; the others share them or stand by.</param>
/// <param name="Queues">Consumed by whoever holds the leases.</param>
public sealed record HubModule(string Role, string Runs, IReadOnlyList<string> Nodes, IReadOnlyList<string> Queues);

/// <summary>
/// What each role runs: the table of contents of the process. The embedded default runs them all. To add a city: a row in
/// <c>seeds/cities.csv</c> with its mapping and code tables, and a line in <see cref="Interfaces"/>.
/// </summary>
public static class HubModules
{
    /// <summary>The native interface of each city, by its key.</summary>
    public static IReadOnlyDictionary<string, NativeInterface> Interfaces { get; } = new Dictionary<string, NativeInterface>(StringComparer.Ordinal)
    {
        ["chengdu"] = NativeInterface.Rest,
        ["deyang"] = NativeInterface.Soap,
        ["meishan"] = NativeInterface.Tables,
        ["ziyang"] = NativeInterface.Files,
    };

    /// <summary>The adapter that speaks an interface.</summary>
    public static ICityAdapter Adapter(NativeInterface kind, CityAdapterContext context) => kind switch
    {
        NativeInterface.Rest => new ChengduAdapter(context),
        NativeInterface.Soap => new DeyangAdapter(context),
        NativeInterface.Tables => new MeishanAdapter(context),
        _ => new ZiyangAdapter(context),
    };

    /// <summary>All roles for a set of cities and a division of the hub.</summary>
    public static IReadOnlyList<HubModule> All(IEnumerable<Core.Registry.City> cities, HubShards shards)
    {
        ArgumentNullException.ThrowIfNull(cities);
        ArgumentNullException.ThrowIfNull(shards);
        var list = cities.ToList();
        var numbers = Enumerable.Range(0, shards.Count).ToList();
        return
        [
            new HubModule("broker", "HubNode per shard: intake, decision, forwarding, receipts, deadlines, reconciliation", shards.Nodes, [.. numbers.SelectMany(n => list.Select(c => QueueNames.Intake(c.Code, n)))]),
            .. list.Select(c => new HubModule("adapter " + c.Key, "AdapterNode, the city's native interface, its side of the HTTP API", [c.Code], [.. numbers.Select(n => QueueNames.Deliver(c.Code, n))])),
            // Reads only, so any number may run.
            new HubModule("console", "HTTP API for looking things up", [], []),
            // Alone on its data folder, by a lock; it reaches the hub as the city does.
            .. list.Select(c => new HubModule("simulator " + c.Key, "a simulated city system over its real interface", [], [])),
        ];
    }
}

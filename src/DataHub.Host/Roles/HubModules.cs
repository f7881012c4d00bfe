using DataHub.Adapters.Chengdu;
using DataHub.Adapters.Deyang;
using DataHub.Adapters.Meishan;
using DataHub.Adapters.Pipeline;
using DataHub.Adapters.Ziyang;
using DataHub.Contracts;

namespace DataHub.Host.Roles;

/// <summary>A role: what it runs, which queues it consumes, and whether it may run only once.</summary>
public sealed record HubModule(string Role, string Runs, IReadOnlyList<string> Queues, bool OnlyOnce);

/// <summary>
/// What each role runs: the table of contents of the process. The embedded default runs them all. To add a city: a row in
/// <c>seeds/cities.csv</c> with its mapping and code tables, and a line in <see cref="Adapters"/>.
/// </summary>
public static class HubModules
{
    /// <summary>The native interface of each city, by its key.</summary>
    public static IReadOnlyDictionary<string, Func<CityAdapterContext, ICityAdapter>> Adapters { get; } = new Dictionary<string, Func<CityAdapterContext, ICityAdapter>>(StringComparer.Ordinal)
    {
        ["chengdu"] = context => new ChengduAdapter(context),
        ["deyang"] = context => new DeyangAdapter(context),
        ["meishan"] = context => new MeishanAdapter(context),
        ["ziyang"] = context => new ZiyangAdapter(context),
    };

    /// <summary>All roles for a set of cities.</summary>
    public static IReadOnlyList<HubModule> All(IEnumerable<Core.Registry.City> cities)
    {
        ArgumentNullException.ThrowIfNull(cities);
        var list = cities.ToList();
        return
        [
            new HubModule("broker", "HubNode: intake, decision, forwarding, receipts, deadlines, reconciliation", [.. list.Select(c => QueueNames.Intake(c.Code))], OnlyOnce: true),
            .. list.Select(c => new HubModule("adapter:" + c.Key, "AdapterNode and the city's native interface", [QueueNames.Deliver(c.Code)], OnlyOnce: true)),
            .. list.Select(c => new HubModule("simulator:" + c.Key, "a simulated city system over its real interface", [], OnlyOnce: true)),
            new HubModule("api", "HTTP API for city systems", [], OnlyOnce: false),
        ];
    }
}

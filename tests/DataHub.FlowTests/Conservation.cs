using DataHub.Contracts;
using DataHub.Core.Journal;
using DataHub.Core.Registry;
using DataHub.Core.Storage;
using DataHub.Host.Roles;
using Shouldly;

namespace DataHub.FlowTests;

/// <summary>Nothing is lost and nothing counted twice, between every city and the hub.</summary>
internal static class Conservation
{
    /// <summary>Waits until every node holds all that was sent to it.</summary>
    public static Task SettledAsync(DataHubHost host) =>
        SettledAsync(host.Store, host.Registry, host.Shards, () => host.Cities.Values.All(c => c.System.Summary().ActionsDue == 0));

    /// <summary>Waits until every node holds all that was sent to it, and every city's system what was delivered.</summary>
    /// <param name="quiet">True where no city has anything left to hand over.</param>
    public static Task SettledAsync(INodeStore store, RegistrySnapshot registry, HubShards shards, Func<bool> quiet)
    {
        var before = -1L;
        return HostFixture.UntilAsync(async () =>
        {
            // The same at two looks: between two questions of one look a city may have handed something over.
            var sent = await SentAsync(store, registry, shards);
            var settled = sent is not null && sent == before && quiet();
            before = sent ?? -1;
            return settled;
        }, "every node holds what was sent to it");
    }

    /// <summary>All that was ever sent; null where something is still under way.</summary>
    private static async Task<long?> SentAsync(INodeStore store, RegistrySnapshot registry, HubShards shards)
    {
        var sent = 0L;
        foreach (var city in registry.Cities.Select(c => c.Code))
        {
            foreach (var hub in shards.Nodes)
            {
                var (up, atHub) = (await store.LinkAsync(city, hub, default), await store.LinkAsync(hub, city, default));
                if (up.Sent != atHub.Received || atHub.Sent != up.Received)
                    return null;
                sent += up.Sent + atHub.Sent;
            }

            if ((await store.PendingDeliveriesAsync(city, 0, 1, default)).Count > 0)
                return null;
        }

        return sent;
    }

    /// <summary>Holds that what each city sent is what the hub took in, and that the hub accepted, refused or parked each of it once.</summary>
    public static Task HoldsAsync(DataHubHost host) => HoldsAsync(host.Store, host.Registry, host.Shards);

    /// <summary>The same for a hub of several shards, with a link of its own from and to each city.</summary>
    public static async Task HoldsAsync(INodeStore store, RegistrySnapshot registry, HubShards shards)
    {
        var given = new Dictionary<string, List<long>>(StringComparer.Ordinal);
        foreach (var hub in shards.Nodes)
        {
            var journal = await JournalAsync(store, hub, null);
            foreach (var city in registry.Cities)
            {
                var (up, down) = (await store.LinkAsync(city.Code, hub, default), await store.LinkAsync(hub, city.Code, default));
                down.Received.ShouldBe(up.Sent, $"{city.Key} to {hub}: numbers sent and numbers held");
                up.Received.ShouldBe(down.Sent, $"{hub} to {city.Key}: numbers sent and numbers held");
                if (!given.TryGetValue(city.Code, out var numbers))
                    given.Add(city.Code, numbers = []);
                numbers.AddRange(Numbers(up.Sent));

                var taken = journal.Where(r => r.Sender == city.Code && r.Kind is EntryKind.Received or EntryKind.Refused or EntryKind.Parked).ToList();
                taken.Select(r => r.Sequence).Order().ShouldBe(Numbers(up.Sent), $"{city.Key} at {hub}: taken in = accepted + refused + parked");
            }
        }

        foreach (var (city, numbers) in given)
        {
            // Each shard counts from one, so a number stands in the city's journal once for each shard that it went to.
            var own = await JournalAsync(store, city, EntryKind.Sent);
            own.Select(r => r.Sequence).Order().ShouldBe(numbers.Order(), $"{city}: each number was given once");
        }

        await StatisticsAudit.HoldsAsync(store, registry, shards);
    }

    public static Task<List<JournalRow>> JournalAsync(DataHubHost host, string node, EntryKind? kind = null) => JournalAsync(host.Store, node, kind);

    public static async Task<List<JournalRow>> JournalAsync(INodeStore store, string node, EntryKind? kind)
    {
        var all = new List<JournalRow>();
        while (true)
        {
            var page = await store.JournalAsync(node, all.Count == 0 ? 0 : all[^1].Number, kind, 1000, default);
            if (page.Count == 0)
                return all;
            all.AddRange(page);
        }
    }

    private static IEnumerable<long> Numbers(long last)
    {
        for (long number = 1; number <= last; number++)
            yield return number;
    }
}

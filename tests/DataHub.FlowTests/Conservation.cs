using DataHub.Contracts;
using DataHub.Core.Journal;
using DataHub.Host.Roles;
using Shouldly;

namespace DataHub.FlowTests;

/// <summary>Nothing is lost and nothing counted twice, between every city and the hub.</summary>
internal static class Conservation
{
    /// <summary>Waits until every node holds all that was sent to it.</summary>
    public static Task SettledAsync(DataHubHost host) => HostFixture.UntilAsync(async () =>
    {
        foreach (var city in host.Registry.Cities)
        {
            var (up, atHub) = (await host.Store.LinkAsync(city.Code, Nodes.Hub, default), await host.Store.LinkAsync(Nodes.Hub, city.Code, default));
            if (up.Sent != atHub.Received || atHub.Sent != up.Received || (await host.Store.PendingDeliveriesAsync(city.Code, 0, 1, default)).Count > 0)
                return false;
        }

        return host.Cities.Values.All(c => c.System.Summary().ActionsDue == 0);
    }, "every node holds what was sent to it", TimeSpan.FromSeconds(60));

    /// <summary>Holds that what each city sent is what the hub took in, and that the hub accepted, refused or parked each of it once.</summary>
    public static async Task HoldsAsync(DataHubHost host)
    {
        var hub = await JournalAsync(host, Nodes.Hub);
        foreach (var city in host.Registry.Cities)
        {
            var sent = (await host.Store.LinkAsync(city.Code, Nodes.Hub, default)).Sent;
            (await host.Store.LinkAsync(Nodes.Hub, city.Code, default)).Received.ShouldBe(sent, $"{city.Key}: numbers sent and numbers held by the hub");
            var own = await JournalAsync(host, city.Code);
            own.Where(r => r.Kind == EntryKind.Sent).Select(r => r.Sequence).ShouldBe(Numbers(sent), $"{city.Key}: each number was given once");

            var taken = hub.Where(r => r.Sender == city.Code && r.Kind is EntryKind.Received or EntryKind.Refused or EntryKind.Parked).ToList();
            taken.Select(r => r.Sequence).Order().ShouldBe(Numbers(sent), $"{city.Key}: taken in = accepted + refused + parked");
        }
    }

    public static async Task<List<JournalRow>> JournalAsync(DataHubHost host, string node, EntryKind? kind = null)
    {
        var all = new List<JournalRow>();
        while (true)
        {
            var page = await host.Store.JournalAsync(node, all.Count == 0 ? 0 : all[^1].Number, kind, 1000, default);
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

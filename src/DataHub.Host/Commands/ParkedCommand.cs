using DataHub.Contracts;
using DataHub.Core.Registry;
using DataHub.Host.Roles;

namespace DataHub.Host.Commands;

/// <summary>What waits for an operator, and how to work it again.</summary>
internal static class ParkedCommand
{
    public static async Task<int> ListAsync(string data, CancellationToken cancel)
    {
        await using var store = await DataFolder.OpenAsync(data, cancel);
        var found = 0;
        foreach (var hub in (await store.NodesAsync(cancel)).Where(HubShards.IsHub))
        {
            foreach (var row in await store.ParkedAsync(hub, cancel))
            {
                found++;
                Console.WriteLine($"{hub} {row.Number}: {row.Type} {row.MessageId} of {row.ExchangeId}: {row.Reasons}");
            }
        }

        foreach (var city in RegistrySnapshot.Load(RegistrySnapshot.FindSeeds()).Cities)
        {
            foreach (var delivery in await store.ParkedDeliveriesAsync(city.Code, cancel))
            {
                found++;
                Console.WriteLine($"{city.Code} {delivery.Row.Number} --position {delivery.Position}: {delivery.Row.Type} {delivery.Row.MessageId} of {delivery.ExchangeId}: {delivery.ParkedCause}");
            }
        }

        return found == 0 ? ExitCodes.Done : ExitCodes.Negative;
    }

    public static async Task<int> ReplayAsync(Start start, string node, long number, int position, string by, string reason, CancellationToken cancel)
    {
        await using var host = await DataHubHost.StartAsync(start.ToOptions() with { Url = "http://127.0.0.1:0" }, cancel);
        var done = host.HubNodes.TryGetValue(node, out var hub)
            ? await hub.ReplayParkedAsync(number, by, reason, cancel)
            : host.Adapters.TryGetValue(node, out var adapter) && await adapter.ReplayParkedAsync(number, position, by, reason, cancel);
        Console.WriteLine(done ? "Worked again." : $"Nothing is parked under {node} {number}.");
        return done ? ExitCodes.Done : ExitCodes.Negative;
    }
}

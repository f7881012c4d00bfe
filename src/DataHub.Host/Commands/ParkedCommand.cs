using DataHub.Contracts;
using DataHub.Core.Registry;

namespace DataHub.Host.Commands;

/// <summary>Lists what waits for an operator.</summary>
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

        foreach (var city in RegistrySnapshot.Load(DataFolder.Options(data).Seeds).Cities)
        {
            foreach (var delivery in await store.ParkedDeliveriesAsync(city.Code, cancel))
            {
                found++;
                Console.WriteLine($"{city.Code} {delivery.Row.Number} --position {delivery.Position}: {delivery.Row.Type} {delivery.Row.MessageId} of {delivery.ExchangeId}: {delivery.ParkedCause}");
            }
        }

        return found == 0 ? ExitCodes.Done : ExitCodes.Negative;
    }
}

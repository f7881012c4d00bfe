namespace DataHub.Host.Commands;

/// <summary>Lists what waits for an operator.</summary>
internal static class ParkedCommand
{
    public static async Task<int> ListAsync(string data, CancellationToken cancel)
    {
        await using var store = await DataFolder.OpenAsync(data, cancel);
        var found = 0;
        foreach (var node in await store.NodesAsync(cancel))
        {
            foreach (var row in await store.ParkedAsync(node, cancel))
            {
                found++;
                Console.WriteLine($"{node} {row.Number}: {row.Type} {row.MessageId} of {row.ExchangeId}: {row.Reasons}");
            }

            foreach (var delivery in await store.ParkedDeliveriesAsync(node, cancel))
            {
                found++;
                Console.WriteLine($"{node} {delivery.Row.Number} --position {delivery.Position}: {delivery.Row.Type} {delivery.Row.MessageId} of {delivery.ExchangeId}: {delivery.ParkedCause}");
            }
        }

        return found == 0 ? ExitCodes.Done : ExitCodes.Negative;
    }
}

using DataHub.Core.Journal;

namespace DataHub.Core.Storage;

/// <summary>
/// What a node knows while it works through one group: read from the store once per key, then as the group's own
/// decisions changed it. Forgotten with the group.
/// </summary>
public sealed class StepMemory(string node, INodeStore store)
{
    private readonly Dictionary<string, ExchangeRow?> exchanges = new(StringComparer.Ordinal);
    private readonly Dictionary<string, KnownMessage?> known = new(StringComparer.Ordinal);

    /// <summary>Reads what is not known yet of these journal keys and exchanges.</summary>
    public async Task LoadAsync(IReadOnlyCollection<string> keys, IReadOnlyCollection<string> exchangeIds, CancellationToken cancel)
    {
        var newKeys = keys.Where(k => !known.ContainsKey(k)).ToList();
        if (newKeys.Count > 0)
        {
            var found = await store.KnownAsync(node, newKeys, cancel);
            foreach (var key in newKeys)
                known[key] = found.TryGetValue(key, out var message) ? message : null;
        }

        var newIds = exchangeIds.Where(id => !exchanges.ContainsKey(id)).ToList();
        if (newIds.Count > 0)
        {
            var found = await store.ExchangesAsync(node, newIds, cancel);
            foreach (var id in newIds)
                exchanges[id] = found.GetValueOrDefault(id);
        }
    }

    /// <summary>The message with this journal key, if the node has it. The key must have been loaded or appended.</summary>
    /// <exception cref="InvalidOperationException">The key was never loaded: the caller would take "not read" for "not there".</exception>
    public KnownMessage? Known(string key) => known.TryGetValue(key, out var message) ? message : throw NotLoaded();

    /// <summary>The exchange as it stands after what this group decided so far. The id must have been loaded or put.</summary>
    /// <exception cref="InvalidOperationException">The id was never loaded.</exception>
    public ExchangeRow? Exchange(string id) => exchanges.TryGetValue(id, out var row) ? row : throw NotLoaded();

    public void Put(ExchangeRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        exchanges[row.State.ExchangeId] = row;
    }

    public void Add(JournalEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        Add(entry.Key, new KnownMessage(0, entry.ExchangeId, entry.Sequence, entry.Body));
    }

    public void Add(string key, KnownMessage message) => known[key] = message;

    private static InvalidOperationException NotLoaded() => new("Load a key or an exchange before asking for it.");
}

using DataHub.Core.Journal;

namespace DataHub.Core.Storage;

/// <summary>What a unit of work will ask for: journal keys and exchanges. Asked of the store for a whole group at once.</summary>
public readonly record struct Wants(IReadOnlyCollection<string> Keys, IReadOnlyCollection<string> ExchangeIds)
{
    public static readonly Wants Nothing = new([], []);
}

/// <summary>
/// What a node knows while it works through one group: from its own memory of what it wrote lately, else read from the
/// store once per key, then as the group's own decisions changed it. Forgotten with the group.
/// </summary>
/// <param name="recent">
/// Exchanges as this node committed them last. Nobody else writes a node's exchanges, so they need not be read again.
/// </param>
public sealed class StepMemory(string node, INodeStore store, Recent<ExchangeRow> recent)
{
    private readonly Dictionary<string, ExchangeRow?> exchanges = new(StringComparer.Ordinal);
    private readonly Dictionary<string, KnownMessage?> known = new(StringComparer.Ordinal);

    /// <summary>Reads what several units of work want: one question each for keys and exchanges.</summary>
    public Task LoadAsync(IEnumerable<Wants> wants, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(wants);
        var keys = new HashSet<string>(StringComparer.Ordinal);
        var ids = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (k, e) in wants)
        {
            keys.UnionWith(k);
            ids.UnionWith(e);
        }

        return LoadAsync(keys, ids, cancel);
    }

    /// <summary>Reads what is not known yet of these journal keys and exchanges.</summary>
    public async Task LoadAsync(IReadOnlyCollection<string> keys, IReadOnlyCollection<string> exchangeIds, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(exchangeIds);
        var newKeys = keys.Where(k => !known.ContainsKey(k)).ToList();
        var newIds = new List<string>();
        foreach (var id in exchangeIds.Where(id => !exchanges.ContainsKey(id)))
        {
            if (recent.TryGet(id, out var row))
                exchanges[id] = row;
            else
                newIds.Add(id);
        }

        // Side by side: on a database across the network each is a round trip.
        var keysFound = newKeys.Count > 0 ? store.KnownAsync(node, newKeys, cancel).AsTask() : null;
        if (newIds.Count > 0)
        {
            var found = await store.ExchangesAsync(node, newIds, cancel);
            foreach (var id in newIds)
                exchanges[id] = found.GetValueOrDefault(id);
        }

        if (keysFound is null)
            return;
        var messages = await keysFound;
        foreach (var key in newKeys)
            known[key] = messages.TryGetValue(key, out var message) ? message : null;
    }

    /// <summary>The message with this journal key, if the node has it. The key must have been loaded or appended.</summary>
    /// <exception cref="InvalidOperationException">The key was never loaded: the caller would take "not read" for "not there".</exception>
    public KnownMessage? Known(string key) => known.TryGetValue(key, out var message) ? message : throw NotLoaded();

    /// <summary>The exchange as it stands after what this group decided so far. The id must have been loaded or put.</summary>
    /// <exception cref="InvalidOperationException">The id was never loaded.</exception>
    public ExchangeRow? Exchange(string id) => exchanges.TryGetValue(id, out var row) ? row : throw NotLoaded();

    /// <summary>True where this very row is what is known of its exchange: nothing changed.</summary>
    public bool Has(ExchangeRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return exchanges.TryGetValue(row.State.ExchangeId, out var known) && ReferenceEquals(known, row);
    }

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

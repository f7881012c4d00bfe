using System.Collections.Frozen;

namespace DataHub.Core.Signing;

/// <summary>The public keys that a node trusts, by id. Immutable: a changed set of keys is another ring.</summary>
public sealed class KeyRing
{
    private readonly FrozenDictionary<string, VerifyingKey> keys;

    /// <exception cref="ArgumentException">Two keys share an id.</exception>
    public KeyRing(IEnumerable<VerifyingKey> keys)
    {
        var byId = new Dictionary<string, VerifyingKey>(StringComparer.Ordinal);
        foreach (var key in keys)
        {
            if (!byId.TryAdd(key.Info.Id, key))
                throw new ArgumentException($"Two keys have the id {key.Info.Id}.", nameof(keys));
        }

        this.keys = byId.ToFrozenDictionary(StringComparer.Ordinal);
    }

    public IReadOnlyCollection<VerifyingKey> All => keys.Values;

    internal VerifyingKey? Find(ReadOnlySpan<char> id)
        => keys.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(id, out var key) ? key : null;
}

using System.Diagnostics.CodeAnalysis;

namespace DataHub.Core.Storage;

/// <summary>
/// A bounded memory of what was used lately. Kept in two halves: when the younger is full the older is dropped as a whole,
/// so that nothing has to be ordered. Not safe for use by two threads at once.
/// </summary>
/// <param name="capacity">Entries kept at most; at least half as many of the latest are there.</param>
public sealed class Recent<T>(int capacity)
{
    private Dictionary<string, T> younger = new(StringComparer.Ordinal);
    private Dictionary<string, T> older = new(StringComparer.Ordinal);

    public int Count => younger.Count + older.Count;

    public bool TryGet(string key, [MaybeNullWhen(false)] out T value)
    {
        if (younger.TryGetValue(key, out value))
            return true;
        if (!older.Remove(key, out value))
            return false;
        Put(key, value);
        return true;
    }

    public void Put(string key, T value)
    {
        if (younger.Count >= capacity / 2 && !younger.ContainsKey(key))
        {
            (older, younger) = (younger, older);
            younger.Clear();
        }

        older.Remove(key);
        younger[key] = value;
    }

    public void Clear()
    {
        younger.Clear();
        older.Clear();
    }
}

using System.Collections;

namespace DataHub.Core.Statistics;

/// <summary>
/// Changes of counts, added up by key. They are committed together with what caused them, so that a count is as exact as
/// the exchanges themselves: nothing is counted that was not written, and a repetition counts nothing.
/// </summary>
public sealed class StatisticDeltas : IEnumerable<KeyValuePair<StatisticKey, StatisticValue>>
{
    private readonly Dictionary<StatisticKey, StatisticValue> changes = [];

    /// <summary>True where nothing changes.</summary>
    public bool IsEmpty => changes.Count == 0;

    /// <summary>How many keys change.</summary>
    public int Count => changes.Count;

    /// <summary>Adds to a key; what comes to nothing is no change.</summary>
    /// <param name="count">Negative where something that was counted no longer holds.</param>
    /// <param name="amountFen">In fen; of the same sign as the count.</param>
    public void Add(StatisticKey key, long count = 1, long amountFen = 0)
    {
        var sum = changes.GetValueOrDefault(key) + new StatisticValue(count, amountFen);
        if (sum == default)
            changes.Remove(key);
        else
            changes[key] = sum;
    }

    public void Add(StatisticDeltas others)
    {
        ArgumentNullException.ThrowIfNull(others);
        foreach (var (key, value) in others.changes)
            Add(key, value.Count, value.AmountFen);
    }

    public IEnumerator<KeyValuePair<StatisticKey, StatisticValue>> GetEnumerator() => changes.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

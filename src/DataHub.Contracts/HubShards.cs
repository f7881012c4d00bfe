using System.Globalization;

namespace DataHub.Contracts;

/// <summary>
/// The hub's division: every exchange belongs to one shard, and a shard has a journal, numbers and queues of its own, so
/// that several brokers work side by side and never on the same exchange. Fixed for a deployment.
/// </summary>
public sealed record HubShards
{
    /// <summary>Most shards that a deployment may have: shard codes stay apart from every GB/T 2260 code.</summary>
    public const int Max = 64;

    /// <summary>The embedded hub: not divided.</summary>
    public static readonly HubShards One = new(1);

    /// <param name="count">1 to <see cref="Max"/>.</param>
    public HubShards(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Max);
        Count = count;
        Nodes = [.. Enumerable.Range(0, count).Select(NodeOf)];
    }

    public int Count { get; }

    /// <summary>Node code of each shard, in order.</summary>
    public IReadOnlyList<string> Nodes { get; }

    /// <summary>Node code of a shard: its index in six digits, so that the first is <see cref="Contracts.Nodes.Hub"/>.</summary>
    public static string NodeOf(int shard) => shard.ToString("D6", CultureInfo.InvariantCulture);

    /// <summary>True for the code of a shard, false for a city's.</summary>
    public static bool IsHub(string node) => node.StartsWith("0000", StringComparison.Ordinal);

    /// <summary>Index of a shard by its node code.</summary>
    public static int IndexOf(string node) => int.Parse(node, NumberStyles.None, CultureInfo.InvariantCulture);

    /// <summary>Shard of an exchange: the number that ends its id, modulo the count.</summary>
    public int Of(string exchangeId)
    {
        ArgumentNullException.ThrowIfNull(exchangeId);
        return Count == 1 ? 0 : (int)(long.Parse(exchangeId.AsSpan(exchangeId.Length - 10), NumberStyles.None, CultureInfo.InvariantCulture) % Count);
    }

    /// <summary>Node code of an exchange's shard.</summary>
    public string NodeOf(string exchangeId) => Nodes[Of(exchangeId)];

    /// <summary>The number that ends the id of an exchange which a message with this link number opens in a shard.</summary>
    public long ExchangeNumber(long linkNumber, int shard) => (linkNumber * Count) + shard;
}

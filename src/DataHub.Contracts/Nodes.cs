namespace DataHub.Contracts;

/// <summary>
/// The parties of the exchange. Cities carry their GB/T 2260 code; the hub itself carries <see cref="Hub"/>.
/// </summary>
public static class Nodes
{
    /// <summary>The hub's own code where an envelope names a sender or a receiver; also its first shard.</summary>
    public const string Hub = "000000";

    /// <summary>Exchange id of messages that belong to no single exchange: receipts, reports, progress.</summary>
    public const string NoExchange = "000000-00000000-0000000000";
}

using System.Globalization;

namespace DataHub.Contracts;

/// <summary>Every queue by name. Snapshot-tested: a renamed queue strands what still lies in the old one.</summary>
public static class QueueNames
{
    /// <summary>What one city sends to a shard of the hub. One queue per city, so that each sender's order holds.</summary>
    public static string Intake(string cityCode, int shard = 0) => "datahub.intake." + cityCode + Suffix(shard);

    /// <summary>What a shard of the hub sends to one city. One queue per city, so that a dead city never blocks another.</summary>
    public static string Deliver(string cityCode, int shard = 0) => "datahub.deliver." + cityCode + Suffix(shard);

    // The first shard's queues carry no number: they are the only ones of a hub that is not divided.
    private static string Suffix(int shard) => shard == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $".{shard}");
}

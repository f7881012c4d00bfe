namespace DataHub.Contracts;

/// <summary>Every queue by name. Snapshot-tested: a renamed queue strands what still lies in the old one.</summary>
public static class QueueNames
{
    /// <summary>What one city sends to the hub. One queue per city, so that each sender's order holds.</summary>
    public static string Intake(string cityCode) => "datahub.intake." + cityCode;

    /// <summary>What the hub sends to one city. One queue per city, so that a dead city never blocks another.</summary>
    public static string Deliver(string cityCode) => "datahub.deliver." + cityCode;
}

using DataHub.Core.Messaging;

namespace DataHub.Adapters.Pipeline;

/// <summary>A city's end of the links with one shard of the hub.</summary>
internal sealed class HubEnd(OutboundLink link, FrameOrder order)
{
    public OutboundLink Link => link;

    public FrameOrder Order => order;

    /// <summary>Number of the last message made for the shard.</summary>
    public long Assigned => link.Assigned;

    /// <summary>Number of the shard's last message that is committed here.</summary>
    public long Received { get; set; }
}

using DataHub.Contracts;

namespace DataHub.Core.Messaging;

/// <summary>
/// Receipts, reports and progress bring nobody's case forward: they ride along with messages that do, or go by themselves
/// after a moment, all that have gathered together. A frame and a commit cost the same whatever is in them.
/// </summary>
public static class Urgency
{
    /// <summary>Short against what a person notices, long against the pauses of a busy link.</summary>
    public static readonly TimeSpan WaitsAtMost = TimeSpan.FromMilliseconds(25);

    /// <summary>True for a message that may wait so long.</summary>
    public static bool CanWait(string type) => type is MessageTypes.HubReceipt or MessageTypes.HolderReport or MessageTypes.LinkProgress;
}

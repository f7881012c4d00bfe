using DataHub.Adapters.Pipeline;
using DataHub.Broker;
using DataHub.Contracts;

namespace DataHub.Host.Roles;

/// <summary>One stage of a message's way: where it runs, what it does, what is durable after it, and what happens on failure.</summary>
public sealed record FlowStage(string Stage, string Where, string Queue, string DurableAfter, string OnFailure);

/// <summary>
/// The way of every message, in order: the table of contents of the code that moves it. The README shows this table, and
/// a test holds the two together.
/// </summary>
public static class ExchangeFlow
{
    private const string City = "<city>";

    public static IReadOnlyList<FlowStage> Stages { get; } =
    [
        new("take in", nameof(ICityAdapter) + " → " + nameof(AdapterNode) + ".TakeInAsync", "native interface or HTTP API",
            "signed message, its number, the city's view of the exchange", "refused with reasons and journalled; busy: come again"),
        new("send to the hub", "OutboundLink (city → hub)", QueueNames.Intake(City),
            "nothing new: the row stays until the hub confirms", "sent again in order from the journal"),
        new("decide", nameof(HubNode) + " → FrameIntake → FlowEngine.Decide", QueueNames.Intake(City),
            "message, new state, what must be forwarded, receipt", "refused with reasons and receipt; own fault: parked"),
        new("forward", "OutboundLink (hub → city)", QueueNames.Deliver(City),
            "nothing new: the row stays until the city's node confirms", "sent again in order from the journal"),
        new("deliver", "HubFrames → " + nameof(NativeDeliveries) + " → " + nameof(ICityAdapter) + ".DeliverAsync", "native interface",
            "message and pending delivery, then that the city's system holds it", "tried again with growing pauses; parked where the city rejects it, or takes others and not this one"),
        new("report", nameof(AdapterNode) + " → HolderReport", QueueNames.Intake(City),
            "what the city's own system holds", "sent again in order from the journal"),
        new("reconcile", nameof(HubNode) + " → Reconciler", "",
            "reconciled, or a named break", "a later equal report heals the break"),
    ];
}

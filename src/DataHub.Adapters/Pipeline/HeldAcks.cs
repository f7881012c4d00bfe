using DataHub.Contracts.Payloads;
using DataHub.Core.Native;

namespace DataHub.Adapters.Pipeline;

/// <summary>What a city's answer to a delivery means to the node.</summary>
internal static class HeldAcks
{
    public static DeliveryOutcome Outcome(HeldAck? ack, IReadOnlyList<Reason> faults) => ack switch
    {
        null => new DeliveryOutcome.Rejected("The city's answer cannot be read: " + string.Join(", ", faults.Select(fault => $"{fault.Code} {fault.Path}"))),
        { Result: HeldResult.Held, OutcomeCode: null } => new DeliveryOutcome.Held(null),
        { Result: HeldResult.Held } => new DeliveryOutcome.Held(new HeldOutcome(ack.OutcomeCode, ack.AmountFen, ack.Reference)),
        // The city's note is free text, which may name a person: it stays with the city.
        { Result: HeldResult.Busy } => new DeliveryOutcome.Transient("The city's system is busy", null),
        _ => new DeliveryOutcome.Rejected("The city's system refused the message; its own log says why"),
    };
}

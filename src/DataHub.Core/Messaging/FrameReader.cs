using System.Security.Cryptography;
using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Contracts.Payloads;
using DataHub.Core.Errors;
using DataHub.Core.Signing;

namespace DataHub.Core.Messaging;

/// <summary>
/// An event of a received frame after everything that needs no state: parsed, its signature checked, its payload read.
/// </summary>
public sealed class ReceivedEvent
{
    /// <summary>The event's own bytes.</summary>
    public required ReadOnlyMemory<byte> Raw { get; init; }

    /// <summary>Null where the envelope could not be read.</summary>
    public CloudEvent? Event { get; init; }

    /// <summary>Set where the event cannot be trusted: unreadable envelope, wrong or missing signature, wrong sender.</summary>
    public IReadOnlyList<Reason>? Untrusted { get; init; }

    /// <summary>Set where the sender is known but the payload breaks rules.</summary>
    public IReadOnlyList<Reason>? Invalid { get; init; }

    public IPayload? Payload { get; init; }

    /// <summary>True where it may wait a moment for others.</summary>
    public bool CanWait => Untrusted is null && Invalid is null && Urgency.CanWait(Event!.Type);
}

/// <summary>Reads frames. Pure but for the verifier's cache: runs on the consumers' threads, outside the node's loop.</summary>
public static class FrameReader
{
    /// <summary>
    /// Splits and checks a frame. A frame that is no batch at all comes back as one untrusted event that holds its first
    /// bytes, so that it is journalled like any other refusal.
    /// </summary>
    /// <param name="frame">The bytes as they came.</param>
    /// <param name="verifier">Checks signatures.</param>
    /// <param name="read">Reads and validates a payload of a type.</param>
    /// <param name="mayCarry">True where this link may carry an event of that sender.</param>
    public static List<ReceivedEvent> Read(ReadOnlyMemory<byte> frame, SignatureVerifier verifier, Func<CloudEvent, (IPayload?, IReadOnlyList<Reason>?)> read, Func<CloudEvent, bool> mayCarry)
    {
        ArgumentNullException.ThrowIfNull(verifier);
        ArgumentNullException.ThrowIfNull(read);
        ArgumentNullException.ThrowIfNull(mayCarry);
        var elements = new List<BatchElement>();
        var events = new List<ReceivedEvent>();
        if (EventFormat.ReadBatch(frame, elements) is { } fault)
        {
            // What was split off before the fault is not used: a frame is whole or it is nothing.
            events.Add(new ReceivedEvent { Raw = frame[..Math.Min(frame.Length, RefusedBytes)], Untrusted = [Reasons.Of(fault.Code, fault.Path)] });
            return events;
        }

        foreach (var element in elements)
            events.Add(Check(element, verifier, read, mayCarry));
        return events;
    }

    /// <summary>Bytes kept of an input that is refused without being read.</summary>
    public const int RefusedBytes = 64 * 1024;

    /// <summary>The journal key of a refusal: the same bytes are journalled once, however often they come.</summary>
    public static string RefusedKey(ReadOnlySpan<byte> raw) => "refused:" + Convert.ToHexStringLower(SHA256.HashData(raw));

    private static ReceivedEvent Check(BatchElement element, SignatureVerifier verifier, Func<CloudEvent, (IPayload?, IReadOnlyList<Reason>?)> read, Func<CloudEvent, bool> mayCarry)
    {
        if (element.Event is not { } e)
            return new ReceivedEvent { Raw = element.Raw[..Math.Min(element.Raw.Length, RefusedBytes)], Untrusted = [Reasons.Of(element.Fault!.Code, element.Fault.Path)] };
        if (!mayCarry(e))
            return new ReceivedEvent { Raw = element.Raw, Event = e, Untrusted = [Reasons.Of(ReasonCodes.NotAuthorised, "$.sendercity")] };

        // Progress is a hint outside the sequence: a false one is caught by the numbers it may not exceed.
        if (e.Type != MessageTypes.LinkProgress && verifier.Verify(e) is { } reason)
            return new ReceivedEvent { Raw = element.Raw, Event = e, Untrusted = [reason] };
        var (payload, invalid) = read(e);
        return new ReceivedEvent { Raw = element.Raw, Event = e, Payload = payload, Invalid = invalid };
    }
}

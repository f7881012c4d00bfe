using DataHub.Contracts.Payloads;

namespace DataHub.Simulators;

/// <summary>
/// A message that a city's system sends. A repetition carries the same <see cref="MessageId"/>, <see cref="Time"/> and bytes.
/// </summary>
/// <param name="Type">A name of <c>MessageTypes</c>.</param>
/// <param name="MessageId">The city's own number of the message, unique in the city for all time.</param>
/// <param name="ExchangeId">Null for a message that opens an exchange.</param>
/// <param name="Time">When the city's system made the message.</param>
/// <param name="Data">The payload as canonical JSON; the port turns it into the native form.</param>
public sealed record OutgoingNative(string Type, string MessageId, string? ExchangeId, DateTimeOffset Time, ReadOnlyMemory<byte> Data);

/// <summary>What the native interface answered.</summary>
public abstract record PortOutcome
{
    private PortOutcome()
    {
    }

    /// <summary>The hub's side holds the message durably; also the answer to a repetition.</summary>
    public sealed record Accepted(string ExchangeId) : PortOutcome;

    /// <summary>Refused for good.</summary>
    public sealed record Refused(IReadOnlyList<Reason> Reasons) : PortOutcome;

    /// <summary>Not answered yet, busy or out of order: the same message is sent again after this time.</summary>
    public sealed record Retry(TimeSpan After) : PortOutcome;
}

/// <summary>
/// The outgoing half of a city's native interface. Called for many messages at once; a call may wait for others to share
/// one file or one transaction with them. Must recognise that a message was handed over before.
/// </summary>
public interface INativePort
{
    /// <summary>Hands one message over and waits for the native answer. An exception counts as <see cref="PortOutcome.Retry"/>.</summary>
    Task<PortOutcome> SendAsync(OutgoingNative message, CancellationToken cancellationToken);

    /// <summary>
    /// Hands over a sample in the city's own form, byte for byte as a person wrote it, and waits for the native answer. The
    /// number of the message stands in the sample itself, if it can be read at all.
    /// </summary>
    /// <param name="messageId">The number under which the city's system books the answer; the same at a repetition.</param>
    Task<PortOutcome> SendRawAsync(string messageId, ReadOnlyMemory<byte> sample, CancellationToken cancellationToken);
}

namespace DataHub.Core.Journal;

/// <summary>Why a row stands in the journal. The number is stored and hashed: append only.</summary>
public enum EntryKind
{
    /// <summary>A message of this node's own: taken from the city's system or made by the hub, signed, and sent.</summary>
    Sent = 1,

    /// <summary>A message received from another node and applied.</summary>
    Received = 2,

    /// <summary>A message or native input that was refused, with its reasons.</summary>
    Refused = 3,

    /// <summary>A message whose processing met a fault of our own; it waits for an operator.</summary>
    Parked = 4,

    /// <summary>An operator's action, with its reason.</summary>
    Operator = 5,
}

/// <summary>A row to append to a node's journal. Once appended it never changes.</summary>
public sealed record JournalEntry
{
    public required EntryKind Kind { get; init; }

    /// <summary>
    /// What makes the row unique in this journal: <c>{sender}:{message id}</c> for a message that took effect,
    /// <c>refused:{digest}</c> for a refusal. A second row with the same key is never appended.
    /// </summary>
    public required string Key { get; init; }

    public required string MessageId { get; init; }

    public required string Type { get; init; }

    public required string ExchangeId { get; init; }

    public required string Sender { get; init; }

    /// <summary>The sender's number of the message; 0 where it has none.</summary>
    public required long Sequence { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>The event as it stood on the wire, or the native input that was refused.</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Reasons of a refusal or cause of a parking, as JSON; null otherwise. Holds no personal data.</summary>
    public string? Reasons { get; init; }
}

/// <summary>A row read back from a journal.</summary>
public sealed record JournalRow(long Number, EntryKind Kind, string Key, string MessageId, string Type, string ExchangeId, string Sender,
    long Sequence, DateTimeOffset At, byte[] Body, string? Reasons, byte[] Hash);

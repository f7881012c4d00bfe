using DataHub.Contracts.Payloads;

namespace DataHub.Adapters.Pipeline;

/// <summary>A message as a city's system handed it in, already mapped to the hub's form.</summary>
/// <param name="MessageId">Given by the city's own system; unique in that city; at most 64 characters.</param>
/// <param name="Type">A name of <see cref="Contracts.MessageTypes"/>.</param>
/// <param name="ExchangeId">Null for a message that opens an exchange: the adapter gives the number.</param>
/// <param name="Data">The payload's UTF-8 JSON.</param>
/// <param name="Native">The bytes as they arrived: kept as evidence of what the city said.</param>
public sealed record NativeIntake(string MessageId, string Type, string? ExchangeId, ReadOnlyMemory<byte> Data, ReadOnlyMemory<byte> Native);

/// <summary>What became of a message at the adapter.</summary>
public abstract record IntakeOutcome
{
    private IntakeOutcome()
    {
    }

    /// <summary>Durable in the adapter's journal. A repetition gives the same numbers with <paramref name="Duplicate"/> set.</summary>
    public sealed record Accepted(string MessageId, string ExchangeId, long Sequence, bool Duplicate) : IntakeOutcome;

    /// <summary>Refused and journalled; sending the same bytes again gives the same reasons.</summary>
    public sealed record Refused(IReadOnlyList<Reason> Reasons) : IntakeOutcome;

    /// <summary>Not taken in: the city's system sends again after the given time.</summary>
    public sealed record Busy(TimeSpan RetryAfter) : IntakeOutcome;
}

/// <summary>The adapter node's side of a city interface: validates, signs, journals. Safe to call concurrently.</summary>
public interface IAdapterIntake
{
    /// <summary>GB/T 2260 code of the city that the node serves.</summary>
    string City { get; }

    /// <summary>Returns only when the outcome is durable.</summary>
    Task<IntakeOutcome> TakeInAsync(NativeIntake message, CancellationToken cancellationToken);

    /// <summary>Journals native input that could not be read or was not authentic. The bytes are cut to what the caller could read.</summary>
    /// <param name="messageId">The city's own number, where one could be read.</param>
    Task RefuseAsync(ReadOnlyMemory<byte> native, string? messageId, IReadOnlyList<Reason> reasons, CancellationToken cancellationToken);
}

using DataHub.Contracts.Payloads;

namespace DataHub.Core.Native;

/// <summary>A city's message after mapping, ready for validation. Only form and codes have been checked.</summary>
/// <param name="Type">A name of <see cref="DataHub.Contracts.MessageTypes"/>.</param>
/// <param name="MessageId">The number that the city's own system gave it; unique in that city.</param>
/// <param name="ExchangeId">Absent where the message opens an exchange.</param>
/// <param name="SentAt">When the city's system says that it sent it.</param>
/// <param name="Data">The payload's UTF-8 JSON. The same native record always gives the same bytes.</param>
public sealed record NativeMessage(string Type, string MessageId, string? ExchangeId, DateTimeOffset? SentAt, ReadOnlyMemory<byte> Data);

/// <summary>What reading a native record came to.</summary>
public abstract record NativeReadOutcome
{
    public sealed record Ok(NativeMessage Message) : NativeReadOutcome;

    /// <param name="MessageId">The native number, where at least that could be read: the refusal is answered under it.</param>
    /// <param name="Reasons">Everything that is wrong, at most <see cref="Errors.Reasons.MaxCount"/>.</param>
    public sealed record Refused(string? MessageId, IReadOnlyList<Reason> Reasons) : NativeReadOutcome;
}

/// <summary>What a field of a native message holds.</summary>
public enum NativeKind
{
    Text,
    Record,
    Records,
    Texts,
}

/// <summary>
/// One field of a native message as the mapping table describes it: what a codec needs to lay out columns, elements and
/// packed lists.
/// </summary>
/// <param name="Convert">How its text is written, such as <c>yuan-decimal</c>; empty for records and lists of records.</param>
/// <param name="Required">True where a message without it is refused.</param>
/// <param name="Fields">The fields of a record or of a list's records, in the table's order.</param>
public sealed record NativeField(string Name, NativeKind Kind, string Convert, bool Required, IReadOnlyList<NativeField> Fields);

/// <summary>The fields of one message type in a city's own words.</summary>
/// <param name="Type">A name of <see cref="DataHub.Contracts.MessageTypes"/>.</param>
/// <param name="NativeType">The city's own code for it, as it stands in the type field.</param>
public sealed record NativeShape(string Type, string NativeType, IReadOnlyList<NativeField> Fields);

/// <summary>
/// A payload cannot be put into a city's words: a code without a native counterpart, or a member that the table does not
/// map. The seeds are at fault, not the message; an operator mends them and replays. The text holds no personal data.
/// </summary>
public sealed class NativeMappingException(string message) : Exception(message);

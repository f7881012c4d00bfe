using System.Text.Json;
using System.Text.Json.Serialization;
using DataHub.Contracts.Payloads;

namespace DataHub.Host.Api;

/// <summary>What a client sends: a CloudEvent, structured JSON. Other standard attributes may be there; they are not carried on.</summary>
internal sealed record SentEvent
{
    /// <summary><c>1.0</c></summary>
    [JsonPropertyName("specversion")] public required string SpecVersion { get; init; }

    /// <summary>
    /// The city's own number of the message, unique in the city for all time: letters, digits and <c>. _ : -</c>, at most 64. A
    /// repetition is recognised by it.
    /// </summary>
    [JsonPropertyName("id")] public required string Id { get; init; }

    /// <summary>A message name of contracts/names.txt.</summary>
    [JsonPropertyName("type")] public required string Type { get; init; }

    /// <summary>When the city's system made the message (RFC 3339): at most 5 minutes ahead and 30 days old.</summary>
    [JsonPropertyName("time")] public required DateTimeOffset Time { get; init; }

    /// <summary>The exchange's number as the opening message's answer gave it. Absent in a message that opens an exchange.</summary>
    [JsonPropertyName("exchangeid")] public string? ExchangeId { get; init; }

    /// <summary>The payload, as contracts/schemas says for the type; at most 64 KiB. A repetition has the same bytes.</summary>
    [JsonPropertyName("data")] public required JsonElement Data { get; init; }

    /// <summary>Any URI reference that names the client; not carried on.</summary>
    [JsonPropertyName("source")] public string? Source { get; init; }

    /// <summary><c>application/json</c></summary>
    [JsonPropertyName("datacontenttype")] public string? DataContentType { get; init; }

    /// <summary>Not carried on.</summary>
    [JsonPropertyName("dataschema")] public string? DataSchema { get; init; }

    /// <summary>Not carried on.</summary>
    [JsonPropertyName("subject")] public string? Subject { get; init; }

    /// <summary>The city of the key that is used.</summary>
    [JsonPropertyName("sendercity")] public string? SenderCity { get; init; }

    /// <summary>SHA-256 of the bytes of <c>data</c>, lower-case hexadecimal: checked where it is there.</summary>
    [JsonPropertyName("datadigest")] public string? DataDigest { get; init; }
}

/// <summary>The message is in the city's journal on disk, signed, and on its way to the hub.</summary>
/// <param name="MessageId">The event's id.</param>
/// <param name="ExchangeId">The exchange's number, to be quoted in every later message.</param>
/// <param name="Sequence">Number of the message among all that the city has sent.</param>
/// <param name="Duplicate">True where the same message was taken in before; nothing has happened again.</param>
internal sealed record MessageTaken(string MessageId, string ExchangeId, long Sequence, bool Duplicate);

/// <summary>What became of one event of a batch.</summary>
internal sealed record MessageOutcome
{
    /// <summary>Place of the event in the batch, from 0.</summary>
    public required int Index { get; init; }

    /// <summary>The status that the event would have had by itself: 202, 200 for a repetition, 4xx, 5xx.</summary>
    public required int Status { get; init; }

    /// <summary>The event's id; absent where none could be read.</summary>
    public string? MessageId { get; init; }

    /// <summary>The exchange's number, where the message was taken in.</summary>
    public string? ExchangeId { get; init; }

    /// <summary>Number of the message among all that the city has sent, where it was taken in.</summary>
    public long? Sequence { get; init; }

    /// <summary>True for a repetition; absent where the message was not taken in.</summary>
    public bool? Duplicate { get; init; }

    /// <summary>Why it was not taken in.</summary>
    public IReadOnlyList<Reason>? Reasons { get; init; }

    /// <summary>Seconds after which to send the event again, where its status is 429 or 503.</summary>
    public int? RetryAfter { get; init; }
}

/// <summary>The state of an exchange as the hub has it, for a city that takes part in it.</summary>
internal sealed record ExchangeAnswer
{
    /// <summary>The exchange's number.</summary>
    public required string ExchangeId { get; init; }

    /// <summary>Code of the flow, such as <c>service.online</c>; docs/flows draws each.</summary>
    public required string Flow { get; init; }

    /// <summary>Code of the service item, transfer kind or recognised item.</summary>
    public required string Item { get; init; }

    /// <summary>City in which the person applied.</summary>
    public required string SourceCity { get; init; }

    /// <summary>City that decides; absent where the flow has none or the hub has not found it yet.</summary>
    public string? TargetCity { get; init; }

    /// <summary>State of the flow; <c>sent</c> until the hub has taken the opening message in, <c>refused</c> where it refused that.</summary>
    public required string State { get; init; }

    /// <summary>Number of accepted messages; 0 until the hub has taken the first one in.</summary>
    public required int Version { get; init; }

    /// <summary>When the opening message was taken in.</summary>
    public required DateTimeOffset OpenedAt { get; init; }

    /// <summary>When the state changed last.</summary>
    public required DateTimeOffset ChangedAt { get; init; }

    /// <summary>True where no further step of the main path is expected.</summary>
    public required bool Final { get; init; }

    /// <summary>Who has to act until when; absent where no one has.</summary>
    public DeadlineAnswer? Deadline { get; init; }

    /// <summary>The outcome; absent until it is reached.</summary>
    public OutcomeAnswer? Outcome { get; init; }

    /// <summary>When source, hub and target were found to hold the same outcome.</summary>
    public DateTimeOffset? ReconciledAt { get; init; }

    /// <summary>Reason codes, where the hub refused the message that would have opened the exchange.</summary>
    public IReadOnlyList<string>? RefusedFor { get; init; }

    /// <summary>Named differences that were found, open and closed.</summary>
    public required IReadOnlyList<BreakAnswer> Breaks { get; init; }
}

/// <summary>The running leg's deadline, in working days of the State Council's calendar.</summary>
/// <param name="ResponsibleCity">City that has to act.</param>
/// <param name="DueOn">Last day of the leg, Asia/Shanghai.</param>
/// <param name="StoppedOn">Day on which the clock was stopped, while it is.</param>
/// <param name="Overdue">True where the breach has been told to both cities.</param>
/// <param name="CalendarComplete">False where the day lies past the last year of the calendar.</param>
internal sealed record DeadlineAnswer(string ResponsibleCity, DateOnly DueOn, DateOnly? StoppedOn, bool Overdue, bool CalendarComplete);

/// <summary>An outcome that both sides have to hold alike.</summary>
/// <param name="Code">Such as <c>approved</c> or <c>completed</c>.</param>
/// <param name="AmountFen">Money in fen.</param>
/// <param name="Reference">Certificate, advice or table number, or result id.</param>
internal sealed record OutcomeAnswer(string Code, long? AmountFen, string? Reference);

/// <summary>A named difference.</summary>
/// <param name="Code">A reason code of the 7xxx range.</param>
internal sealed record BreakAnswer(string Code, DateTimeOffset OpenedAt, DateTimeOffset? ClosedAt);

/// <summary>The messages of an exchange that a city sent or received, in the order of its journal. Holds no payloads.</summary>
internal sealed record TimelineAnswer(string ExchangeId, IReadOnlyList<TimelineEntry> Entries);

/// <summary>One message of an exchange.</summary>
internal sealed record TimelineEntry
{
    /// <summary>The message's id; empty where a refused input had none.</summary>
    public required string MessageId { get; init; }

    /// <summary>The message's name; empty where a refused input had none.</summary>
    public required string Type { get; init; }

    /// <summary>Code of the sending city, or <c>000000</c> for the hub.</summary>
    public required string Sender { get; init; }

    /// <summary>When the sender's adapter made the message; for a refused input, when it came.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary><c>sent</c>, <c>received</c>, or <c>refused</c>: the city's own adapter did not take it in.</summary>
    public required string Direction { get; init; }

    /// <summary>SHA-256 of the payload; absent for a refused input.</summary>
    public string? Digest { get; init; }

    /// <summary>The hub's word: <c>accepted</c>, <c>refused</c>, <c>parked</c> (set aside for an operator), or <c>pending</c>.</summary>
    public required string Verdict { get; init; }

    /// <summary>State of the exchange after the message, where the hub has told it.</summary>
    public string? State { get; init; }

    /// <summary>Why it was refused or set aside.</summary>
    public IReadOnlyList<Reason>? Reasons { get; init; }
}

/// <summary>What the city received since a cursor.</summary>
/// <param name="Events">Whole CloudEvents: messages of other cities, the hub's receipts and deadline notices, oldest first.</param>
/// <param name="Next">Cursor of the next call, also where nothing has come.</param>
/// <param name="More">True where there may be more at once; a page may then hold fewer than asked for, or none.</param>
internal sealed record OutcomesPage(IReadOnlyList<JsonElement> Events, string Next, bool More);

/// <summary>The hub's signed word on a message.</summary>
/// <param name="MessageId">The message's id.</param>
/// <param name="Entry">What the receipt says of this message.</param>
/// <param name="Receipt">The whole signed CloudEvent, as the hub sent it: <c>datadigest</c> and <c>signature</c> can be checked offline.</param>
internal sealed record ReceiptAnswer(string MessageId, ReceiptEntryAnswer Entry, JsonElement Receipt);

/// <summary>One entry of a receipt.</summary>
/// <param name="Digest">SHA-256 of the message's payload.</param>
/// <param name="Verdict"><c>accepted</c>, <c>refused</c> or <c>parked</c>.</param>
/// <param name="State">State of the exchange after the message.</param>
internal sealed record ReceiptEntryAnswer(string MessageId, long Sequence, string Digest, string ExchangeId, string Verdict, string? State, IReadOnlyList<Reason>? Reasons);

/// <summary>Whether the process can work.</summary>
/// <param name="Status"><c>live</c>, <c>ready</c> or <c>not-ready</c>.</param>
/// <param name="Checks">Every part that was looked at; further ones may come.</param>
internal sealed record HealthAnswer(string Status, IReadOnlyList<HealthCheck> Checks);

/// <summary>How one part of the process is.</summary>
/// <param name="Name">The part: <c>database</c>, <c>bus</c>, a node, the leases of a role.</param>
/// <param name="State"><c>ok</c> or <c>failed</c>.</param>
/// <param name="Since">When it was first found so.</param>
/// <param name="Sentence">What is wrong; absent where nothing is.</param>
internal sealed record HealthCheck(string Name, string State, DateTimeOffset Since, string? Sentence);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(SentEvent))]
[JsonSerializable(typeof(IReadOnlyList<SentEvent>))]
[JsonSerializable(typeof(MessageTaken))]
[JsonSerializable(typeof(IReadOnlyList<MessageOutcome>))]
[JsonSerializable(typeof(ExchangeAnswer))]
[JsonSerializable(typeof(TimelineAnswer))]
[JsonSerializable(typeof(OutcomesPage))]
[JsonSerializable(typeof(ReceiptAnswer))]
[JsonSerializable(typeof(StatisticsAnswer))]
[JsonSerializable(typeof(AvailabilityAnswer))]
[JsonSerializable(typeof(HealthAnswer))]
[JsonSerializable(typeof(UploadRequest))]
[JsonSerializable(typeof(UploadAnswer))]
[JsonSerializable(typeof(MaterialsAnswer))]
internal sealed partial class ApiJson : JsonSerializerContext;

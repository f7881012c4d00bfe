using DataHub.Contracts.Payloads;

namespace DataHub.Core.Flows;

/// <summary>The roles in an exchange.</summary>
public enum Party
{
    /// <summary>收件地: where the person applied.</summary>
    Source,

    /// <summary>办理地: who has the power to decide.</summary>
    Target,

    /// <summary>A city that holds a published medical result.</summary>
    Holder,

    /// <summary>The hub itself.</summary>
    Hub,
}

/// <summary>
/// An outcome both sides must hold alike: what was decided, the money in fen, and the reference (certificate number,
/// remittance reference, result id) that goes with it.
/// </summary>
public sealed record Outcome(string Code, long? AmountFen, string? Reference);

/// <summary>
/// The deadline of the leg that is running. <see cref="Remaining"/> is kept while the clock is stopped.
/// </summary>
/// <param name="ResponsibleCity">Who has to act.</param>
/// <param name="DueOn">Last working day of the leg; the deadline has passed when this day has ended in Asia/Shanghai.</param>
/// <param name="StoppedOn">Day on which the clock was stopped; null while it runs.</param>
/// <param name="Remaining">Working days that were left when the clock was stopped.</param>
/// <param name="CalendarComplete">False where the date lies past the calendar's last year.</param>
public sealed record Clock(string ResponsibleCity, DateOnly DueOn, DateOnly? StoppedOn, int? Remaining, bool CalendarComplete)
{
    /// <summary>Day on which the leg began; a stop does not change it. Null for a leg that began before the hub kept this.</summary>
    public DateOnly? StartedOn { get; init; }

    /// <summary>The leg's term (<see cref="Leg.Term"/>), which names the step in statistics. Null as <see cref="StartedOn"/>.</summary>
    public string? Term { get; init; }

    /// <summary>Working days that the leg had when it began. Null as <see cref="StartedOn"/>.</summary>
    public int? AllowedDays { get; init; }

    /// <summary>Working days that had gone by when the clock was last stopped; 0 where it never was.</summary>
    public int UsedDays { get; init; }
}

/// <summary>A leg that has come to its end, for the statistics of on-time rates.</summary>
/// <param name="Term">The leg's term (<see cref="Leg.Term"/>).</param>
/// <param name="ResponsibleCity">Who had to act.</param>
/// <param name="AllowedDays">Working days that there were.</param>
/// <param name="UsedDays">Working days that were used; days on which the clock stood still are not among them.</param>
/// <param name="OnTime">The leg ended on or before its due day.</param>
public sealed record EndedLeg(string Term, string ResponsibleCity, int AllowedDays, int UsedDays, bool OnTime);

/// <summary>The hub's view of one exchange (办件). Immutable: each accepted message makes the next version.</summary>
public sealed record ExchangeState
{
    public required string ExchangeId { get; init; }

    /// <summary>Code of the flow definition, such as <c>service.online</c>.</summary>
    public required string Flow { get; init; }

    /// <summary>Version of the flow definition that the exchange started with.</summary>
    public required int FlowVersion { get; init; }

    /// <summary>Code of the service item, transfer kind or recognised item.</summary>
    public required string Item { get; init; }

    public required string SourceCity { get; init; }

    /// <summary>Empty for flows that have no target (a published result).</summary>
    public required string TargetCity { get; init; }

    /// <summary>Name of the state in the flow definition.</summary>
    public required string State { get; init; }

    /// <summary>Number of accepted messages, from 1.</summary>
    public required int Version { get; init; }

    public required DateTimeOffset OpenedAt { get; init; }

    public required DateTimeOffset ChangedAt { get; init; }

    /// <summary>Null where no one has a deadline.</summary>
    public Clock? Clock { get; init; }

    /// <summary>Set once the outcome is reached; may be replaced by a correction, revocation or reopening.</summary>
    public Outcome? Outcome { get; init; }

    /// <summary>True once no further step of the main path is expected (administrative follow-ups may still come).</summary>
    public bool Final { get; init; }

    /// <summary>What later steps of this flow need to remember, by the flow's own keys. Small: no documents.</summary>
    public required IReadOnlyDictionary<string, string> Facts { get; init; }
}

/// <summary>A message as the flow sees it: read, validated, its sender verified.</summary>
public sealed record FlowMessage(string MessageId, string Type, string ExchangeId, string SenderCity, DateTimeOffset Time, IPayload Payload);

/// <summary>What the hub knows of a published medical result.</summary>
public sealed record PublishedResult(
    string ResultId, string ExchangeId, string City, string ItemCode, string HospitalCode, string Mark, DateTimeOffset PerformedAt,
    string ResultDigest, bool Revoked, IReadOnlyList<string> Holders)
{
    /// <summary>Exchanges in which a doctor recognised it, and has not taken that back.</summary>
    public IReadOnlyList<ResultUse> Uses { get; init; } = [];
}

/// <summary>A recognition of a published result.</summary>
/// <param name="City">City of the doctor who recognised it.</param>
public sealed record ResultUse(string ExchangeId, string City);

/// <summary>What an accepted message causes beside the new state.</summary>
public abstract record Effect
{
    /// <summary>Send the message on to this city, bytes unchanged.</summary>
    public sealed record Forward(string City) : Effect;

    /// <summary>Open a named break that a person works; <paramref name="Code"/> is a 7xxx reason code.</summary>
    public sealed record OpenBreak(string Code, string Detail) : Effect
    {
        /// <summary>The exchange that the break is of, where that is another one than the message's.</summary>
        public string? ExchangeId { get; init; }
    }

    /// <summary>Close an open break of this code: the cause is gone.</summary>
    public sealed record CloseBreak(string Code, string Detail) : Effect
    {
        /// <summary>The exchange that the break is of, where that is another one than the message's.</summary>
        public string? ExchangeId { get; init; }
    }

    /// <summary>Enter a published result in the hub's index. The patient is known by a keyed digest only.</summary>
    public sealed record IndexResult(PublishedResult Result, string PatientIdNumber) : Effect;

    /// <summary>A city now holds the result and must get its corrections.</summary>
    public sealed record AddHolder(string ResultId, string City) : Effect;

    /// <summary>The result was recognised in this exchange, or that was taken back.</summary>
    public sealed record UseResult(string ResultId, bool Recognised) : Effect;

    /// <summary>A consent of this exchange's source city counts no more.</summary>
    public sealed record WithdrawConsent(string ConsentNumber) : Effect;

    /// <summary>The hub answers a search with the list of what it found.</summary>
    public sealed record ListResults(RecognitionSearch Search) : Effect;

    /// <summary>The published result was corrected (new digest) or revoked.</summary>
    public sealed record ChangeResult(string ResultId, string ResultDigest, bool Revoked) : Effect;
}

/// <summary>What <c>Decide</c> makes of a message.</summary>
public abstract record Decision
{
    public sealed record Advanced(ExchangeState State, IReadOnlyList<Effect> Effects) : Decision;

    public sealed record Refused(IReadOnlyList<Reason> Reasons) : Decision;
}

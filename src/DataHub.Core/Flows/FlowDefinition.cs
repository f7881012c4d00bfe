namespace DataHub.Core.Flows;

/// <summary>Who gets an accepted message.</summary>
public enum Audience
{
    /// <summary>The target hears what the source sends, and the other way round.</summary>
    OtherParty,

    /// <summary>Every city that still has to acknowledge a correction or a revocation.</summary>
    OpenHolders,

    /// <summary>The source city.</summary>
    Source,

    /// <summary>Source and target alike, of the hub's own word.</summary>
    BothParties,

    /// <summary>Nobody: the hub keeps it.</summary>
    Nobody,
}

/// <summary>A condition on a move, read from the exchange's facts only, so that it is decided alike at any time.</summary>
public enum Guard
{
    Always,

    /// <summary>即办件: the item may be decided without a separate acceptance.</summary>
    Instant,

    /// <summary>The transfer rule moves money between these two cities.</summary>
    MoneyMoves,

    /// <summary>The transfer rule moves no money between these two cities (provincial pooling).</summary>
    MoneyStays,

    /// <summary>What was remitted, less what was returned, is the table's total.</summary>
    PaidInFull,

    /// <summary>More was remitted than the table says.</summary>
    PaidOver,

    /// <summary>Nothing was remitted, or all of it was returned.</summary>
    NothingPaid,

    /// <summary>The old agency took back the whole transfer, not only its table.</summary>
    RecalledWhole,

    /// <summary>一次性告知 (行政许可法第三十二条): what is missing has not been asked for yet.</summary>
    NotYetSupplemented,

    /// <summary>异地代收代办: the originals travel from the window to the target.</summary>
    OriginalsForwarded,

    /// <summary>多地联办: every part ended, and each was approved.</summary>
    AllPartsApproved,

    /// <summary>多地联办: every part ended, and some were approved.</summary>
    SomePartsApproved,

    /// <summary>多地联办: every part ended, none was approved, and the applicant took them back.</summary>
    PartsWithdrawn,

    /// <summary>差评: the evaluation is one that has to be followed up.</summary>
    Dissatisfied,

    /// <summary>At least one city still has to acknowledge a correction or a revocation.</summary>
    AcknowledgementsOpen,

    /// <summary>No city has to acknowledge anything any more.</summary>
    AllAcknowledged,
}

/// <summary>What an accepted step does to the exchange's outcome.</summary>
public enum OutcomeEffect
{
    Keep,

    /// <summary>The outcome becomes the one that the message carries (<see cref="OutcomeReader"/>).</summary>
    Set,

    /// <summary>There is no outcome any more: the case is taken up again.</summary>
    Clear,
}

/// <summary>A leg with a deadline. It runs as long as the exchange stays in states of this same leg.</summary>
/// <param name="Responsible">Who has to act.</param>
/// <param name="Term">Key of the fact that holds the leg's working days, fixed when the exchange was opened (<see cref="FactKeys"/>).</param>
public sealed record Leg(Party Responsible, string Term);

/// <summary>One state of a flow.</summary>
/// <param name="Name">At most 40 characters: it travels in receipts.</param>
/// <param name="Title">Chinese name for users.</param>
public sealed record FlowState(string Name, string Title)
{
    /// <summary>The deadline that runs in this state; null where nobody has one.</summary>
    public Leg? Leg { get; init; }

    /// <summary>Why nobody has a deadline in a state that is not final; null where somebody has.</summary>
    public string? NoDeadline { get; init; }

    /// <summary>The clock stands still in this state and goes on, with the days that were left, when it is left.</summary>
    public bool StopsClock { get; init; }

    /// <summary>No further step of the main path is expected.</summary>
    public bool Final { get; init; }
}

/// <summary>A change of state. Of the moves that leave a state, the first whose guard holds is taken.</summary>
/// <param name="From">Empty for the step that opens the exchange.</param>
public sealed record Move(string From, string To, Guard When = Guard.Always);

/// <summary>
/// One step of a flow: which message, from whom, in which states, where to. A type may stand in several steps where
/// the senders differ by state.
/// </summary>
public sealed record FlowStep
{
    /// <summary>A name of <see cref="Contracts.MessageTypes"/>.</summary>
    public required string Type { get; init; }

    /// <summary>The payload's record.</summary>
    public required Type Payload { get; init; }

    /// <summary>Chinese name for users.</summary>
    public required string Title { get; init; }

    /// <summary>Parties that may send it.</summary>
    public required IReadOnlyList<Party> Senders { get; init; }

    public required IReadOnlyList<Move> Moves { get; init; }

    public Audience Audience { get; init; } = Audience.OtherParty;

    public OutcomeEffect Outcome { get; init; } = OutcomeEffect.Keep;

    /// <summary>
    /// Fields that a later correction (更正) may change, by JSON path; a path covers what lies below it. Fields that the
    /// flow or the outcome is reckoned from are never among them: those change by revocation and a new decision.
    /// </summary>
    public IReadOnlyList<string> Correctable { get; init; } = [];

    /// <summary>States in which the step is refused with a reason of its own instead of the general one.</summary>
    public IReadOnlyDictionary<string, string> RefusedIn { get; init; } = new Dictionary<string, string>();

    /// <summary>What the step checks, remembers and causes beside the move; null where there is nothing.</summary>
    public Action<StepDraft>? Rule { get; init; }

    public bool Opens => Moves.Count == 1 && Moves[0].From.Length == 0;
}

/// <summary>
/// A flow as data. Everything that <see cref="FlowEngine"/> needs to know of it stands here; a new flow is one more of
/// these (docs/adding-a-flow.md).
/// </summary>
public sealed class FlowDefinition
{
    private readonly Dictionary<string, FlowState> states;
    private readonly Dictionary<string, FlowStep[]> steps;

    public FlowDefinition(string code, int version, string title, IReadOnlyList<FlowState> states, IReadOnlyList<FlowStep> steps)
    {
        Code = code;
        Version = version;
        Title = title;
        States = states;
        Steps = steps;
        Opening = steps.Single(s => s.Opens);
        this.states = states.ToDictionary(s => s.Name);
        this.steps = steps.GroupBy(s => s.Type).ToDictionary(g => g.Key, g => g.ToArray());
    }

    /// <summary>Such as <c>service.online</c>.</summary>
    public string Code { get; }

    /// <summary>Counts up when the meaning of a step changes; exchanges keep the version they were opened with.</summary>
    public int Version { get; }

    /// <summary>Chinese name for users.</summary>
    public string Title { get; }

    public IReadOnlyList<FlowState> States { get; }

    public IReadOnlyList<FlowStep> Steps { get; }

    /// <summary>The step that opens an exchange; its sender is the source.</summary>
    public FlowStep Opening { get; }

    /// <summary>False where there is no second city (a published result).</summary>
    public bool HasTarget { get; init; } = true;

    public FlowState? State(string name) => states.GetValueOrDefault(name);

    /// <summary>The steps of one message type; empty where the flow does not know it.</summary>
    public IReadOnlyList<FlowStep> StepsOf(string type) => steps.TryGetValue(type, out var found) ? found : [];
}

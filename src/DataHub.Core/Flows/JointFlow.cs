using System.Collections.Immutable;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Calendar;
using DataHub.Core.Registry;

namespace DataHub.Core.Flows;

/// <summary>
/// 多地联办: the whole of an application whose parts several cities decide. It has no target and no clock: each part is an
/// exchange of <see cref="ServiceFlow"/> with both. The hub ends the whole when every part has ended, and tells the source.
/// </summary>
public static class JointFlow
{
    public const string Code = "service.joint";

    public const string Handling = "handling";
    public const string Withdrawing = "withdrawing";
    public const string Completed = "completed";
    public const string PartiallyCompleted = "partially-completed";
    public const string NotCompleted = "not-completed";

    private const string PartsHaveIt = "期限在各分件";

    public static FlowDefinition Definition { get; } = new(
        Code,
        version: 1,
        "多地联办",
        states:
        [
            new(Handling, "各地办理中") { NoDeadline = PartsHaveIt },
            new(Withdrawing, "整件撤回中") { NoDeadline = PartsHaveIt },
            new(Completed, "全部办成") { Final = true },
            new(PartiallyCompleted, "部分办成") { Final = true },
            new(NotCompleted, "未办成") { Final = true },
            new(Administrative.Withdrawn, "已撤回") { Final = true },
        ],
        steps:
        [
            new()
            {
                Type = MessageTypes.JointApplication,
                Payload = typeof(JointApplication),
                Title = "联办申请",
                Senders = [Party.Source],
                Moves = [new("", Handling)],
                Audience = Audience.Nobody,
                Rule = Apply,
            },
            // Takes back what is not decided yet: the source withdraws each such part beside it.
            new()
            {
                Type = MessageTypes.CaseWithdrawal,
                Payload = typeof(CaseWithdrawal),
                Title = "整件撤回",
                Senders = [Party.Source],
                Moves = [new(Handling, Withdrawing)],
                Audience = Audience.Nobody,
                Rule = draft => draft.RememberIf(FactKeys.WholeWithdrawn, holds: true),
            },
            // The hub's own word, which follows from the parts.
            new()
            {
                Type = MessageTypes.JointCompletion,
                Payload = typeof(JointCompletion),
                Title = "联办办结",
                Senders = [Party.Hub],
                Moves = [.. Endings(Handling), .. Endings(Withdrawing)],
                Audience = Audience.Source,
                Outcome = OutcomeEffect.Set,
                Rule = CheckCompletion,
            },
        ])
    {
        HasTarget = false,
    };

    /// <summary>What a change of one part makes of the whole.</summary>
    /// <param name="whole">The whole as it stands.</param>
    /// <param name="part">The part as it stands now: opened, not opened, ended, changed, or taken up again.</param>
    /// <param name="context">Clock and catalogue.</param>
    /// <returns>The whole's next state, and what the source is told, where all parts have ended.</returns>
    public static (ExchangeState Whole, JointCompletion? Told) PartChanged(ExchangeState whole, JointPartState part, FlowContext context)
    {
        ArgumentNullException.ThrowIfNull(whole);
        ArgumentNullException.ThrowIfNull(part);
        ArgumentNullException.ThrowIfNull(context);
        var facts = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in whole.Facts)
            facts[key] = value;
        var changed = JointParts.Changed(part);
        facts[changed.Key] = changed.Value;
        var result = JointParts.ResultOf(facts);

        // A part that is taken up again takes the whole up again, and with it a withdrawal that was done.
        if (whole.Final && result is null)
            facts.Remove(FactKeys.WholeWithdrawn);
        if (whole.Final)
            facts.Remove(FactKeys.OutcomeMonth);
        var next = whole with
        {
            State = whole.Final ? Handling : whole.State,
            Version = whole.Version + 1,
            ChangedAt = context.Now,
            Outcome = null,
            Final = false,
            Facts = facts.ToImmutableSortedDictionary(StringComparer.Ordinal),
        };
        if (result is not { } ended)
            return (next, null);

        var told = new JointCompletion { Result = ended, Parts = [.. JointParts.Of(facts).Select(Told)], CompletedAt = context.Now };
        var message = new FlowMessage("", MessageTypes.JointCompletion, whole.ExchangeId, Nodes.Hub, context.Now, told);
        return FlowEngine.Decide(next, message, context) is Decision.Advanced advanced ? (advanced.State, told) : (next, null);
    }

    private static JointPartOutcome Told(JointPartState part) => new()
    {
        Number = part.Number,
        ExchangeId = part.ExchangeId!,
        Outcome = part.Outcome!,
        OutcomeDigest = part.Outcome == JointPartState.NotOpened ? null : part.Evidence,
        Reasons = part.Outcome == JointPartState.NotOpened ? part.Evidence : null,
    };

    private static Move[] Endings(string from) =>
    [
        new(from, Completed, Guard.AllPartsApproved),
        new(from, PartiallyCompleted, Guard.SomePartsApproved),
        new(from, Administrative.Withdrawn, Guard.PartsWithdrawn),
        new(from, NotCompleted),
    ];

    private static void Apply(StepDraft draft)
    {
        var application = draft.Payload<JointApplication>();
        draft.Item = application.ItemCode;
        if (draft.Context.Registry.Item(application.ItemCode) is not { Flow: Code } theme)
            draft.Refuse(ReasonCodes.UnknownItem, "$.itemCode");
        else if (!theme.InForce(WorkingDayCalendar.ShanghaiDate(draft.Context.Now)))
            draft.Refuse(ReasonCodes.ItemNotInForce, "$.itemCode");
        draft.Remember(FactKeys.Mode, "joint");
        JointParts.Announce(draft, application.Parts);
    }

    private static void CheckCompletion(StepDraft draft)
    {
        var completion = draft.Payload<JointCompletion>();
        var parts = JointParts.Of(draft.Facts);
        if (JointParts.ResultOf(draft.Facts) != completion.Result || !parts.Select(Told).SequenceEqual(completion.Parts))
            draft.Refuse(ReasonCodes.StepNotAllowed, "$", "联办办结", draft.StateTitle);
    }
}

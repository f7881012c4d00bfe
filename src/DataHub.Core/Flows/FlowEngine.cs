using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using DataHub.Contracts;
using DataHub.Core.Calendar;
using DataHub.Core.Errors;
using DataHub.Core.Registry;

namespace DataHub.Core.Flows;

/// <summary>What a decision may look at beside the exchange and the message.</summary>
/// <param name="Now">The hub's clock: the one that both cities trust. Deadlines are counted from it.</param>
/// <param name="Calendar">Working days.</param>
/// <param name="Registry">Catalogue, transfer rules, hospitals, marks; the engine looks at that of the day on which the exchange was opened.</param>
/// <param name="TargetCity">For a message that opens an exchange: the city that routing found; empty where the flow has none.</param>
/// <param name="Published">For recognition messages: the result, looked up by its id (or by patient and item for a query); null if there is none.</param>
public sealed record FlowContext(DateTimeOffset Now, WorkingDayCalendar Calendar, RegistrySnapshot Registry, string TargetCity, PublishedResult? Published)
{
    /// <summary>For recognition messages: the patient has taken back the consent that the message or its exchange rests on.</summary>
    public bool ConsentWithdrawn { get; init; }

    /// <summary>For the opening of a part of a joint application: the whole that it names; null if there is none.</summary>
    public ExchangeState? Whole { get; init; }
}

/// <summary>
/// The one place that decides whether a message advances its exchange. Pure and total: no clock, no store, no exception;
/// the same input gives the same decision.
/// </summary>
public static class FlowEngine
{
    private static readonly FrozenDictionary<string, string> NoFacts = FrozenDictionary<string, string>.Empty;

    /// <summary>Decides one message.</summary>
    /// <param name="state">The exchange so far; null where the hub knows none by this id.</param>
    /// <param name="message">Read, validated, its sender verified.</param>
    /// <param name="context">What else may be looked at.</param>
    /// <returns>The next state, one version higher, with its effects; or every reason for the refusal.</returns>
    public static Decision Decide(ExchangeState? state, FlowMessage message, FlowContext context)
    {
        // What the catalogue said when the exchange was opened holds to its end.
        var then = context with { Registry = context.Registry.On(WorkingDayCalendar.ShanghaiDate(state?.OpenedAt ?? context.Now)) };
        return state is null ? Open(message, then) : Advance(state, message, then);
    }

    private static Decision Open(FlowMessage message, FlowContext context)
    {
        if (!FlowCatalogue.Opens(message.Type))
            return Refuse(ReasonCodes.UnknownExchange);
        if (FlowCatalogue.OpenedBy(message.Type, message.Payload, context.Registry) is not { } flow)
            return new Decision.Refused([Reasons.Of(ReasonCodes.UnknownItem, "$.itemCode")]);

        var step = flow.Opening;
        if (!step.Payload.IsInstanceOfType(message.Payload))
            return Refuse(ReasonCodes.WrongKind, step.Title);

        // An exchange id carries the code of the city that gave it, so that no city can take another's numbers.
        if (!message.ExchangeId.StartsWith(message.SenderCity + "-", StringComparison.Ordinal))
            return Refuse(ReasonCodes.SenderOutOfRole);
        if (flow.HasTarget && context.Registry.CityByCode(context.TargetCity) is null)
            return new Decision.Refused([Reasons.Of(ReasonCodes.UnknownCity, "$.targetCity")]);
        if (flow.HasTarget && context.TargetCity == message.SenderCity)
            return Refuse(ReasonCodes.SameCity);

        var opened = new ExchangeState
        {
            ExchangeId = message.ExchangeId,
            Flow = flow.Code,
            FlowVersion = flow.Version,
            Item = "",
            SourceCity = message.SenderCity,
            TargetCity = flow.HasTarget ? context.TargetCity : "",
            State = "",
            Version = 0,
            OpenedAt = context.Now,
            ChangedAt = context.Now,
            Facts = NoFacts,
        };
        return Take(flow, step, opened, message, context);
    }

    private static Decision Advance(ExchangeState state, FlowMessage message, FlowContext context)
    {
        if (message.ExchangeId != state.ExchangeId)
            return Refuse(ReasonCodes.UnknownExchange);
        if (FlowCatalogue.Opens(message.Type))
            return Refuse(ReasonCodes.ExchangeIdTaken);

        // A state that this program cannot read is its own fault, not the sender's.
        if (FlowCatalogue.Find(state.Flow, state.FlowVersion) is not { } flow || flow.State(state.State) is not { } current)
            return Refuse(ReasonCodes.InternalFault);

        var steps = flow.StepsOf(message.Type);
        if (steps.Count == 0)
            return Refuse(ReasonCodes.StepNotAllowed, message.Type, current.Title);
        if (!steps[0].Payload.IsInstanceOfType(message.Payload))
            return Refuse(ReasonCodes.WrongKind, steps[0].Title);

        FlowStep? inRole = null;
        foreach (var step in steps)
        {
            if (!HasRole(step, state, message.SenderCity))
                continue;

            inRole = step;
            if (step.Moves.Any(m => m.From == state.State))
                return Take(flow, step, state, message, context);
        }

        if (inRole is null)
            return Refuse(steps[0].Senders is [Party.Holder] ? ReasonCodes.NotAHolder : ReasonCodes.SenderOutOfRole);
        if (inRole.RefusedIn.TryGetValue(state.State, out var code))
            return Refuse(code);
        return Refuse(current.Final ? ReasonCodes.ExchangeFinished : ReasonCodes.StepNotAllowed, inRole.Title, current.Title);
    }

    private static Decision Take(FlowDefinition flow, FlowStep step, ExchangeState state, FlowMessage message, FlowContext context)
    {
        var draft = new StepDraft(flow, state, message, context);
        step.Rule?.Invoke(draft);
        if (draft.Reasons.Count > 0)
            return new Decision.Refused(draft.Reasons);

        var candidates = step.Moves.Where(m => m.From == state.State);
        if (candidates.FirstOrDefault(m => Guards.Holds(m.When, draft.Facts)) is not { } move)
            return Refuse(Guards.Refusal(candidates.First().When), step.Title, draft.StateTitle);

        if (step.Outcome == OutcomeEffect.Set)
            draft.Remember(FactKeys.OutcomeMonth, WorkingDayCalendar.ShanghaiDate(context.Now).ToString("yyyyMM", CultureInfo.InvariantCulture));
        if (step.Correctable.Count > 0)
            draft.Remember(FactKeys.Message(message.MessageId), message.SenderCity + " " + message.Type);

        foreach (var city in Recipients(step, state, message, draft))
            draft.Cause(new Effect.Forward(city));

        var to = flow.State(move.To)!;
        return new Decision.Advanced(
            state with
            {
                Item = draft.Item,
                State = to.Name,
                Version = state.Version + 1,
                ChangedAt = context.Now,
                Clock = FlowClock.Next(flow.State(state.State), to, state, draft.Facts, context),
                Outcome = step.Outcome switch
                {
                    OutcomeEffect.Set => OutcomeReader.Read(message.Payload, OutcomeReader.Reference(draft.Facts)),
                    OutcomeEffect.Clear => null,
                    _ => state.Outcome,
                },
                Final = to.Final,
                Facts = draft.Facts.ToImmutableSortedDictionary(StringComparer.Ordinal),
            },
            draft.Effects);
    }

    private static IEnumerable<string> Recipients(FlowStep step, ExchangeState state, FlowMessage message, StepDraft draft) => step.Audience switch
    {
        Audience.OtherParty => [message.SenderCity == state.SourceCity ? state.TargetCity : state.SourceCity],
        Audience.OpenHolders => FactKeys.OpenHolders(draft.Facts),
        Audience.Source => [state.SourceCity],
        Audience.BothParties => [state.SourceCity, state.TargetCity],
        _ => [],
    };

    private static bool HasRole(FlowStep step, ExchangeState state, string city) => step.Senders.Any(party => party switch
    {
        Party.Source => city == state.SourceCity,
        Party.Target => city == state.TargetCity && city.Length > 0,
        Party.Holder => FactKeys.IsHolder(state.Facts, city),
        _ => city == Nodes.Hub,
    });

    private static Decision.Refused Refuse(string code, params object[] args) => new([Reasons.Of(code, "$", args)]);
}

using System.Globalization;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using DataHub.Core.Registry;
using DataHub.Core.Validation;
using DataHub.Simulators.Behaviour;
using DataHub.Simulators.Cases;

namespace DataHub.Simulators;

/// <summary>
/// What happens to the city's books on each event, inside one transaction of the store: the case, what its clerks will do
/// next, the outcome recorded.
/// </summary>
internal sealed class CityDesk(CityTables tables, string city, RegistrySnapshot registry, Knobs knobs, DateTimeOffset now)
{
    private const int MaxRefusals = 40;

    public void Plan(PlannedCase planned)
    {
        if (tables.Case(planned.CaseNumber) is not null)
            return;
        if (planned.Native is null && !FlowCatalogue.Opens(planned.Type))
            throw new ArgumentException($"{planned.Type} opens no exchange.", nameof(planned));
        var its = new CityCase { Number = planned.CaseNumber, Role = Party.Source, Flow = planned.Expected.Flow, State = CaseStates.Planned, Steps = planned.OutOf is null ? 1 : 0, Memory = [] };
        var draft = Draft(its);
        if (planned.Data.Length > 0)
            CityBehaviour.Opened(draft, Read(planned.Type, planned.Data.Span));
        // Also where the question is to be refused for what the result is: it must be there for that.
        if (planned.Expected.Expectation is not Expectation.Refused { ReasonCode: ReasonCodes.NoSharedResult })
            draft.Remember("expects-result", "1");
        if (planned.OutOf is { } other)
        {
            draft.Hold(other, planned.Data.Span);
            Save(draft);
            return;
        }

        var step = new PlannedStep(its.Number, planned.Type, planned.DueAt, planned.Data.ToArray(), planned.Native?.ToArray());
        tables.AddAction(MessageId(its.Number, 1), step, CaseDraft.WholeSecond(planned.DueAt));
        Save(draft);
    }

    public Outcome? Receive(string messageId, string type, string exchangeId, ReadOnlyMemory<byte> data)
    {
        if (tables.Inbox(messageId) is { } seen)
        {
            tables.CountDelivery(messageId);
            return seen.Outcome;
        }

        var payload = Read(type, data.Span);
        if ((tables.CaseOf(exchangeId) ?? Open(type, exchangeId, payload)) is not { } its)
        {
            // The answer that tells the exchange's number of our own case is still on its way.
            var outcome = FlowCatalogue.All.Select(f => OutcomeReader.From(type, payload, f.Code)).FirstOrDefault(o => o is not null);
            tables.AddInbox(messageId, type, exchangeId, outcome, now, data);
            return outcome;
        }

        var recorded = Apply(its, messageId, type, payload);
        tables.AddInbox(messageId, type, exchangeId, recorded, now, data: null);
        return recorded;
    }

    /// <summary>The native interface took the message, at first or again.</summary>
    public void Accepted(string messageId, string exchangeId)
    {
        if (tables.Action(messageId) is not { State: ActionState.Due } action || tables.Case(action.CaseNumber) is not { } its)
            return;
        tables.EndAction(messageId, ActionState.Accepted);
        var opening = FlowCatalogue.Opens(action.Type);
        if (opening)
        {
            its.ExchangeId = exchangeId;
            its.State = CaseStates.Open;
        }

        if (action.Data.Length == 0)
        {
            // A sample that was to be refused, and that this system cannot read itself.
            tables.Save(its);
            return;
        }

        var payload = Read(action.Type, action.Data);
        var draft = Draft(its);
        Keep(draft, action.Type, payload);
        CityBehaviour.Sent(draft, payload);
        Save(draft);
        if (!opening)
            return;
        foreach (var row in tables.Unlinked(exchangeId))
        {
            Apply(tables.Case(its.Number)!, row.MessageId, row.Type, Read(row.Type, row.Data));
            tables.Link(row.MessageId);
        }
    }

    /// <summary>Refused by the native interface, or by the hub afterwards.</summary>
    public void Refused(string messageId, IReadOnlyList<Reason> reasons)
    {
        if (tables.Action(messageId) is not { State: not ActionState.Refused } action || tables.Case(action.CaseNumber) is not { } its)
            return;
        tables.EndAction(messageId, ActionState.Refused);
        var codes = its.Refusals.Split(',', StringSplitOptions.RemoveEmptyEntries).Concat(reasons.Select(r => r.Code));
        its.Refusals = string.Join(',', codes.Distinct(StringComparer.Ordinal).Take(MaxRefusals));
        var draft = Draft(its);
        if (its.State == CaseStates.Planned || FlowCatalogue.Opens(action.Type))
        {
            tables.DropActions(its.Number);
            if (action.Data.Length == 0 || !RecognitionBehaviour.AskAgain(draft, Read(action.Type, action.Data), reasons))
                its.State = CaseStates.Refused;
        }
        else if (action.Data.Length > 0)
        {
            CityBehaviour.Refused(draft, Read(action.Type, action.Data), reasons);
        }

        // What a refused message was to bring about did not come about; an outcome that came from the other side stays.
        if (its.Outcome is { } recorded && action.State == ActionState.Accepted
            && recorded.Equals(draft.OutcomeOf(action.Type, Read(action.Type, action.Data))))
            its.Outcome = null;
        Save(draft);
    }

    public void Postpone(string messageId, TimeSpan after) => tables.PostponeAction(messageId, now + after);

    private CityCase? Open(string type, string exchangeId, IPayload payload)
    {
        var opened = FlowCatalogue.OpenedBy(type, payload, registry)?.Code;
        var role = opened is not null ? Party.Target : Party.Holder;
        if (opened is null && type is not (MessageTypes.ResultCorrection or MessageTypes.ResultRevocation))
            return null;
        var key = registry.CityByCode(city)!.Key;
        var its = new CityCase
        {
            Number = OwnPart(payload, exchangeId) ?? $"{char.ToUpperInvariant(key[0])}{char.ToUpperInvariant(key[1])}R{exchangeId}",
            ExchangeId = exchangeId,
            Role = OwnPart(payload, exchangeId) is null ? role : Party.Source,
            Flow = opened ?? RecognitionNoticeFlow.Code,
            State = CaseStates.Open,
            Memory = [],
        };
        var draft = Draft(its);
        CityBehaviour.Opened(draft, payload);
        Save(draft);
        if (its.Role == Party.Source)
            EndAsTold(its, (ServiceSubmission)payload);
        return its;
    }

    /// <summary>The number of a part that the hub's side filed for our own joint application; null for every other case.</summary>
    private string? OwnPart(IPayload payload, string exchangeId) =>
        payload is ServiceSubmission { Joint: { } joint } part && exchangeId.StartsWith(city + "-", StringComparison.Ordinal) ? Script.PartNumber(part.CaseNumber, joint.Number) : null;

    /// <summary>Books what the hub's side brought about for us: parts that went with the whole, and parts that never opened.</summary>
    private void EndParts(CityCase whole, JointCompletion completion)
    {
        foreach (var part in completion.Parts)
        {
            if (tables.CaseOf(part.ExchangeId) is not { } its)
                whole.Memory[EndOf(part.ExchangeId)] = part.Outcome;
            else if (its.Outcome is null)
                End(its, part.Outcome);
        }

        tables.Save(whole);
    }

    /// <summary>A part of which we are told after the whole has come to its end: nobody will say more of one that went with it.</summary>
    private void EndAsTold(CityCase its, ServiceSubmission part)
    {
        if (tables.Case(part.CaseNumber)?.Memory.GetValueOrDefault(EndOf(its.ExchangeId!)) is ("withdrawn" or JointPartState.NotOpened) and var outcome)
            End(its, outcome);
    }

    private void End(CityCase its, string outcome)
    {
        its.State = outcome == JointPartState.NotOpened ? CaseStates.Refused : CaseStates.Done;
        its.Outcome = outcome == JointPartState.NotOpened ? null : new Outcome(outcome, null, null);
        tables.Save(its);
    }

    private static string EndOf(string exchangeId) => "end " + exchangeId;

    private Outcome? Apply(CityCase its, string messageId, string type, IPayload payload)
    {
        tables.CountEffect(messageId);
        var draft = Draft(its);
        draft.KeepReference(payload);
        var outcome = Keep(draft, type, payload);
        CityBehaviour.Received(draft, messageId, payload);
        Save(draft);
        if (payload is JointCompletion completion)
            EndParts(its, completion);
        return outcome;
    }

    /// <summary>Records the outcome that the message carries, ours or another's.</summary>
    private static Outcome? Keep(CaseDraft draft, string type, IPayload payload)
    {
        var its = draft.Case;
        if (payload is CaseReopening)
        {
            its.Outcome = null;
            its.State = CaseStates.Open;
        }

        var outcome = draft.OutcomeOf(type, payload);
        its.Outcome = outcome ?? its.Outcome;
        return outcome;
    }

    private void Save(CaseDraft draft)
    {
        foreach (var (number, key, value) in draft.Notes)
        {
            if (tables.Case(number) is not { } noted)
                continue;
            noted.Memory[key] = value;
            tables.Save(noted);
        }

        foreach (var step in draft.Steps)
        {
            var its = step.CaseNumber == draft.Case.Number ? draft.Case : tables.Case(step.CaseNumber)!;
            its.Steps++;
            if (its.State != CaseStates.Planned)
                its.State = CaseStates.Open;
            tables.AddAction(MessageId(its.Number, its.Steps), step, CaseDraft.WholeSecond(step.DueAt));
            if (its != draft.Case)
                tables.Save(its);
        }

        tables.Save(draft.Case);
    }

    private CaseDraft Draft(CityCase its) => new(its, city, registry, knobs, now, tables);

    internal static string MessageId(string caseNumber, int step) => string.Create(CultureInfo.InvariantCulture, $"{caseNumber}-{step:D2}");

    private static IPayload Read(string type, ReadOnlySpan<byte> data) => PayloadReader.Read(type, data) is ReadOutcome.Ok ok
        ? ok.Payload
        : throw new UnacceptableMessageException($"The message of type {type} cannot be read.");
}

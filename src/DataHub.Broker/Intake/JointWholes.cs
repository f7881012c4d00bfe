using System.Globalization;
using DataHub.Broker.Reconciliation;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Calendar;
using DataHub.Core.Flows;
using DataHub.Core.Messaging;
using DataHub.Core.Registry;
using DataHub.Core.Statistics;
using DataHub.Core.Storage;
using DataHub.Core.Validation;

namespace DataHub.Broker.Intake;

/// <summary>
/// 多地联办: lets the whole of a joint application follow its parts, in the same commit as the part's own change, and tells
/// the source when all parts have ended and whenever that changes.
/// </summary>
internal static class JointWholes
{
    /// <summary>The submission of a part, readable or refused by the rules; null for every other event.</summary>
    public static ServiceSubmission? PartOf(ReceivedEvent received)
    {
        if (received.Event is not { Type: MessageTypes.ServiceSubmission } e)
            return null;
        var submission = received.Payload as ServiceSubmission
            ?? (received.Invalid is not null && PayloadReader.Read(e.Type, e.Data.Span) is ReadOutcome.Ok { Payload: ServiceSubmission shaped } ? shaped : null);
        return submission?.Joint is null ? null : submission;
    }

    /// <summary>The exchange that a part names as its whole, as it stands; null where there is none or no part is opened.</summary>
    public static ExchangeState? WholeOf(HubStep step, IPayload payload) => payload is ServiceSubmission { Joint: { } joint } ? step.Exchange(joint.WholeExchangeId)?.State : null;

    /// <summary>A part was opened, or its outcome changed.</summary>
    public static void Advanced(HubStep step, ExchangeRow? previous, ExchangeRow next, RegistrySnapshot registry)
    {
        if (!next.State.Facts.TryGetValue(FactKeys.Whole, out var wholeId) || step.Exchange(wholeId) is not { } whole)
            return;
        if (previous is not null && previous.OutcomeDigest == next.OutcomeDigest)
            return;
        var number = int.Parse(next.State.Facts[FactKeys.PartNumber], NumberStyles.None, CultureInfo.InvariantCulture);
        Change(step, whole, new JointPartState(number, next.State.ExchangeId, next.State.Outcome?.Code, next.OutcomeDigest), registry);
    }

    /// <summary>A part was refused at its opening: the whole goes on without it.</summary>
    public static void Refused(HubStep step, ReceivedEvent received, IReadOnlyList<Reason> reasons, RegistrySnapshot registry)
    {
        if (PartOf(received) is not { Joint: { } joint } part || received.Event is not { } e || step.Exchange(joint.WholeExchangeId) is not { } whole)
            return;
        if (!JointSplit.IsAwaited(whole.State, part, joint, e.SenderCity))
            return;
        var codes = string.Join(',', reasons.Select(r => r.Code).Distinct(StringComparer.Ordinal).Take(20));
        Change(step, whole, new JointPartState(joint.Number, e.ExchangeId, JointPartState.NotOpened, codes), registry);
    }

    private static void Change(HubStep step, ExchangeRow whole, JointPartState part, RegistrySnapshot registry)
    {
        var catalogue = registry.On(WorkingDayCalendar.ShanghaiDate(whole.State.OpenedAt));
        var (state, told) = JointFlow.PartChanged(whole.State, part, new FlowContext(step.Now, registry.Calendar, catalogue, "", null));
        var next = Reconciler.Next(whole, state);
        step.Put(next);
        StandingCounts.Add(step.Commit.Statistics, whole.State, -1);
        StandingCounts.Add(step.Commit.Statistics, state, 1);
        if (state.Final && !whole.State.Final)
            step.Closed.Add(next);
        if (told is not null)
            step.Make(state.SourceCity, string.Create(CultureInfo.InvariantCulture, $"joint-{state.ExchangeId}-{state.Version}"), state.ExchangeId, told, about: next);
    }
}

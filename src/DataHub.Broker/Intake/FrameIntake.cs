using DataHub.Broker.Deadlines;
using DataHub.Broker.Reconciliation;
using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Contracts.Payloads;
using DataHub.Core.Calendar;
using DataHub.Core.Errors;
using DataHub.Core.Flows;
using DataHub.Core.Journal;
using DataHub.Core.Materials;
using DataHub.Core.Messaging;
using DataHub.Core.Registry;
using DataHub.Core.Statistics;
using DataHub.Core.Storage;
using DataHub.Core.Telemetry;
using Microsoft.Extensions.Logging;

namespace DataHub.Broker.Intake;

/// <summary>
/// Applies a city's frame: repetition and order by the city's numbers, then authority, routing, the flow's decision and
/// its effects. Writes nothing itself: everything goes into the <see cref="HubStep"/>.
/// </summary>
internal sealed class FrameIntake(HubShards shards, RegistrySnapshot registry, PatientKeys patients, NodeMetrics metrics, ILogger log)
{
    public async Task ApplyAsync(HubStep step, string city, IReadOnlyList<ReceivedEvent> events, CancellationToken cancel)
    {
        foreach (var received in events)
        {
            if (received.Untrusted is { } untrusted)
            {
                // Not the sender's word, so it takes no number of the sender's: journalled, and the place stays open.
                await RefuseAsync(step, received, untrusted, cancel);
                log.LogWarning("An event from {City} was refused before it was applied: {Code}.", city, untrusted[0].Code);
                continue;
            }

            var e = received.Event!;
            if (e.Type == MessageTypes.LinkProgress)
                continue;
            var expected = step.Received(city) + 1;
            if (e.Sequence > expected)
            {
                // A gap: an earlier message is still on its way. The sender keeps everything that we do not confirm and
                // sends it again in order, so nothing after the gap is applied.
                step.Tell.Add(city);
                return;
            }

            if (e.Sequence < expected)
                await RepeatedAsync(step, city, received, e, cancel);
            else
                await NewAsync(step, received, e, cancel);
        }
    }

    /// <summary>What applying these events will ask for.</summary>
    public static Wants WantsOf(IReadOnlyList<ReceivedEvent> events)
    {
        var keys = new HashSet<string>(StringComparer.Ordinal);
        var exchanges = new HashSet<string>(StringComparer.Ordinal);
        foreach (var received in events)
        {
            if (received.Untrusted is not null || received.Event is not { } e || e.Type == MessageTypes.LinkProgress)
                continue;
            keys.Add(Key(e));
            if (received.Payload is HolderReport report)
                exchanges.UnionWith(report.Entries.Where(h => h.OutcomeDigest is not null).Select(h => h.ExchangeId));
            exchanges.Add(e.ExchangeId);
            if (JointWholes.PartOf(received) is { Joint: { } joint })
                exchanges.Add(joint.WholeExchangeId);
        }

        return new Wants(keys, exchanges);
    }

    private async Task RepeatedAsync(HubStep step, string city, ReceivedEvent received, CloudEvent e, CancellationToken cancel)
    {
        step.Tell.Add(city);
        if (step.Known(Key(e)) is { } known && SameMessage(known, e))
        {
            metrics.Duplicate(city, e.Type);
            return;
        }

        // An old number with another message, or a known id with another body: never merged, never applied. What was
        // refused the first time is known by its bytes and not journalled again.
        await RefuseAsync(step, received, step.Known(Key(e)) is null
            ? [Reasons.Of(ReasonCodes.SequenceReused, "$.sequence")]
            : [Reasons.Of(ReasonCodes.ReplayedWithOtherBody, "$.id")], cancel);
    }

    private async Task NewAsync(HubStep step, ReceivedEvent received, CloudEvent e, CancellationToken cancel)
    {
        step.Advance(e.SenderCity, e.Sequence);
        if (step.Known(Key(e)) is { } known)
        {
            if (SameMessage(known, e))
                step.Receipt(e, Verdict.Accepted, step.Exchange(e.ExchangeId)?.State.State, null);
            else
                await RefuseWithReceiptAsync(step, received, e, [Reasons.Of(ReasonCodes.ReplayedWithOtherBody, "$.id")], cancel);
            return;
        }

        if (received.Invalid is { } invalid)
        {
            await RefuseWithReceiptAsync(step, received, e, invalid, cancel);
            return;
        }

        if (e.ExchangeId != Nodes.NoExchange && shards.NodeOf(e.ExchangeId) != step.Node)
        {
            await RefuseWithReceiptAsync(step, received, e, [Reasons.Of(ReasonCodes.WrongShard, "$.exchangeid")], cancel);
            return;
        }

        if (received.Payload is HolderReport report)
        {
            step.Append(Entry(step, received, e));
            foreach (var held in report.Entries.Where(h => h.OutcomeDigest is not null))
                TakeReport(step, e.SenderCity, held);
            return;
        }

        var entry = Entry(step, received, e);
        switch (await DecideOrParkAsync(step, e, received.Payload!, cancel))
        {
            case Decision.Advanced advanced:
                await AdvanceAsync(step, received, entry, advanced, cancel);
                step.Receipt(e, Verdict.Accepted, advanced.State.State, null);
                break;
            case Decision.Refused refused:
                await RefuseWithReceiptAsync(step, received, e, refused.Reasons, cancel);
                WithdrawnConsents.Refused(step, e.ExchangeId, refused.Reasons, registry);
                break;
            default:
                step.Append(entry with { Kind = EntryKind.Parked, Reasons = ReasonList.Write([Reasons.Of(ReasonCodes.InternalFault, "$")]) });
                step.Receipt(e, Verdict.Parked, null, null);
                break;
        }
    }

    /// <summary>
    /// Works a message again that was parked: its number was given then, and its receipt said so; another receipt tells the
    /// sender what became of it now. The row of the replay carries the message's bytes onward, as the parked row holds the
    /// message's key.
    /// </summary>
    public async Task<ReplayOutcome> ReplayAsync(HubStep step, ReceivedEvent received, long parkedNumber, JournalEntry operatorRow, CancellationToken cancel)
    {
        var e = received.Event!;
        await step.LoadAsync([], JointWholes.PartOf(received) is { Joint: { } joint } ? [e.ExchangeId, joint.WholeExchangeId] : [e.ExchangeId], cancel);
        step.Append(operatorRow);
        var replayed = Entry(step, received, e) with { Key = "replayed:" + operatorRow.Key };
        var decision = received.Invalid is { } invalid ? new Decision.Refused(invalid) : await DecideOrParkAsync(step, e, received.Payload!, cancel);
        switch (decision)
        {
            case Decision.Advanced advanced:
                await AdvanceAsync(step, received, replayed, advanced, cancel);
                step.ReceiptOfReplay(e, parkedNumber, Verdict.Accepted, advanced.State.State, null);
                return ReplayOutcome.Worked;
            case Decision.Refused refused:
                await RefuseAsync(step, received, refused.Reasons, cancel);
                JointWholes.Refused(step, received, refused.Reasons, registry);
                WithdrawnConsents.Refused(step, e.ExchangeId, refused.Reasons, registry);
                step.ReceiptOfReplay(e, parkedNumber, Verdict.Refused, null, refused.Reasons);
                return ReplayOutcome.Refused;
            default:
                step.Append(replayed with { Kind = EntryKind.Parked, Reasons = ReasonList.Write([Reasons.Of(ReasonCodes.InternalFault, "$")]) });
                return ReplayOutcome.ParkedAgain;
        }
    }

    private async Task AdvanceAsync(HubStep step, ReceivedEvent received, JournalEntry entry, Decision.Advanced advanced, CancellationToken cancel)
    {
        var previous = step.Exchange(entry.ExchangeId);
        var next = DeadlineWatch.After(previous, Reconciler.Next(previous, advanced.State), registry);
        var index = step.Append(entry);
        step.Put(next);
        StepStatistics.Add(step.Commit.Statistics, previous?.State, received.Event!.Type, received.Event.SenderCity, received.Payload!, next.State, registry);
        step.Commit.Materials.AddRange(NamedMaterials.Of(received.Payload!, entry.ExchangeId, entry.MessageId, entry.Sender, step.Now));
        if (next.State.Final && previous is not { State.Final: true })
            step.Closed.Add(next);
        if (DeadlineWatch.Relieved(previous, next))
            step.Commit.Breaks.Add(new BreakChange.Healed(next.State.ExchangeId, [ReasonCodes.BreakLegOverdue], step.Now));
        await ApplyEffectsAsync(step, received, index, next, advanced.Effects, cancel);
        DeadlineNotices.SupplementAsked(step, previous, next, registry.Calendar);
        JointWholes.Advanced(step, previous, next, registry);
    }

    /// <summary>The flow's decision; null where deciding met a fault of our own, not the sender's.</summary>
    private async Task<Decision?> DecideOrParkAsync(HubStep step, CloudEvent e, IPayload payload, CancellationToken cancel)
    {
        var published = await PublishedAsync(step, e.SenderCity, payload, cancel);
        var consentWithdrawn = await ConsentWithdrawnAsync(step, step.Exchange(e.ExchangeId), e.SenderCity, payload, cancel);
        try
        {
            var row = step.Exchange(e.ExchangeId);
            var target = "";
            if (row is null && FlowCatalogue.OpenedBy(e.Type, payload, registry) is { } flow)
            {
                var reasons = Authorise(flow, payload, e, published, step.Now, out target);
                if (reasons.Count > 0)
                    return new Decision.Refused(reasons);
            }

            var message = new FlowMessage(e.Id, e.Type, e.ExchangeId, e.SenderCity, e.Time, payload);
            var decision = FlowEngine.Decide(row?.State, message, new FlowContext(step.Now, registry.Calendar, registry, target, published)
            {
                ConsentWithdrawn = consentWithdrawn,
                Whole = JointWholes.WholeOf(step, payload),
            });
            if (decision is not Decision.Refused { Reasons: [{ Code: ReasonCodes.InternalFault }, ..] })
                return decision;
            log.LogError("Exchange {ExchangeId} as stored cannot be used for message {MessageId} of {City}; the message was parked.", e.ExchangeId, e.Id, e.SenderCity);
            return null;
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            // The message is set aside for an operator and the others go on.
            log.LogError("Message {MessageId} of {City} in {ExchangeId} met a fault ({Fault}) and was parked.", e.Id, e.SenderCity, e.ExchangeId, fault.GetType().Name);
            return null;
        }
    }

    private List<Reason> Authorise(FlowDefinition flow, IPayload payload, CloudEvent e, PublishedResult? published, DateTimeOffset now, out string target)
    {
        target = "";
        if (!flow.HasTarget)
            return [];
        var (city, reason) = Routing.TargetOf(payload, registry, published);
        if (reason is not null)
            return [reason];
        target = city!;
        return [.. Authority.Check(registry, flow.Code, OpenerItem.Of(payload), e.SenderCity, target, WorkingDayCalendar.ShanghaiDate(now))];
    }

    private async ValueTask<PublishedResult?> PublishedAsync(HubStep step, string sender, IPayload payload, CancellationToken cancel) => payload switch
    {
        RecognitionQuery query => RecognitionSearchFlow.Choose(query, await PublishedOfAsync(step, query.Patient, [query.ItemCode], cancel), registry, sender, step.Now),
        ResultNotice notice => await step.PublishedAsync(notice.ResultId, cancel),
        ResultCorrection correction => await step.PublishedAsync(correction.ResultId, cancel),
        ResultRevocation revocation => await step.PublishedAsync(revocation.ResultId, cancel),
        ResultAcknowledgement acknowledgement => await step.PublishedAsync(acknowledgement.ResultId, cancel),
        RecognitionResult result => await step.PublishedAsync(result.ResultId, cancel),
        RecognitionDecision decision => await step.PublishedAsync(decision.ResultId, cancel),
        _ => null,
    };

    /// <summary>Whether the patient took back the consent that this message, or the exchange that it answers in, rests on.</summary>
    private static async ValueTask<bool> ConsentWithdrawnAsync(HubStep step, ExchangeRow? row, string sender, IPayload payload, CancellationToken cancel) => payload switch
    {
        RecognitionSearch search => await step.ConsentWithdrawnAsync(sender, search.Consent.ConsentNumber, cancel),
        RecognitionQuery query => await step.ConsentWithdrawnAsync(sender, query.Consent.ConsentNumber, cancel),
        RecognitionResult when row?.State is { } state && state.Facts.GetValueOrDefault(FactKeys.ConsentNumber) is { } number =>
            await step.ConsentWithdrawnAsync(state.SourceCity, number, cancel),
        _ => false,
    };

    private ValueTask<List<PublishedResult>> PublishedOfAsync(HubStep step, Person patient, IReadOnlyList<string> items, CancellationToken cancel) =>
        step.PublishedOfAsync(patients.Of(patient.IdNumber), items, RecognitionSearchFlow.MaxCandidates, cancel);

    private async Task ApplyEffectsAsync(HubStep step, ReceivedEvent received, int index, ExchangeRow row, IReadOnlyList<Effect> effects, CancellationToken cancel)
    {
        foreach (var effect in effects)
        {
            switch (effect)
            {
                case Effect.Forward forward:
                    step.Forward(forward.City, index, received.Raw, row);
                    break;
                case Effect.OpenBreak open:
                    step.Commit.Breaks.Add(new BreakChange.Opened(new BreakRow(open.ExchangeId ?? row.State.ExchangeId, open.Code, open.Detail, step.Now, null)));
                    break;
                case Effect.CloseBreak close:
                    step.Commit.Breaks.Add(new BreakChange.Healed(close.ExchangeId ?? row.State.ExchangeId, [close.Code], step.Now));
                    break;
                case Effect.IndexResult indexed:
                    step.Index(indexed.Result, patients.Of(indexed.PatientIdNumber));
                    break;
                case Effect.UseResult use when await step.PublishedAsync(use.ResultId, cancel) is { } result:
                    step.Use(result, new ResultUse(row.State.ExchangeId, row.State.SourceCity), use.Recognised);
                    break;
                case Effect.WithdrawConsent(var consent):
                    step.WithdrawConsent(row.State.SourceCity, consent);
                    break;
                case Effect.ListResults(var search):
                    var found = await PublishedOfAsync(step, search.Patient, search.ItemCodes, cancel);
                    var list = RecognitionSearchFlow.ListFor(search, found, registry, row.State.SourceCity, step.Now);
                    step.Make(row.State.SourceCity, "list-" + row.State.ExchangeId, row.State.ExchangeId, list);
                    break;
                case Effect.AddHolder holder when await step.PublishedAsync(holder.ResultId, cancel) is { } result:
                    step.AddHolder(result, holder.City);
                    break;
                case Effect.ChangeResult change when await step.PublishedAsync(change.ResultId, cancel) is { } result:
                    step.Change(result, change.ResultDigest, change.Revoked);
                    break;
            }
        }
    }

    private static void TakeReport(HubStep step, string city, HolderEntry entry)
    {
        if (step.Exchange(entry.ExchangeId) is not { } row)
            return;
        var reconciled = Reconciler.Report(row, city, entry, step.Now);
        if (!ReferenceEquals(reconciled.Row, row))
            step.Put(reconciled.Row);
        if (reconciled.Opened is { } opened)
            step.Commit.Breaks.Add(new BreakChange.Opened(opened));
        if (!reconciled.Healed)
            return;
        step.Reconciled.Add(reconciled.Row);
        step.Commit.Breaks.Add(new BreakChange.Healed(entry.ExchangeId, Reconciler.Healable, step.Now));
    }

    private async Task RefuseWithReceiptAsync(HubStep step, ReceivedEvent received, CloudEvent e, IReadOnlyList<Reason> reasons, CancellationToken cancel)
    {
        await RefuseAsync(step, received, reasons, cancel);
        step.Receipt(e, Verdict.Refused, null, reasons);
        JointWholes.Refused(step, received, reasons, registry);
    }

    private async Task RefuseAsync(HubStep step, ReceivedEvent received, IReadOnlyList<Reason> reasons, CancellationToken cancel)
    {
        if (!await step.RefuseAsync(received.Raw, received.Event, reasons, cancel))
            return;

        // What cannot be trusted says nothing of who sent it or which exchange it is about.
        var trusted = received.Untrusted is null ? received.Event : null;
        RefusalStatistics.AddAtHub(
            step.Commit.Statistics, trusted?.SenderCity ?? "", trusted?.Type ?? "", received.Payload, trusted is null ? null : step.Exchange(trusted.ExchangeId)?.State,
            reasons, step.Now, registry);
    }

    private static JournalEntry Entry(HubStep step, ReceivedEvent received, CloudEvent e) => new()
    {
        Kind = EntryKind.Received,
        Key = Key(e),
        MessageId = e.Id,
        Type = e.Type,
        ExchangeId = e.ExchangeId,
        Sender = e.SenderCity,
        Sequence = e.Sequence,
        At = step.Now,
        Body = received.Raw,
    };

    private static string Key(CloudEvent e) => e.SenderCity + ":" + e.Id;

    private static bool SameMessage(KnownMessage known, CloudEvent e) => known.Read() is { } s && s.DataDigest == e.DataDigest && s.Type == e.Type;
}

using System.Diagnostics;
using System.Globalization;
using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Contracts.Payloads;
using DataHub.Core.Calendar;
using DataHub.Core.Errors;
using DataHub.Core.Flows;
using DataHub.Core.Journal;
using DataHub.Core.Messaging;
using DataHub.Core.Registry;
using DataHub.Core.Signing;
using DataHub.Core.Storage;
using DataHub.Core.Telemetry;
using DataHub.Core.Validation;
using Microsoft.Extensions.Logging;

namespace DataHub.Adapters.Pipeline;

/// <summary>Bounds of a city's node; see docs/configuration.md.</summary>
public sealed record AdapterOptions
{
    /// <summary>Requests that may wait for the loop; beyond it the city's system is told to come again.</summary>
    public int IntakeCapacity { get; init; } = 2048;

    /// <summary>Messages that the hub does not hold yet; beyond it the city's system is told to come again.</summary>
    public long MaxBacklog { get; init; } = 20_000;

    /// <summary>Native deliveries under way at once.</summary>
    public int DeliveriesAtOnce { get; init; } = 64;

    /// <summary>Attempts before a delivery that keeps failing is parked for an operator.</summary>
    public int MaxAttempts { get; init; } = 50;

    public LinkOptions Link { get; init; } = new();
}

/// <summary>
/// A city's node: takes in what the city's system sends, hands over what the hub sends, and tells the hub what the
/// city's system holds. One loop decides; a group of work is one commit. May run only once per city.
/// </summary>
public sealed class AdapterNode : IAdapterIntake
{
    private const int GroupEvents = 512;

    /// <summary>Exchanges kept in memory, about 2 KB each: those whose next message is likely to come soon.</summary>
    private const int RecentExchanges = 10_000;

    private readonly INodeStore store;
    private readonly TimeProvider time;
    private readonly KeyStore keys;
    private readonly SignatureVerifier verifier;
    private readonly PayloadCheck check;
    private readonly HubShards shards;
    private readonly long fence;
    private readonly HubEnd[] ends;
    private readonly NodeLoop<AdapterWork> loop;
    private readonly HubFrames hubFrames;
    private readonly AdapterOptions options;
    private readonly NodeMetrics metrics;
    private readonly Recent<ExchangeRow> recent = new(RecentExchanges);
    private int groups;

    /// <param name="fence">Fence of the city's lease; 0 where one process has the whole database.</param>
    public AdapterNode(City city, HubShards shards, long fence, INodeStore store, IFrameBus bus, KeyStore keys, PayloadCheck check, AdapterOptions options, TimeProvider time, ILogger<AdapterNode> log)
    {
        ArgumentNullException.ThrowIfNull(city);
        ArgumentNullException.ThrowIfNull(shards);
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(options);
        City = city.Code;
        this.shards = shards;
        this.fence = fence;
        this.store = store;
        this.time = time;
        this.keys = keys;
        this.check = check;
        this.options = options;
        verifier = keys.Verifier;
        metrics = new NodeMetrics(City, [City], time);
        ends = [.. shards.Nodes.Select((hub, shard) => new HubEnd(new OutboundLink(City, hub, QueueNames.Intake(City, shard), store, bus, time, log, options.Link), new FrameOrder(time)))];
        hubFrames = new HubFrames(City, log);
        loop = new NodeLoop<AdapterWork>(options.IntakeCapacity, GroupEvents, w => w.Weight, ProcessAsync, static (w, fault) => w.Done.TrySetException(fault), LoadAsync, time, log);
        Deliveries = new NativeDeliveries(City, store, options, time, log, ReportAsync, PostponeAsync);
    }

    /// <summary>GB/T 2260 code of the city.</summary>
    public string City { get; }

    /// <summary>Hands over to the city's system.</summary>
    public NativeDeliveries Deliveries { get; }

    /// <summary>False while the journal cannot be written: nothing is taken in.</summary>
    public bool Healthy => loop.StoreAvailable;

    /// <summary>Messages of this city that the hub does not hold yet.</summary>
    public long Backlog => ends.Sum(e => e.Link.Backlog);

    public async Task LoadAsync(CancellationToken cancel)
    {
        recent.Clear();
        hubFrames.Forget();
        Deliveries.Recheck();
        foreach (var end in ends)
        {
            end.Received = (await store.LinkAsync(City, end.Link.Peer, cancel)).Received;
            end.Order.Reset(end.Received);
            await end.Link.LoadAsync(cancel);
        }
    }

    /// <summary>Works until cancelled.</summary>
    /// <exception cref="LeaseLostException">Another process has taken the city's node over.</exception>
    public async Task RunAsync(ICityAdapter adapter, CancellationToken cancel)
    {
        using var shown = metrics.Show(() => Healthy);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var others = Task.WhenAll(ends.Select(e => e.Link.RunAsync(ending.Token)).Append(Deliveries.RunAsync(adapter, ending.Token)));
        try
        {
            await loop.RunAsync(ending.Token);
        }
        finally
        {
            await ending.CancelAsync();
            await others;
        }
    }

    public async Task<IntakeOutcome> TakeInAsync(NativeIntake message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        var started = time.GetUtcNow();
        var outcome = await DecideIntakeAsync(message, cancellationToken);
        Observe(message, outcome, started);
        return outcome;
    }

    private void Observe(NativeIntake message, IntakeOutcome outcome, DateTimeOffset started)
    {
        if (outcome is IntakeOutcome.Busy)
            metrics.Busy(message.Type);
        if (outcome is IntakeOutcome.Accepted { Duplicate: true })
            metrics.Duplicate(City, message.Type);
        if (!ExchangeTrace.IsWatched || outcome is IntakeOutcome.Busy)
            return;
        var accepted = outcome as IntakeOutcome.Accepted;
        if ((accepted?.ExchangeId ?? message.ExchangeId) is not { } exchange || !EventFormat.IsExchangeId(exchange) || !EventFormat.IsIdentifier(message.MessageId))
            return;
        var codes = outcome is IntakeOutcome.Refused refused ? string.Join(',', refused.Reasons.Select(r => r.Code).Distinct(StringComparer.Ordinal)) : "";
        ExchangeTrace.Add(ExchangeTrace.TakeIn, ActivityKind.Server, new TracedMessage(City, City, exchange, message.MessageId, message.Type), started, time.GetUtcNow(),
            accepted is null ? "refused" : accepted.Duplicate ? "duplicate" : "accepted", codes, Activity.Current);
    }

    private async Task<IntakeOutcome> DecideIntakeAsync(NativeIntake message, CancellationToken cancellationToken)
    {
        if (Form(message) is { } badForm)
            return await RefusedAsync(message, badForm, cancellationToken);
        var (payload, invalid) = check.Read(message.Type, message.Data);
        if (invalid is null && Backlog > options.MaxBacklog)
            return new IntakeOutcome.Busy(TimeSpan.FromSeconds(2));
        IntakeOutcome? outcome = null;
        var wants = new Wants([City + ":" + message.MessageId], message.ExchangeId is null ? [] : [message.ExchangeId]);
        var work = new AdapterWork(1, () => wants, async (step, cancel) => await TakeInAsync(step, message, payload, invalid, o => outcome = o, cancel));
        if (!loop.TryPost(work))
            return new IntakeOutcome.Busy(TimeSpan.FromSeconds(1));
        return await CompletedAsync(work) ? outcome! : new IntakeOutcome.Busy(TimeSpan.FromSeconds(2));
    }

    /// <exception cref="StoreUnavailableException">The refusal is not journalled, so it must not be told to anyone.</exception>
    public async Task RefuseAsync(ReadOnlyMemory<byte> native, string? messageId, IReadOnlyList<Reason> reasons, CancellationToken cancellationToken)
    {
        var work = new AdapterWork(1, static () => Wants.Nothing, (step, cancel) => step.RefuseAsync(native, messageId ?? "", "", Nodes.NoExchange, City, reasons, cancel));
        await loop.PostAsync(work, cancellationToken);
        await work.Done.Task;
    }

    private async Task<IntakeOutcome> RefusedAsync(NativeIntake message, IReadOnlyList<Reason> reasons, CancellationToken cancel)
    {
        var work = new AdapterWork(1, static () => Wants.Nothing, (step, token) => step.RefuseAsync(
            message.Native, message.MessageId.Length <= 64 ? message.MessageId : "", message.Type, Nodes.NoExchange, City, reasons, token));
        if (!loop.TryPost(work))
            return new IntakeOutcome.Busy(TimeSpan.FromSeconds(1));
        return await CompletedAsync(work) ? new IntakeOutcome.Refused(reasons) : new IntakeOutcome.Busy(TimeSpan.FromSeconds(2));
    }

    private List<Reason>? Form(NativeIntake message)
    {
        List<Reason> reasons = [];
        if (!EventFormat.IsIdentifier(message.MessageId) || HubFrames.IsReportId(message.MessageId, City))
            reasons.Add(Reasons.Of(ReasonCodes.PatternMismatch, "$.messageId"));
        if (!PayloadCheck.IsBusiness(message.Type))
            reasons.Add(Reasons.Of(ReasonCodes.UnknownType, "$.type"));
        else if (FlowCatalogue.OpenedBy(message.Type) is null && message.ExchangeId is null)
            reasons.Add(Reasons.Of(ReasonCodes.RequiredMissing, "$.exchangeId"));
        else if (message.ExchangeId is not null && !EventFormat.IsExchangeId(message.ExchangeId))
            reasons.Add(Reasons.Of(ReasonCodes.PatternMismatch, "$.exchangeId"));
        return reasons.Count == 0 ? null : reasons;
    }

    private async Task TakeInAsync(AdapterStep step, NativeIntake message, IPayload? payload, IReadOnlyList<Reason>? invalid, Action<IntakeOutcome> tell, CancellationToken cancel)
    {
        var key = City + ":" + message.MessageId;
        if (step.Known(key) is { } known)
        {
            var first = known.Read();
            if (first is not null && first.Type == message.Type && first.DataDigest == SignedText.DigestOf(message.Data.Span))
            {
                tell(new IntakeOutcome.Accepted(message.MessageId, known.ExchangeId, known.Sequence, Duplicate: true));
                return;
            }

            await RefuseAsync(step, message, [Reasons.Of(ReasonCodes.ReplayedWithOtherBody, "$.messageId")], tell, cancel);
            return;
        }

        // Asked only of what is new: a repetition gets the first answer even where time has made the rules refuse it.
        if (invalid is not null)
        {
            await RefuseAsync(step, message, invalid, tell, cancel);
            return;
        }

        var opens = FlowCatalogue.OpenedBy(message.Type);
        if (opens is null && step.Exchange(message.ExchangeId!) is null)
        {
            await RefuseAsync(step, message, [Reasons.Of(ReasonCodes.UnknownExchange, "$.exchangeId")], tell, cancel);
            return;
        }

        var shard = opens is null ? shards.Of(message.ExchangeId!) : OpeningShard.Of(payload!, shards) ?? step.OpeningShard;
        var number = step.Links[shard].Assigned + 1;
        var exchangeId = opens is null ? message.ExchangeId!
            : string.Create(CultureInfo.InvariantCulture, $"{City}-{WorkingDayCalendar.ShanghaiDate(step.Now):yyyyMMdd}-{shards.ExchangeNumber(number, shard):D10}");
        step.Make(shard, message.MessageId, message.Type, exchangeId, message.Data);
        var row = Views.AfterSending(opens is null ? step.Exchange(exchangeId) : null, opens, exchangeId, City, payload!, step.Now);
        step.Put(row);
        if (HubFrames.CarriesOutcome(row.State.Flow, message.Type))
            step.SentOutcomes.Add((message.MessageId, message.Type, payload!));
        tell(new IntakeOutcome.Accepted(message.MessageId, exchangeId, number, Duplicate: false));
    }

    private async Task RefuseAsync(AdapterStep step, NativeIntake message, IReadOnlyList<Reason> reasons, Action<IntakeOutcome> tell, CancellationToken cancel)
    {
        await step.RefuseAsync(message.Native, message.MessageId, message.Type, message.ExchangeId ?? Nodes.NoExchange, City, reasons, cancel);
        tell(new IntakeOutcome.Refused(reasons));
    }

    /// <summary>Takes a frame from a shard of the hub. Completes after the commit, or when the frame was given up for a re-send.</summary>
    public async Task TakeFrameAsync(int shard, ReadOnlyMemory<byte> frame, CancellationToken cancel)
    {
        // The hub has validated what it forwards, perhaps long ago; here only the shape matters.
        var events = FrameReader.Read(frame, verifier, PayloadCheck.ReadShape, e => e.Type == MessageTypes.LinkProgress
            ? e.SenderCity == Nodes.Hub
            : e.DeliverySequence is not null && (e.ExchangeId == Nodes.NoExchange || shards.Of(e.ExchangeId) == shard));
        var end = ends[shard];
        foreach (var progress in events.Select(e => e.Payload).OfType<LinkProgress>())
            end.Link.OnProgress(progress.UpTo);
        if (events.TrueForAll(e => e.Payload is LinkProgress))
            return;
        var work = new AdapterWork(events.Count, () => hubFrames.WantsOf(events), (step, token) => hubFrames.ApplyAsync(step, shard, events, token));
        var numbers = events.Where(e => e.Untrusted is null && e.Payload is not LinkProgress).Select(e => e.Event!.DeliverySequence ?? 0).DefaultIfEmpty(0).ToList();
        await end.Order.PostAsync(numbers.Min(), numbers.Max(), () => loop.PostAsync(work, cancel), cancel);
        try
        {
            await work.Done.Task;
        }
        catch (Exception e) when (e is not (OperationCanceledException or LeaseLostException))
        {
            // Not taken in and not confirmed: the hub still has it and sends it again. The loop has logged why.
        }
    }

    // The city's system holds these: told to the hub, and no longer to be delivered, in one commit.
    private async Task ReportAsync(IReadOnlyList<HeldDelivery> held, CancellationToken cancel)
    {
        var work = new AdapterWork(held.Count, static () => Wants.Nothing, (step, _) =>
        {
            foreach (var h in held)
            {
                step.Commit.NativeDone.Add((h.JournalNumber, h.Position));
                if (h.Entry is not null)
                    step.Report(h.Entry);
            }

            return Task.CompletedTask;
        });
        await loop.PostAsync(work, cancel);
        await work.Done.Task;
    }

    /// <summary>Tries a parked delivery again, for an operator, with a reason that is journalled.</summary>
    /// <returns>False where no such delivery is parked.</returns>
    public async Task<bool> ReplayParkedAsync(long journalNumber, int position, string operatorName, string reason, CancellationToken cancel)
    {
        var parked = (await store.ParkedDeliveriesAsync(City, cancel)).Find(d => d.Row.Number == journalNumber && d.Position == position);
        if (parked is null)
            return false;
        var work = new AdapterWork(1, static () => Wants.Nothing, (step, _) =>
        {
            step.Append(new JournalEntry
            {
                Kind = EntryKind.Operator,
                Key = string.Create(CultureInfo.InvariantCulture, $"operator:redeliver:{journalNumber}:{position}:{step.Now.UtcTicks}"),
                MessageId = parked.Row.MessageId,
                Type = parked.Row.Type,
                ExchangeId = parked.ExchangeId,
                Sender = operatorName,
                Sequence = 0,
                At = step.Now,
                Body = System.Text.Encoding.UTF8.GetBytes(reason),
            });
            step.Commit.NativeDeliveries.Add(new NativeDeliveryRow(journalNumber, -1, parked.ExchangeId, parked.Refusal, position, 0, step.Now, null));
            return Task.CompletedTask;
        });
        await loop.PostAsync(work, cancel);
        await work.Done.Task;
        Deliveries.Resume(parked with { Attempts = 0, NextAttemptAt = time.GetUtcNow(), ParkedCause = null });
        return true;
    }

    private async Task PostponeAsync(NativeDeliveryRow row, CancellationToken cancel)
    {
        var work = new AdapterWork(1, static () => Wants.Nothing, (step, _) =>
        {
            step.Commit.NativeDeliveries.Add(row);
            return Task.CompletedTask;
        });
        await loop.PostAsync(work, cancel);
        await work.Done.Task;
    }

    private async Task ProcessAsync(List<AdapterWork> group, CancellationToken cancel)
    {
        var step = new AdapterStep(City, fence, shards, store, recent, time.GetUtcNow(), ends, groups++ % shards.Count);
        await step.LoadAsync(group.Select(w => w.Wants()), cancel);
        foreach (var work in group)
            await work.Apply(step, cancel);
        hubFrames.SendReports(step);
        var outgoing = SignOwn(step);
        foreach (var end in ends)
        {
            if (end.Link.TakeAcknowledged() is { } upTo)
                step.Commit.Acknowledged[end.Link.Peer] = upTo;
        }

        var committed = step.Commit.IsEmpty ? default : await metrics.CommitAsync(store, step.Commit, cancel);
        foreach (var (id, row) in step.Commit.Exchanges)
            recent.Put(id, row);
        hubFrames.Remember(step.SentOutcomes);
        if (ExchangeTrace.IsWatched)
            TraceReports(step);
        for (var shard = 0; shard < ends.Length; shard++)
        {
            ends[shard].Received = step.Links[shard].Received;
            ends[shard].Link.Offer(outgoing[shard]);
            if (step.Links[shard].Tell)
                ends[shard].Link.Tell(ends[shard].Received);
        }

        if (step.Commit.NativeDeliveries.Count > 0)
            Deliveries.Offer(Committed(step.Commit, committed.FirstJournalNumber));
        foreach (var work in group)
            work.Done.TrySetResult();
    }

    private void TraceReports(AdapterStep step)
    {
        var now = time.GetUtcNow();
        foreach (var held in step.Links.SelectMany(l => l.Reports))
            ExchangeTrace.Add(ExchangeTrace.Report, ActivityKind.Producer, new TracedMessage(City, City, held.ExchangeId, held.MessageId, MessageTypes.HolderReport), step.Now, now, "sent");
    }

    private List<OutgoingMessage>[] SignOwn(AdapterStep step)
    {
        var outgoing = Array.ConvertAll(ends, _ => new List<OutgoingMessage>());
        if (step.Own.Count == 0)
            return outgoing;
        var signer = new BatchSigner(keys.KeyOf(City, step.Now));
        foreach (var batch in step.Own.Chunk(BatchSigner.MaxBatch))
        {
            var events = signer.Sign([.. batch.Select(o => o.Event)], step.Now);
            for (var i = 0; i < batch.Length; i++)
            {
                var (shard, signed) = (batch[i].Shard, events[i]);
                var body = EventFormat.Write(signed);
                var index = step.Append(new JournalEntry
                {
                    Kind = EntryKind.Sent,
                    Key = City + ":" + signed.Id,
                    MessageId = signed.Id,
                    Type = signed.Type,
                    ExchangeId = signed.ExchangeId,
                    Sender = City,
                    Sequence = signed.Sequence,
                    At = step.Now,
                    Body = body,
                });
                step.Commit.Outgoing.Add(new OutgoingRow(shards.Nodes[shard], signed.Sequence, index, 0, null, 0, null));
                outgoing[shard].Add(new OutgoingMessage(signed.Sequence, body, null, 0, null));
            }
        }

        return outgoing;
    }

    // The deliveries of a commit as they would be read from the table.
    private static List<PendingDelivery> Committed(NodeCommit commit, long first)
    {
        var deliveries = new List<PendingDelivery>();
        foreach (var d in commit.NativeDeliveries.Where(d => d.EntryIndex >= 0 && d.ParkedCause is null))
        {
            var e = commit.Entries[d.EntryIndex];
            // The hash is the journal's affair; a delivery carries the message.
            var row = new JournalRow(first + d.EntryIndex, e.Kind, e.Key, e.MessageId, e.Type, e.ExchangeId, e.Sender, e.Sequence, e.At, e.Body.ToArray(), e.Reasons, []);
            deliveries.Add(new PendingDelivery(row, d.ExchangeId, d.Refusal, d.Position, d.Attempts, d.NextAttemptAt, null));
        }

        return deliveries;
    }

    private static async Task<bool> CompletedAsync(AdapterWork work)
    {
        try
        {
            await work.Done.Task;
            return true;
        }
        catch (Exception e) when (e is StoreUnavailableException or LeaseLostException or OperationCanceledException)
        {
            // Not durable, so not acknowledged: whoever sent it sends it again.
            return false;
        }
    }

    private sealed record AdapterWork(int Weight, Func<Wants> Wants, Func<AdapterStep, CancellationToken, Task> Apply)
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

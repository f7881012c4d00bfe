using System.Diagnostics;
using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Contracts.Payloads;
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

    /// <summary>
    /// Attempts before a delivery that keeps failing is parked for an operator. One counts only where the city has taken another
    /// delivery since the one before: while it takes nothing from anybody, nothing is parked.
    /// </summary>
    public int MaxAttempts { get; init; } = 50;

    public LinkOptions Link { get; init; } = new();
}

/// <summary>
/// A city's node: takes in what the city's system sends, hands over what the hub sends, and tells the hub what the
/// city's system holds. One loop decides; a group of work is one commit. May run only once per city.
/// </summary>
public sealed partial class AdapterNode : IAdapterIntake
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
        loop = new NodeLoop<AdapterWork>(options.IntakeCapacity, GroupEvents, static w => w.Weight, static w => w.CanWait, ProcessAsync, static (w, fault) => w.Done.TrySetException(fault), LoadAsync, time, log);
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
        var work = new AdapterWork(events.Count, () => hubFrames.WantsOf(events), (step, token) => hubFrames.ApplyAsync(step, shard, events, token)) { CanWait = events.TrueForAll(e => e.CanWait) };
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
        })
        { CanWait = true };
        await loop.PostAsync(work, cancel);
        await work.Done.Task;
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
        hubFrames.Remember(step.Sent);
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
            Deliveries.Offer(Committed(step, committed.FirstJournalNumber));
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
                if (step.Told.Contains(signed.Id))
                    step.Deliver(index, signed, signed.ExchangeId);
                step.Commit.Outgoing.Add(new OutgoingRow(shards.Nodes[shard], signed.Sequence, index, 0, null, 0, null));
                outgoing[shard].Add(new OutgoingMessage(signed.Sequence, body, null, 0, null, Urgency.CanWait(signed.Type)));
            }
        }

        return outgoing;
    }

    // The deliveries of a commit as they would be read from the table.
    private static List<PendingDelivery> Committed(AdapterStep step, long first)
    {
        var deliveries = new List<PendingDelivery>();
        foreach (var d in step.Commit.NativeDeliveries.Where(d => d.EntryIndex >= 0 && d.ParkedCause is null))
        {
            var entry = step.Commit.Entries[d.EntryIndex];
            var e = step.Delivered[d.EntryIndex];
            var row = new JournalRow(first + d.EntryIndex, entry.Kind, entry.Key, entry.MessageId, entry.Type, entry.ExchangeId, entry.Sender, entry.Sequence, entry.At, [], entry.Reasons, []);
            // A copy: a delivery that waits for long must not keep the whole frame that it came in.
            deliveries.Add(new PendingDelivery(row, d.ExchangeId, d.Refusal, d.Position, d.Attempts, d.NextAttemptAt, null) { Known = e with { Data = e.Data.ToArray() } });
        }

        return deliveries;
    }

    private sealed record AdapterWork(int Weight, Func<Wants> Wants, Func<AdapterStep, CancellationToken, Task> Apply)
    {
        public bool CanWait { get; init; }

        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

using System.Globalization;
using DataHub.Broker.Deadlines;
using DataHub.Broker.Intake;
using DataHub.Broker.Materials;
using DataHub.Broker.Operations;
using DataHub.Broker.Reconciliation;
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

namespace DataHub.Broker;

/// <summary>How the broker behaves; see docs/configuration.md.</summary>
public sealed record HubOptions
{
    /// <summary>Both sides must have confirmed an outcome within this time; after it a break is opened.</summary>
    public TimeSpan ReconcileWithin { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Pause between two looks for deadlines and for outcomes that nobody confirmed.</summary>
    public TimeSpan SweepEvery { get; init; } = TimeSpan.FromSeconds(5);

    public LinkOptions Links { get; init; } = new();
}

/// <summary>
/// The broker: takes in the cities' frames, decides, forwards, answers with receipts, reconciles. One loop decides; a
/// group of frames is one commit; a frame is acknowledged to the bus after its commit. One shard of the hub: it may run
/// only once, which its lease sees to.
/// </summary>
public sealed class HubNode
{
    /// <summary>Events in one commit: large enough to share the disk's cost, small enough to keep latency in milliseconds.</summary>
    private const int GroupEvents = 512;

    /// <summary>Exchanges kept in memory, about 2 KB each: those whose next message is likely to come soon.</summary>
    private const int RecentExchanges = 20_000;

    private const int ReceiptEntries = 200;

    /// <summary>A turn of deadlines makes two notices or so for each of its exchanges.</summary>
    private const int DeadlineWeight = GroupEvents;

    /// <summary>Open breaks beyond this number are not counted: it is alarming enough.</summary>
    private const int BreaksShown = 1000;

    /// <summary>Below <see cref="PayloadReader.MaxBytes"/> of a receipt.</summary>
    private const int ReceiptBytes = 400 * 1024;

    private readonly HubShards shards;
    private readonly int shard;
    private readonly long fence;
    private readonly INodeStore store;
    private readonly TimeProvider time;
    private readonly KeyStore keys;
    private readonly SignatureVerifier verifier;
    private readonly PayloadCheck check;
    private readonly Dictionary<string, OutboundLink> links;
    private readonly Dictionary<string, FrameOrder> orders;
    private readonly Dictionary<string, long> received = new(StringComparer.Ordinal);
    private readonly NodeLoop<HubWork> loop;
    private readonly FrameIntake intake;
    private readonly DeadlineSweep deadlines;
    private readonly LateSweep late;
    private readonly MaterialSweep? materials;
    private readonly NodeMetrics metrics;
    private readonly HubOptions options;
    private readonly Recent<ExchangeRow> recent = new(RecentExchanges);

    /// <param name="shard">Index of the shard that this node is.</param>
    /// <param name="fence">Fence of the shard's lease; 0 where one process has the whole database.</param>
    /// <param name="materials">Retention of the materials, which the first shard sees to; null where none are kept.</param>
    public HubNode(HubShards shards, int shard, long fence, RegistrySnapshot registry, INodeStore store, IFrameBus bus, KeyStore keys, PatientKeys patients, PayloadCheck check, HubOptions options, TimeProvider time, ILogger<HubNode> log, MaterialSweep? materials = null)
    {
        ArgumentNullException.ThrowIfNull(shards);
        ArgumentNullException.ThrowIfNull(registry);
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(options);
        this.shards = shards;
        this.shard = shard;
        this.fence = fence;
        Node = HubShards.NodeOf(shard);
        this.store = store;
        this.keys = keys;
        this.check = check;
        this.options = options;
        this.time = time;
        verifier = keys.Verifier;
        metrics = new NodeMetrics(Node, [.. registry.Cities.Select(c => c.Code)], time);
        intake = new FrameIntake(shards, registry, patients, metrics, log);
        deadlines = new DeadlineSweep(store, registry);
        late = new LateSweep(store, options.ReconcileWithin);
        this.materials = shard == 0 ? materials : null;
        links = registry.Cities.ToDictionary(c => c.Code, c => new OutboundLink(Node, c.Code, QueueNames.Deliver(c.Code, shard), store, bus, time, log, options.Links), StringComparer.Ordinal);
        orders = registry.Cities.ToDictionary(c => c.Code, _ => new FrameOrder(time), StringComparer.Ordinal);
        loop = new NodeLoop<HubWork>(256, GroupEvents, static w => w.Weight, static w => w.CanWait, ProcessAsync, static (w, fault) => w.Done.TrySetException(fault), LoadAsync, time, log);
    }

    /// <summary>The shard's node code.</summary>
    public string Node { get; }

    /// <summary>False while the journal cannot be written: nothing is taken in.</summary>
    public bool Healthy => loop.StoreAvailable;

    /// <summary>Takes up what the store holds: numbers of every link, and what has to be sent again.</summary>
    public async Task LoadAsync(CancellationToken cancel)
    {
        recent.Clear();
        foreach (var link in links.Values)
        {
            received[link.Peer] = (await store.LinkAsync(Node, link.Peer, cancel)).Received;
            orders[link.Peer].Reset(received[link.Peer]);
            await link.LoadAsync(cancel);
        }
    }

    /// <summary>Works until cancelled.</summary>
    /// <exception cref="LeaseLostException">Another process has taken the shard over.</exception>
    public async Task RunAsync(CancellationToken cancel)
    {
        using var shown = metrics.Show(() => Healthy);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var others = Task.WhenAll(links.Values.Select(l => l.RunAsync(ending.Token)).Append(SweepAsync(ending.Token)));
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

    /// <summary>Takes a frame from a city's queue. Completes after the commit, or when the frame was given up for a re-send.</summary>
    public async Task TakeFrameAsync(string city, ReadOnlyMemory<byte> frame, CancellationToken cancel)
    {
        // Two senders use this queue by right: the city, and nobody else.
        var events = FrameReader.Read(frame, verifier, e => check.Read(e, time.GetUtcNow()), e => e.SenderCity == city && PayloadCheck.IsForHub(e.Type));
        foreach (var progress in events.Select(e => e.Payload).OfType<LinkProgress>())
            links[city].OnProgress(progress.UpTo);
        if (events.TrueForAll(e => e.Payload is LinkProgress))
            return;
        var work = new HubWork(events.Count, () => FrameIntake.WantsOf(events), (step, token) => intake.ApplyAsync(step, city, events, token)) { CanWait = events.TrueForAll(e => e.CanWait) };
        var numbers = events.Where(e => e.Untrusted is null && e.Payload is not LinkProgress).Select(e => e.Event!.Sequence).DefaultIfEmpty(0).ToList();
        await orders[city].PostAsync(numbers.Min(), numbers.Max(), () => loop.PostAsync(work, cancel), cancel);
        try
        {
            await work.Done.Task;
        }
        catch (Exception e) when (e is not (OperationCanceledException or LeaseLostException))
        {
            // Not taken in and not confirmed: the sender still has it and sends it again. The loop has logged why.
        }
    }

    /// <summary>Works a parked message again, as an operator asked; once, however often the request comes.</summary>
    /// <returns>Null where the request was carried out before.</returns>
    /// <exception cref="StoreUnavailableException">The request has its outcome in the store, or is still open.</exception>
    public async Task<ReplayOutcome?> ReplayAsync(ReplayRequest request, CancellationToken cancel)
    {
        ReplayOutcome? outcome = null;
        try
        {
            await RunInLoopAsync(1, async (step, token) => outcome = await ParkedReplay.ApplyAsync(step, store, intake, check, request, token), cancel);
        }
        catch (Exception e) when (e is not (StoreUnavailableException or LeaseLostException or OperationCanceledException))
        {
            // The loop has logged why. Left open, the request would take its groups down with it again and again.
            await RunInLoopAsync(1, async (step, token) => outcome = await ParkedReplay.GiveUpAsync(step, request, token), cancel);
        }

        return outcome;
    }

    private async Task RunInLoopAsync(int weight, Func<HubStep, CancellationToken, Task> apply, CancellationToken cancel)
    {
        var work = new HubWork(weight, static () => Wants.Nothing, apply);
        await loop.PostAsync(work, cancel);
        await work.Done.Task;
    }

    private async Task ProcessAsync(List<HubWork> group, CancellationToken cancel)
    {
        var step = new HubStep(Node, fence, store, recent, time.GetUtcNow(), city => links[city].Assigned, city => received.GetValueOrDefault(city));
        await step.LoadAsync(group.Select(w => w.Wants()), cancel);
        foreach (var work in group)
            await work.Apply(step, cancel);
        Receipts(step);
        SignOwn(step);
        foreach (var link in links.Values)
        {
            if (link.TakeAcknowledged() is { } upTo)
                step.Commit.Acknowledged[link.Peer] = upTo;
        }

        if (!step.Commit.IsEmpty)
            await metrics.CommitAsync(store, step.Commit, cancel);
        foreach (var (id, row) in step.Commit.Exchanges)
            recent.Put(id, row);
        metrics.Closed(step.Closed);
        metrics.Reconciled(step.Reconciled);
        foreach (var (city, number) in step.Commit.Received)
            received[city] = number;
        foreach (var (city, messages) in step.Outgoing)
            links[city].Offer(messages);
        foreach (var city in step.Tell)
            links[city].Tell(received[city]);
        foreach (var work in group)
            work.Done.TrySetResult();
    }

    private static void Receipts(HubStep step)
    {
        foreach (var (city, entries) in step.Receipts)
        {
            foreach (var chunk in Chunks(entries))
            {
                var (from, to) = (chunk[0].Sequence, chunk[^1].Sequence);
                var id = step.ReceiptId(string.Create(CultureInfo.InvariantCulture, $"{city}-{from}-{to}"));
                step.Make(city, id, Nodes.NoExchange, new HubReceipt { City = city, Entries = chunk, TakenInAt = step.Now }, (from, to));
            }
        }
    }

    /// <summary>Entries that fit one receipt: a few with many reasons weigh as much as hundreds without.</summary>
    internal static IEnumerable<List<ReceiptEntry>> Chunks(IEnumerable<ReceiptEntry> entries)
    {
        var chunk = new List<ReceiptEntry>();
        var bytes = 0;
        foreach (var entry in entries)
        {
            // Upper bound: four bytes of UTF-8 or an escape per character, and the members' names.
            var weight = 400 + (entry.Reasons?.Sum(r => 60 + (6 * (r.Path.Length + r.Message.Length))) ?? 0);
            if (chunk.Count == ReceiptEntries || (chunk.Count > 0 && bytes + weight > ReceiptBytes))
            {
                yield return chunk;
                (chunk, bytes) = ([], 0);
            }

            chunk.Add(entry);
            bytes += weight;
        }

        if (chunk.Count > 0)
            yield return chunk;
    }

    private void SignOwn(HubStep step)
    {
        if (step.Own.Count == 0)
            return;
        var signer = new BatchSigner(keys.KeyOf(Nodes.Hub, step.Now));
        foreach (var batch in step.Own.Chunk(BatchSigner.MaxBatch))
        {
            var signed = signer.Sign([.. batch.Select(o => o.Event)], step.Now);
            for (var i = 0; i < batch.Length; i++)
            {
                var body = EventFormat.Write(signed[i]);
                var index = step.Append(new JournalEntry
                {
                    Kind = EntryKind.Sent,
                    Key = Nodes.Hub + ":" + signed[i].Id,
                    MessageId = signed[i].Id,
                    Type = signed[i].Type,
                    ExchangeId = signed[i].ExchangeId,
                    Sender = Nodes.Hub,
                    Sequence = signed[i].Sequence,
                    At = step.Now,
                    Body = body,
                });
                step.Send(batch[i].City, new OutgoingMessage(
                    signed[i].Sequence, body, batch[i].About?.State.State, batch[i].About?.State.Version ?? 0, batch[i].About?.State.Flow, Urgency.CanWait(signed[i].Type)), index);
                if (batch[i].Covers is { } covers)
                    step.Commit.Receipts.Add(new ReceiptRow(batch[i].City, covers.From, covers.To, index));
            }
        }

        // Numbers were given in the order of the work; forwarded messages and our own must leave in that order.
        foreach (var messages in step.Outgoing.Values)
            messages.Sort(static (a, b) => a.LinkSequence.CompareTo(b.LinkSequence));
    }

    private async Task SweepAsync(CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(options.SweepEvery, time);
        while (!cancel.IsCancellationRequested && await timer.WaitForNextTickAsync(cancel).AsTask().ContinueWith(static t => t.IsCompletedSuccessfully && t.Result, TaskScheduler.Default))
        {
            if (!loop.StoreAvailable)
                continue;
            await RunInLoopAsync(1, async (step, token) =>
            {
                await late.ApplyAsync(step, token);
                metrics.OpenBreaks(await store.BreaksAsync(null, openOnly: true, BreaksShown, token));
            }, cancel).ContinueWith(static _ => { }, TaskScheduler.Default);

            // Turn by turn, with the cities' messages between: at midnight very many legs may be due at once.
            for (var more = true; more && !cancel.IsCancellationRequested;)
            {
                more = false;
                await RunInLoopAsync(DeadlineWeight, async (step, token) => more = await deadlines.ApplyAsync(step, token), cancel)
                    .ContinueWith(t => more &= t.IsCompletedSuccessfully, TaskScheduler.Default);
            }

            if (materials?.IsDue == true)
                await materials.RunAsync(end => RunInLoopAsync(1, end, cancel), cancel);
        }
    }

    private sealed record HubWork(int Weight, Func<Wants> Wants, Func<HubStep, CancellationToken, Task> Apply)
    {
        public bool CanWait { get; init; }

        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

using System.Diagnostics;
using DataHub.Contracts.Envelope;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using DataHub.Core.Storage;
using DataHub.Core.Telemetry;
using DataHub.Core.Validation;
using Microsoft.Extensions.Logging;

namespace DataHub.Adapters.Pipeline;

/// <summary>The city's system holds a delivery. <see cref="Entry"/> is what to tell the hub; null for a refusal notice.</summary>
public sealed record HeldDelivery(long JournalNumber, int Position, HolderEntry? Entry);

/// <summary>
/// Hands over to the city's own system what the journal says must be handed over: in order within an exchange, side by
/// side across exchanges. Long waits are rows with a next time, so a restart loses nothing. A message that the city
/// rejects, or that keeps failing while it takes others, is parked with its cause, and what comes after it goes on, in the
/// same exchange too; while the city takes nothing from anybody, everything waits.
/// </summary>
#pragma warning disable CA1001 // Semaphores without wait handles hold nothing that needs disposing; this lives as long as its node.
public sealed class NativeDeliveries(string city, INodeStore store, AdapterOptions options, TimeProvider time, ILogger log,
    Func<IReadOnlyList<HeldDelivery>, CancellationToken, Task> report, Func<NativeDeliveryRow, CancellationToken, Task> postpone)
#pragma warning restore CA1001
{
    /// <summary>Deliveries kept in memory; the rest wait in the table.</summary>
    private const int InMemory = 1024;

    private readonly SemaphoreSlim wake = new(0, 1);
    private readonly SemaphoreSlim slots = new(options.DeliveriesAtOnce);
    private (ICityAdapter? Adapter, CancellationToken Cancel) running;
    private readonly Lock gate = new();
    private readonly Lock reading = new();
    private readonly Dictionary<string, Queue<PendingDelivery>> waiting = new(StringComparer.Ordinal);
    private readonly List<HeldDelivery> held = [];
    private int inMemory;
    private long loadedUpTo;
    private long missed;
    private bool complete;
    private int reporting;
    private int parked = -1;
    private long taken;

    /// <summary>New rows were committed, or a parked one was set free.</summary>
    public void Wake()
    {
        try
        {
            if (wake.CurrentCount == 0)
                wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // Woken by someone else at the same moment.
        }
    }

    /// <summary>
    /// Takes over deliveries that were just committed, in the order of their numbers, without reading them back. Where some
    /// before them still wait in the table, these wait there too.
    /// </summary>
    public void Offer(IReadOnlyList<PendingDelivery> committed)
    {
        ArgumentNullException.ThrowIfNull(committed);
        lock (reading)
        {
            complete = complete && Volatile.Read(ref inMemory) + committed.Count <= InMemory;
            if (complete)
            {
                foreach (var row in committed.Where(d => d.Row.Number > loadedUpTo))
                    Enqueue(row);
                if (committed.Count > 0)
                    loadedUpTo = Math.Max(loadedUpTo, committed[^1].Row.Number);
                return;
            }

            missed++;
        }

        Wake();
    }

    /// <summary>The store may hold more than was offered: a commit whose answer was lost. The table is read again.</summary>
    public void Recheck()
    {
        lock (reading)
        {
            complete = false;
            missed++;
        }

        Wake();
    }

    /// <summary>Takes up a delivery that an operator set free.</summary>
    public void Resume(PendingDelivery row)
    {
        Interlocked.Decrement(ref parked);
        Enqueue(row);
    }

    /// <summary>How long the oldest delivery has waited; zero where none waits. The table is read oldest first, so the oldest is in memory.</summary>
    public TimeSpan Oldest
    {
        get
        {
            lock (gate)
                return waiting.Count == 0 ? TimeSpan.Zero : time.GetUtcNow() - waiting.Values.Min(q => q.TryPeek(out var row) ? row.Row.At : DateTimeOffset.MaxValue);
        }
    }

    public async Task RunAsync(ICityAdapter adapter, CancellationToken cancel)
    {
        running = (adapter, cancel);
        KeyValuePair<string, object?> tag = new("city", city);
        using var count = Gauges.DeliveriesWaiting.Watch(() => Volatile.Read(ref inMemory), tag);
        using var age = Gauges.DeliveriesAge.Watch(() => Math.Max(0, Oldest.TotalSeconds), tag);
        using var aside = Gauges.DeliveriesParked.Watch(() => Math.Max(0, Volatile.Read(ref parked)), tag);
        Wake();
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await wake.WaitAsync(TimeSpan.FromSeconds(1), cancel);
                if (Volatile.Read(ref parked) < 0)
                    Volatile.Write(ref parked, (await store.ParkedDeliveriesAsync(city, cancel)).Count);
                while (Volatile.Read(ref inMemory) < InMemory / 2)
                {
                    long after, before;
                    lock (reading)
                    {
                        if (complete)
                            break;
                        (after, before) = (loadedUpTo, missed);
                    }

                    var rows = await store.PendingDeliveriesAsync(city, after, InMemory / 2, cancel);
                    var all = rows.Count < InMemory / 2;
                    // A receipt's refusals share a row number; a full page may have cut the last row's in two.
                    if (!all)
                        rows.RemoveAll(r => r.Row.Number == rows[^1].Row.Number);
                    lock (reading)
                    {
                        rows.ForEach(Enqueue);
                        if (rows.Count > 0)
                            loadedUpTo = rows[^1].Row.Number;
                        // What was committed while this was read may not be in it: then it is read once more.
                        complete = all && missed == before;
                    }
                }
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault)
            {
                // Whatever it is, nobody else reads the table: what waits there would wait until a restart.
                if (fault is not StoreUnavailableException)
                    log.LogError("The deliveries that wait for {City} could not be read ({Fault}); it is tried again.", city, fault.GetType().Name);
                await Task.Delay(TimeSpan.FromSeconds(1), time, cancel).ContinueWith(static _ => { }, TaskScheduler.Default);
            }
        }
    }

    private void Enqueue(PendingDelivery row)
    {
        lock (gate)
        {
            inMemory++;
            if (waiting.TryGetValue(row.ExchangeId, out var queue))
            {
                queue.Enqueue(row);
                return;
            }

            waiting.Add(row.ExchangeId, new Queue<PendingDelivery>([row]));
        }

        _ = WorkAsync(row.ExchangeId, running.Adapter!, running.Cancel);
    }

    private async Task WorkAsync(string exchangeId, ICityAdapter adapter, CancellationToken cancel)
    {
        // Whoever offered the delivery is the node's loop, which must not do the city's work.
        await Task.Yield();
        try
        {
            while (true)
            {
                PendingDelivery row;
                lock (gate)
                {
                    if (!waiting[exchangeId].TryPeek(out row!))
                    {
                        waiting.Remove(exchangeId);
                        break;
                    }
                }

                await DeliverAsync(row, adapter, cancel);
                lock (gate)
                {
                    waiting[exchangeId].Dequeue();
                    inMemory--;
                }
            }
        }
        catch (Exception) when (cancel.IsCancellationRequested)
        {
            // Shutting down: the row is still in the table.
        }
        catch (Exception e)
        {
            log.LogError("Deliveries of exchange {ExchangeId} to {City} stopped ({Fault}); they go on after a restart.", exchangeId, city, e.GetType().Name);
        }

        if (Volatile.Read(ref inMemory) < InMemory / 2)
            Wake();
    }

    private async Task DeliverAsync(PendingDelivery row, ICityAdapter adapter, CancellationToken cancel)
    {
        var (attempts, seen) = (row.Attempts, Interlocked.Read(ref taken));
        if (row.NextAttemptAt - time.GetUtcNow() is { Ticks: > 0 } wait)
            await Task.Delay(wait, time, cancel);
        for (var tries = attempts; ; tries++)
        {
            DeliveryOutcome outcome;
            await slots.WaitAsync(cancel);
            try
            {
                outcome = await AttemptAsync(row, adapter, cancel);
            }
            finally
            {
                slots.Release();
            }

            switch (outcome)
            {
                case DeliveryOutcome.Held done:
                    Interlocked.Increment(ref taken);
                    Held(new HeldDelivery(row.Row.Number, row.Position, row.Refusal ? null : EntryOf(row, done.Outcome)), cancel);
                    return;
                case DeliveryOutcome.Rejected rejected:
                    await ParkAsync(row, attempts + 1, rejected.Why, cancel);
                    return;
                case DeliveryOutcome.Transient transient:
                    // Counted where the city has taken another meanwhile: it works, and this message does not. A city that takes
                    // nothing is down, and nobody's message is at fault.
                    var others = Interlocked.Read(ref taken);
                    if (others > seen && ++attempts >= options.MaxAttempts)
                    {
                        await ParkAsync(row, attempts, transient.Why, cancel);
                        return;
                    }

                    seen = others;
                    var pause = Pause(tries, transient.RetryAfter);
                    var later = new NativeDeliveryRow(row.Row.Number, -1, row.ExchangeId, row.Refusal, row.Position, attempts, time.GetUtcNow() + pause, null);
                    await TryAgainAsync(() => postpone(later, cancel), cancel);
                    await Task.Delay(pause, time, cancel);
                    break;
            }
        }
    }

    private async Task<DeliveryOutcome> AttemptAsync(PendingDelivery row, ICityAdapter adapter, CancellationToken cancel)
    {
        if (row.Read() is not { } e)
            return new DeliveryOutcome.Rejected("the journalled message cannot be read");
        // Current while the call is made, so that the city's own trace can go on from it.
        using var span = ExchangeTrace.Start(ExchangeTrace.Deliver, ActivityKind.Client, new TracedMessage(city, e.SenderCity, row.ExchangeId, e.Id, e.Type));
        var outcome = await CallAsync(row, e, adapter, cancel);
        span?.SetTag("datahub.result", outcome is DeliveryOutcome.Held ? "held" : outcome is DeliveryOutcome.Transient ? "later" : "rejected");
        if (outcome is not DeliveryOutcome.Held)
            span?.SetStatus(ActivityStatusCode.Error);
        return outcome;
    }

    private async Task<DeliveryOutcome> CallAsync(PendingDelivery row, CloudEvent e, ICityAdapter adapter, CancellationToken cancel)
    {
        try
        {
            if (!row.Refusal)
                return await adapter.DeliverAsync(new Delivery(e.Id, e.Type, e.ExchangeId, e.Flow ?? "", e.HubState ?? "", e.Time, e.Data), cancel);
            if (PayloadReader.Read(e.Type, e.Data.Span) is not ReadOutcome.Ok { Payload: HubReceipt receipt } || receipt.Entries.Count <= row.Position)
                return new DeliveryOutcome.Rejected("the journalled receipt cannot be read");
            var entry = receipt.Entries[row.Position];
            return await adapter.NotifyRefusalAsync(new RefusalNotice(entry.MessageId, "", entry.ExchangeId, entry.Reasons ?? []), cancel);
        }
        catch (Exception fault) when (!cancel.IsCancellationRequested)
        {
            log.LogWarning("Delivering {MessageId} of {ExchangeId} to {City} met a fault ({Fault}).", e.Id, row.ExchangeId, city, fault.GetType().Name);
            return new DeliveryOutcome.Transient(fault.GetType().Name, null);
        }
    }

    private HolderEntry EntryOf(PendingDelivery row, HeldOutcome? outcome)
    {
        var at = time.GetUtcNow();
        return outcome is null
            ? new HolderEntry { ExchangeId = row.ExchangeId, MessageId = row.Row.MessageId, HeldAt = at }
            : HubFrames.Holding(row.ExchangeId, row.Row.MessageId, new Outcome(outcome.Code, outcome.AmountFen, outcome.Reference), at);
    }

    private void Held(HeldDelivery delivery, CancellationToken cancel)
    {
        lock (gate)
            held.Add(delivery);
        if (Interlocked.CompareExchange(ref reporting, 1, 0) == 0)
            _ = ReportHeldAsync(cancel);
    }

    // One reports for all that came meanwhile, so that reports share messages and commits. By itself: under steady load it does
    // not end, and no exchange may wait for it.
    private async Task ReportHeldAsync(CancellationToken cancel)
    {
        await Task.Yield();
        try
        {
            while (true)
            {
                HeldDelivery[] batch;
                lock (gate)
                {
                    batch = [.. held];
                    held.Clear();
                    if (batch.Length == 0)
                    {
                        Volatile.Write(ref reporting, 0);
                        return;
                    }
                }

                await TryAgainAsync(() => report(batch, cancel), cancel);
            }
        }
        catch (Exception) when (cancel.IsCancellationRequested)
        {
            // Shutting down: the rows are still in the table.
        }
    }

    private async Task ParkAsync(PendingDelivery delivery, int attempts, string cause, CancellationToken cancel)
    {
        log.LogWarning("Delivery of {MessageId} of {ExchangeId} to {City} was parked: {Cause}", delivery.Row.MessageId, delivery.ExchangeId, city, cause);
        var row = new NativeDeliveryRow(delivery.Row.Number, -1, delivery.ExchangeId, delivery.Refusal, delivery.Position, attempts, time.GetUtcNow(), cause);
        await TryAgainAsync(() => postpone(row, cancel), cancel);
        Interlocked.Increment(ref parked);
    }

    private async Task TryAgainAsync(Func<Task> write, CancellationToken cancel)
    {
        while (true)
        {
            try
            {
                await write();
                return;
            }
            catch (Exception) when (!cancel.IsCancellationRequested)
            {
                // Whatever made its group fail, a cancelled command too: nobody else writes this, so it is tried until it is written.
                await Task.Delay(TimeSpan.FromSeconds(1), time, cancel);
            }
        }
    }

    // 0.5 s, doubling to 60 s; the city may ask for more. Up to a quarter is added by chance: what failed together must not come again together.
    private static TimeSpan Pause(int tries, TimeSpan? asked)
    {
        var pause = TimeSpan.FromSeconds(Math.Min(60, 0.5 * Math.Pow(2, Math.Min(tries, 10))));
        return (asked is { } a && a > pause ? a : pause) * (1 + (Random.Shared.NextDouble() / 4));
    }
}

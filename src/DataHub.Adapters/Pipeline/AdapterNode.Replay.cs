using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Core.Storage;

namespace DataHub.Adapters.Pipeline;

/// <summary>What operators ask of a city's node.</summary>
public sealed partial class AdapterNode
{
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Tries a parked delivery again, or reads a parked message of the hub again, as an operator asked; once, however often the
    /// request comes.
    /// </summary>
    /// <returns>Null where the request was carried out before.</returns>
    /// <exception cref="StoreUnavailableException">The request is still open.</exception>
    public async Task<ReplayOutcome?> ReplayAsync(ReplayRequest request, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(request);
        ReplayOutcome? outcome = null;
        PendingDelivery? freed = null;
        try
        {
            await InLoopAsync(request, async (step, token) => (outcome, freed) = await ReplayAsync(step, request, token), cancel);
        }
        catch (Exception e) when (e is not (LeaseLostException or OperationCanceledException))
        {
            // The answer may be lost and the commit written: nobody would read a delivery again that it has set free.
            if (!await IsJournalledAsync(request, cancel))
            {
                if (e is StoreUnavailableException)
                    throw;
                // The loop has logged why. Left open, the request would take its groups down with it again and again.
                await InLoopAsync(request, (step, _) => Task.FromResult(outcome = Close(step, request, ReplayOutcome.Failed, ReasonCodes.InternalFault)), cancel);
                return outcome;
            }
        }

        if (freed is not null)
            Deliveries.Resume(freed with { Attempts = 0, NextAttemptAt = time.GetUtcNow(), ParkedCause = null });
        return outcome;
    }

    private async Task<(ReplayOutcome? Outcome, PendingDelivery? Freed)> ReplayAsync(AdapterStep step, ReplayRequest request, CancellationToken cancel)
    {
        if (step.Known(request.JournalKey) is not null)
            return (null, null);
        // The tables still name what an earlier request of this group has dealt with.
        if (step.Commit.ParkedResolved.Contains(request.Number)
            || step.Commit.NativeDeliveries.Exists(d => d.EntryIndex < 0 && d.JournalNumber == request.Number && d.Position == request.Position))
            return (Close(step, request, ReplayOutcome.NothingParked, ReasonCodes.NotFound), null);
        if (await store.ParkedDeliveryAsync(City, request.Number, request.Position, cancel) is { } delivery)
        {
            step.Append(request.Entry(delivery.Row, delivery.ExchangeId, step.Now));
            step.Commit.NativeDeliveries.Add(new NativeDeliveryRow(request.Number, -1, delivery.ExchangeId, delivery.Refusal, request.Position, 0, step.Now, null));
            step.Commit.Replayed.Add((request.Id, ReplayOutcome.Worked));
            return (ReplayOutcome.Worked, delivery);
        }

        if (request.Position != 0 || await store.ParkedMessageAsync(City, request.Number, cancel) is not { } message || EventFormat.ReadElement(message.Body).Event is not { } e)
            return (Close(step, request, ReplayOutcome.NothingParked, ReasonCodes.NotFound), null);
        var outcome = await hubFrames.ReplayAsync(step, message, e, request.Entry(message, message.ExchangeId, step.Now), cancel);
        step.Commit.Replayed.Add((request.Id, outcome));
        return (outcome, null);
    }

    private static ReplayOutcome? Close(AdapterStep step, ReplayRequest request, ReplayOutcome outcome, string obstacle)
    {
        if (step.Known(request.JournalKey) is not null)
            return null;
        step.Append(request.Entry(null, Nodes.NoExchange, step.Now, obstacle));
        step.Commit.Replayed.Add((request.Id, outcome));
        return outcome;
    }

    private async Task InLoopAsync(ReplayRequest request, Func<AdapterStep, CancellationToken, Task> apply, CancellationToken cancel)
    {
        var work = new AdapterWork(1, () => new Wants([request.JournalKey], []), apply);
        await loop.PostAsync(work, cancel);
        await work.Done.Task;
    }

    private async Task<bool> IsJournalledAsync(ReplayRequest request, CancellationToken cancel)
    {
        while (true)
        {
            try
            {
                return (await store.KnownAsync(City, [request.JournalKey], cancel)).Count > 0;
            }
            catch (StoreUnavailableException)
            {
                await Task.Delay(LookAgainAfter, time, cancel);
            }
        }
    }
}

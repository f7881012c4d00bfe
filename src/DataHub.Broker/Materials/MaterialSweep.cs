using System.Globalization;
using System.Text.Json;
using DataHub.Broker.Intake;
using DataHub.Contracts;
using DataHub.Core.Journal;
using DataHub.Core.Materials;
using Microsoft.Extensions.Logging;

namespace DataHub.Broker.Materials;

/// <summary>
/// Ends what is not kept any longer. First the decision, journalled and committed with the rows it changes; then the bytes,
/// which are on a list until they are gone. An end between the two leaves bytes that the next look removes.
/// </summary>
public sealed class MaterialSweep(IMaterialStore store, IMaterialBytes bytes, MaterialOptions options, TimeProvider time, ILogger<MaterialSweep> log)
{
    private const int AtOnce = 100;

    private long? lookedAt;

    /// <summary>True where the time has come to look.</summary>
    internal bool IsDue => lookedAt is not { } at || time.GetElapsedTime(at) >= options.SweepEvery;

    /// <summary>One look. Faults are logged: the next look does what this one could not.</summary>
    /// <param name="commit">Runs a piece of work in the hub's loop, which commits it.</param>
    internal async Task RunAsync(Func<Func<HubStep, CancellationToken, Task>, Task> commit, CancellationToken cancel)
    {
        lookedAt = time.GetTimestamp();
        try
        {
            var now = time.GetUtcNow();
            await store.ForgetAsync(now - options.UploadExpiry, now.AddDays(-options.KeepDays), cancel);
            while (await LookAsync(commit, cancel) == AtOnce)
            {
            }

            while (await ClearAsync(cancel) == AtOnce)
            {
            }
        }
        catch (Exception e)
        {
            // Whatever it was: deadlines are looked after by the same loop, and must go on.
            if (!cancel.IsCancellationRequested)
                log.LogWarning("Materials that are not kept any longer could not all be removed ({Fault}); it is tried again.", e.GetType().Name);
        }
    }

    private async Task<int> LookAsync(Func<Func<HubStep, CancellationToken, Task>, Task> commit, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var due = await store.DueContentsAsync(now, AtOnce, cancel);
        var looked = due.ConvertAll(c => (Content: c, Again: MaterialRules.LookAgain(c, options, now)));
        await store.PostponeAsync([.. looked.Where(l => l.Again is not null).Select(l => (l.Content.Digest, l.Again!.Value))], cancel);
        var ended = looked.Where(l => l.Again is null).Select(l => l.Content).ToList();
        if (ended.Count > 0)
        {
            await commit((step, _) =>
            {
                step.Append(Entry(step.Now, ended));
                step.Commit.MaterialsEnded.AddRange(ended.Select(c => (c.Digest, step.Now)));
                return Task.CompletedTask;
            });
        }

        return due.Count;
    }

    private async Task<int> ClearAsync(CancellationToken cancel)
    {
        var left = await store.LeftoversAsync(AtOnce, cancel);
        foreach (var location in left)
            await bytes.DeleteAsync(location, cancel);
        if (left.Count > 0)
            await store.ClearedAsync(left, cancel);
        return left.Count;
    }

    private static JournalEntry Entry(DateTimeOffset now, List<DueContent> ended) => new()
    {
        Kind = EntryKind.Operator,
        Key = string.Create(CultureInfo.InvariantCulture, $"operator:materials-ended:{now.UtcTicks}:{ended[0].Digest}"),
        MessageId = "",
        Type = "",
        ExchangeId = Nodes.NoExchange,
        Sender = "retention",
        Sequence = 0,
        At = now,
        Body = JsonSerializer.SerializeToUtf8Bytes(ended.Select(c => new { digest = c.Digest, size = c.Size, named = c.Named, lastChange = c.LastChange })),
    };
}

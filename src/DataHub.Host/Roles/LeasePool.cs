using System.Collections.Concurrent;
using DataHub.Core.Storage;

namespace DataHub.Host.Roles;

/// <summary>
/// Runs those of some nodes whose leases this process holds. Every process of a role takes its share, gives back what is
/// more, and takes over what a lost process held once its leases have expired.
/// </summary>
internal sealed class LeasePool(INodeLeases leases, string role, string owner, IReadOnlyList<string> nodes, TimeSpan ttl, TimeProvider time, ILogger log,
    Func<string, long, CancellationToken, Task<NodeRun>> open) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, (long Fence, NodeRun Run)> held = new(StringComparer.Ordinal);

    /// <summary>Fences of the leases that are ours, those of nodes that are being opened or closed too.</summary>
    private readonly ConcurrentDictionary<string, long> fences = new(StringComparer.Ordinal);

    private readonly ConcurrentDictionary<string, byte> unstarted = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim wake = new(0);
    private volatile string[] elsewhere = [];
    private long keptAt;

    public string Role => role;

    /// <summary>Nodes that run here.</summary>
    public IEnumerable<string> Held => held.Keys;

    /// <summary>Nodes that another process held at the last look.</summary>
    public IReadOnlyCollection<string> Elsewhere => elsewhere;

    /// <summary>Nodes that were taken here and do not run: they are being started, or could not be, and nobody else runs them yet.</summary>
    public IEnumerable<string> Unstarted => unstarted.Keys.Order(StringComparer.Ordinal);

    /// <summary>True where the leases could be read and kept lately; otherwise others may have taken them.</summary>
    public bool Current => Interlocked.Read(ref keptAt) is var kept and not 0 && time.GetElapsedTime(kept) < ttl;

    /// <summary>
    /// Until cancelled, keeps the leases every third of their time, so that two attempts may fail before one expires. Beside
    /// everything else: opening and closing nodes may take longer than a lease lasts.
    /// </summary>
    public async Task KeepAsync(CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(ttl / 3, time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancel))
            {
                try
                {
                    await RenewAsync(cancel);
                }
                catch (Exception e) when (!cancel.IsCancellationRequested)
                {
                    // The look that follows fails too, and says so where it lasts.
                    log.LogDebug("The leases of {Role} could not be renewed ({Fault}).", role, e.GetType().Name);
                }
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // Stopping: the leases are given back by disposal.
        }
    }

    private async Task RenewAsync(CancellationToken cancel)
    {
        await leases.AnnounceAsync(role, owner, ttl, cancel);
        foreach (var lease in fences)
        {
            if (!await leases.RenewAsync(lease.Key, lease.Value, ttl, cancel) && fences.TryRemove(lease))
                wake.Release();
        }

        Interlocked.Exchange(ref keptAt, time.GetTimestamp());
    }

    /// <summary>Until cancelled, looks for what has to be opened and closed.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        try
        {
            while (true)
            {
                // A node that has stopped by itself must not keep its consumers: its frames would come back for ever.
                await wake.WaitAsync(ttl / 3, cancel);
                await TryLookAsync(cancel);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // As above.
        }
    }

    internal async Task TryLookAsync(CancellationToken cancel)
    {
        try
        {
            await LookAsync(cancel);
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            // The nodes go on, as each commit is fenced; until another may have taken them, whose frames they would only hold up.
            log.LogWarning("The leases of {Role} could not be kept ({Fault}); it is tried again.", role, e.GetType().Name);
            if (Current)
                return;
            foreach (var node in held.Keys)
                await CloseAsync(node);
        }
    }

    /// <summary>Keeps what is held, gives back what is more than this process's share, takes what is free of it.</summary>
    /// <exception cref="StoreUnavailableException">The database could not be asked.</exception>
    public async Task LookAsync(CancellationToken cancel)
    {
        await RenewAsync(cancel);
        // A node that has just ended waits for the next look: one that fails at once must not be started without a pause.
        var ended = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (node, (fence, run)) in held)
        {
            if (run.Ended.IsCompleted || fences.GetValueOrDefault(node) != fence)
            {
                log.LogWarning("Node {Node} does not run here any more: {Why}.", node, WhyEnded(run.Ended));
                ended.Add(node);
                await CloseAsync(node);
            }
        }

        var view = await leases.LeasesAsync(role, cancel);
        foreach (var node in unstarted.Keys.Where(n => view.Holders.TryGetValue(n, out var holder) && holder != owner))
            unstarted.TryRemove(node, out _);
        var members = Math.Max(1, view.Members.Count);
        var share = (nodes.Count + members - 1) / members;
        foreach (var node in held.Keys.Order(StringComparer.Ordinal).Skip(share))
            await GiveBackAsync(node);
        foreach (var node in nodes.Where(n => !view.Holders.TryGetValue(n, out var holder) || holder == owner))
        {
            if (held.Count < share && !held.ContainsKey(node) && !ended.Contains(node))
                await TakeAsync(node, cancel);
        }

        elsewhere = [.. nodes.Where(n => !held.ContainsKey(n) && view.Holders.TryGetValue(n, out var holder) && holder != owner)];
    }

    private static string WhyEnded(Task run) => run switch
    {
        { IsCanceled: true } => "it was cancelled",
        { IsFaulted: true } when run.Exception!.GetBaseException() is not LeaseLostException => run.Exception.GetBaseException().GetType().Name,
        _ => "another process has taken it over",
    };

    private async Task TakeAsync(string node, CancellationToken cancel)
    {
        if (await leases.AcquireAsync(node, owner, ttl, cancel) is not { } fence)
            return;
        fences[node] = fence;
        unstarted[node] = 0;
        var run = await OpenAsync(node, fence, cancel);
        held[node] = (fence, run);
        unstarted.TryRemove(node, out _);
        _ = run.Ended.ContinueWith(_ => wake.Release(), TaskScheduler.Default);
        log.LogInformation("Node {Node} runs here under fence {Fence}.", node, fence);
    }

    /// <summary>A lease that is kept for a node that does not run would keep the node from everyone.</summary>
    private async Task<NodeRun> OpenAsync(string node, long fence, CancellationToken cancel)
    {
        try
        {
            return await open(node, fence, cancel);
        }
        catch (Exception e)
        {
            log.LogWarning("Node {Node} could not be started ({Fault}); its lease is given back.", node, e.GetType().Name);
            fences.TryRemove(new KeyValuePair<string, long>(node, fence));
            await ReleaseAsync(node, fence);
            throw;
        }
    }

    private async Task ReleaseAsync(string node, long fence)
    {
        try
        {
            await leases.ReleaseAsync(node, fence, CancellationToken.None);
        }
        catch (StoreUnavailableException)
        {
            // It expires by itself.
        }
    }

    private async Task<long?> CloseAsync(string node)
    {
        if (!held.TryRemove(node, out var closing))
            return null;
        await closing.Run.DisposeAsync();
        fences.TryRemove(new KeyValuePair<string, long>(node, closing.Fence));
        return closing.Fence;
    }

    private async Task GiveBackAsync(string node)
    {
        if (await CloseAsync(node) is { } fence)
            await ReleaseAsync(node, fence);
    }

    /// <summary>Leaves: first as one who takes a share, so that whoever looks from now on takes what is given back.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await leases.AnnounceAsync(role, owner, TimeSpan.Zero, CancellationToken.None);
        }
        catch (StoreUnavailableException)
        {
            // It expires by itself.
        }

        foreach (var node in held.Keys)
            await GiveBackAsync(node);
    }
}

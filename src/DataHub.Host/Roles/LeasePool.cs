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
    private readonly SemaphoreSlim wake = new(0);
    private long lookedAt;

    public string Role => role;

    /// <summary>Nodes that run here.</summary>
    public IEnumerable<string> Held => held.Keys;

    /// <summary>True where the leases could be read and kept lately; otherwise others may have taken them.</summary>
    public bool Current => lookedAt != 0 && time.GetElapsedTime(lookedAt) < ttl;

    /// <summary>Until cancelled, looks every third of the leases' time, so that two looks may fail before a lease expires.</summary>
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
            // Stopping: the leases are given back by disposal.
        }
    }

    private async Task TryLookAsync(CancellationToken cancel)
    {
        try
        {
            await LookAsync(cancel);
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            // The nodes go on: each commit is fenced, so at worst nothing is written.
            log.LogWarning("The leases of {Role} could not be kept ({Fault}); it is tried again.", role, e.GetType().Name);
        }
    }

    /// <summary>Keeps what is held, gives back what is more than this process's share, takes what is free of it.</summary>
    /// <exception cref="StoreUnavailableException">The database could not be asked.</exception>
    public async Task LookAsync(CancellationToken cancel)
    {
        await leases.AnnounceAsync(role, owner, ttl, cancel);
        foreach (var (node, (fence, run)) in held)
        {
            if (run.Ended.IsCompleted || !await leases.RenewAsync(node, fence, ttl, cancel))
            {
                log.LogWarning("Node {Node} was taken over by another process.", node);
                await CloseAsync(node);
            }
        }

        var view = await leases.LeasesAsync(role, cancel);
        var members = Math.Max(1, view.Members.Count);
        var share = (nodes.Count + members - 1) / members;
        foreach (var node in held.Keys.Order(StringComparer.Ordinal).Skip(share))
            await GiveBackAsync(node, cancel);
        foreach (var node in nodes.Where(n => !view.Holders.TryGetValue(n, out var holder) || holder == owner))
        {
            if (held.Count >= share || held.ContainsKey(node))
                continue;
            if (await leases.AcquireAsync(node, owner, ttl, cancel) is { } fence)
            {
                var run = await open(node, fence, cancel);
                held[node] = (fence, run);
                _ = run.Ended.ContinueWith(_ => wake.Release(), TaskScheduler.Default);
                log.LogInformation("Node {Node} runs here under fence {Fence}.", node, fence);
            }
        }

        lookedAt = time.GetTimestamp();
    }

    private async Task<long?> CloseAsync(string node)
    {
        if (!held.TryRemove(node, out var closing))
            return null;
        await closing.Run.DisposeAsync();
        return closing.Fence;
    }

    private async Task GiveBackAsync(string node, CancellationToken cancel)
    {
        if (await CloseAsync(node) is { } fence)
            await leases.ReleaseAsync(node, fence, cancel);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in held.Keys)
        {
            try
            {
                await GiveBackAsync(node, CancellationToken.None);
            }
            catch (StoreUnavailableException)
            {
                // It expires by itself.
            }
        }

        try
        {
            await leases.AnnounceAsync(role, owner, TimeSpan.Zero, CancellationToken.None);
        }
        catch (StoreUnavailableException)
        {
            // As above.
        }
    }
}

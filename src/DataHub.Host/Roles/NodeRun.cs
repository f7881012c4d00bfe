using System.Collections.Concurrent;
using DataHub.Core.Messaging;

namespace DataHub.Host.Roles;

/// <summary>A node at work: its loops, and the consumers of its queues. Ends when its lease is lost, or by disposal.</summary>
internal sealed class NodeRun : IAsyncDisposable
{
    private static readonly TimeSpan EndsWithin = TimeSpan.FromSeconds(10);

    /// <summary>Whoever keeps the leases must not wait for a bus that is away: the consumers come when it does.</summary>
    private static readonly TimeSpan ConnectsWithin = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan TryAgainAfter = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource stopping = new();
    private readonly ConcurrentBag<IAsyncDisposable> consumers = [];
    private Task running = Task.CompletedTask;
    private Task connecting = Task.CompletedTask;

    /// <summary>Completes when the node has stopped, also by itself: another process has taken it over.</summary>
    public Task Ended => running;

    /// <summary>Starts the node's loops, then its consumers, so that nothing comes in before there is someone to take it.</summary>
    public static async Task<NodeRun> StartAsync(Func<CancellationToken, Task> run, IEnumerable<FrameEndpoint> queues, IFrameBusControl bus)
    {
        var node = new NodeRun();
        node.running = run(node.stopping.Token);
        node.connecting = Task.WhenAll([.. queues.Select(queue => node.ConnectAsync(queue, bus))]);
        await Task.WhenAny(node.connecting, Task.Delay(ConnectsWithin));
        return node;
    }

    /// <summary>Each queue by itself: one that cannot be consumed must not keep the node from the others.</summary>
    private async Task ConnectAsync(FrameEndpoint queue, IFrameBusControl bus)
    {
        while (true)
        {
            try
            {
                consumers.Add(await bus.ConnectAsync(queue, stopping.Token));
                return;
            }
            catch (Exception) when (!stopping.IsCancellationRequested)
            {
                // The bus has logged why, and is not healthy until this succeeds.
                await Task.Delay(TryAgainAfter, stopping.Token);
            }
        }
    }

    /// <summary>Stops the loops first: frames that come meanwhile go back to their queue, for whoever takes the node over.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await connecting.ContinueWith(static _ => { }, TaskScheduler.Default);
        foreach (var consumer in consumers)
            await EndAsync(consumer);
        try
        {
            await running.WaitAsync(EndsWithin);
        }
        catch (Exception)
        {
            // Stopped as asked, taken over, or failed, which whoever looked at Ended has said; whatever did not end in time
            // holds nothing that the store does not have.
        }

        stopping.Dispose();
    }

    private static async Task EndAsync(IAsyncDisposable consumer)
    {
        try
        {
            await consumer.DisposeAsync();
        }
        catch (Exception)
        {
            // The bus is away or going: its frames come again. Whoever keeps the leases must not end with it.
        }
    }
}

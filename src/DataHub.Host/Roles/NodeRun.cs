using DataHub.Core.Messaging;

namespace DataHub.Host.Roles;

/// <summary>A node at work: its loops, and the consumers of its queues. Ends when its lease is lost, or by disposal.</summary>
internal sealed class NodeRun : IAsyncDisposable
{
    private static readonly TimeSpan EndsWithin = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource stopping = new();
    private readonly List<IAsyncDisposable> consumers = [];
    private Task running = Task.CompletedTask;

    /// <summary>Completes when the node has stopped, also by itself: another process has taken it over.</summary>
    public Task Ended => running;

    /// <summary>Starts the node's loops, then its consumers, so that nothing comes in before there is someone to take it.</summary>
    public static async Task<NodeRun> StartAsync(Func<CancellationToken, Task> run, IEnumerable<FrameEndpoint> queues, IFrameBusControl bus, CancellationToken cancel)
    {
        var node = new NodeRun();
        try
        {
            node.running = run(node.stopping.Token);
            foreach (var queue in queues)
                node.consumers.Add(await bus.ConnectAsync(queue, cancel));
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops the loops first: frames that come meanwhile go back to their queue, for whoever takes the node over.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        foreach (var consumer in consumers)
            await consumer.DisposeAsync();
        try
        {
            await running.WaitAsync(EndsWithin);
        }
        catch (Exception e) when (e is OperationCanceledException or TimeoutException or Core.Storage.LeaseLostException)
        {
            // Stopped as asked, or taken over; whatever did not end in time holds nothing that the store does not have.
        }

        stopping.Dispose();
    }
}

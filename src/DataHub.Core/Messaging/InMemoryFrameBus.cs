using System.Collections.Concurrent;
using MassTransit;

namespace DataHub.Core.Messaging;

/// <summary>The bus of the embedded default, inside one process. What lies in it is lost with the process; links send it again.</summary>
public sealed class InMemoryFrameBus : IFrameBusControl
{
    private readonly IBusControl bus;
    private readonly MassTransitFrameBus frames;

    // A send to a queue that nobody has made yet would be lost, and come again only with the link's re-send, seconds later.
    private readonly ConcurrentDictionary<string, TaskCompletionSource> taken = new(StringComparer.Ordinal);

    private InMemoryFrameBus(IBusControl bus)
    {
        this.bus = bus;
        frames = new MassTransitFrameBus(bus);
    }

    public static async Task<InMemoryFrameBus> StartAsync(CancellationToken cancel)
    {
        var made = Bus.Factory.CreateUsingInMemory(static configure => configure.UseFrames());
        await made.StartAsync(cancel);
        return new InMemoryFrameBus(made);
    }

    public bool Healthy => bus.CheckHealth().Status == BusHealthStatus.Healthy;

    /// <summary>Waits until somebody takes from the queue.</summary>
    public async Task SendAsync(string queue, byte[] frame, CancellationToken cancel)
    {
        await Taken(queue).Task.WaitAsync(cancel);
        await frames.SendAsync(queue, frame, cancel);
    }

    public async Task<IAsyncDisposable> ConnectAsync(FrameEndpoint endpoint, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        var handle = bus.ConnectReceiveEndpoint(endpoint.Queue, e => e.TakeFrames(endpoint));
        await handle.Ready.WaitAsync(cancel);
        Taken(endpoint.Queue).TrySetResult();
        return new Connected(handle, () => taken.TryRemove(endpoint.Queue, out _));
    }

    public async ValueTask DisposeAsync() => await bus.StopAsync(TimeSpan.FromSeconds(5));

    private TaskCompletionSource Taken(string queue) => taken.GetOrAdd(queue, static _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    private sealed class Connected(HostReceiveEndpointHandle handle, Action left) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            left();
            await handle.StopAsync(default);
        }
    }
}

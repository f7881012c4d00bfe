using MassTransit;

namespace DataHub.Core.Messaging;

/// <summary>The bus of the embedded default, inside one process. What lies in it is lost with the process; links send it again.</summary>
public sealed class InMemoryFrameBus : IFrameBusControl
{
    private readonly IBusControl bus;
    private readonly MassTransitFrameBus frames;

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

    public Task SendAsync(string queue, byte[] frame, CancellationToken cancel) => frames.SendAsync(queue, frame, cancel);

    public async Task<IAsyncDisposable> ConnectAsync(FrameEndpoint endpoint, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        var handle = bus.ConnectReceiveEndpoint(endpoint.Queue, e => e.TakeFrames(endpoint));
        await handle.Ready.WaitAsync(cancel);
        return new Connected(handle);
    }

    public async ValueTask DisposeAsync() => await bus.StopAsync(TimeSpan.FromSeconds(5));

    private sealed class Connected(HostReceiveEndpointHandle handle) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await handle.StopAsync(default);
    }
}

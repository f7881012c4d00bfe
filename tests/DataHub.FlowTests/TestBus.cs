using DataHub.Core.Messaging;

namespace DataHub.FlowTests;

/// <summary>The host's own bus, seen by the test: it can send frames of its own, and change what the nodes send.</summary>
internal sealed class TestBus : IFrameBus
{
    private IFrameBus? inner;

    /// <summary>What becomes of a node's frame: by default itself; nothing for a lost one, two for a repeated one.</summary>
    public Func<string, byte[], IReadOnlyList<byte[]>> OnFrame { get; set; } = static (_, frame) => [frame];

    /// <summary>For <c>DataHubOptions.Bus</c>.</summary>
    public IFrameBus Wrap(IFrameBus bus)
    {
        inner = bus;
        return this;
    }

    public async Task SendAsync(string queue, byte[] frame, CancellationToken cancel)
    {
        foreach (var changed in OnFrame(queue, frame))
            await inner!.SendAsync(queue, changed, cancel);
    }

    /// <summary>Puts a frame into a queue, as whoever can reach the bus could.</summary>
    public Task InjectAsync(string queue, byte[] frame) => inner!.SendAsync(queue, frame, default);
}

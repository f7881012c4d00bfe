using DataHub.Adapters.Pipeline;
using DataHub.Contracts;
using DataHub.Core.Messaging;
using DataHub.Core.Native;
using DataHub.Core.Registry;
using DataHub.Core.Storage;

namespace DataHub.Host.Roles;

/// <summary>A city's adapter: its native interface, and its node while this process holds the city's lease.</summary>
internal sealed class AdapterRole : IAdapterIntake, IDisposable
{
    private static readonly TimeSpan ComeAgain = TimeSpan.FromSeconds(2);

    private readonly HostParts parts;
    private readonly City city;
    private volatile AdapterNode? node;

    public AdapterRole(HostParts parts, City city, NativeMapping mapping, CityEndpoint endpoint, Func<CityAdapterContext, ICityAdapter> make)
    {
        this.parts = parts;
        this.city = city;
        Native = make(new CityAdapterContext(city, parts.Registry, mapping, this, endpoint, parts.Options.Time, parts.Logs));
        Pool = parts.Pool(RoleOf(city.Key), [city.Code], OpenAsync);
    }

    public string City => city.Code;

    /// <summary>The city's native interface.</summary>
    public ICityAdapter Native { get; }

    public LeasePool Pool { get; }

    /// <summary>The node; null while another process holds the city's lease.</summary>
    public AdapterNode? Node => node;

    /// <summary>True where messages can be taken in.</summary>
    public bool Healthy => node is { Healthy: true };

    public static string RoleOf(string cityKey) => "adapter:" + cityKey;

    public Task<IntakeOutcome> TakeInAsync(NativeIntake message, CancellationToken cancellationToken) =>
        node?.TakeInAsync(message, cancellationToken) ?? Task.FromResult<IntakeOutcome>(new IntakeOutcome.Busy(ComeAgain));

    /// <exception cref="StoreUnavailableException">Not journalled, so it must not be told to anyone.</exception>
    public Task RefuseAsync(ReadOnlyMemory<byte> native, string? messageId, IReadOnlyList<Contracts.Payloads.Reason> reasons, CancellationToken cancellationToken) =>
        node?.RefuseAsync(native, messageId, reasons, cancellationToken)
        ?? throw new StoreUnavailableException("Another process has the city's lease.", new LeaseLostException(city.Code));

    private async Task<NodeRun> OpenAsync(string code, long fence, CancellationToken cancel)
    {
        var opened = new AdapterNode(city, parts.Shards, fence, parts.Store, parts.Frames, parts.Keys, parts.Check, parts.Options.Adapters, parts.Options.Time,
            parts.Logs.CreateLogger<AdapterNode>());
        await opened.LoadAsync(cancel);
        var queues = parts.Shards.Nodes.Select((_, shard) => new FrameEndpoint(QueueNames.Deliver(code, shard), (frame, token) => opened.TakeFrameAsync(shard, frame, token)));
        return await NodeRun.StartAsync(token => RunAsync(opened, token), queues, parts.Bus);
    }

    private async Task RunAsync(AdapterNode opened, CancellationToken cancel)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        node = opened;
        try
        {
            var reading = Native.RunAsync(ending.Token);
            // A native interface that has failed, or was cancelled by another than us, takes nothing in: the node ends with it and
            // is started anew.
            _ = reading.ContinueWith(_ => ending.CancelAsync(), CancellationToken.None, TaskContinuationOptions.NotOnRanToCompletion, TaskScheduler.Default);
            try
            {
                await opened.RunAsync(Native, ending.Token);
            }
            finally
            {
                await ending.CancelAsync();
                await reading;
            }
        }
        finally
        {
            // One that ended late must not take the place of the next.
            Interlocked.CompareExchange(ref node, null, opened);
        }
    }

    public void Dispose() => (Native as IDisposable)?.Dispose();
}

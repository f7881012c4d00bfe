using MassTransit;
using Microsoft.Extensions.Logging;

namespace DataHub.Core.Messaging.RabbitMq;

/// <summary>A queue being consumed, until it is disposed of.</summary>
internal sealed class RabbitTaking : IReceiveEndpointObserver, IAsyncDisposable
{
    private static readonly TimeSpan ConnectAgainAfter = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan ConnectAgainAtMost = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(2);

    private readonly FrameEndpoint endpoint;
    private readonly IBusControl bus;
    private readonly RabbitMqOptions options;
    private readonly TimeProvider time;
    private readonly ILogger log;
    private readonly Func<string, byte[], int, Exception, Task> park;
    private readonly CancellationTokenSource stopping;
    private readonly TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim faulted = new(0, 1);
    private readonly Task keeping;
    private volatile bool connected;
    private volatile int failures;
    private int disposed;

    public RabbitTaking(FrameEndpoint endpoint, IBusControl bus, RabbitMqOptions options, TimeProvider time, ILogger log,
        Func<string, byte[], int, Exception, Task> park, CancellationToken stop)
    {
        this.endpoint = endpoint;
        this.bus = bus;
        this.options = options;
        this.time = time;
        this.log = log;
        this.park = park;
        stopping = CancellationTokenSource.CreateLinkedTokenSource(stop);
        keeping = KeepAsync();
    }

    /// <summary>Completes when RabbitMQ has begun to hand frames out for the first time.</summary>
    public Task Ready => ready.Task;

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0)
            return;
        await stopping.CancelAsync();
        await keeping;
        stopping.Dispose();
    }

    /// <summary>
    /// MassTransit by itself connects again with waits that grow to 30 seconds and never shrink again. Here a faulted endpoint
    /// is replaced by a new one after at most 5 seconds.
    /// </summary>
    private async Task KeepAsync()
    {
        var handle = Connect();
        try
        {
            while (true)
            {
                await faulted.WaitAsync(stopping.Token);
                var wait = ConnectAgainAfter * Math.Pow(2, Math.Min(failures++, 6));
                await Task.Delay(wait < ConnectAgainAtMost ? wait : ConnectAgainAtMost, time, stopping.Token);
                if (connected)
                    continue;
                await handle.StopAsync(stopping.Token);
                handle = Connect();
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            using var within = new CancellationTokenSource(StopWithin);
            try
            {
                await handle.StopAsync(within.Token);
            }
            catch (OperationCanceledException)
            {
                // RabbitMQ is away, and gives the frames back by itself when it finds the connection gone.
            }
        }
    }

    private HostReceiveEndpointHandle Connect() => bus.ConnectReceiveEndpoint(endpoint.Queue, receive =>
    {
        receive.ConfigureConsumeTopology = false;
        receive.PublishFaults = false;
        receive.PrefetchCount = options.Prefetch;
        receive.ConcurrentMessageLimit = FrameBusConfiguration.FramesAtOnce;
        // What the handler throws gives the frame back to its queue; there are no error queues.
        receive.RethrowFaultedMessages();
        // The queue is ours (RabbitTopology); only the exchange of its name is declared again, just as it is.
        ((IRabbitMqReceiveEndpointConfigurator)receive).BindQueue = false;
        receive.Handler<Frame>(context => HandleAsync(context.Message.Body, context.CancellationToken));
        receive.ConnectReceiveEndpointObserver(this);
    });

    /// <summary>
    /// Completes for an acknowledgement; throws for a return to the queue. A frame that fails is held and tried again
    /// here, where it keeps its place; the frames behind it would only be gaps.
    /// </summary>
    private async Task HandleAsync(byte[] frame, CancellationToken channelLost)
    {
        // Without its channel a frame cannot be acknowledged any more, and MassTransit connects again only when its handler has ended.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token, channelLost);
        var wait = options.TryAgainAfter;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await endpoint.Handle(frame, stop.Token);
                FaultPoints.Pass(FaultPoints.BeforeAcknowledge);
                return;
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                if (attempt == options.Attempts)
                {
                    log.LogError("A frame of {Queue} failed {Attempts} times ({Fault}); it is parked.", endpoint.Queue, attempt, e.GetType().Name);
                    await park(endpoint.Queue, frame, attempt, e);
                    return;
                }

                log.LogWarning("A frame of {Queue} failed ({Fault}); it is tried again.", endpoint.Queue, e.GetType().Name);
            }

            await Task.Delay(wait, time, stop.Token);
            wait = wait * 2 < options.TryAgainAtMost ? wait * 2 : options.TryAgainAtMost;
        }
    }

    Task IReceiveEndpointObserver.Ready(ReceiveEndpointReady context)
    {
        connected = true;
        failures = 0;
        ready.TrySetResult();
        return Task.CompletedTask;
    }

    Task IReceiveEndpointObserver.Faulted(ReceiveEndpointFaulted context)
    {
        connected = false;
        try
        {
            if (faulted.CurrentCount == 0)
                faulted.Release();
        }
        catch (SemaphoreFullException)
        {
            // Two faults at the same moment: one is enough.
        }

        return Task.CompletedTask;
    }

    Task IReceiveEndpointObserver.Stopping(ReceiveEndpointStopping context) => Task.CompletedTask;

    Task IReceiveEndpointObserver.Completed(ReceiveEndpointCompleted context) => Task.CompletedTask;
}

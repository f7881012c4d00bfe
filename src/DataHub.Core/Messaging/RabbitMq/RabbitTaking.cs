using MassTransit;
using Microsoft.Extensions.Logging;

namespace DataHub.Core.Messaging.RabbitMq;

/// <summary>A queue being consumed, until it is disposed of.</summary>
internal sealed class RabbitTaking : IAsyncDisposable
{
    private static readonly TimeSpan ConnectAgainAfter = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan ConnectAgainAtMost = TimeSpan.FromSeconds(5);

    /// <summary>A consumer that is neither there nor lost after so long is given up: RabbitMQ answers in seconds or not at all.</summary>
    private static readonly TimeSpan ReadyWithin = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(2);

    private readonly FrameEndpoint endpoint;
    private readonly IBusControl bus;
    private readonly Func<Task<IBusControl>> another;
    private readonly Func<string, CancellationToken, Task<uint?>> consumers;
    private readonly RabbitMqOptions options;
    private readonly TimeProvider time;
    private readonly ILogger log;
    private readonly Func<string, byte[], int, Exception, Task> park;
    private readonly CancellationTokenSource stopping;
    private readonly TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task keeping;
    private IBusControl? own;
    private volatile int failures;
    private int disposed;

    /// <param name="another">Starts a bus of its own for this queue, where the given one hangs.</param>
    /// <param name="consumers">Asks RabbitMQ how many consumers a queue has; null where it does not answer.</param>
    /// <param name="park">Sets a frame aside that failed too often.</param>
    public RabbitTaking(FrameEndpoint endpoint, IBusControl bus, Func<Task<IBusControl>> another, Func<string, CancellationToken, Task<uint?>> consumers, RabbitMqOptions options, TimeProvider time, ILogger log,
        Func<string, byte[], int, Exception, Task> park, CancellationToken stop)
    {
        this.endpoint = endpoint;
        this.bus = bus;
        this.another = another;
        this.consumers = consumers;
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
        if (own is not null)
            await RabbitSender.StopAsync(own);
        stopping.Dispose();
    }

    /// <summary>
    /// MassTransit by itself connects again with waits that grow to 30 seconds and never shrink again; and an endpoint whose
    /// connection is lost while it hands frames out may stay without a consumer and never say so. So an endpoint that was lost,
    /// or that RabbitMQ does not know as a consumer, is replaced by a new one after at most 5 seconds, whether or not it came back.
    /// </summary>
    private async Task KeepAsync()
    {
        Consumer? consumer = null;
        try
        {
            while (true)
            {
                consumer = Connect();
                if (consumer is not null)
                    await LostAsync(consumer);
                var wait = ConnectAgainAfter * Math.Pow(2, Math.Min(failures++, 6));
                await Task.Delay(wait < ConnectAgainAtMost ? wait : ConnectAgainAtMost, time, stopping.Token);
                await GiveUpAsync(consumer);
            }
        }
        catch (Exception) when (stopping.IsCancellationRequested)
        {
            await GiveUpAsync(consumer);
        }
    }

    /// <summary>Completes when the consumer is lost, or was not there in time.</summary>
    private async Task LostAsync(Consumer consumer)
    {
        if (!await WithinAsync(consumer.Known, ReadyWithin))
        {
            await RenewAsync();
            return;
        }

        while (!await WithinAsync(consumer.Lost, LookEvery))
        {
            if (await consumers(endpoint.Queue, stopping.Token) != 0 || consumer.Lost.IsCompleted)
                continue;
            log.LogWarning("{Queue} lost its consumer without a word; it is consumed anew.", endpoint.Queue);
            return;
        }
    }

    /// <summary>An endpoint that is neither there nor lost waits for a bus that hangs, and so would the next: that one gets a bus of its own.</summary>
    private async Task RenewAsync()
    {
        log.LogWarning("{Queue} is not consumed in time; a new connection is made for it.", endpoint.Queue);
        var hung = own;
        try
        {
            own = await another().WaitAsync(ReadyWithin, time, stopping.Token);
        }
        catch (Exception e) when (!stopping.IsCancellationRequested)
        {
            log.LogWarning("{Queue} has no connection ({Fault}); it is tried again.", endpoint.Queue, e.GetType().Name);
            return;
        }

        if (hung is not null)
            await RabbitSender.StopAsync(hung);
    }

    private async Task<bool> WithinAsync(Task task, TimeSpan time)
    {
        try
        {
            await task.WaitAsync(time, this.time, stopping.Token);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>Null where it could not be made.</summary>
    private Consumer? Connect()
    {
        try
        {
            var consumer = new Consumer(() =>
            {
                failures = 0;
                ready.TrySetResult();
            });
            consumer.Handle = Connect(consumer);
            return consumer;
        }
        catch (Exception e) when (!stopping.IsCancellationRequested)
        {
            // Whatever it is, the queue must not stay without its consumer.
            log.LogWarning("{Queue} could not be consumed ({Fault}); it is tried again.", endpoint.Queue, e.GetType().Name);
            return null;
        }
    }

    /// <summary>
    /// Stops a consumer, and does not wait for it without end: its stop waits for what is lost with its connection. From its
    /// first moment on the queue may have another one.
    /// </summary>
    private async Task GiveUpAsync(Consumer? consumer)
    {
        if (consumer is null)
            return;
        using var within = new CancellationTokenSource(StopWithin);
        try
        {
            await consumer.Handle!.StopAsync(within.Token).WaitAsync(within.Token);
        }
        catch (Exception)
        {
            // RabbitMQ is away, and gives the frames back by itself when it finds the connection gone.
        }
    }

    private HostReceiveEndpointHandle Connect(Consumer consumer) => (own ?? bus).ConnectReceiveEndpoint(endpoint.Queue, receive =>
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
        receive.ConnectReceiveEndpointObserver(consumer);
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

    /// <summary>One endpoint, from its connection to its loss.</summary>
    private sealed class Consumer(Action onReady) : IReceiveEndpointObserver
    {
        private readonly TaskCompletionSource known = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource lost = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public HostReceiveEndpointHandle? Handle { get; set; }

        /// <summary>Completes when it is there, or lost before that.</summary>
        public Task Known => known.Task;

        public Task Lost => lost.Task;

        public Task Ready(ReceiveEndpointReady context)
        {
            known.TrySetResult();
            onReady();
            return Task.CompletedTask;
        }

        public Task Faulted(ReceiveEndpointFaulted context) => End();

        public Task Completed(ReceiveEndpointCompleted context) => End();

        public Task Stopping(ReceiveEndpointStopping context) => Task.CompletedTask;

        private Task End()
        {
            lost.TrySetResult();
            known.TrySetResult();
            return Task.CompletedTask;
        }
    }
}

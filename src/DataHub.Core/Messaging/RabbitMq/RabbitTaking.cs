using System.Collections.Concurrent;
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

    /// <summary>Without a consumer for so long, a bus is given up where RabbitMQ answers to others. Some four endpoints were tried by then.</summary>
    private static readonly TimeSpan UsableWithin = TimeSpan.FromSeconds(10);

    /// <summary>As above, where the same bus serves other queues: then it is most likely this queue that cannot be consumed, and the others must not suffer for it.</summary>
    private static readonly TimeSpan SparedWithin = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(2);

    private readonly FrameEndpoint endpoint;
    private readonly RenewableBus bus;
    private readonly ConcurrentDictionary<RabbitTaking, Task<IBusControl>?> queues;
    private readonly Func<string, CancellationToken, Task<QueueState?>> look;
    private readonly RabbitMqOptions options;
    private readonly TimeProvider time;
    private readonly ILogger log;
    private readonly Func<string, byte[], int, Exception, Task> park;
    private readonly CancellationTokenSource stopping;
    private readonly TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task keeping;
    private volatile int failures;
    private int inHand;
    private long handed;
    private int disposed;

    /// <param name="bus">Shared by all queues of the process.</param>
    /// <param name="queues">The queues of the process, each with the bus that it has its consumer on; null while it has none.</param>
    /// <param name="look">Asks RabbitMQ how a queue stands; null where it does not answer.</param>
    /// <param name="park">Sets a frame aside that failed too often.</param>
    public RabbitTaking(FrameEndpoint endpoint, RenewableBus bus, ConcurrentDictionary<RabbitTaking, Task<IBusControl>?> queues, Func<string, CancellationToken, Task<QueueState?>> look,
        RabbitMqOptions options, TimeProvider time, ILogger log, Func<string, byte[], int, Exception, Task> park, CancellationToken stop)
    {
        this.endpoint = endpoint;
        this.bus = bus;
        this.queues = queues;
        this.look = look;
        this.options = options;
        this.time = time;
        this.log = log;
        this.park = park;
        stopping = CancellationTokenSource.CreateLinkedTokenSource(stop);
        queues[this] = null;
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
        queues.TryRemove(this, out _);
        stopping.Dispose();
    }

    /// <summary>
    /// MassTransit by itself connects again with waits that grow to 30 seconds and never shrink again; and an endpoint whose
    /// connection is lost while it hands frames out may stay without a consumer and never say so. So an endpoint that was lost,
    /// or that RabbitMQ does not know as a consumer, is replaced by a new one after at most 5 seconds, whether or not it came back.
    /// Where none comes about for long although RabbitMQ is there, nor for any other queue, it is the bus that keeps a dead connection.
    /// </summary>
    private async Task KeepAsync()
    {
        Consumer? consumer = null;
        var since = time.GetTimestamp();
        try
        {
            while (true)
            {
                var used = bus.Current;
                consumer = await ConnectAsync(used);
                if (consumer is not null && await WithinAsync(consumer.Known, ReadyWithin) && consumer.WasReady)
                {
                    queues[this] = used;
                    ready.TrySetResult();
                    await LostAsync(consumer, used);
                    queues[this] = null;
                    since = time.GetTimestamp();
                }
                else if (time.GetElapsedTime(since) >= UsableWithin && await look(endpoint.Queue, stopping.Token) is not null)
                {
                    GiveUpBus(used, since);
                }

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

    /// <summary>Completes when the consumer is lost, as far as can be seen, or its bus was given up.</summary>
    private async Task LostAsync(Consumer consumer, Task<IBusControl> used)
    {
        Interlocked.Exchange(ref handed, time.GetTimestamp());
        while (!await WithinAsync(consumer.Lost, LookEvery))
        {
            if (bus.Current != used)
                return;
            var state = await look(endpoint.Queue, stopping.Token);
            if (consumer.Lost.IsCompleted)
                return;
            if (state is { Consumers: 0 })
            {
                log.LogWarning("{Queue} lost its consumer without a word; it is consumed anew.", endpoint.Queue);
                return;
            }

            // A consumer of a connection that was given up may still count as one, and hold what it was given.
            if (state is { Waiting: > 0 } && Volatile.Read(ref inHand) == 0 && time.GetElapsedTime(Interlocked.Read(ref handed)) >= ReadyWithin)
            {
                log.LogWarning("{Queue} hands nothing out of the {Waiting} frames that wait in it; it is consumed anew.", endpoint.Queue, state.Waiting);
                GiveUpBus(used, Interlocked.Read(ref handed));
                return;
            }
        }
    }

    /// <summary>A bus that serves other queues is not to blame, or so it seems: a dead connection may count as their consumer.</summary>
    private void GiveUpBus(Task<IBusControl> used, long uselessSince)
    {
        if (!queues.Any(q => q.Key != this && q.Value == used))
            bus.GiveUp(used, RenewableBus.LivesAtLeast);
        else if (time.GetElapsedTime(uselessSince) >= SparedWithin)
            bus.GiveUp(used, SparedWithin);
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
    private async Task<Consumer?> ConnectAsync(Task<IBusControl> used)
    {
        try
        {
            var started = await used.WaitAsync(ReadyWithin, time, stopping.Token);
            var consumer = new Consumer(() => failures = 0);
            consumer.Handle = Connect(started, consumer);
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

    private HostReceiveEndpointHandle Connect(IBusControl started, Consumer consumer) => started.ConnectReceiveEndpoint(endpoint.Queue, receive =>
    {
        receive.ConfigureConsumeTopology = false;
        receive.PublishFaults = false;
        receive.PrefetchCount = options.Prefetch;
        receive.ConcurrentMessageLimit = FrameBusConfiguration.FramesAtOnce;
        // What the handler throws gives the frame back to its queue; there are no error queues.
        receive.RethrowFaultedMessages();
        // The queue is ours (RabbitTopology); only the exchange of its name is declared again, just as it is.
        ((IRabbitMqReceiveEndpointConfigurator)receive).BindQueue = false;
        receive.Handler<Frame>(context => TakeAsync(context.Message.Body, context.CancellationToken));
        receive.ConnectReceiveEndpointObserver(consumer);
    });

    private async Task TakeAsync(byte[] frame, CancellationToken channelLost)
    {
        Interlocked.Increment(ref inHand);
        try
        {
            await HandleAsync(frame, channelLost);
        }
        finally
        {
            Interlocked.Exchange(ref handed, time.GetTimestamp());
            Interlocked.Decrement(ref inHand);
        }
    }

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

        public bool WasReady { get; private set; }

        public Task Ready(ReceiveEndpointReady context)
        {
            WasReady = true;
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

using MassTransit;
using Microsoft.Extensions.Logging;

namespace DataHub.Core.Messaging.RabbitMq;

/// <summary>
/// Sends frames, over a bus of its own. MassTransit heeds the token at most of its steps, not at all of them: a send whose connection
/// is lost at the wrong moment never ends, and those after it may wait for the same for ever. Here such a send is left behind when
/// its time is up, and the bus with it: the next send finds a new one.
/// </summary>
internal sealed class RabbitSender : IAsyncDisposable
{
    /// <summary>A connection on which nothing could be sent for so long is dead, or RabbitMQ is away.</summary>
    internal static readonly TimeSpan FailsAtMost = TimeSpan.FromSeconds(15);

    private readonly RenewableBus bus;
    private readonly RabbitMqOptions options;
    private readonly TimeProvider time;
    private long failingSince = long.MaxValue;

    /// <param name="start">Makes a bus and starts it; it is stopped here.</param>
    /// <param name="name">Of its connection.</param>
    public RabbitSender(Func<CancellationToken, Task<IBusControl>> start, string name, RabbitMqOptions options, TimeProvider time, ILogger log)
    {
        bus = new RenewableBus(StartAsync, name, time, log);
        this.options = options;
        this.time = time;

        async Task<IBusControl> StartAsync(CancellationToken stop)
        {
            var made = await start(stop);
            made.ConnectSendObserver(new Attempts());
            return made;
        }
    }

    /// <exception cref="FrameNotSentException">Not confirmed; it may have arrived all the same.</exception>
    public async Task SendAsync(string queue, byte[] frame, (string Name, object Value)[] headers, CancellationToken cancel)
    {
        using var sending = new Sending(options, headers, cancel);
        var used = bus.Current;
        try
        {
            var started = await used.WaitAsync(sending.Token);
            var endpoint = await started.GetSendEndpoint(new Uri("exchange:" + queue)).WaitAsync(sending.Token);
            await endpoint.Send(new Frame { Body = frame }, sending, sending.Token).WaitAsync(sending.Token);
            Volatile.Write(ref failingSince, long.MaxValue);
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            var hangs = sending.Fault is null && sending.Token.IsCancellationRequested;
            if (hangs || used is { IsCompleted: true, IsCompletedSuccessfully: false } || FailsForLong())
                bus.GiveUp(used, RenewableBus.LivesAtLeast);
            throw new FrameNotSentException(queue, sending.Fault ?? e);
        }
    }

    public ValueTask DisposeAsync() => bus.DisposeAsync();

    /// <summary>A dead connection may also fail each send at once, for ever.</summary>
    private bool FailsForLong()
    {
        var now = time.GetTimestamp();
        var since = Interlocked.CompareExchange(ref failingSince, now, long.MaxValue);
        return since != long.MaxValue && time.GetElapsedTime(since, now) >= FailsAtMost;
    }

    /// <summary>
    /// One send. MassTransit by itself tries a send that failed again, after 6 to 30 seconds and a thousand times; a link knows
    /// better what to send by then. So the first failure ends it, and so does a connection that does not come about.
    /// </summary>
    private sealed class Sending : IPipe<SendContext<Frame>>, IDisposable
    {
        private readonly RabbitMqOptions options;
        private readonly (string Name, object Value)[] headers;
        private readonly CancellationTokenSource within;

        public Sending(RabbitMqOptions options, (string Name, object Value)[] headers, CancellationToken cancel)
        {
            this.options = options;
            this.headers = headers;
            within = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            within.CancelAfter(options.ConnectTimeout);
        }

        public CancellationToken Token => within.Token;

        public Exception? Fault { get; private set; }

        public Task Send(SendContext<Frame> context)
        {
            context.Durable = true;
            // An exchange without its queue would swallow the frame.
            if (context.TryGetPayload(out RabbitMqSendContext? rabbit))
                rabbit.Mandatory = true;
            foreach (var (name, value) in headers)
                context.Headers.Set(name, value);
            context.AddOrUpdatePayload(() => this, _ => this);
            return Task.CompletedTask;
        }

        /// <summary>There is a connection: now the confirmation is waited for.</summary>
        public void Started() => within.CancelAfter(options.SendTimeout);

        public void Failed(Exception fault)
        {
            Fault = fault;
            within.Cancel();
        }

        public void Probe(ProbeContext context) => context.CreateScope("frame");

        public void Dispose() => within.Dispose();
    }

    /// <summary>Hears of each attempt of a send.</summary>
    private sealed class Attempts : ISendObserver
    {
        public Task PreSend<T>(SendContext<T> context) where T : class
        {
            if (context.TryGetPayload(out Sending? sending))
                sending.Started();
            return Task.CompletedTask;
        }

        public Task PostSend<T>(SendContext<T> context) where T : class => Task.CompletedTask;

        public Task SendFault<T>(SendContext<T> context, Exception exception) where T : class
        {
            if (context.TryGetPayload(out Sending? sending))
                sending.Failed(exception);
            return Task.CompletedTask;
        }
    }
}

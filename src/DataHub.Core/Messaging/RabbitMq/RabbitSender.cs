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
    /// <summary>While RabbitMQ is away no send ends in its time either: a new bus as often as that does no harm.</summary>
    internal static readonly TimeSpan LivesAtLeast = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(5);

    private readonly Func<Task<IBusControl>> start;
    private readonly RabbitMqOptions options;
    private readonly TimeProvider time;
    private readonly ILogger log;
    private readonly Lock gate = new();
    private volatile Task<IBusControl> bus;
    private long born;

    /// <param name="start">Makes a bus and starts it; it is stopped here.</param>
    public RabbitSender(Func<Task<IBusControl>> start, RabbitMqOptions options, TimeProvider time, ILogger log)
    {
        this.start = start;
        this.options = options;
        this.time = time;
        this.log = log;
        (bus, born) = (Made(), time.GetTimestamp());
    }

    /// <exception cref="FrameNotSentException">Not confirmed; it may have arrived all the same.</exception>
    public async Task SendAsync(string queue, byte[] frame, (string Name, object Value)[] headers, CancellationToken cancel)
    {
        using var sending = new Sending(options, headers, cancel);
        var used = bus;
        try
        {
            var started = await used.WaitAsync(sending.Token);
            var endpoint = await started.GetSendEndpoint(new Uri("exchange:" + queue)).WaitAsync(sending.Token);
            await endpoint.Send(new Frame { Body = frame }, sending, sending.Token).WaitAsync(sending.Token);
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            if (used is { IsCompleted: true, IsCompletedSuccessfully: false } || (sending.Fault is null && sending.Token.IsCancellationRequested))
                GiveUp(used);
            throw new FrameNotSentException(queue, sending.Fault ?? e);
        }
    }

    public async ValueTask DisposeAsync() => await StopAsync(bus);

    /// <summary>Stops a bus, and does not wait without end for what went with a connection of its.</summary>
    public static async Task StopAsync(IBusControl started)
    {
        try
        {
            await started.StopAsync(StopWithin).WaitAsync(2 * StopWithin);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            // What it still waits for goes with the process.
        }
    }

    private static async Task StopAsync(Task<IBusControl> starting)
    {
        try
        {
            await StopAsync(await starting.WaitAsync(StopWithin));
        }
        catch (Exception)
        {
            // It was never there.
        }
    }

    // Elsewhere, since a bus takes a moment to be made: nobody waits for that longer than for a send.
    private Task<IBusControl> Made() => Task.Run(async () =>
    {
        var made = await start();
        made.ConnectSendObserver(new Attempts());
        return made;
    });

    private void GiveUp(Task<IBusControl> hung)
    {
        lock (gate)
        {
            if (bus != hung || time.GetElapsedTime(born) < LivesAtLeast)
                return;
            log.LogWarning("Sends to {RabbitMq} did not end in their time; a new connection is made for them.", options);
            (bus, born) = (Made(), time.GetTimestamp());
        }

        _ = StopAsync(hung);
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

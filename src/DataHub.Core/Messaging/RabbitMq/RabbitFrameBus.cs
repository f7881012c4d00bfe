using System.Globalization;
using System.Net.Security;
using MassTransit;
using Microsoft.Extensions.Logging;

namespace DataHub.Core.Messaging.RabbitMq;

/// <summary>RabbitMQ has not confirmed a frame. Nothing is lost: the link still has what is in it. It may have arrived all the same.</summary>
public sealed class FrameNotSentException(string queue, Exception cause) : Exception($"RabbitMQ did not confirm a frame for '{queue}' ({cause.GetType().Name}).", cause);

/// <summary>
/// The bus of the distributed deployment. A send completes when a quorum of RabbitMQ's nodes holds the frame; a frame is
/// acknowledged when its handler has completed. The topology must have been declared before.
/// </summary>
public sealed class RabbitFrameBus : IFrameBusControl
{
    private readonly IBusControl bus;
    private readonly RabbitMqOptions options;
    private readonly TimeProvider time;
    private readonly ILogger log;
    private readonly CancellationTokenSource stopping = new();

    private RabbitFrameBus(IBusControl bus, RabbitMqOptions options, TimeProvider time, ILogger log)
    {
        this.bus = bus;
        this.options = options;
        this.time = time;
        this.log = log;
    }

    /// <summary>Starts the bus. It connects when it is first used, and again by itself after an outage.</summary>
    public static async Task<RabbitFrameBus> StartAsync(RabbitMqOptions options, TimeProvider time, ILoggerFactory logs, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(options);
        LogContext.ConfigureCurrentLogContext(logs);
        var made = Bus.Factory.CreateUsingRabbitMq(configure =>
        {
            configure.UseFrames();
            Host(configure, options);
        });
        made.ConnectSendObserver(new Attempts());
        await made.StartAsync(cancel);
        return new RabbitFrameBus(made, options, time, logs.CreateLogger<RabbitFrameBus>());
    }

    public bool Healthy => bus.CheckHealth().Status == BusHealthStatus.Healthy;

    /// <exception cref="FrameNotSentException">Not confirmed: RabbitMQ is away, the queue is full, or it took too long.</exception>
    public async Task SendAsync(string queue, byte[] frame, CancellationToken cancel)
    {
        using var sending = new Sending(options, cancel);
        try
        {
            var endpoint = await bus.GetSendEndpoint(new Uri("exchange:" + queue));
            await endpoint.Send(new Frame { Body = frame }, sending, sending.Token);
            FaultPoints.Pass(FaultPoints.AfterPublish);
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            throw new FrameNotSentException(queue, sending.Fault ?? e);
        }
    }

    public async Task<IAsyncDisposable> ConnectAsync(FrameEndpoint endpoint, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        var taking = new RabbitTaking(endpoint, bus, options, time, log, ParkAsync, stopping.Token);
        try
        {
            await taking.Ready.WaitAsync(cancel);
            return taking;
        }
        catch
        {
            await taking.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await bus.StopAsync(TimeSpan.FromSeconds(5));
        stopping.Dispose();
    }

    private static void Host(IRabbitMqBusFactoryConfigurator configure, RabbitMqOptions options)
    {
        var endpoints = options.Endpoints();
        configure.Host(endpoints[0].HostName, (ushort)endpoints[0].Port, options.VirtualHost, options.ConnectionName, host =>
        {
            host.Username(options.User ?? "");
            host.Password(options.ReadPassword());
            host.Heartbeat(options.Heartbeat);
            host.PublisherConfirmation = true;
            host.OnRefreshConnectionFactory = factory =>
            {
                factory.Password = options.ReadPassword();
                return Task.CompletedTask;
            };
            if (options.Tls is not null)
            {
                host.UseSsl(ssl =>
                {
                    var option = endpoints[0].Ssl;
                    ssl.Protocol = option.Version;
                    ssl.ServerName = option.ServerName;
                    ssl.Certificate = option.Certs?[0];
                    ssl.CertificateValidationCallback = option.CertificateValidationCallback;
                    ssl.EnforcePolicyErrors(SslPolicyErrors.RemoteCertificateChainErrors | SslPolicyErrors.RemoteCertificateNameMismatch | SslPolicyErrors.RemoteCertificateNotAvailable);
                });
            }

            if (endpoints.Count > 1)
            {
                host.UseCluster(cluster =>
                {
                    foreach (var endpoint in endpoints)
                        cluster.Node(string.Create(CultureInfo.InvariantCulture, $"{endpoint.HostName}:{endpoint.Port}"));
                });
            }
        });
    }

    private async Task ParkAsync(string queue, byte[] frame, int attempts, Exception cause)
    {
        using var sending = new Sending(options, stopping.Token)
        {
            Headers = [("parked-from", queue), ("parked-cause", cause.GetType().Name), ("parked-attempts", attempts)],
        };
        var endpoint = await bus.GetSendEndpoint(new Uri("exchange:" + RabbitTopology.Parked));
        await endpoint.Send(new Frame { Body = frame }, sending, sending.Token);
    }

    /// <summary>
    /// One send. MassTransit by itself tries a send that failed again, after 6 to 30 seconds and a thousand times; a link knows
    /// better what to send by then. So the first failure ends it, and so does a connection that does not come about.
    /// </summary>
    private sealed class Sending : IPipe<SendContext<Frame>>, IDisposable
    {
        private readonly RabbitMqOptions options;
        private readonly CancellationTokenSource within;

        public Sending(RabbitMqOptions options, CancellationToken cancel)
        {
            this.options = options;
            within = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            within.CancelAfter(options.ConnectTimeout);
        }

        public (string Name, object Value)[] Headers { get; init; } = [];

        public CancellationToken Token => within.Token;

        public Exception? Fault { get; private set; }

        public Task Send(SendContext<Frame> context)
        {
            context.Durable = true;
            // An exchange without its queue would swallow the frame.
            if (context.TryGetPayload(out RabbitMqSendContext? rabbit))
                rabbit.Mandatory = true;
            foreach (var (name, value) in Headers)
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

using System.Globalization;
using System.Net.Security;
using MassTransit;
using Microsoft.Extensions.Logging;

namespace DataHub.Core.Messaging.RabbitMq;

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
        var bus = Bus.Factory.CreateUsingRabbitMq(configure =>
        {
            configure.UseFrames();
            Host(configure, options);
        });
        await bus.StartAsync(cancel);
        return new RabbitFrameBus(bus, options, time, logs.CreateLogger<RabbitFrameBus>());
    }

    public bool Healthy => bus.CheckHealth().Status == BusHealthStatus.Healthy;

    /// <exception cref="TimeoutException">Not confirmed in time: RabbitMQ is away, or the queue is full.</exception>
    public async Task SendAsync(string queue, byte[] frame, CancellationToken cancel)
    {
        using var within = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        within.CancelAfter(options.SendTimeout);
        try
        {
            var endpoint = await bus.GetSendEndpoint(new Uri("exchange:" + queue));
            await endpoint.Send(new Frame { Body = frame }, Persistent, within.Token);
        }
        catch (Exception e) when (within.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            throw new TimeoutException($"RabbitMQ did not confirm a frame for '{queue}' in time.", e);
        }
    }

    private static readonly IPipe<SendContext<Frame>> Persistent = Pipe.Execute<SendContext<Frame>>(static context =>
    {
        context.Durable = true;
        // An exchange without its queue would swallow the frame.
        if (context.TryGetPayload(out RabbitMqSendContext? rabbit))
            rabbit.Mandatory = true;
    });

    public async Task<IAsyncDisposable> ConnectAsync(FrameEndpoint endpoint, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        var taking = new Taking(this, endpoint);
        taking.Handle = bus.ConnectReceiveEndpoint(endpoint.Queue, receive =>
        {
            receive.ConfigureConsumeTopology = false;
            receive.PublishFaults = false;
            receive.PrefetchCount = options.Prefetch;
            receive.ConcurrentMessageLimit = FrameBusConfiguration.FramesAtOnce;
            // What the handler throws gives the frame back to its queue; there are no error queues.
            receive.RethrowFaultedMessages();
            // The queue is ours (RabbitTopology); only the exchange of its name is declared again, just as it is.
            ((IRabbitMqReceiveEndpointConfigurator)receive).BindQueue = false;
            receive.Handler<Frame>(context => taking.HandleAsync(context.Message.Body));
        });
        await taking.Handle.Ready.WaitAsync(cancel);
        return taking;
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
        using var within = new CancellationTokenSource(options.SendTimeout);
        var endpoint = await bus.GetSendEndpoint(new Uri("exchange:" + RabbitTopology.Parked));
        await endpoint.Send(new Frame { Body = frame }, Pipe.Execute<SendContext<Frame>>(context =>
        {
            Persistent.Send(context);
            context.Headers.Set("parked-from", queue);
            context.Headers.Set("parked-cause", cause.GetType().Name);
            context.Headers.Set("parked-attempts", attempts);
        }), within.Token);
    }

    /// <summary>A queue being consumed.</summary>
    private sealed class Taking(RabbitFrameBus owner, FrameEndpoint endpoint) : IAsyncDisposable
    {
        private readonly CancellationTokenSource stopping = CancellationTokenSource.CreateLinkedTokenSource(owner.stopping.Token);

        public HostReceiveEndpointHandle Handle { get; set; } = null!;

        /// <summary>
        /// Completes for an acknowledgement; throws for a return to the queue. A frame that fails is held and tried again
        /// here, where it keeps its place; the frames behind it would only be gaps.
        /// </summary>
        public async Task HandleAsync(byte[] frame)
        {
            var wait = owner.options.TryAgainAfter;
            for (var attempt = 1; ; attempt++)
            {
                try
                {
                    await endpoint.Handle(frame, stopping.Token);
                    return;
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    if (attempt == owner.options.Attempts)
                    {
                        owner.log.LogError("A frame of {Queue} failed {Attempts} times ({Fault}); it is parked.", endpoint.Queue, attempt, e.GetType().Name);
                        await owner.ParkAsync(endpoint.Queue, frame, attempt, e);
                        return;
                    }

                    owner.log.LogWarning("A frame of {Queue} failed ({Fault}); it is tried again.", endpoint.Queue, e.GetType().Name);
                }

                await Task.Delay(wait, owner.time, stopping.Token);
                wait = wait * 2 < owner.options.TryAgainAtMost ? wait * 2 : owner.options.TryAgainAtMost;
            }
        }

        public async ValueTask DisposeAsync()
        {
            await stopping.CancelAsync();
            await Handle.StopAsync(default);
            stopping.Dispose();
        }
    }
}

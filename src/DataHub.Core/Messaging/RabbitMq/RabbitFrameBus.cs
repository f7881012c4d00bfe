using System.Collections.Concurrent;
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
    private readonly RenewableBus bus;
    private readonly RabbitMqOptions options;
    private readonly TimeProvider time;
    private readonly ILogger log;
    private readonly RabbitSender sender;
    private readonly RabbitWatch watch;
    private readonly ConcurrentDictionary<RabbitTaking, Task<IBusControl>?> queues = new();
    private readonly CancellationTokenSource stopping = new();

    private RabbitFrameBus(RabbitMqOptions options, TimeProvider time, ILogger log)
    {
        this.options = options;
        this.time = time;
        this.log = log;
        bus = new RenewableBus(stop => StartAsync(options, options.ConnectionName, log, stop), options.ConnectionName, time, log);
        var sending = options.ConnectionName + " (send)";
        sender = new RabbitSender(stop => StartAsync(options, sending, log, stop), sending, options, time, log);
        watch = new RabbitWatch(options, time);
    }

    /// <summary>Starts the bus. It connects again by itself after an outage.</summary>
    public static async Task<RabbitFrameBus> StartAsync(RabbitMqOptions options, TimeProvider time, ILoggerFactory logs, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(logs);
        LogContext.ConfigureCurrentLogContext(logs);
        var made = new RabbitFrameBus(options, time, logs.CreateLogger<RabbitFrameBus>());
        try
        {
            await made.bus.Current.WaitAsync(cancel);
            return made;
        }
        catch
        {
            await made.DisposeAsync();
            throw;
        }
    }

    public bool Healthy => bus.Healthy && queues.Values.All(static consumedOn => consumedOn is not null);

    /// <exception cref="FrameNotSentException">Not confirmed: RabbitMQ is away, the queue is full, or it took too long.</exception>
    public async Task SendAsync(string queue, byte[] frame, CancellationToken cancel)
    {
        await sender.SendAsync(queue, frame, [], cancel);
        FaultPoints.Pass(FaultPoints.AfterPublish);
    }

    public async Task<IAsyncDisposable> ConnectAsync(FrameEndpoint endpoint, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        var taking = new RabbitTaking(endpoint, bus, queues, watch.LookAsync, options, time, log, ParkAsync, stopping.Token);
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
        await bus.DisposeAsync();
        await sender.DisposeAsync();
        await watch.DisposeAsync();
        stopping.Dispose();
    }

    private static async Task<IBusControl> StartAsync(RabbitMqOptions options, string connectionName, ILogger log, CancellationToken cancel)
    {
        var made = Bus.Factory.CreateUsingRabbitMq(configure =>
        {
            configure.UseFrames();
            Host(configure, options, connectionName, log);
        });
        await made.StartAsync(cancel);
        return made;
    }

    private static void Host(IRabbitMqBusFactoryConfigurator configure, RabbitMqOptions options, string connectionName, ILogger logger)
    {
        var endpoints = options.Endpoints(flaw => logger.LogWarning("{RabbitMq} is not trusted: {Flaw}.", options, flaw));
        configure.Host(endpoints[0].HostName, (ushort)endpoints[0].Port, options.VirtualHost, connectionName, host =>
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
                    ssl.CertificateSelectionCallback = option.CertificateSelectionCallback;
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

    private Task ParkAsync(string queue, byte[] frame, int attempts, Exception cause) => sender.SendAsync(
        RabbitTopology.Parked, frame, [("parked-from", queue), ("parked-cause", cause.GetType().Name), ("parked-attempts", attempts)], stopping.Token);
}

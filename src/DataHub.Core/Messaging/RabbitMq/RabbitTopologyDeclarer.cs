using System.Globalization;
using System.Text.RegularExpressions;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace DataHub.Core.Messaging.RabbitMq;

/// <summary>RabbitMQ cannot be used as it is set up. The message says what to change.</summary>
public sealed class BusRefusedException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>Makes the exchanges, queues and bindings that are not there yet. Done by every process before its bus starts.</summary>
public static partial class RabbitTopologyDeclarer
{
    /// <exception cref="BusRefusedException">RabbitMQ does not let us in, cannot be reached, or holds a queue with other arguments.</exception>
    public static async Task DeclareAsync(RabbitMqOptions options, RabbitTopology topology, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(topology);
        await using var connection = await ConnectAsync(options, cancel);
        var at = "";
        try
        {
            // A virtual host that does not exist is told only to the first who asks for a channel.
            await using var channel = await connection.CreateChannelAsync(cancellationToken: cancel);
            foreach (var exchange in topology.Exchanges)
            {
                at = $"exchange '{exchange.Name}'";
                await channel.ExchangeDeclareAsync(exchange.Name, exchange.Type, durable: true, autoDelete: false, cancellationToken: cancel);
            }

            foreach (var queue in topology.Queues)
            {
                at = $"queue '{queue.Name}'";
                await channel.QueueDeclareAsync(queue.Name, durable: true, exclusive: false, autoDelete: false, queue.Arguments.ToDictionary(static a => a.Key, static a => (object?)a.Value, StringComparer.Ordinal), cancellationToken: cancel);
            }

            foreach (var binding in topology.Bindings)
            {
                at = $"binding of queue '{binding.Queue}'";
                await channel.QueueBindAsync(binding.Queue, binding.Exchange, "", cancellationToken: cancel);
            }
        }
        catch (OperationInterruptedException e) when (!cancel.IsCancellationRequested)
        {
            throw Refused(options, at, e);
        }
    }

    private static async Task<IConnection> ConnectAsync(RabbitMqOptions options, CancellationToken cancel)
    {
        List<string> flaws = [];
        try
        {
            return await options.Factory().CreateConnectionAsync(options.Endpoints(flaws.Add), options.ConnectionName + " (topology)", cancel);
        }
        catch (BrokerUnreachableException e)
        {
            if (Causes(e).Any(static c => c is AuthenticationFailureException or PossibleAuthenticationFailureException))
                throw new BusRefusedException($"{options} does not accept the user and password; set those of a user that exists there.", e);
            throw flaws.Count > 0
                ? new BusRefusedException($"{options} is not trusted: {string.Join(". And: ", flaws.Distinct(StringComparer.Ordinal))}.", e)
                : new BusRefusedException($"{options} cannot be reached; start it, or set the hosts, the port and TLS as they are there{(options.Tls is { CertificateFile: null } ? ", with DATAHUB_RABBITMQ_TLS_CERTIFICATE where it asks for a certificate" : "")}.", e);
        }
        catch (OperationInterruptedException e) when (!cancel.IsCancellationRequested)
        {
            throw Refused(options, "", e);
        }
    }

    private static IEnumerable<Exception> Causes(Exception e) =>
        e.InnerException is AggregateException several ? several.Flatten().InnerExceptions.SelectMany(static i => Causes(i).Prepend(i))
        : e.InnerException is { } inner ? Causes(inner).Prepend(inner) : [];

    private static BusRefusedException Refused(RabbitMqOptions options, string at, OperationInterruptedException e)
    {
        var reason = e.ShutdownReason?.ReplyText ?? e.GetType().Name;
        if (at.Length == 0)
            return new BusRefusedException($"{options} refuses the connection: {reason}. Set a virtual host that exists and that the user may use.", e);
        if (Inequivalent().Match(reason) is { Success: true } match)
        {
            return new BusRefusedException(string.Create(CultureInfo.InvariantCulture,
                $"The {match.Groups["kind"].Value} '{match.Groups["name"].Value}' exists in RabbitMQ with another '{match.Groups["argument"].Value}': {match.Groups["values"].Value}. Set what it was made with, or, when it is empty, delete it so that it is made anew (docs/design/bus.md)."), e);
        }

        return e.ShutdownReason?.ReplyCode == 403
            ? new BusRefusedException($"The user '{options.User}' may not declare the {at}; give it the permissions configure, write and read on datahub\\..*", e)
            : new BusRefusedException($"RabbitMQ refuses the {at}: {reason}.", e);
    }

    // RabbitMQ 3.10 and 4.x: "PRECONDITION_FAILED - inequivalent arg 'x' for queue 'q' in vhost '/': received … but current is …"
    [GeneratedRegex("inequivalent arg '(?<argument>[^']+)' for (?<kind>queue|exchange) '(?<name>[^']+)' in vhost '[^']*': (?<values>.*)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Inequivalent();
}

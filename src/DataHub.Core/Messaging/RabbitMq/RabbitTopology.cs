using System.Text.Encodings.Web;
using System.Text.Json;
using DataHub.Contracts;

namespace DataHub.Core.Messaging.RabbitMq;

/// <summary>A durable exchange.</summary>
public sealed record RabbitExchange(string Name, string Type);

/// <summary>A durable queue and its arguments, in the order of their names.</summary>
public sealed record RabbitQueue(string Name, IReadOnlyDictionary<string, object> Arguments);

/// <summary>Frames sent to the exchange come into the queue.</summary>
public sealed record RabbitBinding(string Exchange, string Queue);

/// <summary>
/// Everything of ours that RabbitMQ holds, as data: held by a snapshot, declared before the bus starts, and assumed by the
/// bus. An argument of a queue that exists cannot be changed: docs/design/bus.md says how to move to another one.
/// </summary>
public sealed record RabbitTopology(IReadOnlyList<RabbitExchange> Exchanges, IReadOnlyList<RabbitQueue> Queues, IReadOnlyList<RabbitBinding> Bindings)
{
    /// <summary>Frames that nobody could take, for a person to look at. Copies: the sender still holds what is in them.</summary>
    public const string Parked = "datahub.parked";

    /// <summary>
    /// How often RabbitMQ hands a frame out again before it parks it: for frames that end the process that takes them, or
    /// whose consumer is cut off again and again. A handler's own failures are counted in the process.
    /// </summary>
    public const int DeliveryLimit = 20;

    private const long ParkedBytes = 64L * 1024 * 1024;

    /// <summary>The topology of a deployment.</summary>
    /// <param name="cityCodes">Every city that takes part.</param>
    /// <param name="shards">Shards of the hub; fixed for a deployment.</param>
    public static RabbitTopology For(IEnumerable<string> cityCodes, int shards, RabbitMqOptions options)
    {
        ArgumentNullException.ThrowIfNull(cityCodes);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(shards, 1);
        var cities = cityCodes.Order(StringComparer.Ordinal).ToList();
        List<RabbitQueue> queues = [];
        foreach (var name in from shard in Enumerable.Range(0, shards) from city in cities from queue in new[] { QueueNames.Intake(city, shard), QueueNames.Deliver(city, shard) } select queue)
            queues.Add(new RabbitQueue(name, LinkArguments(options)));
        queues.Add(new RabbitQueue(Parked, ParkedArguments(options)));
        return new RabbitTopology(
            [.. queues.Select(static q => new RabbitExchange(q.Name, "fanout"))],
            queues,
            [.. queues.Select(static q => new RabbitBinding(q.Name, q.Name))]);
    }

    /// <summary>As committed in contracts/amqp/topology.json.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json).ReplaceLineEndings("\n") + "\n";

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static SortedDictionary<string, object> LinkArguments(RabbitMqOptions options) => Quorum(options, new(StringComparer.Ordinal)
    {
        ["x-dead-letter-exchange"] = Parked,
        ["x-delivery-limit"] = DeliveryLimit,
        ["x-max-length-bytes"] = options.MaxQueueBytes,
        // Too much comes back to the sender as a refusal; nothing is thrown away to make room.
        ["x-overflow"] = "reject-publish",
    });

    private static SortedDictionary<string, object> ParkedArguments(RabbitMqOptions options) => Quorum(options, new(StringComparer.Ordinal)
    {
        // Looking at a parked frame hands it out and takes it back: that must not use it up.
        ["x-delivery-limit"] = 1_000_000,
        ["x-max-length-bytes"] = ParkedBytes,
        // Copies may go, the oldest first; what is being parked must always find room.
        ["x-overflow"] = "drop-head",
    });

    private static SortedDictionary<string, object> Quorum(RabbitMqOptions options, SortedDictionary<string, object> arguments)
    {
        arguments["x-queue-type"] = "quorum";
        if (options.QuorumGroupSize is { } size)
            arguments["x-quorum-initial-group-size"] = size;
        return arguments;
    }
}

using System.Diagnostics.CodeAnalysis;
using System.Net.Mime;
using DataHub.Contracts.Envelope;
using MassTransit;
using MassTransit.Serialization;

namespace DataHub.Core.Messaging;

/// <summary>A CloudEvents batch as bytes: the unit that travels on the bus.</summary>
public sealed class Frame
{
    public required byte[] Body { get; init; }
}

/// <summary>Sends frames. Completes when the bus has confirmed the frame.</summary>
public interface IFrameBus
{
    Task SendAsync(string queue, byte[] frame, CancellationToken cancel);
}

/// <summary>The bus of a process: besides sending, queues are taken and given back while it runs, as leases come and go.</summary>
public interface IFrameBusControl : IFrameBus, IAsyncDisposable
{
    /// <summary>True where the bus is connected and every queue that is taken has its consumer.</summary>
    bool Healthy { get; }

    /// <summary>
    /// Consumes a queue until the result is disposed of. Completes when frames can come. Handlers under way at the end are
    /// cancelled; their frames stay in the queue for whoever takes it next.
    /// </summary>
    Task<IAsyncDisposable> ConnectAsync(FrameEndpoint endpoint, CancellationToken cancel);
}

/// <summary>A queue that this process consumes. The frame is acknowledged when the handler completes, i.e. after the commit.</summary>
/// <param name="Queue">A name of <see cref="Contracts.QueueNames"/>.</param>
/// <param name="Handle">Takes one frame; must not throw except when cancelled.</param>
public sealed record FrameEndpoint(string Queue, Func<ReadOnlyMemory<byte>, CancellationToken, Task> Handle);

/// <summary>Frames over MassTransit's bus, as plain CloudEvents JSON without MassTransit's envelope.</summary>
public sealed class MassTransitFrameBus(ISendEndpointProvider endpoints) : IFrameBus
{
    public async Task SendAsync(string queue, byte[] frame, CancellationToken cancel)
    {
        var endpoint = await endpoints.GetSendEndpoint(new Uri("queue:" + queue));
        // The bus is not told of the end: it would log a fault for a frame that is simply sent again after the next start.
        await endpoint.Send(new Frame { Body = frame }, CancellationToken.None).WaitAsync(cancel);
    }
}

/// <summary>How the bus is set up: one place, used by every role.</summary>
public static class FrameBusConfiguration
{
    /// <summary>Frames under way to a node's loop per queue; the loop makes commits of what is there.</summary>
    public const int FramesAtOnce = 16;

    public static void UseFrames(this IBusFactoryConfigurator bus)
    {
        ArgumentNullException.ThrowIfNull(bus);
        bus.ClearSerialization();
        bus.AddSerializer(new FrameSerializer());
        bus.AddDeserializer(new FrameSerializer(), isDefault: true);
    }

    public static void AddFrameEndpoints(this IBusFactoryConfigurator bus, IEnumerable<FrameEndpoint> endpoints)
    {
        ArgumentNullException.ThrowIfNull(bus);
        ArgumentNullException.ThrowIfNull(endpoints);
        foreach (var endpoint in endpoints)
            bus.ReceiveEndpoint(endpoint.Queue, e => e.TakeFrames(endpoint));
    }

    internal static void TakeFrames(this IReceiveEndpointConfigurator receive, FrameEndpoint endpoint)
    {
        receive.ConfigureConsumeTopology = false;
        // A frame that could not be taken in is sent again by its sender; nobody waits for a fault message.
        receive.PublishFaults = false;
        receive.PrefetchCount = FramesAtOnce;
        receive.ConcurrentMessageLimit = FramesAtOnce;
        receive.Handler<Frame>(context => HandleAsync(endpoint, context));
    }

    private static async Task HandleAsync(FrameEndpoint endpoint, ConsumeContext<Frame> context)
    {
        try
        {
            await endpoint.Handle(context.Message.Body, context.CancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Shutting down: not confirmed to the sender, so it comes again after the next start.
        }
    }
}

/// <summary>Passes a frame's bytes through unchanged, as <c>application/cloudevents-batch+json</c>.</summary>
internal sealed class FrameSerializer : IMessageSerializer, IMessageDeserializer, ISerializerFactory
{
    public ContentType ContentType { get; } = new(EventFormat.BatchMediaType);

    public IMessageSerializer CreateSerializer() => this;

    public IMessageDeserializer CreateDeserializer() => this;

    public MessageBody GetMessageBody<T>(SendContext<T> context) where T : class =>
        context.Message is Frame frame ? new BytesMessageBody(frame.Body) : throw new NotSupportedException("Only frames travel on this bus.");

    public ConsumeContext Deserialize(ReceiveContext receiveContext) =>
        new BodyConsumeContext(receiveContext, Deserialize(receiveContext.Body, receiveContext.TransportHeaders, receiveContext.InputAddress));

    public SerializerContext Deserialize(MessageBody body, Headers headers, Uri? destinationAddress = null) =>
        new FrameContext(new Frame { Body = body.GetBytes() ?? [] }, new RawMessageContext(headers, destinationAddress, RawSerializerOptions.AnyMessageType), this);

    public MessageBody GetMessageBody(string text) => new StringMessageBody(text);

    public void Probe(ProbeContext context) => context.CreateScope("cloudevents-batch");

    private sealed class FrameContext(Frame frame, MessageContext context, FrameSerializer serializer)
        : BaseSerializerContext(SystemTextJsonMessageSerializer.Instance, context, [MessageUrn.ForTypeString<Frame>()])
    {
        public override bool TryGetMessage<T>([NotNullWhen(true)] out T? message) where T : class
        {
            message = frame as T;
            return message is not null;
        }

        public override bool TryGetMessage(Type messageType, [NotNullWhen(true)] out object? message)
        {
            message = messageType == typeof(Frame) ? frame : null;
            return message is not null;
        }

        public override IMessageSerializer GetMessageSerializer() => serializer;

        public override IMessageSerializer GetMessageSerializer<T>(MessageEnvelope envelope, T message) => serializer;

        public override IMessageSerializer GetMessageSerializer(object message, string[] messageTypes) => serializer;

        public override Dictionary<string, object> ToDictionary<T>(T? message) where T : class => [];
    }
}

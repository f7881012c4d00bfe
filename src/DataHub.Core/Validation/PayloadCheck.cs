using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Contracts.Payloads;
using DataHub.Core.Errors;
using DataHub.Core.Registry;

namespace DataHub.Core.Validation;

/// <summary>What a node checks of an event whose signature holds: its times, its shape, its business rules.</summary>
public sealed class PayloadCheck(ValidationPipeline pipeline)
{
    /// <summary>Clocks of two machines may differ by this much.</summary>
    public static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(5);

    /// <summary>A message that was under way for longer than this is not applied without a person looking at it.</summary>
    public static readonly TimeSpan OldestMessage = TimeSpan.FromDays(30);

    /// <summary>True for the messages that a city may send to the hub.</summary>
    public static bool IsForHub(string type) => type is not (MessageTypes.HubReceipt or MessageTypes.DeadlineNotice or MessageTypes.ResultList or MessageTypes.JointCompletion);

    /// <summary>True for the messages of cities' business, which their own systems send.</summary>
    public static bool IsBusiness(string type) => type is not (MessageTypes.HubReceipt or MessageTypes.DeadlineNotice or MessageTypes.ResultList or MessageTypes.JointCompletion or MessageTypes.HolderReport or MessageTypes.LinkProgress);

    /// <summary>The catalogue that the messages of this moment are held to.</summary>
    public RegistrySnapshot Catalogue => pipeline.Catalogue;

    /// <summary>The catalogue that the rules look at.</summary>
    public RegistrySnapshot Registry => pipeline.Registry;

    /// <summary>The payload, or every reason why it is refused.</summary>
    public (IPayload? Payload, IReadOnlyList<Reason>? Invalid) Read(CloudEvent e, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(e);
        if (e.Time > now + ClockTolerance)
            return (null, [Reasons.Of(ReasonCodes.EnvelopeTimeInFuture, "$.time")]);
        if (e.Time < now - OldestMessage)
            return (null, [Reasons.Of(ReasonCodes.EnvelopeTimeTooOld, "$.time")]);
        return Read(e.Type, e.Data);
    }

    public (IPayload? Payload, IReadOnlyList<Reason>? Invalid) Read(string type, ReadOnlyMemory<byte> data)
    {
        if (!IsBusiness(type))
            return ReadShape(type, data);
        return pipeline.Validate(type, data) switch
        {
            ValidationOutcome.Ok ok => (ok.Payload, null),
            ValidationOutcome.Refused refused => (null, refused.Reasons),
            _ => throw new InvalidOperationException(),
        };
    }

    /// <summary>Well-formedness and shape only: for messages whose rules another node has checked already.</summary>
    public static (IPayload? Payload, IReadOnlyList<Reason>? Invalid) ReadShape(CloudEvent e)
    {
        ArgumentNullException.ThrowIfNull(e);
        return ReadShape(e.Type, e.Data);
    }

    private static (IPayload? Payload, IReadOnlyList<Reason>? Invalid) ReadShape(string type, ReadOnlyMemory<byte> data) => PayloadReader.Read(type, data.Span) switch
    {
        ReadOutcome.Ok ok => (ok.Payload, null),
        ReadOutcome.Refused refused => (null, refused.Reasons),
        _ => throw new InvalidOperationException(),
    };
}

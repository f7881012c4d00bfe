using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Errors;
using DataHub.Core.Native;
using DataHub.Core.Native.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace DataHub.Adapters.Pipeline;

/// <summary>How far a native request got.</summary>
public enum IntakeStage
{
    /// <summary>Taken in, now or before.</summary>
    Accepted,

    /// <summary>Understood, and refused with reasons.</summary>
    Refused,

    /// <summary>Authentic, but not in the interface's form.</summary>
    Unreadable,

    /// <summary>Without a valid key, time stamp or signature.</summary>
    Unauthentic,

    TooLarge,

    TooSlow,

    /// <summary>Not taken in now; to be sent again.</summary>
    Busy,
}

/// <summary>The answer to a native request, before the city's codec writes it.</summary>
public sealed record HttpIntakeResult(IntakeStage Stage, SubmitAck Ack)
{
    /// <summary>For SOAP: what kind of fault an unreadable request is.</summary>
    public SoapFaultCode FaultCode { get; init; }

    /// <summary>The HTTP status that says the same.</summary>
    public int Status => Stage switch
    {
        IntakeStage.Accepted => StatusCodes.Status200OK,
        IntakeStage.Refused => StatusCodes.Status422UnprocessableEntity,
        IntakeStage.Unreadable => StatusCodes.Status400BadRequest,
        IntakeStage.Unauthentic => StatusCodes.Status401Unauthorized,
        IntakeStage.TooLarge => StatusCodes.Status413PayloadTooLarge,
        IntakeStage.TooSlow => StatusCodes.Status408RequestTimeout,
        _ => StatusCodes.Status503ServiceUnavailable,
    };
}

/// <summary>What a city's codec made of a body: a record, or why there is none.</summary>
/// <param name="Nonconforming">
/// A fault against the interface's schema. It is told only when the mapping found nothing, for the mapping's reasons name
/// fields and codes.
/// </param>
public sealed record NativeParse(
    NativeRecord? Record, Reason? Unreadable, Reason? Nonconforming = null, SoapFaultCode FaultCode = SoapFaultCode.Sender);

/// <summary>
/// Takes in native requests over HTTP: bounded reading, authentication, the city's codec, mapping, then the node. Every
/// refusal is journalled before it is answered; where that fails the answer is "busy", never "refused".
/// </summary>
public sealed class HttpIntake(CityAdapterContext context, NativeSignature signature, Func<ReadOnlyMemory<byte>, NativeParse> parse)
{
    private static readonly TimeSpan RetryAfterFault = TimeSpan.FromSeconds(5);
    private readonly ILogger _log = context.Logs.CreateLogger<HttpIntake>();

    public async Task<HttpIntakeResult> HandleAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        try
        {
            var body = await BoundedBody.ReadAsync(request, cancellationToken);
            if (body.Cut is { } cut)
            {
                return await RefuseAsync(
                    cut == BodyCut.TooLarge ? IntakeStage.TooLarge : IntakeStage.TooSlow, body.Evidence, null,
                    [cut == BodyCut.TooLarge ? Reasons.Of(ReasonCodes.TooLarge, "$", BoundedBody.MaxBytes) : Reasons.Of(ReasonCodes.NativeNotReadable, "$")],
                    cancellationToken);
            }

            var check = signature.Verify(
                request.Headers[NativeSignature.KeyHeader], request.Headers[NativeSignature.TimestampHeader],
                request.Headers[NativeSignature.SignatureHeader], body.Bytes.Span);
            if (check != SignatureCheck.Authentic)
            {
                var code = check == SignatureCheck.Missing ? ReasonCodes.NotAuthenticated : ReasonCodes.NativeSignatureInvalid;
                return await RefuseAsync(IntakeStage.Unauthentic, body.Evidence, null, [Reasons.Of(code, "$")], cancellationToken);
            }

            return await TakeInAsync(body.Bytes, cancellationToken);
        }
        catch (BadHttpRequestException)
        {
            // The connection broke or the framing was wrong: there is no one to answer and nothing whole to journal.
            return Unreadable();
        }
        catch (Exception fault) when (fault is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            // The type alone: a message may quote what was sent.
            _log.LogError("Native request of {City} failed: {Fault}", context.City.Key, fault.GetType().FullName);
            return Busy(RetryAfterFault);
        }
    }

    private async Task<HttpIntakeResult> TakeInAsync(ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var parsed = parse(body);
        if (parsed.Record is null)
        {
            return await RefuseAsync(IntakeStage.Unreadable, body, null, [parsed.Unreadable!], cancellationToken)
                with
            { FaultCode = parsed.FaultCode };
        }

        switch (context.Mapping.ToCanonical(parsed.Record))
        {
            case NativeReadOutcome.Refused refused:
                return await RefuseAsync(IntakeStage.Refused, body, refused.MessageId, refused.Reasons, cancellationToken);
            case NativeReadOutcome.Ok { Message: var message } when parsed.Nonconforming is { } reason:
                return await RefuseAsync(IntakeStage.Refused, body, message.MessageId, [reason], cancellationToken);
            case NativeReadOutcome.Ok { Message: var message }:
                var intake = new NativeIntake(message.MessageId, message.Type, message.ExchangeId, message.Data, body);
                return await context.Intake.TakeInAsync(intake, cancellationToken) switch
                {
                    IntakeOutcome.Accepted accepted => new HttpIntakeResult(
                        IntakeStage.Accepted,
                        new SubmitAck(accepted.MessageId, accepted.Duplicate ? SubmitResult.Duplicate : SubmitResult.Accepted, accepted.ExchangeId, [])),
                    IntakeOutcome.Refused refused => new HttpIntakeResult(
                        IntakeStage.Refused, new SubmitAck(message.MessageId, SubmitResult.Refused, message.ExchangeId, refused.Reasons)),
                    IntakeOutcome.Busy busy => Busy(busy.RetryAfter, message.MessageId),
                    var other => throw new InvalidOperationException($"No answer is written for {other.GetType().Name}."),
                };
            case var other:
                throw new InvalidOperationException($"No answer is written for {other.GetType().Name}.");
        }
    }

    private async Task<HttpIntakeResult> RefuseAsync(
        IntakeStage stage, ReadOnlyMemory<byte> native, string? messageId, IReadOnlyList<Reason> reasons, CancellationToken cancellationToken)
    {
        await context.Intake.RefuseAsync(native, messageId, reasons, cancellationToken);
        return new HttpIntakeResult(stage, new SubmitAck(messageId, SubmitResult.Refused, null, reasons));
    }

    private static HttpIntakeResult Unreadable() =>
        new(IntakeStage.Unreadable, new SubmitAck(null, SubmitResult.Refused, null, [Reasons.Of(ReasonCodes.NativeNotReadable, "$")]));

    private static HttpIntakeResult Busy(TimeSpan retryAfter, string? messageId = null) => new(
        IntakeStage.Busy, new SubmitAck(messageId, SubmitResult.Busy, null, [], Math.Clamp((int)Math.Ceiling(retryAfter.TotalSeconds), 1, 3600)));
}

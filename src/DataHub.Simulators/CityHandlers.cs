using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Errors;
using DataHub.Core.Flows;
using DataHub.Core.Native;

namespace DataHub.Simulators;

/// <summary>What a front-end of tables or files does with what it receives: the two halves of a <see cref="CitySystem"/>.</summary>
public sealed record CityHandlers(
    Func<string, string, string, ReadOnlyMemory<byte>, CancellationToken, Task<Outcome?>> Handle,
    Func<string, string, string, IReadOnlyList<Reason>, CancellationToken, Task> HandleRefusal)
{
    private const string UnknownNumber = "unknown";

    public static CityHandlers Of(CitySystem city) => new(city.HandleAsync, city.HandleRefusalAsync);

    /// <summary>A delivered message, in the city's own words.</summary>
    /// <returns>The answer; busy where the city's system is down or failed.</returns>
    internal async Task<HeldAck> HandleAsync(NativeMapping mapping, NativeRecord? record, IReadOnlyList<Reason> faults, CancellationToken cancellationToken)
    {
        var read = record is null ? new NativeReadOutcome.Refused(null, faults) : mapping.ToCanonical(record);
        if (read is NativeReadOutcome.Refused refused)
            return Rejected(refused.MessageId, string.Join(", ", refused.Reasons.Select(reason => reason.Code)));
        var message = ((NativeReadOutcome.Ok)read).Message;
        if (message.ExchangeId is null)
            return Rejected(message.MessageId, "no exchange id");
        try
        {
            var held = await Handle(message.MessageId, message.Type, message.ExchangeId, message.Data, cancellationToken);
            return new HeldAck(message.MessageId, HeldResult.Held, held?.Code, held?.AmountFen, held?.Reference);
        }
        catch (CityUnavailableException)
        {
            return new HeldAck(message.MessageId, HeldResult.Busy);
        }
        catch (UnacceptableMessageException fault)
        {
            return Rejected(message.MessageId, fault.Message);
        }
    }

    /// <summary>A notice that the hub refused what the city had sent.</summary>
    internal async Task<HeldAck> HandleRefusalAsync(NativeMapping mapping, NativeRecord? record, IReadOnlyList<Reason> faults, CancellationToken cancellationToken)
    {
        var notice = record is null ? null : mapping.Acks.SubmitFromNative(record, out faults);
        if (notice?.MessageId is null || notice.ExchangeId is null)
            return Rejected(notice?.MessageId, string.Join(", ", faults.Select(reason => reason.Code)));
        try
        {
            // The notice names the message by its number; the system knows what kind of message that was.
            await HandleRefusal(notice.MessageId, "", notice.ExchangeId, notice.Reasons, cancellationToken);
            return new HeldAck(notice.MessageId, HeldResult.Held);
        }
        catch (CityUnavailableException)
        {
            return new HeldAck(notice.MessageId, HeldResult.Busy);
        }
        catch (UnacceptableMessageException fault)
        {
            return Rejected(notice.MessageId, fault.Message);
        }
    }

    /// <summary>Handles many side by side, those of one exchange one after the other; answers in the given order.</summary>
    internal static async Task<HeldAck[]> HandleAllAsync<T>(
        IReadOnlyList<T> received, Func<T, string> exchange, Func<T, CancellationToken, Task<HeldAck>> handle, CancellationToken cancellationToken)
    {
        var acks = new HeldAck[received.Count];
        var options = new ParallelOptions { MaxDegreeOfParallelism = 128, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(Enumerable.Range(0, received.Count).GroupBy(i => exchange(received[i])), options, async (group, token) =>
        {
            foreach (var i in group)
                acks[i] = await handle(received[i], token);
        });
        return acks;
    }

    /// <summary>What the answer to a submission means to the city.</summary>
    internal static PortOutcome Outcome(SubmitAck? ack, IReadOnlyList<Reason> faults, TimeSpan retryAfter) => ack switch
    {
        { Result: SubmitResult.Accepted or SubmitResult.Duplicate, ExchangeId: { } exchangeId } => new PortOutcome.Accepted(exchangeId),
        { Result: SubmitResult.Refused } => new PortOutcome.Refused(ack.Reasons),
        { Result: SubmitResult.Busy } => new PortOutcome.Retry(TimeSpan.FromSeconds(ack.RetryAfterSeconds ?? 1)),
        // An answer that cannot be read answers nothing.
        _ => new PortOutcome.Retry(faults.Count > 0 ? 10 * retryAfter : retryAfter),
    };

    /// <summary>The message in the city's words; null, with the outcome to give, where these have none for it.</summary>
    internal static NativeRecord? Compose(NativeMapping mapping, OutgoingNative message, out PortOutcome refused)
    {
        refused = new PortOutcome.Refused([Reasons.Of(ReasonCodes.NativeNotReadable, "$")]);
        try
        {
            return mapping.ToNative(message.Type, message.MessageId, message.ExchangeId, message.Time, message.Data);
        }
        catch (NativeMappingException)
        {
            return null;
        }
    }

    private static HeldAck Rejected(string? messageId, string why) => new(messageId ?? UnknownNumber, HeldResult.Rejected, Note: why);
}

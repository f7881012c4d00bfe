using DataHub.Adapters.Pipeline;
using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Contracts.Payloads;
using DataHub.Core.Errors;
using DataHub.Core.Native.Wire;
using DataHub.Core.Storage;
using DataHub.Host.Roles;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace DataHub.Host.Api;

/// <summary>Takes in what city systems send as CloudEvents: each event goes to the adapter node of the city whose key came with it.</summary>
internal sealed class Messages(DataHubHost host, ILogger<Messages> log)
{
    /// <summary>Batches worked at once: each may hold 8 MiB.</summary>
    private const int BatchesAtOnce = 4;

    /// <summary>Events of one batch that wait for the node at once: half of what makes a full commit.</summary>
    private const int EventsAtOnce = 256;

    private static readonly TimeSpan WhenFull = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan WhenStopping = TimeSpan.FromSeconds(5);

    private int batches;

    /// <summary>One event.</summary>
    public async Task<IResult> PostAsync(HttpRequest request, HttpResponse response, string city, CancellationToken cancel)
    {
        if (!host.AdapterRoles.TryGetValue(city, out var node))
            return Problems.Of(ReasonCodes.NotAuthorised, "$");
        if (!Is(request, EventFormat.SingleMediaType))
            return Problems.Of(ReasonCodes.MediaTypeUnsupported, "$", EventFormat.SingleMediaType);
        var body = await BoundedBody.ReadAsync(request, cancel, ClientEvent.MaxBytes);
        if (body.Cut is { } cut)
            return await RefuseAsync(node, body, CutReason(cut, ClientEvent.MaxBytes), cancel);
        var outcome = await TakeInAsync(node, 0, ClientEvent.Read(body.Bytes, city, host.Options.Time.GetUtcNow()), cancel);
        if (outcome.Reasons is { } reasons)
            return Problems.Of(reasons, outcome.RetryAfter is { } seconds ? TimeSpan.FromSeconds(seconds) : null);
        response.Headers.Location = "/v1/exchanges/" + outcome.ExchangeId;
        return Results.Json(new MessageTaken(outcome.MessageId!, outcome.ExchangeId!, outcome.Sequence!.Value, outcome.Duplicate!.Value), statusCode: outcome.Status);
    }

    /// <summary>Up to 1,000 events, each with an outcome of its own.</summary>
    public async Task<IResult> PostBatchAsync(HttpRequest request, string city, CancellationToken cancel)
    {
        if (!host.AdapterRoles.TryGetValue(city, out var node))
            return Problems.Of(ReasonCodes.NotAuthorised, "$");
        if (!Is(request, EventFormat.BatchMediaType))
            return Problems.Of(ReasonCodes.MediaTypeUnsupported, "$", EventFormat.BatchMediaType);
        if (Interlocked.Increment(ref batches) > BatchesAtOnce)
        {
            Interlocked.Decrement(ref batches);
            return Problems.Of([Reasons.Of(ReasonCodes.Overloaded, "$")], WhenFull);
        }

        try
        {
            // The server hangs up on what is over its own limit; a batch that is somewhat too large gets an answer.
            if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
                limit.MaxRequestBodySize = 2 * EventFormat.MaxBatchBytes;
            var body = await BoundedBody.ReadAsync(request, cancel, EventFormat.MaxBatchBytes);
            if (body.Cut is { } cut)
                return await RefuseAsync(node, body, CutReason(cut, EventFormat.MaxBatchBytes), cancel);
            var events = new List<ClientEvent>();
            if (ClientEvent.ReadBatch(body.Bytes, city, host.Options.Time.GetUtcNow(), events) is { } fault)
                return await RefuseAsync(node, body, fault, cancel);
            return Results.Json<IReadOnlyList<MessageOutcome>>(await TakeInAsync(node, events, cancel), statusCode: StatusCodes.Status207MultiStatus);
        }
        finally
        {
            Interlocked.Decrement(ref batches);
        }
    }

    // Events of one exchange go in one after another, in the order of the batch; the others side by side.
    private async Task<MessageOutcome[]> TakeInAsync(AdapterRole node, List<ClientEvent> events, CancellationToken cancel)
    {
        var outcomes = new MessageOutcome[events.Count];
        var chains = events.Index().GroupBy(e => e.Item.ExchangeId ?? e.Item.Id ?? "#" + e.Index, StringComparer.Ordinal);
        await Parallel.ForEachAsync(chains, new ParallelOptions { MaxDegreeOfParallelism = EventsAtOnce, CancellationToken = cancel }, async (chain, token) =>
        {
            MessageOutcome? held = null;
            foreach (var (index, e) in chain)
            {
                // After an event that has to come again, those behind it have to come again too, or they would overtake it.
                var outcome = held is null ? await TakeInAsync(node, index, e, token) : held with { Index = index, MessageId = e.Id };
                outcomes[index] = outcome;
                if (outcome.Status is StatusCodes.Status429TooManyRequests or >= 500)
                    held = outcome;
            }
        });
        return outcomes;
    }

    private async Task<MessageOutcome> TakeInAsync(AdapterRole node, int index, ClientEvent e, CancellationToken cancel)
    {
        try
        {
            if (e.Faults.Count > 0 && !await IsLateRepetitionAsync(node, e, cancel))
            {
                if (!node.Healthy)
                    return Busy(node, index, e, WhenStopping);
                await node.RefuseAsync(e.Raw, e.Id, e.Faults, cancel);
                return Refused(index, e, e.Faults);
            }

            return await node.TakeInAsync(new NativeIntake(e.Id!, e.Type!, e.ExchangeId, e.Data, e.Raw), cancel) switch
            {
                IntakeOutcome.Accepted accepted => new MessageOutcome
                {
                    Index = index,
                    Status = accepted.Duplicate ? StatusCodes.Status200OK : StatusCodes.Status202Accepted,
                    MessageId = accepted.MessageId,
                    ExchangeId = accepted.ExchangeId,
                    Sequence = accepted.Sequence,
                    Duplicate = accepted.Duplicate,
                },
                IntakeOutcome.Refused refused => Refused(index, e, [.. refused.Reasons.Select(InEvent)]),
                IntakeOutcome.Busy busy => Busy(node, index, e, busy.RetryAfter),
                var other => throw new InvalidOperationException($"No answer is written for {other.GetType().Name}."),
            };
        }
        catch (Exception fault) when (fault is StoreUnavailableException || (fault is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            // The journal cannot be written, or the host is stopping: nothing is told that is not durable, and the client sends it again.
            return Refused(index, e, [Reasons.Of(ReasonCodes.JournalUnavailable, "$")]) with { RetryAfter = Problems.Seconds(WhenStopping) };
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            // The type alone: a message may quote what was sent.
            log.LogError("An event of {City} could not be taken in: {Fault}", node.City, fault.GetType().FullName);
            return Refused(index, e, [Reasons.Of(ReasonCodes.InternalFault, "$")]);
        }
    }

    // A message that the node has already gets its first answer again, however old it is by now.
    private async Task<bool> IsLateRepetitionAsync(AdapterRole node, ClientEvent e, CancellationToken cancel) =>
        e.Faults is [{ Code: ReasonCodes.EnvelopeTimeTooOld }] && e.Id is not null
        && (await host.Store.KnownAsync(node.City, [node.City + ":" + e.Id], cancel)).Count > 0;

    private static MessageOutcome Refused(int index, ClientEvent e, IReadOnlyList<Reason> reasons) =>
        new() { Index = index, Status = Problems.StatusOf(reasons), MessageId = e.Id, Reasons = reasons };

    private static MessageOutcome Busy(AdapterRole node, int index, ClientEvent e, TimeSpan retryAfter) =>
        Refused(index, e, [Reasons.Of(node.Healthy ? ReasonCodes.Overloaded : ReasonCodes.JournalUnavailable, "$")]) with { RetryAfter = Problems.Seconds(retryAfter) };

    // The node names fields of the payload and of its own intake; a client looks for them in the event that it sent.
    private static Reason InEvent(Reason reason) => reason with
    {
        Path = reason.Code switch
        {
            ReasonCodes.ReplayedWithOtherBody => "$.id",
            ReasonCodes.UnknownExchange => "$.exchangeid",
            _ => Problems.DataPath + reason.Path[1..],
        },
    };

    private static async Task<IResult> RefuseAsync(AdapterRole node, BoundedBody body, Reason reason, CancellationToken cancel)
    {
        if (!node.Healthy)
            return Problems.Of(ReasonCodes.JournalUnavailable, "$");
        await node.RefuseAsync(body.Evidence, null, [reason], cancel);
        return Problems.Of([reason]);
    }

    private static Reason CutReason(BodyCut cut, int maxBytes) =>
        cut == BodyCut.TooLarge ? Reasons.Of(ReasonCodes.TooLarge, "$", maxBytes) : Reasons.Of(ReasonCodes.RequestIncomplete, "$");

    private static bool Is(HttpRequest request, string mediaType) =>
        MediaTypeHeaderValue.TryParse(request.ContentType, out var type) && type.MediaType.Equals(mediaType, StringComparison.OrdinalIgnoreCase)
        && (type.Charset.Length == 0 || type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase));
}

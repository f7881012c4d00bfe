using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using DataHub.Contracts;

namespace DataHub.Core.Telemetry;

/// <summary>What a span says of its message: codes and ids, nothing of a person.</summary>
/// <param name="Node">Node that does the work.</param>
/// <param name="Sender">City that made the message.</param>
public readonly record struct TracedMessage(string Node, string Sender, string ExchangeId, string MessageId, string Type);

/// <summary>
/// One trace per exchange. Its ids follow from the exchange id, so every process that works on any message of the exchange
/// adds to the same trace, whatever was restarted, sent again or taken over meanwhile: no context travels that a crash
/// could lose. Spans carry ids and codes only.
/// </summary>
public static class ExchangeTrace
{
    /// <summary>A message comes from a city's own system: until it is durable.</summary>
    public const string TakeIn = "take in";

    /// <summary>The hub decides on a message: from its group's beginning until that is durable.</summary>
    public const string Decide = "decide";

    /// <summary>One attempt to hand over to a city's own system.</summary>
    public const string Deliver = "deliver";

    /// <summary>A city's node tells the hub what the city's system holds.</summary>
    public const string Report = "report";

    /// <summary>The hub found all sides to hold the same outcome: from the last step until then.</summary>
    public const string Reconcile = "reconcile";

    /// <summary>The whole exchange, from its first message at the hub until its last state.</summary>
    public const string Whole = "exchange";

    private static readonly byte[] TracePrefix = Encoding.ASCII.GetBytes("datahub-trace:");
    private static readonly byte[] RootPrefix = Encoding.ASCII.GetBytes("datahub-root:");

    /// <summary>True where anyone listens. Asked before work that only spans need.</summary>
    public static bool IsWatched => Signals.Source.HasListeners();

    /// <summary>The exchange's trace id: the first 16 bytes of a digest of its id.</summary>
    public static ActivityTraceId IdOf(string exchangeId) => ActivityTraceId.CreateFromBytes(Digest(TracePrefix, exchangeId).AsSpan(0, 16));

    /// <summary>The exchange's trace and the common parent of its spans.</summary>
    public static ActivityContext ContextOf(string exchangeId) =>
        // Not remote and not sampled: the sampler decides by the trace id alone, so alike in every process.
        new(IdOf(exchangeId), ActivitySpanId.CreateFromBytes(Digest(RootPrefix, exchangeId).AsSpan(0, 8)), ActivityTraceFlags.None);

    /// <summary>Begins a span; disposing ends it. Null where nobody listens, the trace is not sampled, or the message belongs to no exchange.</summary>
    public static Activity? Start(string name, ActivityKind kind, in TracedMessage message, DateTimeOffset startedAt = default, Activity? request = null)
    {
        if (!IsWatched || message.ExchangeId is "" or Nodes.NoExchange)
            return null;
        var span = Signals.Source.StartActivity(name, kind, ContextOf(message.ExchangeId), links: LinksTo(request), startTime: startedAt);
        if (span is not { IsAllDataRequested: true })
            return span;
        span.SetTag("datahub.exchange.id", message.ExchangeId);
        span.SetTag("datahub.message.id", message.MessageId);
        span.SetTag("datahub.message.type", message.Type);
        span.SetTag("datahub.node", message.Node);
        span.SetTag("datahub.city", message.Sender);
        return span;
    }

    /// <summary>Adds a span of work that is done.</summary>
    /// <param name="codes">Reason codes; empty where the work succeeded.</param>
    /// <param name="request">The HTTP request that brought the message; its caller's own trace is linked.</param>
    public static void Add(string name, ActivityKind kind, in TracedMessage message, DateTimeOffset startedAt, DateTimeOffset endedAt, string result, string codes = "", Activity? request = null)
    {
        using var span = Start(name, kind, message, startedAt, request);
        if (span is null)
            return;
        span.SetTag("datahub.result", result);
        if (codes.Length > 0)
        {
            span.SetTag("datahub.reasons", codes);
            span.SetStatus(ActivityStatusCode.Error);
        }

        span.SetEndTime((endedAt > startedAt ? endedAt : startedAt).UtcDateTime);
    }

    // A request whose parent is not in this process: the caller's. (HasRemoteParent is set only where somebody listens to the web server.)
    private static ActivityLink[]? LinksTo(Activity? request) => request is { Parent: null, IdFormat: ActivityIdFormat.W3C } && request.ParentSpanId != default && request.Source != Signals.Source
        ? [new ActivityLink(new ActivityContext(request.TraceId, request.ParentSpanId, request.ActivityTraceFlags, request.TraceStateString, isRemote: true))]
        : null;

    private static byte[] Digest(byte[] prefix, string exchangeId) => SHA256.HashData([.. prefix, .. Encoding.UTF8.GetBytes(exchangeId)]);
}

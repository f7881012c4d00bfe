using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using DataHub.Core.Storage;

namespace DataHub.Adapters.Pipeline;

/// <summary>
/// A city's view of an exchange, and how messages sent and received change it. The state is what the hub said last; the
/// outcome is computed here from the message itself, independently of the hub. Pure.
/// </summary>
internal static class Views
{
    /// <summary>State of an exchange that the hub has not confirmed yet.</summary>
    public const string Sent = "sent";

    /// <summary>State of an exchange that the hub refused to open.</summary>
    public const string Refused = "refused";

    private const string Reference = "reference";

    /// <summary>The city's own system sent this message.</summary>
    public static ExchangeRow AfterSending(ExchangeRow? row, FlowDefinition? opens, string exchangeId, string city, IPayload payload, DateTimeOffset now)
    {
        row ??= New(exchangeId, opens!.Code, opens.Version, OpenerItem.Of(payload), city, "", Sent, 0, now);
        return WithReference(row, payload);
    }

    /// <summary>The hub forwarded this message.</summary>
    public static ExchangeRow AfterReceiving(ExchangeRow? row, CloudEvent e, IPayload payload, string city, DateTimeOffset now)
    {
        var source = e.ExchangeId[..6];
        row ??= New(e.ExchangeId, e.Flow ?? "", FlowCatalogue.Find(e.Flow ?? "")?.Version ?? 1, OpenerItem.Of(payload), source, city == source ? "" : city, e.HubState ?? "", 0, now);
        row = WithReference(row, payload);
        var version = e.HubVersion ?? row.State.Version;
        if (version >= row.State.Version)
        {
            row = row with
            {
                State = row.State with
                {
                    State = e.HubState ?? row.State.State,
                    Version = version,
                    ChangedAt = now,
                    TargetCity = row.State.TargetCity.Length == 0 && e.SenderCity != source && !HubShards.IsHub(e.SenderCity) ? e.SenderCity : row.State.TargetCity,
                },
            };
        }

        return OutcomeOf(row, e.Type, payload) is { } outcome ? WithOutcome(row, outcome) : row;
    }

    /// <summary>The hub accepted what this city sent; the state it gave is ours now.</summary>
    public static ExchangeRow AfterReceipt(ExchangeRow row, ReceiptEntry entry, Outcome? outcome, DateTimeOffset now)
    {
        row = row with { State = row.State with { State = entry.State ?? row.State.State, ChangedAt = now } };
        return outcome is null ? row : WithOutcome(row, outcome);
    }

    /// <summary>The hub refused the message that would have opened the exchange.</summary>
    public static ExchangeRow AfterRefusal(ExchangeRow row, ReceiptEntry entry, DateTimeOffset now) => row.State.Version > 0 || row.State.State != Sent
        ? row
        : row with
        {
            State = row.State with { State = Refused, Final = true, ChangedAt = now },
            RefusedFor = string.Join(',', (entry.Reasons ?? []).Select(r => r.Code).Distinct(StringComparer.Ordinal)),
        };

    /// <summary>The outcome that a message carries in this exchange; null where it carries none.</summary>
    public static Outcome? OutcomeOf(ExchangeRow row, string type, IPayload payload) =>
        OutcomeReader.From(type, payload, row.State.Flow, row.State.Facts.GetValueOrDefault(Reference));

    private static ExchangeRow WithOutcome(ExchangeRow row, Outcome outcome) => row with
    {
        State = row.State with { Outcome = outcome },
        OutcomeDigest = OutcomeText.Digest(row.State.ExchangeId, outcome),
    };

    private static ExchangeRow WithReference(ExchangeRow row, IPayload payload)
    {
        var kept = row.State.Facts.GetValueOrDefault(Reference);
        var reference = OutcomeReader.Remember(kept, payload);
        if (reference == kept)
            return row;
        IReadOnlyDictionary<string, string> facts = reference is null ? Empty : new Dictionary<string, string>(StringComparer.Ordinal) { [Reference] = reference };
        return row with { State = row.State with { Facts = facts } };
    }

    private static readonly Dictionary<string, string> Empty = [];

    private static ExchangeRow New(string exchangeId, string flow, int flowVersion, string item, string source, string target, string state, int version, DateTimeOffset now) => new()
    {
        State = new ExchangeState
        {
            ExchangeId = exchangeId,
            Flow = flow,
            FlowVersion = flowVersion,
            Item = item,
            SourceCity = source,
            TargetCity = target,
            State = state,
            Version = version,
            OpenedAt = now,
            ChangedAt = now,
            Facts = Empty,
        },
    };
}

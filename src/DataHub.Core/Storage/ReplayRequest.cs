using System.Text;
using DataHub.Core.Errors;
using DataHub.Core.Journal;

namespace DataHub.Core.Storage;

/// <summary>What became of a request to work something parked again. The number is stored: append only.</summary>
public enum ReplayOutcome
{
    /// <summary>The message took effect; or the delivery is on its way to the city's system again.</summary>
    Worked = 1,

    /// <summary>The hub refused the message, as it may refuse any; its sender is told.</summary>
    Refused = 2,

    /// <summary>The message met a fault of the hub's own again and is parked under a new number.</summary>
    ParkedAgain = 3,

    /// <summary>Nothing is parked there, or not any more.</summary>
    NothingParked = 4,

    /// <summary>Carrying the request out met a fault of the hub's own: what is parked is parked as before.</summary>
    Failed = 5,
}

/// <summary>
/// An operator's request to work something parked again. Anyone may write it; the process that runs the node carries it out.
/// </summary>
/// <param name="Id">Made by who asks: a request that is written twice is one request.</param>
/// <param name="Number">Journal number of what is parked.</param>
/// <param name="Position">Position within a receipt; 0 at the hub.</param>
/// <param name="Operator">Who asks; journalled.</param>
/// <param name="Reason">Why; journalled.</param>
/// <param name="Outcome">Null until it is carried out; written by the commit that does.</param>
public sealed record ReplayRequest(string Id, string Node, long Number, int Position, string Operator, string Reason, DateTimeOffset AskedAt, ReplayOutcome? Outcome = null)
{
    /// <summary>Key of the journal row that says who asked and why: a journal that has it has carried the request out.</summary>
    public string JournalKey => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"operator:replay:{Number}:{Position}:{Id}");

    /// <summary>The journal row that says who asked and why.</summary>
    /// <param name="parked">The row that is worked again; null where there is none.</param>
    /// <param name="obstacle">Reason code of what stood in the way; null where nothing did.</param>
    public JournalEntry Entry(JournalRow? parked, string exchangeId, DateTimeOffset at, string? obstacle = null) => new()
    {
        Kind = EntryKind.Operator,
        Key = JournalKey,
        MessageId = parked?.MessageId ?? "",
        Type = parked?.Type ?? "",
        ExchangeId = exchangeId,
        Sender = Operator,
        Sequence = 0,
        At = at,
        Body = Encoding.UTF8.GetBytes(Reason),
        Reasons = obstacle is null ? null : ReasonList.Write([Reasons.Of(obstacle, "$")]),
    };
}

/// <summary>
/// The requests of a deployment. Writing one needs no lease, as it decides nothing; the outcome is part of a node's commit
/// (<see cref="NodeCommit.Replayed"/>) and so under the node's fence.
/// </summary>
public interface IReplayRequests
{
    /// <summary>Writes a request, unless one with its id is there.</summary>
    /// <returns>The request that stands.</returns>
    ValueTask<ReplayRequest> AskReplayAsync(ReplayRequest request, CancellationToken cancel);

    /// <summary>A request with its outcome; null where there is none with the id.</summary>
    ValueTask<ReplayRequest?> ReplayRequestAsync(string id, CancellationToken cancel);

    /// <summary>Requests of some nodes that nobody has carried out, oldest first.</summary>
    ValueTask<List<ReplayRequest>> OpenReplaysAsync(IReadOnlyCollection<string> nodes, int limit, CancellationToken cancel);
}

using DataHub.Contracts.Envelope;
using DataHub.Core.Signing;
using DataHub.Core.Storage;

namespace DataHub.Core.Journal;

/// <summary>A row at which the evidence does not hold.</summary>
public sealed record JournalFault(string Node, long Number, string MessageId, string What);

/// <summary>What a check of one node's journal found.</summary>
public sealed record JournalCheck(string Node, long Rows, long Signatures, IReadOnlyList<JournalFault> Faults);

/// <summary>
/// Checks journals: that every row follows from the one before it, without gaps, and that every message that took effect
/// carries a signature that holds. Reads in pages, so that memory stays flat however long the journal is.
/// </summary>
public static class JournalVerifier
{
    private const int Page = 500;

    /// <summary>Faults listed at most; one is enough to fail.</summary>
    private const int MaxFaults = 100;

    public static async Task<IReadOnlyList<JournalCheck>> VerifyAsync(INodeStore store, KeyRing keys, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(store);
        var verifier = new SignatureVerifier(keys);
        var checks = new List<JournalCheck>();
        foreach (var node in await store.NodesAsync(cancel))
            checks.Add(await VerifyNodeAsync(store, node, verifier, cancel));
        return checks;
    }

    private static async Task<JournalCheck> VerifyNodeAsync(INodeStore store, string node, SignatureVerifier verifier, CancellationToken cancel)
    {
        var faults = new List<JournalFault>();
        var previous = JournalHash.Genesis(node);
        long number = 0, signatures = 0;
        while (faults.Count < MaxFaults)
        {
            var rows = await store.JournalAsync(node, number, null, Page, cancel);
            if (rows.Count == 0)
                break;
            foreach (var row in rows)
            {
                if (row.Kind is EntryKind.Sent or EntryKind.Received)
                    signatures++;
                if (FaultOf(row, number + 1, previous, verifier) is { } what)
                    faults.Add(new JournalFault(node, row.Number, row.MessageId, what));

                // Goes on from the stored hash, so that one changed row is reported once and not with all that follow.
                previous = row.Hash;
                number = row.Number;
            }
        }

        return new JournalCheck(node, number, signatures, faults);
    }

    // The first fault of a row is enough: whoever changed its bytes has broken its signature as well.
    private static string? FaultOf(JournalRow row, long expected, byte[] previous, SignatureVerifier verifier)
    {
        if (row.Number != expected)
            return $"rows {expected} to {row.Number - 1} are missing";
        if (!JournalHash.Next(previous, row.Number, ToEntry(row)).AsSpan().SequenceEqual(row.Hash))
            return "the row's hash does not follow from its content and the row before it";
        return row.Kind is EntryKind.Sent or EntryKind.Received ? SignatureFault(row, verifier) : null;
    }

    private static string? SignatureFault(JournalRow row, SignatureVerifier verifier)
    {
        if (EventFormat.ReadElement(row.Body).Event is not { } e)
            return "the message cannot be read";
        if (e.Id != row.MessageId || e.Type != row.Type || e.SenderCity != row.Sender || e.ExchangeId != row.ExchangeId)
            return "the row and the message that it holds name different things";
        return verifier.Verify(e) is { } reason ? $"{reason.Code}: {reason.Message}" : null;
    }

    private static JournalEntry ToEntry(JournalRow row) => new()
    {
        Kind = row.Kind,
        Key = row.Key,
        MessageId = row.MessageId,
        Type = row.Type,
        ExchangeId = row.ExchangeId,
        Sender = row.Sender,
        Sequence = row.Sequence,
        At = row.At,
        Body = row.Body,
        Reasons = row.Reasons,
    };
}

using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using DataHub.Core.Storage;

namespace DataHub.Broker.Reconciliation;

/// <summary>What a side's report makes of an exchange: the new row, a break that it opens, or the breaks that it heals.</summary>
internal readonly record struct Reconciled(ExchangeRow Row, BreakRow? Opened, bool Healed);

/// <summary>
/// Three-way comparison per exchange: the hub's outcome, and what source and target report to hold. Pure.
/// An exchange is reconciled when all that have to hold it report the digest that the hub has.
/// </summary>
internal static class Reconciler
{
    /// <summary>Breaks that an equal report heals.</summary>
    public static readonly IReadOnlyList<string> Healable =
    [
        ReasonCodes.BreakOutcomeDiffers, ReasonCodes.BreakAmountDiffers, ReasonCodes.BreakDigestDiffers,
        ReasonCodes.BreakMissingAtSource, ReasonCodes.BreakMissingAtTarget, ReasonCodes.BreakLate,
    ];

    /// <summary>Takes in one side's report.</summary>
    public static Reconciled Report(ExchangeRow row, string city, HolderEntry entry, DateTimeOffset now)
    {
        if (entry.OutcomeDigest is null)
            return new Reconciled(row, null, false);
        var isSource = city == row.State.SourceCity;
        if (!isSource && city != row.State.TargetCity)
            return new Reconciled(row, null, false);
        row = isSource ? row with { SourceDigest = entry.OutcomeDigest } : row with { TargetDigest = entry.OutcomeDigest };
        if (row.OutcomeDigest is null)
            return new Reconciled(row, null, false);
        if (entry.OutcomeDigest != row.OutcomeDigest)
        {
            var (code, detail) = Difference(row.State.Outcome!, entry);
            return new Reconciled(row with { ReconciledAt = null }, new BreakRow(row.State.ExchangeId, code, $"{city}: {detail}", now, null), false);
        }

        return AllEqual(row) && row.ReconciledAt is null
            ? new Reconciled(row with { ReconciledAt = now }, null, true)
            : new Reconciled(row, null, false);
    }

    /// <summary>Breaks of an exchange whose outcome was not confirmed by both sides in time.</summary>
    public static IEnumerable<BreakRow> Overdue(ExchangeRow row, DateTimeOffset now)
    {
        if (row.SourceDigest is null)
            yield return new BreakRow(row.State.ExchangeId, ReasonCodes.BreakMissingAtSource, row.State.SourceCity, now, null);
        if (row.State.TargetCity.Length > 0 && row.TargetDigest is null)
            yield return new BreakRow(row.State.ExchangeId, ReasonCodes.BreakMissingAtTarget, row.State.TargetCity, now, null);
    }

    /// <summary>
    /// The row after a decision: where the outcome changed, what the sides reported before counts no more.
    /// </summary>
    public static ExchangeRow Next(ExchangeRow? previous, ExchangeState state)
    {
        var digest = state.Outcome is null ? null : OutcomeText.Digest(state.ExchangeId, state.Outcome);
        var unchanged = previous is not null && previous.OutcomeDigest == digest;
        return new ExchangeRow
        {
            State = state,
            OutcomeDigest = digest,
            SourceDigest = unchanged ? previous!.SourceDigest : null,
            TargetDigest = unchanged ? previous!.TargetDigest : null,
            ReconciledAt = unchanged ? previous!.ReconciledAt : null,
        };
    }

    private static bool AllEqual(ExchangeRow row) =>
        row.SourceDigest == row.OutcomeDigest && (row.State.TargetCity.Length == 0 || row.TargetDigest == row.OutcomeDigest);

    private static (string Code, string Detail) Difference(Outcome hub, HolderEntry held) =>
        held.Outcome != hub.Code ? (ReasonCodes.BreakOutcomeDiffers, $"{held.Outcome} ≠ {hub.Code}")
        : held.AmountFen != hub.AmountFen ? (ReasonCodes.BreakAmountDiffers, $"{held.AmountFen} ≠ {hub.AmountFen}")
        : (ReasonCodes.BreakDigestDiffers, $"{held.OutcomeDigest}");
}

using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Calendar;
using DataHub.Core.Flows;
using DataHub.Core.Registry;

namespace DataHub.Core.Statistics;

/// <summary>
/// What an accepted message changes in the counts. Pure. What happened stays counted (an opening, a leg, a supplement, a
/// rating); what stands now follows the outcome (<see cref="StandingCounts"/>).
/// </summary>
public static class StepStatistics
{
    /// <summary>Stands for a code that the catalogue does not have, so that nobody can make keys without end.</summary>
    public const string Other = "other";

    public const string Remitted = "remitted";
    public const string Returned = "returned";

    private const string AdministrativePrefix = MessageTypes.Prefix + "case.";

    /// <summary>Adds the changes of one accepted message.</summary>
    /// <param name="deltas">Where to.</param>
    /// <param name="previous">The exchange before it; null where it opens the exchange.</param>
    /// <param name="type">Wire name of the message.</param>
    /// <param name="sender">Code of the city that sent it, or the hub's.</param>
    /// <param name="payload">Its body.</param>
    /// <param name="next">The exchange after it.</param>
    /// <param name="registry">For the codes that are counted by name, and the calendar.</param>
    public static void Add(StatisticDeltas deltas, ExchangeState? previous, string type, string sender, IPayload payload, ExchangeState next, RegistrySnapshot registry)
    {
        ArgumentNullException.ThrowIfNull(deltas);
        ArgumentNullException.ThrowIfNull(type);
        ArgumentNullException.ThrowIfNull(next);
        ArgumentNullException.ThrowIfNull(registry);
        var month = StandingCounts.MonthOf(next.ChangedAt);
        if (previous is null)
            deltas.Add(StandingCounts.Key(Counters.Opened, next, month) with { Variant = next.Facts.GetValueOrDefault(FactKeys.Mode, "") });
        else
            LegStatistics.Add(deltas, previous, next, sender, month, registry.Calendar);
        StandingCounts.Add(deltas, previous, -1);
        StandingCounts.Add(deltas, next, 1);
        if (payload is ServiceEvaluation evaluation)
            deltas.Add(StandingCounts.Key(Counters.Evaluation, next, month) with { Bucket = evaluation.Score });
        if (previous is { Final: true })
            AddMoneyAfterEnd(deltas, previous, payload, StandingCounts.Key(Counters.MoneyAfterEnd, next, month));
        if (type.StartsWith(AdministrativePrefix, StringComparison.Ordinal))
            AddAdministrative(deltas, previous, type, payload, StandingCounts.Key(Counters.Administrative, next, month), registry.On(WorkingDayCalendar.ShanghaiDate(next.OpenedAt)));
    }

    // What a revocation asks back is expected, and so is no return after the end.
    private static void AddMoneyAfterEnd(StatisticDeltas deltas, ExchangeState previous, IPayload payload, StatisticKey key)
    {
        if (payload is ITransferRemittanceAdvice advice)
            deltas.Add(key with { Detail = Remitted }, 1, advice.AmountFen);
        else if (payload is TransferRemittanceReturn returned && previous.State != Administrative.Revoked)
            deltas.Add(key with { Detail = Returned }, 1, returned.AmountFen);
    }

    private static void AddAdministrative(StatisticDeltas deltas, ExchangeState? previous, string type, IPayload payload, StatisticKey key, RegistrySnapshot registry)
    {
        // cn.….case.return.v1 is counted as return.
        key = key with { Detail = type[AdministrativePrefix.Length..type.LastIndexOf('.')] };
        deltas.Add(key);
        IEnumerable<string> reasons = payload switch
        {
            CaseReturn r => [registry.ReturnReason(r.ReasonCode) is null ? Other : r.ReasonCode],
            CaseSupplementRequest s => s.Items.Select(i => registry.Item(key.Item)?.Materials.Any(m => m.Code == i.MaterialCode) == true ? i.MaterialCode : Other),
            // A withdrawal's reason is the applicant's own words: what is counted is how far the case was.
            CaseWithdrawal => [previous?.State ?? ""],
            _ => [],
        };
        foreach (var reason in reasons.Distinct(StringComparer.Ordinal))
            deltas.Add(key with { Counter = Counters.AdministrativeReason, Variant = reason });
    }
}

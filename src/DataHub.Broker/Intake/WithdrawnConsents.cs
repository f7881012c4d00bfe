using System.Globalization;
using DataHub.Broker.Deadlines;
using DataHub.Broker.Reconciliation;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using DataHub.Core.Registry;
using DataHub.Core.Statistics;
using DataHub.Core.Storage;

namespace DataHub.Broker.Intake;

/// <summary>
/// Ends open queries whose patient took back the consent. A withdrawal may lie with another shard than the queries that rest
/// on it, so a query is looked at when it is touched: when the publisher answers it, or when its deadline is told of.
/// </summary>
internal static class WithdrawnConsents
{
    /// <summary>The publisher's answer was refused because of the consent: then the query is over.</summary>
    public static void Refused(HubStep step, string exchangeId, IReadOnlyList<Reason> reasons, RegistrySnapshot registry)
    {
        if (reasons.Any(r => r.Code == ReasonCodes.ConsentWithdrawn) && step.Exchange(exchangeId) is { } row)
            End(step, row, registry);
    }

    /// <summary>Whether an exchange of which a deadline is due was over for this, and has been ended.</summary>
    public static async ValueTask<bool> DueAsync(HubStep step, ExchangeRow row, RegistrySnapshot registry, CancellationToken cancel) =>
        row.State is { Flow: RecognitionUseFlow.Code, State: RecognitionUseFlow.Asked } state && state.Facts.GetValueOrDefault(FactKeys.ConsentNumber) is { } consent
        && await step.ConsentWithdrawnAsync(state.SourceCity, consent, cancel) && End(step, row, registry);

    private static bool End(HubStep step, ExchangeRow row, RegistrySnapshot registry)
    {
        if (RecognitionUseFlow.WithoutConsent(row.State, new FlowContext(step.Now, registry.Calendar, registry, "", null)) is not var (state, told))
            return false;
        var next = DeadlineWatch.After(row, Reconciler.Next(row, state), registry);
        step.Put(next);
        step.Closed.Add(next);
        StepStatistics.Add(step.Commit.Statistics, row.State, MessageTypes.CaseWithdrawal, Nodes.Hub, told, state, registry);
        if (DeadlineWatch.Relieved(row, next))
            step.Commit.Breaks.Add(new BreakChange.Healed(state.ExchangeId, [ReasonCodes.BreakLegOverdue], step.Now));
        foreach (var city in new[] { state.SourceCity, state.TargetCity })
            step.Make(city, string.Create(CultureInfo.InvariantCulture, $"consent-{state.ExchangeId}-{state.Version}-{city}"), state.ExchangeId, told, about: next);
        return true;
    }
}

using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using DataHub.Core.Registry;

namespace DataHub.Core.Statistics;

/// <summary>What a refused message changes in the counts. Pure. A city's node and the hub each count what they refuse themselves, so none counts twice.</summary>
public static class RefusalStatistics
{
    /// <summary>Adds one message that a city's node refused before it had a number: it is in no exchange yet, and often in no form that names an item.</summary>
    /// <param name="deltas">Where to.</param>
    /// <param name="city">The node's city: who called its interface.</param>
    /// <param name="type">Wire name; empty or any text where none could be read.</param>
    /// <param name="reasons">Why; of the program's own codes.</param>
    /// <param name="now">When it was refused.</param>
    public static void AddAtCity(StatisticDeltas deltas, string city, string type, IReadOnlyList<Reason> reasons, DateTimeOffset now) =>
        Add(deltas, new StatisticKey(Counters.Refusal, StandingCounts.MonthOf(now), FlowCatalogue.OpenedBy(type)?.Code ?? "", "", city, ""), reasons);

    /// <summary>Adds one message that the hub refused, and each of its reason codes once.</summary>
    /// <param name="deltas">Where to.</param>
    /// <param name="sender">City that sent it; empty where nobody is proven to have sent it.</param>
    /// <param name="type">Wire name; any text, since what is refused may say anything.</param>
    /// <param name="payload">The body; null where it could not be read.</param>
    /// <param name="exchange">The exchange that it is about; null where none is known.</param>
    /// <param name="reasons">Why; of the program's own codes.</param>
    /// <param name="now">When it was refused.</param>
    /// <param name="registry">For codes: one that the catalogue does not have is not counted by name.</param>
    public static void AddAtHub(
        StatisticDeltas deltas, string sender, string type, IPayload? payload, ExchangeState? exchange, IReadOnlyList<Reason> reasons, DateTimeOffset now, RegistrySnapshot registry)
    {
        ArgumentNullException.ThrowIfNull(registry);
        var item = exchange?.Item ?? (payload is null ? "" : OpenerItem.Of(payload));
        var key = new StatisticKey(
            Counters.Refusal,
            StandingCounts.MonthOf(now),
            exchange?.Flow ?? (payload is null ? FlowCatalogue.OpenedBy(type) : FlowCatalogue.OpenedBy(type, payload, registry))?.Code ?? "",
            registry.Item(item) is null && registry.RecognitionItem(item) is null ? "" : item,
            registry.CityByCode(sender) is null ? "" : sender,
            OtherParty(exchange, sender));
        Add(deltas, key, reasons);
    }

    private static void Add(StatisticDeltas deltas, StatisticKey key, IReadOnlyList<Reason> reasons)
    {
        ArgumentNullException.ThrowIfNull(deltas);
        ArgumentNullException.ThrowIfNull(reasons);
        deltas.Add(key);
        foreach (var code in reasons.Select(r => r.Code).Distinct(StringComparer.Ordinal))
            deltas.Add(key with { Counter = Counters.RefusalReason, Detail = code });
    }

    private static string OtherParty(ExchangeState? exchange, string sender) =>
        exchange is null ? ""
        : sender == exchange.SourceCity ? exchange.TargetCity
        : sender == exchange.TargetCity ? exchange.SourceCity
        : "";
}

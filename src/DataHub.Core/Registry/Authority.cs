using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Errors;
using DataHub.Core.Flows;

namespace DataHub.Core.Registry;

/// <summary>
/// May this city send this item to that one? Asked once, when an exchange is opened: what was allowed then stays allowed
/// for its later steps.
/// </summary>
public static class Authority
{
    private const string ItemPath = "$.itemCode";

    /// <summary>
    /// Checks that both cities take part, that the item is in the flow's catalogue and in force, that the target offers it,
    /// and that an agreement covers it.
    /// </summary>
    /// <param name="registry">Catalogue and agreements.</param>
    /// <param name="flow">Code of the flow, such as <c>service.online</c>.</param>
    /// <param name="item">Code of the service item, transfer kind or recognised item.</param>
    /// <param name="source">City that sends.</param>
    /// <param name="target">City that routing found; not looked at for a flow without a target.</param>
    /// <param name="on">Day in Asia/Shanghai.</param>
    /// <returns>Every reason against it; empty where it may.</returns>
    public static IReadOnlyList<Reason> Check(RegistrySnapshot registry, string flow, string item, string source, string target, DateOnly on)
    {
        registry = registry.On(on);
        var definition = FlowCatalogue.Find(flow);
        var hasTarget = definition?.HasTarget ?? true;
        if (registry.CityByCode(source) is null)
            return [Reasons.Of(ReasonCodes.UnknownCity, "$.senderCity")];
        if (hasTarget && registry.CityByCode(target) is null)
            return [Reasons.Of(ReasonCodes.UnknownCity, "$.targetCity")];
        if (hasTarget && source == target)
            return [Reasons.Of(ReasonCodes.SameCity, "$")];

        if (IsRecognition(flow))
        {
            if (registry.RecognitionItem(item) is null)
                return [Reasons.Of(ReasonCodes.UnknownItem, ItemPath)];
            return hasTarget ? CheckAgreement(registry, flow, item, source, target, on) : [];
        }

        if (definition is null || registry.Item(item) is not { } entry || entry.Flow != flow)
            return [Reasons.Of(ReasonCodes.UnknownItem, ItemPath)];

        var reasons = new List<Reason>();
        if (!entry.InForce(on))
            reasons.Add(Reasons.Of(ReasonCodes.ItemNotInForce, ItemPath));
        if (!entry.OfferedBy.Contains(target))
            reasons.Add(Reasons.Of(ReasonCodes.ItemNotOffered, ItemPath));
        reasons.AddRange(CheckAgreement(registry, flow, item, source, target, on));
        return reasons;
    }

    // Medical results have a catalogue of their own, without an offer per city: the mark says whose hospitals take part.
    internal static bool IsRecognition(string flow) => flow.StartsWith("recognition.", StringComparison.Ordinal);

    private static Reason[] CheckAgreement(RegistrySnapshot registry, string flow, string item, string source, string target, DateOnly on) =>
        registry.HasAgreement(source, target, flow, item, on) ? [] : [Reasons.Of(ReasonCodes.NoAgreement, ItemPath)];
}

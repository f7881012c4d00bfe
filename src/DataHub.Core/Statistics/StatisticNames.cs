using DataHub.Core.Errors;
using DataHub.Core.Flows;
using DataHub.Core.Registry;

namespace DataHub.Core.Statistics;

/// <summary>What the codes of a table are called, for people who read it.</summary>
public static class StatisticNames
{
    /// <summary>Dimensions whose values are codes with a name of their own.</summary>
    public static bool HasNames(string dimension) => dimension is "flow" or "item" or "source" or "target" or "hospital" or "reason";

    /// <summary>The Chinese name of a value; the value itself where it has none.</summary>
    public static string Of(RegistrySnapshot registry, string dimension, string value)
    {
        ArgumentNullException.ThrowIfNull(registry);
        ArgumentNullException.ThrowIfNull(value);
        return dimension switch
        {
            "flow" => FlowCatalogue.Find(value)?.Title,
            "item" => registry.Item(value)?.Name ?? registry.RecognitionItem(value)?.Name,
            "source" or "target" => registry.CityByCode(value)?.Name,
            "hospital" => registry.Hospital(value)?.Name,
            "reason" when value.StartsWith("DH-", StringComparison.Ordinal) => Reasons.Of(value, "该字段").Message,
            "reason" => registry.ReturnReason(value)?.Text,
            _ => null,
        } ?? value;
    }
}

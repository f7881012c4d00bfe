using System.Reflection;
using System.Text.Json.Serialization;

namespace DataHub.Core.Registry;

/// <summary>The names that an enumeration's members carry on the wire.</summary>
internal static class WireNames
{
    public static IReadOnlyDictionary<string, TEnum> Of<TEnum>()
        where TEnum : struct, Enum =>
        typeof(TEnum).GetFields(BindingFlags.Public | BindingFlags.Static).ToDictionary(
            f => f.GetCustomAttribute<JsonStringEnumMemberNameAttribute>()?.Name ?? f.Name,
            f => (TEnum)f.GetValue(null)!,
            StringComparer.Ordinal);
}

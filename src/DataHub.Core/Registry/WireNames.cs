using System.Collections.Frozen;
using System.Reflection;
using System.Text.Json.Serialization;

namespace DataHub.Core.Registry;

/// <summary>The names that an enumeration's members carry on the wire.</summary>
internal static class WireNames
{
    /// <summary>All of them, in the order of declaration; a member's own where it has none on the wire.</summary>
    public static IEnumerable<string> Of(Type enumeration) => Members(enumeration).Select(NameOf);

    public static IReadOnlyDictionary<string, TEnum> Of<TEnum>()
        where TEnum : struct, Enum => Members(typeof(TEnum)).ToDictionary(NameOf, f => (TEnum)f.GetValue(null)!, StringComparer.Ordinal);

    /// <summary>The name of one member; the member's own where it has none on the wire.</summary>
    public static string Of<TEnum>(TEnum value)
        where TEnum : struct, Enum => Names<TEnum>.ByValue.GetValueOrDefault(value) ?? value.ToString();

    private static FieldInfo[] Members(Type enumeration) => enumeration.GetFields(BindingFlags.Public | BindingFlags.Static);

    private static string NameOf(FieldInfo member) => member.GetCustomAttribute<JsonStringEnumMemberNameAttribute>()?.Name ?? member.Name;

    private static class Names<TEnum>
        where TEnum : struct, Enum
    {
        public static readonly FrozenDictionary<TEnum, string> ByValue = Of<TEnum>().ToFrozenDictionary(n => n.Value, n => n.Key);
    }
}

using System.Text.Json;
using System.Text.Json.Serialization;

namespace DataHub.Core.Storage;

/// <summary>An exchange's facts as the JSON text that databases keep.</summary>
internal static partial class FactsText
{
    private static readonly IReadOnlyDictionary<string, string> None = new Dictionary<string, string>(StringComparer.Ordinal);

    public static string Write(IReadOnlyDictionary<string, string> facts) =>
        facts.Count == 0 ? "{}" : JsonSerializer.Serialize(facts, FactsJson.Default.IReadOnlyDictionaryStringString);

    public static IReadOnlyDictionary<string, string> Read(string text) =>
        text is "{}" ? None : JsonSerializer.Deserialize(text, FactsJson.Default.IReadOnlyDictionaryStringString)!;

    [JsonSerializable(typeof(IReadOnlyDictionary<string, string>))]
    private sealed partial class FactsJson : JsonSerializerContext;
}

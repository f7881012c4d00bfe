using System.Text.Json;
using System.Text.Json.Serialization;
using DataHub.Contracts.Payloads;

namespace DataHub.Core.Errors;

/// <summary>Reasons as they are kept in a journal row.</summary>
public static partial class ReasonList
{
    public static string Write(IReadOnlyList<Reason> reasons) => JsonSerializer.Serialize(reasons, Context.IReadOnlyListReason);

    public static IReadOnlyList<Reason> Read(string json) => JsonSerializer.Deserialize(json, Context.IReadOnlyListReason) ?? [];

    // Chinese stays readable in the row; the default escapes everything beyond ASCII.
    private static readonly ReasonJson Context = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    [JsonSerializable(typeof(IReadOnlyList<Reason>))]
    private sealed partial class ReasonJson : JsonSerializerContext;
}

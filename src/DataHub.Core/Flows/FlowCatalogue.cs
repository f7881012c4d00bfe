using System.Collections.Frozen;

namespace DataHub.Core.Flows;

/// <summary>Every flow that the hub knows.</summary>
public static class FlowCatalogue
{
    /// <summary>In the order in which users see them.</summary>
    public static IReadOnlyList<FlowDefinition> All { get; } =
        [ServiceFlow.Definition, PensionFlow.Definition, RecognitionNoticeFlow.Definition, RecognitionUseFlow.Definition];

    private static readonly FrozenDictionary<string, FlowDefinition> ByCode = All.ToFrozenDictionary(f => f.Code);

    private static readonly FrozenDictionary<string, FlowDefinition> ByOpening = All.ToFrozenDictionary(f => f.Opening.Type);

    /// <summary>The current version of a flow.</summary>
    public static FlowDefinition? Find(string code) => ByCode.GetValueOrDefault(code);

    /// <summary>The version that an exchange was opened with; null where this program does not have it.</summary>
    public static FlowDefinition? Find(string code, int version) => Find(code) is { } flow && flow.Version == version ? flow : null;

    /// <summary>The flow that a message of this type opens; null for every other message.</summary>
    public static FlowDefinition? OpenedBy(string type) => ByOpening.GetValueOrDefault(type);
}

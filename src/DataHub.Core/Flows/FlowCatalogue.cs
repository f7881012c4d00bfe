using System.Collections.Frozen;
using DataHub.Contracts.Payloads;
using DataHub.Core.Registry;

namespace DataHub.Core.Flows;

/// <summary>Every flow that the hub knows.</summary>
public static class FlowCatalogue
{
    /// <summary>In the order in which users see them.</summary>
    public static IReadOnlyList<FlowDefinition> All { get; } =
    [
        ServiceFlow.Definition,
        JointFlow.Definition,
        PensionFlow.Definition,
        TransferFlows.Medical,
        TransferFlows.Unemployment,
        TransferFlows.HousingFund,
        TransferFlows.ResidentPension,
        InquiryFlows.Qualification,
        InquiryFlows.Contribution,
        RecognitionNoticeFlow.Definition,
        RecognitionUseFlow.Definition,
        RecognitionSearchFlow.Definition,
        RecognitionConsentFlow.Definition,
    ];

    private static readonly FrozenDictionary<string, FlowDefinition> ByCode = All.ToFrozenDictionary(f => f.Code);

    private static readonly FrozenDictionary<string, FlowDefinition[]> ByOpening =
        All.GroupBy(f => f.Opening.Type).ToFrozenDictionary(g => g.Key, g => g.ToArray());

    /// <summary>The current version of a flow.</summary>
    public static FlowDefinition? Find(string code) => ByCode.GetValueOrDefault(code);

    /// <summary>The version that an exchange was opened with; null where this program does not have it.</summary>
    public static FlowDefinition? Find(string code, int version) => Find(code) is { } flow && flow.Version == version ? flow : null;

    /// <summary>Whether a message of this type opens an exchange.</summary>
    public static bool Opens(string type) => ByOpening.ContainsKey(type);

    /// <summary>The one flow that messages of this type open; null where they open none, or several by their item.</summary>
    public static FlowDefinition? OpenedBy(string type) => ByOpening.GetValueOrDefault(type) is [var only] ? only : null;

    /// <summary>
    /// The flow that this message opens. Where several flows share an opening message, it is the one of the item that the
    /// message names.
    /// </summary>
    /// <returns>Null where the message opens nothing, or names no item of a flow that it could open.</returns>
    public static FlowDefinition? OpenedBy(string type, IPayload payload, RegistrySnapshot registry) => ByOpening.GetValueOrDefault(type) switch
    {
        null => null,
        [var only] => only,
        var several => registry.Item(OpenerItem.Of(payload))?.Flow is { } code ? Array.Find(several, f => f.Code == code) : null,
    };
}

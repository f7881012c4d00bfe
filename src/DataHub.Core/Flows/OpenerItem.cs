using DataHub.Contracts.Payloads;

namespace DataHub.Core.Flows;

/// <summary>The catalogue code that an opening message names: service item, transfer kind or recognised item.</summary>
public static class OpenerItem
{
    /// <returns>Empty for a message that opens nothing.</returns>
    public static string Of(IPayload payload) => payload switch
    {
        ServiceSubmission s => s.ItemCode,
        PensionApplication p => p.ItemCode,
        ResultNotice n => n.ItemCode,
        RecognitionQuery q => q.ItemCode,
        _ => "",
    };
}

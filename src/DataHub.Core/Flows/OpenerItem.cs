using DataHub.Contracts.Payloads;

namespace DataHub.Core.Flows;

/// <summary>The catalogue code that an opening message names: service item, transfer kind or recognised item.</summary>
public static class OpenerItem
{
    /// <returns>Empty for a message that opens nothing.</returns>
    public static string Of(IPayload payload) => payload switch
    {
        ServiceSubmission s => s.ItemCode,
        JointApplication j => j.ItemCode,
        ITransferApplication t => t.ItemCode,
        IInquiry i => i.ItemCode,
        ResultNotice n => n.ItemCode,
        RecognitionQuery q => q.ItemCode,
        RecognitionSearch s => s.ItemCodes[0],
        _ => "",
    };
}

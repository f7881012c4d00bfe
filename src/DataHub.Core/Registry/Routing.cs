using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Errors;
using DataHub.Core.Flows;

namespace DataHub.Core.Registry;

/// <summary>Finds the city that an exchange is for from the message that opens it.</summary>
public static class Routing
{
    /// <summary>
    /// A service application goes to the city of the district that has the power to decide, a transfer to the city that
    /// holds the old relation, a query to the city that published the result. A published result has no target yet, a search
    /// is answered by the hub: their city is empty.
    /// </summary>
    /// <param name="opener">The message that opens the exchange.</param>
    /// <param name="registry">Districts and cities.</param>
    /// <param name="published">For a query: the result found for the patient and item; null if there is none.</param>
    /// <returns>The city's code, or the reason why there is none; exactly one of the two is null.</returns>
    public static (string? City, Reason? Reason) TargetOf(IPayload opener, RegistrySnapshot registry, PublishedResult? published) => opener switch
    {
        ServiceSubmission s => registry.District(s.TargetDistrict) is { } district
            ? (district.CityCode, null)
            : (null, Reasons.Of(ReasonCodes.UnknownDistrict, "$.targetDistrict")),
        ITransferApplication t => registry.CityByCode(t.OldCity) is { } city
            ? (city.Code, null)
            : (null, Reasons.Of(ReasonCodes.UnknownCity, "$.oldCity")),
        IInquiry i => registry.CityByCode(i.AskedCity) is { } city
            ? (city.Code, null)
            : (null, Reasons.Of(ReasonCodes.UnknownCity, "$.askedCity")),
        RecognitionQuery => published is not null
            ? (published.City, null)
            : (null, Reasons.Of(ReasonCodes.NoSharedResult, "$.itemCode")),
        JointApplication or ResultNotice or RecognitionSearch or ConsentWithdrawal => ("", null),
        _ => (null, Reasons.Of(ReasonCodes.UnknownExchange, "$")),
    };
}

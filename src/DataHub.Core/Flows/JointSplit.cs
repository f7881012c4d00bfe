using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Registry;

namespace DataHub.Core.Flows;

/// <summary>
/// Makes the submissions of a joint application's parts, and takes a submission in as one. A part carries what its item asks
/// for and no more (个人信息保护法: need to know).
/// </summary>
public static class JointSplit
{
    /// <summary>The part's own submission.</summary>
    public static ServiceSubmission Part(JointApplication whole, JointApplicationPart part, string wholeExchangeId, RegistrySnapshot registry)
    {
        ArgumentNullException.ThrowIfNull(whole);
        ArgumentNullException.ThrowIfNull(part);
        ArgumentNullException.ThrowIfNull(registry);
        var item = registry.Item(part.ItemCode);
        var answers = whole.Form?.Where(answer => item?.Fields.Any(f => f.Code == answer.Key) == true).ToDictionary(StringComparer.Ordinal);
        return new ServiceSubmission
        {
            ItemCode = part.ItemCode,
            Mode = ServiceMode.Joint,
            CaseNumber = whole.CaseNumber,
            Applicant = whole.Applicant,
            Organisation = whole.Organisation,
            Agent = whole.Agent,
            TargetDistrict = part.TargetDistrict,
            Form = answers is { Count: > 0 } ? answers : null,
            Materials = [.. whole.Materials.Where(material => item?.Materials.Any(m => m.Code == material.Code) == true)],
            Joint = new JointPart { WholeExchangeId = wholeExchangeId, Number = part.Number, Count = whole.Parts.Count },
            SubmittedAt = whole.SubmittedAt,
        };
    }

    /// <summary>Checks at a part's opening that its whole waits for exactly this part.</summary>
    internal static void Open(StepDraft draft, ServiceSubmission part, JointPart joint)
    {
        if (WhyNot(draft.Context.Whole, part, joint, draft.SourceCity) is { } code)
            draft.Refuse(code, "$.joint");
        draft.Remember(FactKeys.Whole, joint.WholeExchangeId);
        draft.Remember(FactKeys.PartNumber, joint.Number);
    }

    /// <summary>Whether the whole cannot end without this part, so that it must know even of its refusal.</summary>
    public static bool IsAwaited(ExchangeState? whole, ServiceSubmission part, JointPart joint, string sender) =>
        whole is { Final: false } && WhyNot(whole, part, joint, sender) is null or ReasonCodes.WholeEnded;

    /// <summary>Why this is no part that the whole waits for; null where it is.</summary>
    /// <param name="whole">The exchange that the part names; null where there is none.</param>
    public static string? WhyNot(ExchangeState? whole, ServiceSubmission part, JointPart joint, string sender)
    {
        ArgumentNullException.ThrowIfNull(joint);
        if (whole is not { Flow: JointFlow.Code })
            return ReasonCodes.WholeUnknown;
        if (whole.SourceCity != sender)
            return ReasonCodes.WholeOfOtherCity;
        if (!JointParts.IsAnnounced(whole.Facts, part))
            return ReasonCodes.PartNotAnnounced;
        if (JointParts.Of(whole.Facts)[joint.Number - 1].ExchangeId is not null)
            return ReasonCodes.PartTaken;
        return whole.State == JointFlow.Handling ? null : ReasonCodes.WholeEnded;
    }
}

using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using FluentValidation;

namespace DataHub.Core.Validation.Rules;

internal sealed class OnBehalfCollectionRules : AbstractValidator<OnBehalfCollection>
{
    public static readonly OnBehalfCollectionRules Instance = new();

    private OnBehalfCollectionRules()
    {
        RuleFor(collection => collection.Agency).IsRegistered();
        RuleFor(collection => collection.IdentityCheckedAt).IsRecent();
        RuleFor(collection => collection.FormCheckedAt).IsRecent();
    }
}

internal sealed class ServiceHandoverRules : AbstractValidator<ServiceHandover>
{
    public ServiceHandoverRules()
    {
        RuleFor(payload => payload.TrackingNumber).Custom((number, context) =>
        {
            if (number is null && context.InstanceToValidate.Means == HandoverMeans.Post)
                context.Refuse(ReasonCodes.TrackingNumberRequired);
        });
        RuleFor(payload => payload).Custom((payload, context) =>
            context.RefuseRepeated(payload.Materials, nameof(payload.Materials), nameof(HandedMaterial.Code), material => material.Code));
        RuleFor(payload => payload.HandedOverAt).IsRecent();
    }
}

internal sealed class ServiceFollowUpRules : AbstractValidator<ServiceFollowUp>
{
    public ServiceFollowUpRules()
    {
        RuleFor(payload => payload.ContactedAt).IsRecent();
        RuleFor(payload => payload.Explanation).HasWords();
        RuleFor(payload => payload.Measure).Custom((measure, context) =>
        {
            if (string.IsNullOrWhiteSpace(measure) && (measure is not null || context.InstanceToValidate.Finding == FollowUpFinding.Substantiated))
                context.Refuse(ReasonCodes.MeasureRequired);
        });
        RuleFor(payload => payload.FollowedUpAt).IsRecent();
    }
}

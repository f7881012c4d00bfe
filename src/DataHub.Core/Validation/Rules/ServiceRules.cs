using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Registry;
using FluentValidation;

namespace DataHub.Core.Validation.Rules;

internal sealed class ServiceSubmissionRules : AbstractValidator<ServiceSubmission>
{
    public ServiceSubmissionRules()
    {
        RuleFor(payload => payload.Applicant).SetValidator(PersonRules.Instance);
        RuleFor(payload => payload.Agent!).SetValidator(PersonRules.Instance).When(payload => payload.Agent is not null);
        RuleFor(payload => payload.Organisation!).SetValidator(OrganisationRules.Instance).When(payload => payload.Organisation is not null);
        RuleFor(payload => payload.Collection!).SetValidator(OnBehalfCollectionRules.Instance).When(payload => payload.Collection is not null);
        RuleFor(payload => payload.SubmittedAt).IsRecent();
        RuleFor(payload => payload.Joint).Custom((joint, context) =>
        {
            if (context.InstanceToValidate.Mode == ServiceMode.Joint != joint is not null || joint?.Number > joint?.Count)
                context.Refuse(ReasonCodes.JointPartUnfit);
        });
        RuleFor(payload => payload.Collection).Custom((collection, context) =>
        {
            var onBehalf = context.InstanceToValidate.Mode == ServiceMode.CollectOnBehalf;
            if (onBehalf && collection is null)
                context.Refuse(ReasonCodes.CollectionRequired);
            else if (!onBehalf && collection is not null)
                context.Refuse(ReasonCodes.CollectionUnexpected);
        });
        RuleFor(payload => payload).Custom((payload, context) =>
        {
            context.RefuseRepeated(payload.Materials, nameof(payload.Materials), nameof(Material.Code), material => material.Code);
            // An item that the catalogue does not have is refused by authority, which knows the cities as well.
            if (context.Rules().Registry.Item(payload.ItemCode) is not { } item)
                return;
            CheckMaterials(payload, item, context);
            CheckForm(payload.Form ?? new Dictionary<string, string>(), item, context);
        });
    }

    private static void CheckMaterials(ServiceSubmission payload, ServiceItem item, ValidationContext<ServiceSubmission> context)
    {
        foreach (var material in item.Materials.Where(material => material.Required && payload.Materials.All(given => given.Code != material.Code)))
            context.RefuseAt(nameof(payload.Materials), ReasonCodes.MaterialMissing, material.Name, material.Code);
        for (var index = 0; index < payload.Materials.Count; index++)
        {
            var code = payload.Materials[index].Code;
            if (item.Materials.All(material => material.Code != code))
                context.RefuseAt($"{nameof(payload.Materials)}[{index}].{nameof(Material.Code)}", ReasonCodes.MaterialUnknown);
        }
    }

    private static void CheckForm(IReadOnlyDictionary<string, string> form, ServiceItem item, ValidationContext<ServiceSubmission> context)
    {
        foreach (var field in item.Fields)
        {
            var path = $"{nameof(ServiceSubmission.Form)}.{field.Code}";
            var answer = form.GetValueOrDefault(field.Code);
            if (field.Required && string.IsNullOrWhiteSpace(answer))
                context.RefuseAt(path, ReasonCodes.FormFieldMissing, field.Name);
            else if (answer is not null && answer.EnumerateRunes().Count() > field.MaxLength)
                context.RefuseAt(path, ReasonCodes.LengthOutOfBounds, field.Required ? 1 : 0, field.MaxLength);
        }

        foreach (var code in form.Keys.Where(code => item.Fields.All(field => field.Code != code)))
            context.RefuseAt($"{nameof(ServiceSubmission.Form)}.{code}", ReasonCodes.FormFieldUnknown);
    }
}

internal sealed class ServiceAcceptanceRules : AbstractValidator<ServiceAcceptance>
{
    public ServiceAcceptanceRules()
    {
        RuleFor(payload => payload.HandlingAgency).IsRegistered();
        RuleFor(payload => payload.AcceptedAt).IsRecent();
    }
}

internal sealed class ServiceDecisionRules : AbstractValidator<ServiceDecision>
{
    public ServiceDecisionRules()
    {
        When(payload => payload.Result == DecisionResult.Refused || payload.Reason is not null, () => RuleFor(payload => payload.Reason!).HasWords());
        RuleFor(payload => payload.Dispatch).Custom((dispatch, context) =>
        {
            if (dispatch is { Medium: ResultMedium.Paper, TrackingNumber: null })
                context.RefuseAt("Dispatch.TrackingNumber", ReasonCodes.TrackingNumberRequired);
        });
        RuleFor(payload => payload.DecidedAt).IsRecent();
    }
}

internal sealed class ServiceDeliveryRules : AbstractValidator<ServiceDelivery>
{
    public ServiceDeliveryRules()
    {
        RuleFor(payload => payload.TrackingNumber).Custom((number, context) =>
        {
            if (number is null && context.InstanceToValidate.Channel == DeliveryChannel.Post)
                context.Refuse(ReasonCodes.TrackingNumberRequired);
        });
        RuleFor(payload => payload.DeliveredAt).IsRecent();
    }
}

internal sealed class ServiceEvaluationRules : AbstractValidator<ServiceEvaluation>
{
    public ServiceEvaluationRules() => RuleFor(payload => payload.EvaluatedAt).IsRecent();
}

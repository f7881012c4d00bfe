using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using FluentValidation;

namespace DataHub.Core.Validation.Rules;

internal sealed class JointApplicationRules : AbstractValidator<JointApplication>
{
    private static readonly ServiceSubmissionRules PartRules = new();

    public JointApplicationRules()
    {
        RuleFor(payload => payload.Applicant).SetValidator(PersonRules.Instance);
        RuleFor(payload => payload.Agent!).SetValidator(PersonRules.Instance).When(payload => payload.Agent is not null);
        RuleFor(payload => payload.Organisation!).SetValidator(OrganisationRules.Instance).When(payload => payload.Organisation is not null);
        RuleFor(payload => payload.SubmittedAt).IsRecent();
        RuleFor(payload => payload).Custom((payload, context) =>
        {
            context.RefuseRepeated(payload.Materials, nameof(payload.Materials), nameof(Material.Code), material => material.Code);
            CheckNumbers(payload, context);
            if (CheckItems(payload, context))
                CheckContent(payload, context);
        });
    }

    private static void CheckNumbers(JointApplication payload, ValidationContext<JointApplication> context)
    {
        for (var index = 0; index < payload.Parts.Count; index++)
        {
            if (payload.Parts[index].Number == index + 1)
                continue;
            var repeated = payload.Parts.Take(index).Any(part => part.Number == payload.Parts[index].Number);
            context.RefuseAt($"{nameof(payload.Parts)}[{index}].{nameof(JointApplicationPart.Number)}", repeated ? ReasonCodes.DuplicateEntry : ReasonCodes.JointPartUnfit);
        }
    }

    private static bool CheckItems(JointApplication payload, ValidationContext<JointApplication> context)
    {
        var known = true;
        for (var index = 0; index < payload.Parts.Count; index++)
        {
            if (context.Rules().Registry.Item(payload.Parts[index].ItemCode) is { Flow: ServiceFlow.Code })
                continue;
            known = false;
            context.RefuseAt($"{nameof(payload.Parts)}[{index}].{nameof(JointApplicationPart.ItemCode)}", ReasonCodes.UnknownItem);
        }

        return known;
    }

    /// <summary>Every part must find in the whole what its item asks for, and nothing may be left that no part asks for.</summary>
    private static void CheckContent(JointApplication payload, ValidationContext<JointApplication> context)
    {
        var rules = context.Rules();
        var parts = payload.Parts.Select(part => JointSplit.Part(payload, part, Nodes.NoExchange, rules.Registry)).ToList();
        var missing = parts.SelectMany(part => PartRules.Validate(RuleSupport.Begin(part, rules)).Errors)
            .Where(failure => failure.ErrorCode is ReasonCodes.MaterialMissing || failure.PropertyName.StartsWith(nameof(payload.Form) + ".", StringComparison.Ordinal));
        foreach (var failure in missing.DistinctBy(failure => (failure.PropertyName, failure.ErrorCode, failure.ErrorCode == ReasonCodes.MaterialMissing ? ((object[])failure.CustomState)[1] : "")))
            context.RefuseAt(failure.PropertyName, failure.ErrorCode, (object[])failure.CustomState);
        for (var index = 0; index < payload.Materials.Count; index++)
        {
            if (!parts.Exists(part => part.Materials.Any(material => material.Code == payload.Materials[index].Code)))
                context.RefuseAt($"{nameof(payload.Materials)}[{index}].{nameof(Material.Code)}", ReasonCodes.MaterialUnknown);
        }

        foreach (var code in (payload.Form?.Keys ?? []).Where(code => !parts.Exists(part => part.Form?.ContainsKey(code) == true)))
            context.RefuseAt($"{nameof(payload.Form)}.{code}", ReasonCodes.FormFieldUnknown);
    }
}

/// <summary>The shape says all: the hub computes the completion.</summary>
internal sealed class JointCompletionRules : AbstractValidator<JointCompletion>;

using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using FluentValidation;

namespace DataHub.Core.Validation.Rules;

internal sealed class CaseReturnRules : AbstractValidator<CaseReturn>
{
    public CaseReturnRules()
    {
        RuleFor(payload => payload.Reason).HasWords();
        RuleFor(payload => payload.ReturnedAt).IsRecent();
    }
}

internal sealed class CaseWithdrawalRules : AbstractValidator<CaseWithdrawal>
{
    public CaseWithdrawalRules()
    {
        RuleFor(payload => payload.Reason).HasWords();
        RuleFor(payload => payload.WithdrawnAt).IsRecent();
    }
}

internal sealed class CaseSupplementRequestRules : AbstractValidator<CaseSupplementRequest>
{
    public CaseSupplementRequestRules()
    {
        RuleFor(payload => payload).Custom((payload, context) =>
            context.RefuseRepeated(payload.Items, nameof(payload.Items), nameof(SupplementItem.MaterialCode), item => item.MaterialCode));
        RuleFor(payload => payload.RequestedAt).IsRecent();
    }
}

internal sealed class CaseSupplementRules : AbstractValidator<CaseSupplement>
{
    public CaseSupplementRules()
    {
        RuleFor(payload => payload).Custom((payload, context) =>
            context.RefuseRepeated(payload.Materials, nameof(payload.Materials), nameof(Material.Code), material => material.Code));
        RuleFor(payload => payload.SuppliedAt).IsRecent();
    }
}

internal sealed class CaseReminderRules : AbstractValidator<CaseReminder>
{
    public CaseReminderRules()
    {
        RuleFor(payload => payload.Text).HasWords();
        RuleFor(payload => payload.RemindedAt).IsRecent();
    }
}

internal sealed class CaseCorrectionRules : AbstractValidator<CaseCorrection>
{
    public CaseCorrectionRules()
    {
        RuleFor(payload => payload).Custom((payload, context) =>
        {
            context.RefuseRepeated(payload.Changes, nameof(payload.Changes), nameof(FieldChange.Path), change => change.Path);
            for (var index = 0; index < payload.Changes.Count; index++)
            {
                if (!payload.Changes[index].Path.StartsWith("$.", StringComparison.Ordinal))
                    context.RefuseAt($"{nameof(payload.Changes)}[{index}].{nameof(FieldChange.Path)}", ReasonCodes.PatternMismatch);
            }
        });
        RuleFor(payload => payload.Reason).HasWords();
        RuleFor(payload => payload.CorrectedAt).IsRecent();
    }
}

internal sealed class CaseRevocationRules : AbstractValidator<CaseRevocation>
{
    public CaseRevocationRules()
    {
        RuleFor(payload => payload.Reason).HasWords();
        RuleFor(payload => payload.RevokedAt).IsRecent();
    }
}

internal sealed class CaseReopeningRules : AbstractValidator<CaseReopening>
{
    public CaseReopeningRules()
    {
        RuleFor(payload => payload.Reason).HasWords();
        RuleFor(payload => payload.ReopenedAt).IsRecent();
    }
}

internal sealed class CaseClosureRules : AbstractValidator<CaseClosure>
{
    public CaseClosureRules()
    {
        RuleFor(payload => payload.Reason).HasWords();
        RuleFor(payload => payload.ClosedAt).IsRecent();
    }
}

internal sealed class CaseForwardingRules : AbstractValidator<CaseForwarding>
{
    public CaseForwardingRules()
    {
        RuleFor(payload => payload.Reason).HasWords();
        RuleFor(payload => payload.ForwardedAt).IsRecent();
        RuleFor(payload => payload.FromAgency).IsRegistered();
        RuleFor(payload => payload.ToAgency).IsRegistered();
        RuleFor(payload => payload).Custom((payload, context) =>
        {
            if (payload.FromAgency.Code == payload.ToAgency.Code)
                context.RefuseAt($"{nameof(payload.ToAgency)}.{nameof(Agency.Code)}", ReasonCodes.SameAgency);
        });
    }
}

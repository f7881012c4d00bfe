using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using FluentValidation;

namespace DataHub.Core.Validation.Rules;

/// <summary>The patient's consent by itself; what it is used for stands in the rules of the messages that carry it.</summary>
internal sealed class ConsentRules : AbstractValidator<Consent>
{
    public static readonly ConsentRules Instance = new();

    private ConsentRules() => RuleFor(consent => consent.ExpiresAt).Custom((expires, context) =>
    {
        if (expires <= context.InstanceToValidate.GrantedAt)
            context.Refuse(ReasonCodes.PeriodReversed);
    });
}

internal sealed class ConsentWithdrawalRules : AbstractValidator<ConsentWithdrawal>
{
    public ConsentWithdrawalRules()
    {
        RuleFor(payload => payload.Patient).SetValidator(PersonRules.Instance);
        When(payload => payload.Reason is not null, () => RuleFor(payload => payload.Reason!).HasWords());
        RuleFor(payload => payload.WithdrawnAt).IsRecent();
    }
}

internal static class ConsentRuleSupport
{
    /// <summary>The asking hospital is one of those that the patient agreed to.</summary>
    public static void IsConsented<T>(this IRuleBuilder<T, string> rule, Func<T, Consent> consentOf) => rule.Custom((hospital, context) =>
    {
        if (consentOf(context.InstanceToValidate).HospitalCodes is { Count: > 0 } hospitals && !hospitals.Contains(hospital))
            context.Refuse(ReasonCodes.ConsentHospital);
    });

    /// <summary>A time at which the consent holds.</summary>
    public static void IsWithin<T>(this IRuleBuilder<T, DateTimeOffset> rule, Func<T, Consent> consentOf) => rule.Custom((time, context) =>
    {
        var consent = consentOf(context.InstanceToValidate);
        if (time < consent.GrantedAt || time > consent.ExpiresAt)
            context.Refuse(ReasonCodes.ConsentExpired);
    });
}

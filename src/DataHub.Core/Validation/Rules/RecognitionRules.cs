using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using FluentValidation;

namespace DataHub.Core.Validation.Rules;

internal sealed class ResultNoticeRules : AbstractValidator<ResultNotice>
{
    public ResultNoticeRules()
    {
        RuleFor(payload => payload.Patient).SetValidator(PersonRules.Instance);
        RuleFor(payload => payload.Category).Custom((category, context) =>
        {
            if (context.Rules().Registry.RecognitionItem(context.InstanceToValidate.ItemCode) is { } item && item.Category != category)
                context.Refuse(ReasonCodes.UnknownValue, item.Category == ResultCategory.Examination ? "examination" : "laboratory");
        });
        RuleFor(payload => payload.Mark).IsMark();
        RuleFor(payload => payload.PerformedAt).IsRecent();
        RuleFor(payload => payload.ReportedAt).IsRecent();
        RuleFor(payload => payload.ReportedAt).Custom((reported, context) =>
        {
            if (reported < context.InstanceToValidate.PerformedAt)
                context.Refuse(ReasonCodes.PeriodReversed);
        });
    }
}

internal sealed class ResultCorrectionRules : AbstractValidator<ResultCorrection>
{
    public ResultCorrectionRules()
    {
        RuleFor(payload => payload.Reason).HasWords();
        RuleFor(payload => payload.CorrectedAt).IsRecent();
    }
}

internal sealed class ResultRevocationRules : AbstractValidator<ResultRevocation>
{
    public ResultRevocationRules()
    {
        RuleFor(payload => payload.Reason).HasWords();
        RuleFor(payload => payload.RevokedAt).IsRecent();
    }
}

internal sealed class ResultAcknowledgementRules : AbstractValidator<ResultAcknowledgement>
{
    public ResultAcknowledgementRules()
    {
        RuleFor(payload => payload.Doctor).SetValidator(DoctorRules.Instance);
        RuleFor(payload => payload.AcknowledgedAt).IsRecent();
    }
}

internal sealed class RecognitionQueryRules : AbstractValidator<RecognitionQuery>
{
    public RecognitionQueryRules()
    {
        RuleFor(payload => payload.Patient).SetValidator(PersonRules.Instance);
        RuleFor(payload => payload.Doctor).SetValidator(DoctorRules.Instance);
        RuleFor(payload => payload.ItemCode).Custom((item, context) =>
        {
            if (!context.InstanceToValidate.Consent.ItemCodes.Contains(item))
                context.Refuse(ReasonCodes.ConsentScope);
        });
        RuleFor(payload => payload.Consent).SetValidator(ConsentRules.Instance);
        RuleFor(payload => payload.Hospital.Code).IsConsented(payload => payload.Consent);
        RuleFor(payload => payload.QueriedAt).IsWithin(payload => payload.Consent);
        RuleFor(payload => payload.QueriedAt).IsRecent();
    }
}

internal sealed class RecognitionSearchRules : AbstractValidator<RecognitionSearch>
{
    public RecognitionSearchRules()
    {
        RuleFor(payload => payload.Patient).SetValidator(PersonRules.Instance);
        RuleFor(payload => payload.Doctor).SetValidator(DoctorRules.Instance);
        RuleFor(payload => payload).Custom((payload, context) =>
        {
            var seen = new HashSet<string>(StringComparer.Ordinal);
            for (var index = 0; index < payload.ItemCodes.Count; index++)
            {
                var path = $"{nameof(payload.ItemCodes)}[{index}]";
                if (!seen.Add(payload.ItemCodes[index]))
                    context.RefuseAt(path, ReasonCodes.DuplicateEntry);
                else if (!payload.Consent.ItemCodes.Contains(payload.ItemCodes[index]))
                    context.RefuseAt(path, ReasonCodes.ConsentScope);
            }
        });
        RuleFor(payload => payload.Consent).SetValidator(ConsentRules.Instance);
        RuleFor(payload => payload.Hospital.Code).IsConsented(payload => payload.Consent);
        RuleFor(payload => payload.SearchedAt).IsWithin(payload => payload.Consent);
        RuleFor(payload => payload.SearchedAt).IsRecent();
    }
}

/// <summary>Made by the hub itself.</summary>
internal sealed class ResultListRules : AbstractValidator<ResultList>;

internal sealed class RecognitionResultRules : AbstractValidator<RecognitionResult>
{
    public RecognitionResultRules()
    {
        RuleFor(payload => payload.Mark).IsMark();
        RuleFor(payload => payload).Custom((payload, context) =>
        {
            if (payload.Observations is { } observations)
            {
                context.RefuseRepeated(observations, nameof(payload.Observations), nameof(Observation.Code), observation => observation.Code);
                ObservationRules.Check(context, payload.ItemCode, observations);
            }
        });
        RuleFor(payload => payload.Image).Custom((image, context) =>
        {
            var result = context.InstanceToValidate;
            if (image is null)
                return;
            if (context.Rules().Registry.RecognitionItem(result.ItemCode) is { Category: not ResultCategory.Examination })
                context.Refuse(ReasonCodes.ResultPartOfOtherCategory);
            if (image.ExpiresAt <= result.DeliveredAt)
                context.RefuseAt($"{nameof(result.Image)}.{nameof(image.ExpiresAt)}", ReasonCodes.ImageAddressExpired);
        });
        RuleFor(payload => payload.PerformedAt).IsRecent();
        RuleFor(payload => payload.DeliveredAt).IsRecent();
        RuleFor(payload => payload.DeliveredAt).Custom((delivered, context) =>
        {
            if (delivered < context.InstanceToValidate.PerformedAt)
                context.Refuse(ReasonCodes.PeriodReversed);
        });
    }
}

internal sealed class RecognitionDecisionRules : AbstractValidator<RecognitionDecision>
{
    public RecognitionDecisionRules()
    {
        RuleFor(payload => payload.Reason).Custom((reason, context) =>
        {
            if (reason is null && context.InstanceToValidate.Verdict == RecognitionVerdict.NotRecognised)
                context.Refuse(ReasonCodes.ReasonRequired);
        });
        RuleFor(payload => payload.ReasonText).Custom((text, context) =>
        {
            if (string.IsNullOrWhiteSpace(text) && context.InstanceToValidate.Reason == RepeatReason.Other)
                context.Refuse(ReasonCodes.ReasonTextRequired);
        });
        RuleFor(payload => payload.Doctor).SetValidator(DoctorRules.Instance);
        RuleFor(payload => payload.DecidedAt).IsRecent();
    }
}

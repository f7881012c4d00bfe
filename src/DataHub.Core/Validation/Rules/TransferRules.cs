using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using FluentValidation;

namespace DataHub.Core.Validation.Rules;

internal sealed class TransferApplicationRules : AbstractValidator<TransferApplication>
{
    public TransferApplicationRules()
    {
        // The item says which flow is opened, so it must be one of a flow that this message opens.
        RuleFor(payload => payload.ItemCode).Custom((_, context) =>
        {
            if (FlowCatalogue.OpenedBy(MessageTypes.TransferApplication, context.InstanceToValidate, context.Rules().Registry) is null)
                context.Refuse(ReasonCodes.UnknownItem);
        });
        RuleFor(payload => payload.Applicant).SetValidator(PersonRules.Instance);
        RuleFor(payload => payload.NewAgency).IsRegistered();
        RuleForEach(payload => payload.HeldPeriods).SetValidator(MonthSpanRules.Instance);
        RuleFor(payload => payload.HeldPeriods!).AreApart();
        RuleFor(payload => payload.AppliedAt).IsRecent();
    }
}

internal sealed class TransferContactLetterRules : AbstractValidator<TransferContactLetter>
{
    public TransferContactLetterRules()
    {
        RuleForEach(payload => payload.HeldPeriods).SetValidator(MonthSpanRules.Instance);
        RuleFor(payload => payload.HeldPeriods).AreApart();
        RuleFor(payload => payload.IssuedAt).IsRecent();
    }
}

/// <summary>The sums of the 信息表, to the fen.</summary>
internal sealed class TransferInformationTableRules : AbstractValidator<TransferInformationTable>
{
    public TransferInformationTableRules()
    {
        RuleFor(payload => payload.Years).Custom((years, context) =>
        {
            var end = 0;
            for (var index = 0; index < years?.Count; index++)
            {
                var line = years[index];
                var first = Month.Of(line.Year, line.FirstMonth);
                if (line.FirstMonth + line.Months > 13 || first < end)
                    context.RefuseAt($"{nameof(TransferInformationTable.Years)}[{index}]", ReasonCodes.YearLineInvalid);
                else if (first + line.Months - 1 > Month.Of(context.Rules().Today))
                    context.RefuseAt($"{nameof(TransferInformationTable.Years)}[{index}]", ReasonCodes.TimeInFuture);
                end = first + line.Months;
            }
        });
        RuleFor(payload => payload).Custom((payload, context) =>
        {
            if (payload.Years is { Count: > 0 } years && payload.TotalMonths != years.Sum(line => line.Months))
                context.RefuseAt(nameof(payload.TotalMonths), ReasonCodes.MonthsDiffer, years.Sum(line => line.Months));
            var total = payload.PrincipalFen + payload.InterestFen + payload.PooledFen;
            if (payload.TotalFen != total)
                context.RefuseAt(nameof(payload.TotalFen), ReasonCodes.TotalAmountDiffers, total);
        });
        RuleFor(payload => payload.RelationEndedOn).Custom((day, context) =>
        {
            if (day > context.Rules().Today)
                context.Refuse(ReasonCodes.TimeInFuture);
        });
        RuleFor(payload => payload.IssuedAt).IsRecent();
    }
}

internal sealed class TransferRemittanceAdviceRules : AbstractValidator<TransferRemittanceAdvice>
{
    public TransferRemittanceAdviceRules() => RuleFor(payload => payload.PaidAt).IsRecent();
}

internal sealed class TransferRemittanceReturnRules : AbstractValidator<TransferRemittanceReturn>
{
    public TransferRemittanceReturnRules()
    {
        RuleFor(payload => payload.Reason).HasWords();
        RuleFor(payload => payload.ReturnedAt).IsRecent();
    }
}

internal sealed class TransferOverlapResolutionRules : AbstractValidator<TransferOverlapResolution>
{
    public TransferOverlapResolutionRules()
    {
        RuleFor(payload => payload.Text).HasWords();
        RuleFor(payload => payload.ResolvedAt).IsRecent();
    }
}

internal sealed class TransferCompletionRules : AbstractValidator<TransferCompletion>
{
    public TransferCompletionRules() => RuleFor(payload => payload.CompletedAt).IsRecent();
}

internal sealed class CaseRecallRules : AbstractValidator<CaseRecall>
{
    public CaseRecallRules()
    {
        RuleFor(payload => payload.Reason).HasWords();
        RuleFor(payload => payload.RecalledAt).IsRecent();
    }
}

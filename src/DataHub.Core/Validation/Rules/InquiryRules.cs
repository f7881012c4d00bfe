using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using FluentValidation;

namespace DataHub.Core.Validation.Rules;

internal sealed class QualificationRequestRules : AbstractValidator<QualificationRequest>
{
    public QualificationRequestRules()
    {
        RuleFor(payload => payload.Person).SetValidator(PersonRules.Instance);
        RuleFor(payload => payload.PayingAgency).IsRegistered();
        RuleFor(payload => payload.RequestedAt).IsRecent();
    }
}

internal sealed class QualificationAnswerRules : AbstractValidator<QualificationAnswer>
{
    public QualificationAnswerRules()
    {
        RuleFor(payload => payload.DeceasedOn).Custom((day, context) =>
        {
            if ((day is null) != (context.InstanceToValidate.Finding != QualificationFinding.Deceased))
                context.Refuse(ReasonCodes.DeceasedDateUnfit);
            else if (day > context.Rules().Today)
                context.Refuse(ReasonCodes.TimeInFuture);
        });
        RuleFor(payload => payload.EvidenceDigest).Custom((digest, context) =>
        {
            if (digest is null && context.InstanceToValidate.Finding is not (QualificationFinding.NotFound or QualificationFinding.Declined))
                context.Refuse(ReasonCodes.EvidenceRequired);
        });
        RuleFor(payload => payload.Note).Custom((note, context) =>
        {
            if (string.IsNullOrWhiteSpace(note) && context.InstanceToValidate.Finding is not (QualificationFinding.Eligible or QualificationFinding.Deceased))
                context.Refuse(ReasonCodes.ReasonRequired);
        });
        RuleFor(payload => payload.AnsweredAt).IsRecent();
    }
}

internal sealed class ContributionQueryRules : AbstractValidator<ContributionQuery>
{
    public ContributionQueryRules()
    {
        RuleFor(payload => payload.Person).SetValidator(PersonRules.Instance);
        RuleFor(payload => payload.InsuranceKind).Custom((kind, context) =>
        {
            if (context.Rules().Registry.Item(kind)?.Flow.StartsWith("transfer.", StringComparison.Ordinal) != true)
                context.Refuse(ReasonCodes.UnknownItem);
        });
        RuleFor(payload => payload.ConsentValidUntil).Custom((day, context) =>
        {
            if (day < context.Rules().Today)
                context.Refuse(ReasonCodes.ConsentExpired);
        });
        RuleFor(payload => payload.QueriedAt).IsRecent();
    }
}

internal sealed class ContributionAnswerRules : AbstractValidator<ContributionAnswer>
{
    public ContributionAnswerRules()
    {
        RuleForEach(payload => payload.Spans).SetValidator(MonthSpanRules.Instance);
        RuleFor(payload => payload.Spans).AreApart();
        RuleFor(payload => payload.TotalMonths).Custom((total, context) =>
        {
            var months = context.InstanceToValidate.Spans.Sum(s => Math.Max(0, Month.Parse(s.To) - Month.Parse(s.From) + 1));
            if (total != months)
                context.Refuse(ReasonCodes.MonthsDiffer, months);
        });
        RuleFor(payload => payload.AnsweredAt).IsRecent();
    }
}

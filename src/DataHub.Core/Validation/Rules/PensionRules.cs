using System.Globalization;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using FluentValidation;

namespace DataHub.Core.Validation.Rules;

internal sealed class PensionApplicationRules : AbstractValidator<PensionApplication>
{
    public PensionApplicationRules()
    {
        RuleFor(payload => payload.Applicant).SetValidator(PersonRules.Instance);
        RuleFor(payload => payload.NewAgency).IsRegistered();
        RuleFor(payload => payload.Certificate).SetValidator(ContributionCertificateRules.Instance);
        RuleFor(payload => payload.AppliedAt).IsRecent();
    }
}

internal sealed class ContributionCertificateRules : AbstractValidator<ContributionCertificate>
{
    public static readonly ContributionCertificateRules Instance = new();

    private ContributionCertificateRules()
    {
        RuleFor(certificate => certificate.IssuingAgency).IsRegistered();
        RuleFor(certificate => certificate.Period).SetValidator(MonthSpanRules.Instance);
        RuleFor(certificate => certificate.Months).Custom((months, context) =>
        {
            var period = context.InstanceToValidate.Period;
            var length = Month.Parse(period.To) - Month.Parse(period.From) + 1;
            if (length > 0 && months > length)
                context.Refuse(ReasonCodes.NumberOutOfBounds, 0, length);
        });
    }
}

internal sealed class MonthSpanRules : AbstractValidator<MonthSpan>
{
    public static readonly MonthSpanRules Instance = new();

    private MonthSpanRules() => RuleFor(span => span.To).Custom((to, context) =>
    {
        if (Month.Parse(context.InstanceToValidate.From) > Month.Parse(to))
            context.Refuse(ReasonCodes.PeriodReversed);
        if (Month.Parse(to) > Month.Of(context.Rules().Today))
            context.Refuse(ReasonCodes.TimeInFuture);
    });
}

internal sealed class PensionContactLetterRules : AbstractValidator<PensionContactLetter>
{
    public PensionContactLetterRules()
    {
        RuleForEach(payload => payload.HeldPeriods).SetValidator(MonthSpanRules.Instance);
        RuleFor(payload => payload.HeldPeriods).AreApart();
        RuleFor(payload => payload.IssuedAt).IsRecent();
    }
}

/// <summary>The sums of the 信息表, to the fen (国办发〔2009〕66号).</summary>
internal sealed class PensionInformationTableRules : AbstractValidator<PensionInformationTable>
{
    private const int PooledSince = 1998;

    public PensionInformationTableRules()
    {
        RuleFor(payload => payload.Years).Custom((years, context) =>
        {
            var today = context.Rules().Today;
            for (var index = 0; index < years.Count; index++)
            {
                var line = years[index];
                var last = Month.Of(line.Year, line.FirstMonth) + line.Months - 1;
                if (line.FirstMonth + line.Months > 13 || (index > 0 && line.Year <= years[index - 1].Year))
                    context.RefuseAt($"{nameof(PensionInformationTable.Years)}[{index}]", ReasonCodes.YearLineInvalid);
                else if (last > Month.Of(today))
                    context.RefuseAt($"{nameof(PensionInformationTable.Years)}[{index}]", ReasonCodes.TimeInFuture);
            }
        });
        RuleFor(payload => payload).Custom((payload, context) =>
        {
            var months = payload.Years.Sum(line => line.Months);
            var personal = payload.Years.Sum(line => line.PersonalFen);
            var pooled = payload.Years.Where(line => line.Year >= PooledSince).Sum(line => PooledOf(line.BaseFen));
            if (payload.TotalMonths != months)
                context.RefuseAt(nameof(payload.TotalMonths), ReasonCodes.MonthsDiffer, months);
            if (payload.PersonalAccountFen != personal)
                context.RefuseAt(nameof(payload.PersonalAccountFen), ReasonCodes.PersonalAmountDiffers, personal);
            if (payload.PooledFen != pooled)
                context.RefuseAt(nameof(payload.PooledFen), ReasonCodes.PooledAmountDiffers, pooled);
            if (payload.TotalFen != payload.PersonalAccountFen + payload.PooledFen)
                context.RefuseAt(nameof(payload.TotalFen), ReasonCodes.TotalAmountDiffers, payload.PersonalAccountFen + payload.PooledFen);
        });
        RuleFor(payload => payload.RelationEndedOn).Custom((day, context) =>
        {
            if (day > context.Rules().Today)
                context.Refuse(ReasonCodes.TimeInFuture);
        });
        RuleFor(payload => payload.IssuedAt).IsRecent();
    }

    // 12% of one year's base, rounded half up to the fen.
    private static long PooledOf(long baseFen) => ((baseFen * 12) + 50) / 100;
}

internal sealed class PensionRemittanceAdviceRules : AbstractValidator<PensionRemittanceAdvice>
{
    public PensionRemittanceAdviceRules() => RuleFor(payload => payload.PaidAt).IsRecent();
}

internal sealed class PensionCompletionRules : AbstractValidator<PensionCompletion>
{
    public PensionCompletionRules() => RuleFor(payload => payload.CompletedAt).IsRecent();
}

/// <summary>Months as numbers, so that spans can be counted.</summary>
internal static class Month
{
    public static int Of(int year, int month) => (year * 12) + month - 1;

    public static int Of(DateOnly day) => Of(day.Year, day.Month);

    /// <param name="text">As <see cref="Patterns.Month"/> has it.</param>
    public static int Parse(string text) =>
        Of(int.Parse(text.AsSpan(0, 4), CultureInfo.InvariantCulture), int.Parse(text.AsSpan(5, 2), CultureInfo.InvariantCulture));
}

using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using DataHub.Core.Registry;
using DataHub.Simulators.Behaviour;

namespace DataHub.Simulators.Cases;

/// <summary>Generated applications to transfer a relation, of every kind, right and wrong ones.</summary>
internal sealed class TransferCases
{
    private readonly Dictionary<string, (ServiceItem Item, string Old)[]> offers;

    public TransferCases(RegistrySnapshot registry, DateOnly on)
        => offers = registry.Cities.ToDictionary(source => source.Code, source => registry.Items
            .Where(item => item.Flow.StartsWith("transfer.", StringComparison.Ordinal) && item.ValidFrom <= on && !(on > item.ValidTo))
            .SelectMany(item => registry.Cities.Select(old => (Item: item, Old: old.Code)))
            .Where(o => o.Old != source.Code && o.Item.OfferedBy.Contains(o.Old) && registry.TransferRule(o.Item.Code, source.Code, o.Old) is not null
                && registry.HasAgreement(source.Code, o.Old, o.Item.Flow, o.Item.Code, on)
                && registry.Agency(OfficeOf(source.Code, o.Item)) is not null && registry.Agency(OfficeOf(o.Old, o.Item)) is not null)
            .ToArray());

    public Generated? Make(CaseSeed seed)
    {
        if (offers[seed.City].Length == 0)
            return null;
        var (item, old) = seed.Pick("offer", offers[seed.City]);
        var rule = seed.Registry.TransferRule(item.Code, seed.City, old)!;
        var story = TransferScript.Of(seed.Knobs, seed.Number, rule.MoneyMoves);
        ITransferApplication right = item.Flow == PensionFlow.Code ? Pension(seed, item, old) : Application(seed, item, old, rule, story);
        if (seed.Chance("invalid") < seed.Knobs.InvalidRate && Spoil(seed, right, rule) is { } wrong)
            return wrong;
        return new Generated(right, story switch
        {
            { End: TransferEnd.Returned } => new Expectation.Reconciled("returned"),
            { End: TransferEnd.Withdrawn } => new Expectation.Reconciled("withdrawn"),
            { End: TransferEnd.Closed } => new Expectation.Reconciled("closed", ReasonCodes.BreakMoneyNotReturned),
            { Overlap: true } => new Expectation.Reconciled("completed", ReasonCodes.BreakOverlappingMonths),
            { Money: MoneyStory.PaidTwice } => new Expectation.Reconciled("completed", ReasonCodes.BreakMoneyAfterEnd),
            { Money: MoneyStory.Overpaid } => new Expectation.Reconciled("completed", ReasonCodes.BreakOverpaid),
            _ => new Expectation.Reconciled("completed"),
        });
    }

    private static PensionApplication Pension(CaseSeed seed, ServiceItem item, string old)
    {
        var period = TransferRecord.PeriodOf(seed.Knobs.Seed, seed.Number, seed.At);
        var record = PensionRecord.Of(seed.Knobs.Seed, seed.Number, period);
        return new PensionApplication
        {
            ItemCode = item.Code,
            CaseNumber = seed.Number,
            Applicant = People.Of(seed, "applicant"),
            NewAgency = Office(seed, seed.City, item),
            OldCity = old,
            Certificate = new ContributionCertificate
            {
                CertificateNumber = $"PZ{seed.Number}",
                IssuingAgency = Office(seed, old, item),
                Period = period,
                Months = record.Months,
                PersonalAccountFen = record.PersonalFen,
            },
            AppliedAt = seed.At,
        };
    }

    private static TransferApplication Application(CaseSeed seed, ServiceItem item, string old, TransferRule rule, TransferStory story)
    {
        var hasLetter = TransferPapers.HasLetter(item.Flow);
        var period = TransferRecord.PeriodOf(seed.Knobs.Seed, seed.Number, seed.At);
        var (from, to) = (rule.EmployeeMonthsFrom ?? 0, rule.EmployeeMonthsTo ?? 480);
        return new TransferApplication
        {
            ItemCode = item.Code,
            CaseNumber = seed.Number,
            Applicant = People.Of(seed, "applicant"),
            NewAgency = Office(seed, seed.City, item),
            OldCity = old,
            OldAccountNumber = seed.OneIn(3, "account number") ? $"{old}{seed.Below("old account", 90_000_000) + 10_000_000}" : null,
            CertificateNumber = seed.OneIn(2, "certificate") ? $"PZ{seed.Number}" : null,
            EmployeeMonths = rule is { EmployeeMonthsFrom: null, EmployeeMonthsTo: null } ? null : from + seed.Below("employee months", to - from + 1),
            ReceivingAccount = hasLetter || !rule.MoneyMoves ? null : TransferPapers.Account(seed.Knobs.Seed, seed.Number, seed.City, Office(seed, seed.City, item).Name),
            HeldPeriods = hasLetter ? null : [TransferPapers.Held(period, story.Overlap)],
            AppliedAt = seed.At,
        };
    }

    private static Generated? Spoil(CaseSeed seed, ITransferApplication right, TransferRule rule)
    {
        static Generated Refused(IPayload wrong, string code) => new(wrong, new Expectation.Refused(code));
        var mistake = seed.Below("mistake", 6);
        return (right, mistake) switch
        {
            (PensionApplication { Applicant: { IdType: IdentityType.ResidentId, OriginalIdNumber: null } p } a, 0) =>
                Refused(a with { Applicant = p with { IdNumber = People.WithWrongCheck(p.IdNumber) } }, ReasonCodes.ResidentIdCheckDigit),
            (PensionApplication { Certificate: var c } a, 1) =>
                Refused(a with { Certificate = c with { Period = new MonthSpan { From = c.Period.To, To = c.Period.From } } }, ReasonCodes.PeriodReversed),
            (PensionApplication { Certificate: var c } a, 2) =>
                Refused(a with { Certificate = c with { IssuingAgency = new Agency { Code = "A519999-SI", Name = "未登记的经办机构" } } }, ReasonCodes.UnknownAgency),
            (PensionApplication a, 3) => Refused(a with { OldCity = seed.City }, ReasonCodes.SameCity),
            (PensionApplication a, 4) => Refused(a with { AppliedAt = a.AppliedAt.AddDays(3) }, ReasonCodes.TimeInFuture),
            (TransferApplication { Applicant: { IdType: IdentityType.ResidentId, OriginalIdNumber: null } p } a, 0) =>
                Refused(a with { Applicant = p with { IdNumber = People.WithWrongCheck(p.IdNumber) } }, ReasonCodes.ResidentIdCheckDigit),
            // An item of the pension's own messages.
            (TransferApplication a, 1) => Refused(a with { ItemCode = "pension.employee" }, ReasonCodes.UnknownItem),
            (TransferApplication { EmployeeMonths: not null } a, 2) =>
                Refused(a with { EmployeeMonths = rule.EmployeeMonthsFrom - 1 ?? rule.EmployeeMonthsTo + 1 }, ReasonCodes.TransferConditionNotMet),
            (TransferApplication { ReceivingAccount: not null } a, 2) => Refused(a with { ReceivingAccount = null }, ReasonCodes.ReceivingAccountRequired),
            (TransferApplication { HeldPeriods: null } a, 3) => Refused(a with { HeldPeriods = [new MonthSpan { From = "2020-01", To = "2020-02" }] }, ReasonCodes.ReceivingAccountMisplaced),
            (TransferApplication a, 4) => Refused(a with { OldCity = seed.City }, ReasonCodes.SameCity),
            (TransferApplication { EmployeeMonths: not null } a, 5) => Refused(a with { EmployeeMonths = null }, ReasonCodes.EmployeeMonthsRequired),
            _ => null,
        };
    }

    private static string OfficeOf(string city, ServiceItem item) => $"A{city}-{TransferPapers.OfficeOf(item.Flow)}";

    private static Agency Office(CaseSeed seed, string city, ServiceItem item)
    {
        var office = seed.Registry.Agency(OfficeOf(city, item))!;
        return new Agency { Code = office.Code, Name = office.Name };
    }
}

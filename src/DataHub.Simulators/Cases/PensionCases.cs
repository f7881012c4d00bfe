using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using DataHub.Core.Registry;
using DataHub.Simulators.Behaviour;

namespace DataHub.Simulators.Cases;

/// <summary>Generated applications to transfer a pension relation, right and wrong ones.</summary>
internal sealed class PensionCases
{
    private readonly Dictionary<string, (ServiceItem Item, string Old)[]> offers;

    public PensionCases(RegistrySnapshot registry, DateOnly on)
        => offers = registry.Cities.ToDictionary(source => source.Code, source => registry.Items
            .Where(item => item.Flow == PensionFlow.Code && item.ValidFrom <= on && !(on > item.ValidTo))
            .SelectMany(item => registry.Cities.Select(old => (Item: item, Old: old.Code)))
            .Where(o => o.Old != source.Code && o.Item.OfferedBy.Contains(o.Old) && registry.TransferRule(o.Item.Code, source.Code, o.Old) is not null
                && registry.HasAgreement(source.Code, o.Old, PensionFlow.Code, o.Item.Code, on)
                && registry.Agency($"A{source.Code}-SI") is not null && registry.Agency($"A{o.Old}-SI") is not null)
            .ToArray());

    public Generated? Make(CaseSeed seed)
    {
        if (offers[seed.City].Length == 0)
            return null;
        var (item, old) = seed.Pick("offer", offers[seed.City]);
        var right = Application(seed, item, old);
        if (seed.Chance("invalid") < seed.Knobs.InvalidRate && Spoil(seed, right) is { } wrong)
            return wrong;
        return new Generated(right, Script.Pension(seed.Knobs, seed.Number) switch
        {
            PensionEnd.Returned => new Expectation.Reconciled("returned"),
            PensionEnd.Withdrawn => new Expectation.Reconciled("withdrawn"),
            _ => new Expectation.Reconciled("completed", Script.Overlap(seed.Knobs, seed.Number) ? ReasonCodes.BreakOverlappingMonths : null),
        });
    }

    private static PensionApplication Application(CaseSeed seed, ServiceItem item, string old)
    {
        // Ended at least half a year ago, so that months paid in the new city since fit in.
        var last = (seed.At.Year * 12) + seed.At.Month - 1 - 6 - seed.Below("ended", 24);
        var first = Math.Max((1992 * 12) + 6, last - 5 - seed.Below("months", 320));
        var period = new MonthSpan { From = PensionRecord.Text(first), To = PensionRecord.Text(last) };
        var record = PensionRecord.Of(seed.Knobs.Seed, seed.Number, period);
        return new PensionApplication
        {
            ItemCode = item.Code,
            CaseNumber = seed.Number,
            Applicant = People.Of(seed, "applicant"),
            NewAgency = Agency(seed, seed.City),
            OldCity = old,
            Certificate = new ContributionCertificate
            {
                CertificateNumber = $"PZ{seed.Number}",
                IssuingAgency = Agency(seed, old),
                Period = period,
                Months = record.Months,
                PersonalAccountFen = record.PersonalFen,
            },
            AppliedAt = seed.At,
        };
    }

    private static Generated? Spoil(CaseSeed seed, PensionApplication right)
    {
        static Generated Refused(PensionApplication wrong, string code) => new(wrong, new Expectation.Refused(code));
        var certificate = right.Certificate;
        switch (seed.Below("mistake", 5))
        {
            case 0 when right.Applicant is { IdType: IdentityType.ResidentId, OriginalIdNumber: null } person:
                return Refused(right with { Applicant = person with { IdNumber = People.WithWrongCheck(person.IdNumber) } }, ReasonCodes.ResidentIdCheckDigit);
            case 1:
                return Refused(right with { Certificate = certificate with { Period = new MonthSpan { From = certificate.Period.To, To = certificate.Period.From } } }, ReasonCodes.PeriodReversed);
            case 2:
                return Refused(right with { Certificate = certificate with { IssuingAgency = new Agency { Code = "A519999-SI", Name = "未登记的经办机构" } } }, ReasonCodes.UnknownAgency);
            case 3:
                return Refused(right with { OldCity = seed.City }, ReasonCodes.SameCity);
            case 4:
                return Refused(right with { AppliedAt = right.AppliedAt.AddDays(3) }, ReasonCodes.TimeInFuture);
            default:
                return null;
        }
    }

    private static Agency Agency(CaseSeed seed, string city)
    {
        var agency = seed.Registry.Agency($"A{city}-SI")!;
        return new Agency { Code = agency.Code, Name = agency.Name };
    }
}

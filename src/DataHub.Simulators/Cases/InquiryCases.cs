using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Calendar;
using DataHub.Core.Flows;
using DataHub.Core.Registry;
using DataHub.Simulators.Behaviour;

namespace DataHub.Simulators.Cases;

/// <summary>Generated verifications of pensioners and queries for contribution months, right and wrong ones.</summary>
internal sealed class InquiryCases
{
    private readonly Dictionary<string, (ServiceItem Item, string Asked)[]> offers;

    private readonly string[] kinds;

    public InquiryCases(RegistrySnapshot registry, DateOnly on)
    {
        offers = registry.Cities.ToDictionary(source => source.Code, source => registry.Items
            .Where(item => item.Flow is InquiryFlows.QualificationCode or InquiryFlows.ContributionCode && item.ValidFrom <= on && !(on > item.ValidTo))
            .SelectMany(item => registry.Cities.Select(asked => (Item: item, Asked: asked.Code)))
            .Where(o => o.Asked != source.Code && o.Item.OfferedBy.Contains(o.Asked) && registry.HasAgreement(source.Code, o.Asked, o.Item.Flow, o.Item.Code, on)
                && registry.Agency($"A{source.Code}-SI") is not null)
            .ToArray());
        kinds = [.. registry.Items.Where(i => i.Flow.StartsWith("transfer.", StringComparison.Ordinal)).Select(i => i.Code)];
    }

    public Generated? Make(CaseSeed seed)
    {
        if (offers[seed.City].Length == 0)
            return null;
        var (item, asked) = seed.Pick("offer", offers[seed.City]);
        var wrong = seed.Chance("invalid") < seed.Knobs.InvalidRate;
        return item.Flow == InquiryFlows.QualificationCode ? Qualification(seed, item, asked, wrong) : Contribution(seed, item, asked, wrong);
    }

    private static Generated Qualification(CaseSeed seed, ServiceItem item, string asked, bool wrong)
    {
        var office = seed.Registry.Agency($"A{seed.City}-SI")!;
        var right = new QualificationRequest
        {
            ItemCode = item.Code,
            CaseNumber = seed.Number,
            Person = People.Of(seed, "pensioner"),
            PayingAgency = new Agency { Code = office.Code, Name = office.Name },
            AskedCity = asked,
            Year = WorkingDayCalendar.ShanghaiDate(seed.At).Year,
            AllowedMethod = seed.Pick("method", Enum.GetValues<VerificationMethod>()),
            RequestedAt = seed.At,
        };
        if (wrong)
            return new Generated(right with { PayingAgency = new Agency { Code = "A519999-SI", Name = "未登记的经办机构" } }, new Expectation.Refused(ReasonCodes.UnknownAgency));
        return new Generated(right, new Expectation.Reconciled(InquiryBehaviour.Returns(seed.Knobs, seed.Number) ? "returned" : InquiryBehaviour.Finding(seed.Knobs, seed.Number) switch
        {
            QualificationFinding.Eligible => "qualified",
            QualificationFinding.Deceased or QualificationFinding.NotEligible => "not-qualified",
            _ => "unable",
        }));
    }

    private Generated Contribution(CaseSeed seed, ServiceItem item, string asked, bool wrong)
    {
        var today = WorkingDayCalendar.ShanghaiDate(seed.At);
        var right = new ContributionQuery
        {
            ItemCode = item.Code,
            CaseNumber = seed.Number,
            Person = People.Of(seed, "person"),
            AskedCity = asked,
            InsuranceKind = seed.Pick("kind of insurance", kinds),
            Purpose = seed.Pick("purpose", Enum.GetValues<ContributionPurpose>()),
            ConsentNumber = $"SQ{seed.Number}",
            ConsentValidUntil = today.AddDays(30),
            QueriedAt = seed.At,
        };
        if (wrong)
            return new Generated(right with { ConsentValidUntil = today.AddDays(-3) }, new Expectation.Refused(ReasonCodes.ConsentExpired));
        return new Generated(right, new Expectation.Reconciled(
            InquiryBehaviour.Returns(seed.Knobs, seed.Number) ? "returned" : InquiryBehaviour.HasRecord(seed.Knobs, seed.Number) ? "answered" : "none"));
    }
}

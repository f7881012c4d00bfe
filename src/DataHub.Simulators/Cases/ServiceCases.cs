using System.Globalization;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using DataHub.Core.Registry;
using DataHub.Simulators.Behaviour;

namespace DataHub.Simulators.Cases;

/// <summary>Generated applications of the flow 通办, right and wrong ones.</summary>
internal sealed class ServiceCases
{
    private static readonly string[] ForFirms = ["enterprise.", "food.", "sanitary.", "elderly-care."];
    private static readonly string[] Answers = ["个人办理", "无特殊情况", "按申请材料办理", "天府大道一段1号, 2单元\"甲\"座"];

    private readonly RegistrySnapshot registry;
    private readonly DateOnly on;
    private readonly Dictionary<string, (ServiceItem Item, string Target)[]> offers;

    public ServiceCases(RegistrySnapshot registry, DateOnly on)
    {
        this.registry = registry;
        this.on = on;
        offers = registry.Cities.ToDictionary(source => source.Code, source => registry.Items
            .Where(item => item.Flow == ServiceFlow.Code && InForce(item) && item.Modes.Any(m => m != ServiceMode.Joint))
            .SelectMany(item => registry.Cities.Select(target => (Item: item, Target: target.Code)))
            .Where(o => o.Target != source.Code && o.Item.OfferedBy.Contains(o.Target) && registry.HasAgreement(source.Code, o.Target, ServiceFlow.Code, o.Item.Code, on))
            .ToArray());
    }

    public Generated? Make(CaseSeed seed)
    {
        if (offers[seed.City].Length == 0)
            return null;
        var (item, target) = seed.Pick("offer", offers[seed.City]);
        var right = Application(seed, item, target);
        if (seed.Chance("invalid") < seed.Knobs.InvalidRate && Spoil(seed, right, item) is { } wrong)
            return wrong;
        var end = Script.Service(seed.Knobs, seed.Number) switch
        {
            ServiceEnd.Returned => "returned",
            ServiceEnd.Withdrawn => "withdrawn",
            ServiceEnd.Refused => "refused",
            _ => "approved",
        };
        return new Generated(right, new Expectation.Reconciled(end));
    }

    private bool InForce(ServiceItem item) => item.ValidFrom <= on && !(on > item.ValidTo);

    private ServiceSubmission Application(CaseSeed seed, ServiceItem item, string target)
    {
        var mode = seed.Pick("mode", item.Modes.Where(m => m != ServiceMode.Joint).ToList());
        return Plain(seed, item, target) with { Mode = mode, Collection = mode == ServiceMode.CollectOnBehalf ? Collection(seed, seed.City) : null };
    }

    /// <summary>What the window of this city checked when it took the application.</summary>
    private OnBehalfCollection Collection(CaseSeed seed, string city)
    {
        var window = seed.Pick("window", registry.Agencies.Where(a => a.CityCode == city).ToList());
        return new OnBehalfCollection
        {
            Agency = new Agency { Code = window.Code, Name = window.Name },
            ClerkNumber = string.Create(CultureInfo.InvariantCulture, $"{city[..4]}-{100 + seed.Below("clerk", 900)}"),
            IdentityCheck = seed.Pick("identity check", Enum.GetValues<IdentityCheckMethod>()),
            IdentityCheckedAt = seed.At.AddMinutes(-12),
            FormCheckedAt = seed.At.AddMinutes(-5),
            Originals = seed.OneIn(3, "originals") ? OriginalsHandling.Forwarded : OriginalsHandling.Returned,
        };
    }

    private ServiceSubmission Plain(CaseSeed seed, ServiceItem item, string target) => new()
    {
        ItemCode = item.Code,
        Mode = ServiceMode.Online,
        CaseNumber = seed.Number,
        Applicant = People.Of(seed, "applicant"),
        Organisation = Array.Exists(ForFirms, p => item.Code.StartsWith(p, StringComparison.Ordinal)) ? People.Firm(seed) : null,
        Agent = seed.OneIn(20, "has agent") ? People.Of(seed, "agent") : null,
        TargetDistrict = seed.Pick("district", registry.Districts.Where(d => d.CityCode == target).ToList()).Code,
        Form = item.Fields.Count == 0 ? null : item.Fields.Where(f => f.Required || seed.OneIn(2, "answers " + f.Code)).ToDictionary(f => f.Code, f => Answer(seed, f)),
        Materials = [.. item.Materials.Where(m => m.Required || seed.OneIn(2, "hands in " + m.Code)).Select(m => SimulatedFile.Submitted(seed.Knobs.Seed, seed.Number, m.Code).As(m.Code, m.Name))],
        SubmittedAt = seed.At,
    };

    public static string Answer(CaseSeed seed, ItemField field)
    {
        var text = field.Code.EndsWith("Date", StringComparison.Ordinal) || field.Code.EndsWith("On", StringComparison.Ordinal)
            ? seed.At.AddDays(-seed.Below("date " + field.Code, 60)).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)
            : field.Code.EndsWith("Number", StringComparison.Ordinal) || field.Code.EndsWith("Amount", StringComparison.Ordinal) || field.Code.EndsWith("Account", StringComparison.Ordinal)
                ? (100_000 + seed.Below("number " + field.Code, 800_000)).ToString(CultureInfo.InvariantCulture)
                : field.Code.EndsWith("Name", StringComparison.Ordinal) ? People.Name(seed, field.Code) : seed.Pick("answer " + field.Code, Answers);
        return text.Length <= field.MaxLength ? text : text[..field.MaxLength];
    }

    /// <summary>One of the mistakes that really happen; null where the drawn one is not possible with this item.</summary>
    private Generated? Spoil(CaseSeed seed, ServiceSubmission right, ServiceItem item)
    {
        static Generated Refused(ServiceSubmission wrong, string code) => new(wrong, new Expectation.Refused(code));
        var resident = right.Applicant.IdType == IdentityType.ResidentId && right.Applicant.OriginalIdNumber is null;
        switch (seed.Below("mistake", 12))
        {
            case 0 when resident:
                return Refused(right with { Applicant = right.Applicant with { IdNumber = People.WithWrongCheck(right.Applicant.IdNumber) } }, ReasonCodes.ResidentIdCheckDigit);
            case 1 when item.Materials.FirstOrDefault(m => m.Required) is { } needed:
                return Refused(right with { Materials = [.. right.Materials.Where(m => m.Code != needed.Code)] }, ReasonCodes.MaterialMissing);
            case 2 when item.Fields.FirstOrDefault(f => f.Required) is { } asked:
                return Refused(right with { Form = right.Form!.Where(f => f.Key != asked.Code).ToDictionary() }, ReasonCodes.FormFieldMissing);
            case 3:
                return Refused(right with { SubmittedAt = right.SubmittedAt.AddDays(2) }, ReasonCodes.TimeInFuture);
            case 4:
                return Refused(right with { TargetDistrict = "519999" }, ReasonCodes.UnknownDistrict);
            case 5:
                return Refused(right with { TargetDistrict = registry.Districts.First(d => d.CityCode == seed.City).Code }, ReasonCodes.SameCity);
            case 6 when registry.Items.FirstOrDefault(i => i.Flow == ServiceFlow.Code && on > i.ValidTo) is { } ended:
                return Refused(Application(seed, ended, registry.Districts.First(d => d.Code == right.TargetDistrict).CityCode), ReasonCodes.ItemNotInForce);
            case 7 when NotOffered(seed) is { } elsewhere:
                return Refused(Application(seed, elsewhere.Item, elsewhere.Target), ReasonCodes.ItemNotOffered);
            case 8 when WithoutAgreement(seed) is { } unagreed:
                return Refused(Application(seed, unagreed.Item, unagreed.Target), ReasonCodes.NoAgreement);
            case 9 when resident && right.Applicant.Sex is { } sex:
                return Refused(right with { Applicant = right.Applicant with { Sex = sex == Sex.Male ? Sex.Female : Sex.Male } }, ReasonCodes.SexDiffersFromId);
            case 10 when right.Collection is not null:
                return Refused(right with { Collection = null }, ReasonCodes.CollectionRequired);
            case 11 when right.Collection is not null:
                return Refused(right with { Collection = Collection(seed, registry.District(right.TargetDistrict)!.CityCode) }, ReasonCodes.AgencyNotOfCity);
            default:
                return null;
        }
    }

    private (ServiceItem Item, string Target)? NotOffered(CaseSeed seed) => Any(seed, (item, target) => !item.OfferedBy.Contains(target));

    private (ServiceItem Item, string Target)? WithoutAgreement(CaseSeed seed)
        => Any(seed, (item, target) => item.OfferedBy.Contains(target) && !registry.HasAgreement(seed.City, target, ServiceFlow.Code, item.Code, on));

    private (ServiceItem Item, string Target)? Any(CaseSeed seed, Func<ServiceItem, string, bool> wanted)
    {
        var found = registry.Items.Where(i => i.Flow == ServiceFlow.Code && InForce(i) && i.Modes.Any(m => m != ServiceMode.Joint))
            .SelectMany(item => registry.Cities.Where(c => c.Code != seed.City).Select(c => (Item: item, Target: c.Code)))
            .Where(o => wanted(o.Item, o.Target)).ToList();
        return found.Count == 0 ? null : seed.Pick("found", found);
    }
}

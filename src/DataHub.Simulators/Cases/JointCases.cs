using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using DataHub.Core.Registry;
using DataHub.Simulators.Behaviour;

namespace DataHub.Simulators.Cases;

/// <summary>Generated joint applications (多地联办) with parts that end differently, some of them refused at once.</summary>
internal sealed class JointCases
{
    private readonly RegistrySnapshot registry;
    private readonly List<ServiceItem> themes;
    private readonly Dictionary<string, List<(ServiceItem Item, string Target)>> offers;
    private readonly Dictionary<string, List<(ServiceItem Item, string Target)>> notJoint;

    public JointCases(RegistrySnapshot registry, DateOnly on)
    {
        this.registry = registry;
        themes = [.. registry.Items.Where(item => item.Flow == JointFlow.Code && InForce(item, on))];
        offers = Offers(joint: true, on);
        notJoint = Offers(joint: false, on);
    }

    /// <returns>Null where the city has too little to join.</returns>
    public Generated? Make(CaseSeed seed)
    {
        if (themes.Count == 0 || offers[seed.City].Count < 4)
            return null;
        var chosen = Enumerable.Range(1, 2 + seed.Below("parts", 3)).Select(n => seed.Pick($"part {n}", offers[seed.City])).Distinct().ToList();
        if (chosen.Count < 2)
            return null;

        // Parts whose items are not handled jointly: the hub refuses those, and the others go on. A whole that is taken back
        // has one left to take back.
        var refused = notJoint[seed.City].Count == 0 ? 0
            : seed.OneIn(12, "nothing joint") && !Script.WholeWithdrawn(seed.Knobs, seed.Number) ? chosen.Count
            : seed.OneIn(8, "part not joint") ? 1
            : 0;
        for (var last = 1; last <= refused; last++)
            chosen[^last] = seed.Pick($"not joint {last}", notJoint[seed.City]);
        var right = Application(seed, chosen);
        return seed.Chance("invalid") < seed.Knobs.InvalidRate ? Spoil(seed, right, chosen[0].Item) : new Generated(right, new Expectation.Reconciled(EndOf(seed, right, refused)));
    }

    private static string EndOf(CaseSeed seed, JointApplication whole, int refused)
    {
        var ends = whole.Parts.SkipLast(refused).Select(p => Script.Service(seed.Knobs, Script.PartNumber(seed.Number, p.Number))).ToList();
        var approved = ends.Count(e => e == ServiceEnd.Approved);
        if (approved > 0)
            return approved == whole.Parts.Count ? "completed" : "partially-completed";
        return Script.WholeWithdrawn(seed.Knobs, seed.Number) || (refused == 0 && ends.TrueForAll(e => e == ServiceEnd.Withdrawn)) ? "withdrawn" : "not-completed";
    }

    private static bool InForce(ServiceItem item, DateOnly on) => item.ValidFrom <= on && !(on > item.ValidTo);

    private Dictionary<string, List<(ServiceItem Item, string Target)>> Offers(bool joint, DateOnly on) => registry.Cities.ToDictionary(source => source.Code, source => registry.Items
        .Where(item => item.Flow == ServiceFlow.Code && InForce(item, on) && item.Modes.Contains(ServiceMode.Joint) == joint)
        .SelectMany(item => registry.Cities.Select(target => (Item: item, Target: target.Code)))
        .Where(o => o.Target != source.Code && o.Item.OfferedBy.Contains(o.Target) && registry.HasAgreement(source.Code, o.Target, ServiceFlow.Code, o.Item.Code, on))
        .ToList());

    private JointApplication Application(CaseSeed seed, List<(ServiceItem Item, string Target)> chosen)
    {
        // Of a question that several items ask, the shortest answer fits them all.
        var fields = chosen.SelectMany(c => c.Item.Fields).GroupBy(f => f.Code).Select(g => g.MinBy(f => f.MaxLength)! with { Required = g.Any(f => f.Required) });
        var materials = chosen.SelectMany(c => c.Item.Materials).Where(m => m.Required).DistinctBy(m => m.Code);
        var form = fields.Where(f => f.Required || seed.OneIn(2, "answers " + f.Code)).ToDictionary(f => f.Code, f => ServiceCases.Answer(seed, f));
        return new JointApplication
        {
            ItemCode = seed.Pick("theme", themes).Code,
            CaseNumber = seed.Number,
            Applicant = People.Of(seed, "applicant"),
            Organisation = chosen.Exists(c => c.Item.Code.StartsWith("enterprise.", StringComparison.Ordinal)) ? People.Firm(seed) : null,
            Parts =
            [
                .. chosen.Select((c, index) => new JointApplicationPart
                {
                    Number = index + 1,
                    ItemCode = c.Item.Code,
                    TargetDistrict = seed.Pick($"district {index}", registry.Districts.Where(d => d.CityCode == c.Target).ToList()).Code,
                }),
            ],
            Form = form.Count == 0 ? null : form,
            Materials = [.. materials.Select(m => SimulatedFile.Submitted(seed.Knobs.Seed, seed.Number, m.Code).As(m.Code, m.Name))],
            SubmittedAt = seed.At,
        };
    }

    private static Generated? Spoil(CaseSeed seed, JointApplication right, ServiceItem first)
    {
        static Generated Refused(JointApplication wrong, string code) => new(wrong, new Expectation.Refused(code));
        switch (seed.Below("mistake", 3))
        {
            case 0 when first.Materials.FirstOrDefault(m => m.Required) is { } needed:
                return Refused(right with { Materials = [.. right.Materials.Where(m => m.Code != needed.Code)] }, ReasonCodes.MaterialMissing);
            case 1:
                return Refused(right with { Parts = [.. right.Parts.Select((p, index) => index == 1 ? p with { Number = 1 } : p)] }, ReasonCodes.DuplicateEntry);
            case 2:
                return Refused(right with { Parts = [.. right.Parts.Select((p, index) => index == 1 ? p with { ItemCode = right.ItemCode } : p)] }, ReasonCodes.UnknownItem);
            default:
                return null;
        }
    }
}

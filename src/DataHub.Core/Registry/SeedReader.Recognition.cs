using DataHub.Contracts.Payloads;

namespace DataHub.Core.Registry;

/// <summary>The seeds of mutual recognition: hospitals, items, marks, and the grades that pairs of cities agreed on.</summary>
internal sealed partial class SeedReader
{
    private static readonly IReadOnlyDictionary<string, HospitalGrade> Grades = new Dictionary<string, HospitalGrade>
    {
        ["二级"] = HospitalGrade.Second,
        ["二级甲等"] = HospitalGrade.SecondA,
        ["三级"] = HospitalGrade.Third,
        ["三级甲等"] = HospitalGrade.ThirdA,
    };

    private static readonly IReadOnlyDictionary<string, MarkScope> Scopes = new Dictionary<string, MarkScope>
    {
        ["national"] = MarkScope.National,
        ["province"] = MarkScope.Province,
        ["cities"] = MarkScope.Cities,
        ["hospitals"] = MarkScope.Hospitals,
    };

    private static readonly IReadOnlyDictionary<string, LaboratoryValue> LaboratoryValues = new Dictionary<string, LaboratoryValue>
    {
        ["numeric"] = LaboratoryValue.Numeric,
        ["text"] = LaboratoryValue.Text,
    };

    private List<RegisteredHospital> ReadHospitals(List<City> cities) =>
        Versions(
            "hospitals.csv",
            ["code", "name", "cityCode", "grade", "validFrom", "validTo"],
            r => new RegisteredHospital(r.Identifier("code"), r.Text("name"), KnownCity(r, r.CityCode("cityCode"), cities), r.Named("grade", Grades), From(r), To(r)),
            h => h.Code);

    private List<RecognitionItem> ReadRecognitionItems() =>
        Versions(
            "recognition_items.csv",
            ["code", "name", "category", "standardCode", "validDays", "lowestGrade", "priceFen", "validFrom", "validTo"],
            r =>
            {
                var item = new RecognitionItem(
                    r.Identifier("code"),
                    r.Text("name"),
                    r.Named("category", WireNames.Of<ResultCategory>()),
                    r.Optional("standardCode").Length == 0 ? null : r.Identifier("standardCode"),
                    r.Whole("validDays", 1, 3660),
                    r.Named("lowestGrade", Grades),
                    r.Whole("priceFen", 0, 100_000_000),
                    r.Date("validFrom"),
                    r.DateOrNone("validTo"));
                CheckSpan(r, item.ValidFrom, item.ValidTo);
                return item;
            },
            i => i.Code);

    private List<RecognitionMark> ReadMarks(List<City> cities, List<RegisteredHospital> hospitals) =>
        Versions(
            "marks.csv",
            ["mark", "name", "scope", "cities", "hospitals", "validFrom", "validTo", "basis"],
            r => ReadMark(r, cities, hospitals),
            m => m.Mark);

    private static RecognitionMark ReadMark(SeedRow row, List<City> cities, List<RegisteredHospital> hospitals)
    {
        var mark = row.Text("mark");
        if (!mark.EndsWith("HR", StringComparison.Ordinal) || mark.Length < 3)
            row.Fault("mark must be a range followed by HR");
        var scope = row.Named("scope", Scopes);
        HashSet<string> covered = [];
        HashSet<string> listed = [];
        if (scope == MarkScope.Hospitals)
        {
            if (row.Optional("cities").Length > 0)
                row.Fault("cities must be empty: the hospitals say which cities they are of");
            listed = [.. row.List("hospitals")];
            if (listed.Count < 2)
                row.Fault("hospitals must name at least two");
            foreach (var unknown in listed.Where(code => !hospitals.Any(h => h.Code == code)))
                row.Fault($"the hospital {unknown} is not in hospitals.csv");
            covered = [.. hospitals.Where(h => listed.Contains(h.Code)).Select(h => h.CityCode)];
        }
        else
        {
            if (row.Optional("hospitals").Length > 0)
                row.Fault("hospitals must be empty: this mark covers every hospital of its cities");
            covered = CitySet(row, "cities", cities);
            if (scope != MarkScope.Cities && row.Optional("cities") != "*")
                row.Fault("cities must be * for a national or provincial mark");
        }

        var read = new RecognitionMark(mark, row.Text("name"), scope, covered, listed, row.Date("validFrom"), row.DateOrNone("validTo"), row.Text("basis"));
        CheckSpan(row, read.ValidFrom, read.ValidTo);
        return read;
    }

    private List<RecognitionGradeRule> ReadRecognitionGrades(List<City> cities, List<RecognitionItem> items)
    {
        var rules = new List<RecognitionGradeRule>();
        foreach (var row in folder.Read("recognition_grades.csv", "oneCity", "otherCity", "item", "lowestGrade", "validFrom", "validTo", "basis"))
        {
            var rule = new RecognitionGradeRule(
                KnownCity(row, row.CityCodeOrAny("oneCity"), cities),
                KnownCity(row, row.CityCodeOrAny("otherCity"), cities),
                row.IdentifierOrAny("item"),
                row.Named("lowestGrade", Grades),
                row.Date("validFrom"),
                row.DateOrNone("validTo"),
                row.Text("basis"));
            if (rule.OneCity == rule.OtherCity && rule.OneCity != "*")
                row.Fault("oneCity and otherCity are the same");
            if (rule.Item != "*" && !items.Any(i => i.Code == rule.Item))
                row.Fault($"the item {rule.Item} is not in recognition_items.csv");
            CheckSpan(row, rule.ValidFrom, rule.ValidTo);
            if (rules.Any(r => r.SamePair(rule) && r.Item == rule.Item && Dated.Overlap(r, rule)))
                row.Fault("another row for these cities and this item is in force at the same time");
            rules.Add(rule);
        }

        return rules;
    }

    private List<LaboratoryCode> ReadLaboratoryCodes(List<RecognitionItem> items)
    {
        var codes = Unique(
            "laboratory_codes.csv",
            ["item", "code", "name", "unit", "value"],
            r =>
            {
                var read = new LaboratoryCode(r.Identifier("code"), r.Text("name"), r.Identifier("item"), r.Optional("unit"), r.Named("value", LaboratoryValues));
                if (items.FirstOrDefault(i => i.Code == read.Item) is not { Category: ResultCategory.Laboratory })
                    r.Fault($"the item {read.Item} is no laboratory item of recognition_items.csv");
                if (read.Value == LaboratoryValue.Text && read.Unit.Length > 0)
                    r.Fault("unit must be empty for a text");
                return read;
            },
            c => (c.Item, c.Code));
        foreach (var item in items.Where(i => i.Category == ResultCategory.Laboratory && !codes.Exists(c => c.Item == i.Code)))
            folder.Fault("laboratory_codes.csv", 0, $"the item {item.Code} has no code");
        return codes;
    }
}

using DataHub.Contracts.Payloads;
using DataHub.Core.Calendar;
using DataHub.Core.Flows;

namespace DataHub.Core.Registry;

/// <summary>Reads every file of the seeds folder and checks each against the others.</summary>
internal sealed class SeedReader(string seedsDir)
{
    private const int MaxDeadline = 366;

    private static readonly IReadOnlyDictionary<string, HospitalGrade> Grades = new Dictionary<string, HospitalGrade>
    {
        ["二级"] = HospitalGrade.Second,
        ["二级甲等"] = HospitalGrade.SecondA,
        ["三级"] = HospitalGrade.Third,
        ["三级甲等"] = HospitalGrade.ThirdA,
    };

    private readonly SeedFolder folder = new(seedsDir);

    /// <exception cref="SeedException">Lists every fault.</exception>
    public RegistryData Read()
    {
        var cities = ReadCities();
        var items = ReadItems(cities);
        var hospitals = ReadHospitals(cities);
        var recognitionItems = ReadRecognitionItems();
        var returnReasons = ReadReturnReasons();
        var data = new RegistryData
        {
            Cities = cities,
            Districts = ReadDistricts(cities),
            Items = items,
            Agreements = ReadAgreements(cities, items, recognitionItems),
            TransferRules = ReadTransferRules(cities, items),
            Hospitals = hospitals,
            RecognitionItems = recognitionItems,
            Marks = ReadMarks(cities),
            Agencies = ReadAgencies(cities),
            ReturnReasons = returnReasons,
            Codes = new CodeReader(folder).Read(cities, items, recognitionItems, returnReasons),
            Calendar = ReadCalendar(),
        };
        return folder.Faults.Count == 0 ? data : throw new SeedException(folder.Faults);
    }

    private List<City> ReadCities()
    {
        var cities = Unique("cities.csv", ["code", "key", "name"], r => new City(r.CityCode("code"), r.Identifier("key"), r.Text("name")), c => c.Code);
        foreach (var repeated in cities.GroupBy(c => c.Key).Where(g => g.Count() > 1))
            folder.Fault("cities.csv", 0, $"the key {repeated.Key} stands twice");
        return [.. cities.DistinctBy(c => c.Key)];
    }

    private List<District> ReadDistricts(List<City> cities) =>
        Unique(
            "districts.csv",
            ["code", "name", "cityCode"],
            r => new District(r.CityCode("code"), r.Text("name"), KnownCity(r, r.CityCode("cityCode"), cities)),
            d => d.Code);

    private List<ServiceItem> ReadItems(List<City> cities)
    {
        var materials = ReadParts("item_materials.csv", ["item", "code", "name", "required"], r => new ItemMaterial(r.Identifier("code"), r.Text("name"), r.YesNo("required")), m => m.Code);
        var fields = ReadParts("item_fields.csv", ["item", "code", "name", "required", "maxLength"], r => new ItemField(r.Identifier("code"), r.Text("name"), r.YesNo("required"), r.Whole("maxLength", 1, 500)), f => f.Code);
        var modes = WireNames.Of<ServiceMode>();
        var items = Unique(
            "items.csv",
            ["code", "name", "flow", "modes", "instant", "acceptDays", "promisedDays", "statutoryDays", "highFrequency", "offeredBy", "validFrom", "validTo", "basis"],
            r => ReadItem(r, cities, modes, materials, fields),
            i => i.Code);

        var known = items.Select(i => i.Code).ToHashSet();
        foreach (var (file, parts) in new[] { ("item_materials.csv", materials.Keys.ToArray()), ("item_fields.csv", fields.Keys.ToArray()) })
        {
            foreach (var item in parts.Where(p => !known.Contains(p)))
                folder.Fault(file, 0, $"the item {item} is not in items.csv");
        }

        return items;
    }

    private static ServiceItem ReadItem(
        SeedRow row,
        List<City> cities,
        IReadOnlyDictionary<string, ServiceMode> modes,
        Dictionary<string, List<ItemMaterial>> materials,
        Dictionary<string, List<ItemField>> fields)
    {
        var code = row.Identifier("code");
        var item = new ServiceItem
        {
            Code = code,
            Name = row.Text("name"),
            Flow = row.Identifier("flow"),
            Modes = [.. row.List("modes").Select(m => Known(row, m, modes))],
            Instant = row.YesNo("instant"),
            AcceptDays = row.Whole("acceptDays", 1, MaxDeadline),
            PromisedDays = row.Whole("promisedDays", 1, MaxDeadline),
            StatutoryDays = row.Whole("statutoryDays", 1, MaxDeadline),
            HighFrequency = row.YesNo("highFrequency"),
            OfferedBy = CitySet(row, "offeredBy", cities),
            Materials = materials.GetValueOrDefault(code) ?? [],
            Fields = fields.GetValueOrDefault(code) ?? [],
            ValidFrom = row.Date("validFrom"),
            ValidTo = row.DateOrNone("validTo"),
            Basis = row.Text("basis"),
        };
        if (item.PromisedDays > item.StatutoryDays)
            row.Fault("promisedDays is more than statutoryDays");
        CheckSpan(row, item.ValidFrom, item.ValidTo);
        CheckFlow(row, item.Flow);
        return item;
    }

    private List<Agreement> ReadAgreements(List<City> cities, List<ServiceItem> items, List<RecognitionItem> recognitionItems)
    {
        var flowOf = items.ToDictionary(i => i.Code, i => i.Flow);
        var recognised = recognitionItems.Select(i => i.Code).ToHashSet();
        var agreements = new List<Agreement>();
        foreach (var row in folder.Read("agreements.csv", "sourceCity", "targetCity", "flow", "item", "validFrom", "validTo"))
        {
            var agreement = new Agreement(
                KnownCity(row, row.CityCode("sourceCity"), cities),
                KnownCity(row, row.CityCode("targetCity"), cities),
                row.Identifier("flow"),
                row.IdentifierOrAny("item"),
                row.Date("validFrom"),
                row.DateOrNone("validTo"));
            if (agreement.SourceCity == agreement.TargetCity)
                row.Fault("sourceCity and targetCity are the same");
            CheckFlow(row, agreement.Flow);
            var ofFlow = Authority.IsRecognition(agreement.Flow)
                ? recognised.Contains(agreement.Item)
                : flowOf.GetValueOrDefault(agreement.Item) == agreement.Flow;
            if (agreement.Item != "*" && !ofFlow)
                row.Fault($"the item {agreement.Item} is not one of the flow {agreement.Flow}");
            CheckSpan(row, agreement.ValidFrom, agreement.ValidTo);
            agreements.Add(agreement);
        }

        return agreements;
    }

    private List<TransferRule> ReadTransferRules(List<City> cities, List<ServiceItem> items)
    {
        var rules = Unique(
            "transfer_rules.csv",
            ["item", "sourceCity", "targetCity", "moneyMoves", "contactLetterDays", "informationTableDays", "completionDays", "basis"],
            r => new TransferRule(
                r.Identifier("item"),
                KnownCity(r, r.CityCodeOrAny("sourceCity"), cities),
                KnownCity(r, r.CityCodeOrAny("targetCity"), cities),
                r.YesNo("moneyMoves"),
                r.Whole("contactLetterDays", 1, MaxDeadline),
                r.Whole("informationTableDays", 1, MaxDeadline),
                r.Whole("completionDays", 1, MaxDeadline),
                r.Text("basis")),
            r => (r.Item, r.SourceCity, r.TargetCity));

        // Without a rule for any pair a transfer could be taken in whose money step nobody knows.
        foreach (var item in items.Where(i => i.Flow.StartsWith("transfer.", StringComparison.Ordinal)))
        {
            if (!rules.Any(r => r.Item == item.Code && r is { SourceCity: "*", TargetCity: "*" }))
                folder.Fault("transfer_rules.csv", 0, $"the item {item.Code} needs a rule for any pair of cities (*,*)");
        }

        foreach (var rule in rules.Where(r => !items.Any(i => i.Code == r.Item)))
            folder.Fault("transfer_rules.csv", 0, $"the item {rule.Item} is not in items.csv");
        return rules;
    }

    private List<RegisteredHospital> ReadHospitals(List<City> cities) =>
        Unique(
            "hospitals.csv",
            ["code", "name", "cityCode", "grade"],
            r => new RegisteredHospital(r.Identifier("code"), r.Text("name"), KnownCity(r, r.CityCode("cityCode"), cities), r.Named("grade", Grades)),
            h => h.Code);

    private List<RecognitionItem> ReadRecognitionItems() =>
        Unique(
            "recognition_items.csv",
            ["code", "name", "category", "validDays", "lowestGrade", "priceFen"],
            r => new RecognitionItem(
                r.Identifier("code"),
                r.Text("name"),
                r.Named("category", WireNames.Of<ResultCategory>()),
                r.Whole("validDays", 1, 3660),
                r.Named("lowestGrade", Grades),
                r.Whole("priceFen", 0, 100_000_000)),
            i => i.Code);

    private List<RecognitionMark> ReadMarks(List<City> cities) =>
        Unique(
            "marks.csv",
            ["mark", "name", "cities"],
            r =>
            {
                var mark = r.Text("mark");
                if (!mark.EndsWith("HR", StringComparison.Ordinal) || mark.Length < 3)
                    r.Fault("mark must be a range followed by HR");
                return new RecognitionMark(mark, r.Text("name"), CitySet(r, "cities", cities));
            },
            m => m.Mark);

    private List<RegisteredAgency> ReadAgencies(List<City> cities) =>
        Unique(
            "agencies.csv",
            ["code", "name", "cityCode", "kind"],
            r => new RegisteredAgency(r.Identifier("code"), r.Text("name"), KnownCity(r, r.CityCode("cityCode"), cities), r.Identifier("kind")),
            a => a.Code);

    private List<ReturnReason> ReadReturnReasons() =>
        Unique("return_reasons.csv", ["code", "text"], r => new ReturnReason(r.Identifier("code"), r.Text("text")), r => r.Code);

    private WorkingDayCalendar ReadCalendar()
    {
        var days = new Dictionary<DateOnly, bool>();
        foreach (var row in folder.FilesIn("calendar").SelectMany(f => folder.Read(f, "date", "kind", "name", "source")))
        {
            var date = row.Date("date");
            var kind = row.Text("kind");
            var weekend = date.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday;
            if (kind is not ("off" or "work"))
                row.Fault("kind must be off or work");
            if (kind == "work" && !weekend)
                row.Fault($"{date:yyyy-MM-dd} is no weekend day, so it needs no row to be worked");
            if (!days.TryAdd(date, kind == "work"))
                row.Fault($"{date:yyyy-MM-dd} stands twice");
        }

        if (days.Count == 0)
        {
            folder.Fault("calendar", 0, "there is no day in the calendar");
            return new WorkingDayCalendar(1, 1, [], []);
        }

        var (first, last) = (days.Keys.Min().Year, days.Keys.Max().Year);
        foreach (var year in Enumerable.Range(first, last - first + 1).Where(y => !days.Keys.Any(d => d.Year == y)))
            folder.Fault("calendar", 0, $"the year {year} is missing between {first} and {last}");
        return new WorkingDayCalendar(first, last, days.Where(d => !d.Value).Select(d => d.Key), days.Where(d => d.Value).Select(d => d.Key));
    }

    /// <summary>The rows as records; a key that comes again is a fault, and its record is left out.</summary>
    private List<T> Unique<T, TKey>(string file, string[] columns, Func<SeedRow, T> read, Func<T, TKey> keyOf)
        where TKey : notnull
    {
        var keys = new HashSet<TKey>();
        var records = new List<T>();
        foreach (var row in folder.Read(file, columns))
        {
            var record = read(row);
            if (keys.Add(keyOf(record)))
                records.Add(record);
            else
                row.Fault($"{keyOf(record)} stands twice");
        }

        return records;
    }

    /// <summary>The parts of each item in the file's order, by the item's code.</summary>
    private Dictionary<string, List<T>> ReadParts<T>(string file, string[] columns, Func<SeedRow, T> read, Func<T, string> codeOf)
    {
        var parts = new Dictionary<string, List<T>>(StringComparer.Ordinal);
        foreach (var row in folder.Read(file, columns))
        {
            var item = row.Identifier("item");
            if (!parts.TryGetValue(item, out var list))
                parts[item] = list = [];
            var part = read(row);
            if (list.Any(p => codeOf(p) == codeOf(part)))
                row.Fault($"{codeOf(part)} stands twice for {item}");
            else if (list.Count == 40)
                row.Fault($"{item} has more than 40 rows");
            else
                list.Add(part);
        }

        return parts;
    }

    private static HashSet<string> CitySet(SeedRow row, string column, List<City> cities)
    {
        var codes = row.List(column);
        return codes is ["*"] ? [.. cities.Select(c => c.Code)] : [.. codes.Select(c => KnownCity(row, c, cities))];
    }

    private static string KnownCity(SeedRow row, string code, List<City> cities)
    {
        if (code != "*" && !cities.Any(c => c.Code == code))
            row.Fault($"the city {code} is not in cities.csv");
        return code;
    }

    private static TEnum Known<TEnum>(SeedRow row, string name, IReadOnlyDictionary<string, TEnum> names)
        where TEnum : struct, Enum
    {
        if (!names.TryGetValue(name, out var value))
            row.Fault($"{name} is not one of {string.Join(", ", names.Keys)}");
        return value;
    }

    private static void CheckFlow(SeedRow row, string flow)
    {
        if (FlowCatalogue.Find(flow) is null)
            row.Fault($"there is no flow {flow}");
    }

    private static void CheckSpan(SeedRow row, DateOnly from, DateOnly? to)
    {
        if (to < from)
            row.Fault("validTo lies before validFrom");
    }
}

using DataHub.Contracts.Payloads;
using DataHub.Core.Calendar;
using DataHub.Core.Flows;

namespace DataHub.Core.Registry;

/// <summary>Reads every file of the seeds folder and checks each against the others.</summary>
internal sealed partial class SeedReader(string seedsDir)
{
    private const int MaxDeadline = 366;

    private readonly SeedFolder folder = new(seedsDir);

    // Rows that name an item before the items are read; they are read with them.
    private readonly List<(SeedRow Row, string Item)> namedItems = [];

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
            LaboratoryCodes = ReadLaboratoryCodes(recognitionItems),
            RecognitionGrades = ReadRecognitionGrades(cities, recognitionItems),
            Marks = ReadMarks(cities, hospitals),
            Agencies = ReadAgencies(cities),
            ReturnReasons = returnReasons,
            Codes = new CodeReader(folder).Read(cities, items, recognitionItems, returnReasons),
            Calendar = ReadCalendar(),
            CaseRules = CaseRulesReader.Read(folder, [.. items.Select(i => i.Code), .. recognitionItems.Select(i => i.Code)]),
        };
        return folder.Faults.Count == 0 ? data : throw new SeedException(folder.Faults);
    }

    private List<City> ReadCities()
    {
        var keys = new HashSet<string>(StringComparer.Ordinal);
        var cities = Unique(
            "cities.csv",
            ["code", "key", "name"],
            r =>
            {
                var city = new City(r.CityCode("code"), r.Identifier("key"), r.Text("name"));
                if (!keys.Add(city.Key))
                    r.Fault($"the key {city.Key} stands twice");
                return city;
            },
            c => c.Code);
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
        var materials = ReadParts("item_materials.csv", ["item", "code", "name", "required", "validFrom", "validTo"], r => new ItemMaterial(r.Identifier("code"), r.Text("name"), r.YesNo("required"), From(r), To(r)), m => m.Code);
        var fields = ReadParts("item_fields.csv", ["item", "code", "name", "required", "maxLength", "validFrom", "validTo"], r => new ItemField(r.Identifier("code"), r.Text("name"), r.YesNo("required"), r.Whole("maxLength", 1, 500), From(r), To(r)), f => f.Code);
        var modes = WireNames.Of<ServiceMode>();
        var terms = ReadServiceTerms();
        var flows = new Dictionary<string, string>(StringComparer.Ordinal);
        var items = Versions(
            "items.csv",
            ["code", "name", "flow", "modes", "instant", "acceptDays", "promisedDays", "statutoryDays", "highFrequency", "offeredBy", "validFrom", "validTo", "basis"],
            r =>
            {
                var item = ReadItem(r, cities, modes, materials, fields, terms);
                if (!flows.TryAdd(item.Code, item.Flow) && flows[item.Code] != item.Flow)
                    r.Fault($"{item.Code} changes its flow; a new flow needs a new code");
                return item;
            },
            i => i.Code);
        foreach (var (row, item) in namedItems)
            KnownItem(row, item, items);
        return items;
    }

    private string Named(SeedRow row, string item)
    {
        namedItems.Add((row, item));
        return item;
    }

    private static string KnownItem(SeedRow row, string item, List<ServiceItem> items)
    {
        if (item != "*" && !items.Any(i => i.Code == item))
            row.Fault($"the item {item} is not in items.csv");
        return item;
    }

    private static ServiceItem ReadItem(
        SeedRow row,
        List<City> cities,
        IReadOnlyDictionary<string, ServiceMode> modes,
        Dictionary<string, List<ItemMaterial>> materials,
        Dictionary<string, List<ItemField>> fields,
        Dictionary<string, ServiceTerms> terms)
    {
        var code = row.Identifier("code");
        var (_, medium, followUpDays) = TermsOf(terms, code);
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
            ResultMedium = medium,
            FollowUpDays = followUpDays,
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
        var flowOf = items.DistinctBy(i => i.Code).ToDictionary(i => i.Code, i => i.Flow);
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
            if (agreements.Any(a => (a.SourceCity, a.TargetCity, a.Flow, a.Item) == (agreement.SourceCity, agreement.TargetCity, agreement.Flow, agreement.Item) && Dated.Overlap(a, agreement)))
                row.Fault("another row for these cities and this item is in force at the same time");
            agreements.Add(agreement);
        }

        return agreements;
    }

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

    /// <summary>The rows as records, of which a code may have several that follow each other in time.</summary>
    private List<T> Versions<T>(string file, string[] columns, Func<SeedRow, T> read, Func<T, object> keyOf)
        where T : IDated
    {
        var records = new List<T>();
        var byKey = new Dictionary<object, List<T>>();
        foreach (var row in folder.Read(file, columns))
        {
            var record = read(row);
            if (!byKey.TryGetValue(keyOf(record), out var versions))
                byKey[keyOf(record)] = versions = [];
            if (versions.Any(v => Dated.Overlap(v, record)))
            {
                row.Fault($"{keyOf(record)} has another row for some of these days");
                continue;
            }

            versions.Add(record);
            records.Add(record);
        }

        return records;
    }

    /// <summary>A first day that may be left out: from ever.</summary>
    private static DateOnly From(SeedRow row) => row.DateOrNone("validFrom") ?? DateOnly.MinValue;

    private static DateOnly? To(SeedRow row)
    {
        var to = row.DateOrNone("validTo");
        CheckSpan(row, From(row), to);
        return to;
    }

    /// <summary>The parts of each item in the file's order, by the item's code.</summary>
    private Dictionary<string, List<T>> ReadParts<T>(string file, string[] columns, Func<SeedRow, T> read, Func<T, string> codeOf)
        where T : IDated
    {
        var parts = new Dictionary<string, List<T>>(StringComparer.Ordinal);
        foreach (var row in folder.Read(file, columns))
        {
            var item = Named(row, row.Identifier("item"));
            if (!parts.TryGetValue(item, out var list))
                parts[item] = list = [];
            var part = read(row);
            if (list.Any(p => codeOf(p) == codeOf(part) && Dated.Overlap(p, part)))
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

using System.Collections.Frozen;
using DataHub.Core.Calendar;

namespace DataHub.Core.Registry;

/// <summary>
/// Everything that is data about the cities and their business, as one immutable whole: read once at the start, looked up
/// from any thread. Look-ups are exact and give null for what the seeds do not have. Of what has changed over time it holds
/// one version: that of a day (<see cref="On"/>), or, as loaded, the last.
/// </summary>
public sealed class RegistrySnapshot
{
    private readonly CatalogueHistory history;
    private readonly FrozenDictionary<string, City> citiesByCode;
    private readonly FrozenDictionary<string, City> citiesByKey;
    private readonly FrozenDictionary<string, District> districts;
    private readonly FrozenDictionary<string, ServiceItem> items;
    private readonly FrozenDictionary<(string Source, string Target, string Flow), Agreement[]> agreements;
    private readonly FrozenDictionary<(string Item, string Source, string Target), TransferRule> transferRules;
    private readonly FrozenDictionary<string, RegisteredHospital> hospitals;
    private readonly FrozenDictionary<string, RecognitionItem> recognitionItems;
    private readonly FrozenDictionary<(string Item, string Code), LaboratoryCode> laboratoryCodes;
    private readonly FrozenDictionary<string, RecognitionMark> marks;
    private readonly FrozenDictionary<string, RegisteredAgency> agencies;
    private readonly FrozenDictionary<string, ReturnReason> returnReasons;
    private readonly FrozenDictionary<string, CaseRules> caseRules;

    internal RegistrySnapshot(RegistryData data, CodeTables codes, DateOnly day, CatalogueHistory history)
    {
        this.history = history;
        Cities = data.Cities;
        Districts = data.Districts;
        Items = [.. On(data.Items, i => i.Code, day).Select(i => i.AsOf(day))];
        Agreements = data.Agreements;
        // A rule that has ended leaves its place to a less exact one.
        TransferRules = [.. data.TransferRules.Where(r => r.InForce(day))];
        Hospitals = On(data.Hospitals, h => h.Code, day);
        RecognitionItems = On(data.RecognitionItems, i => i.Code, day);
        LaboratoryCodes = data.LaboratoryCodes;
        RecognitionGrades = data.RecognitionGrades;
        Marks = On(data.Marks, m => m.Mark, day);
        Agencies = data.Agencies;
        ReturnReasons = data.ReturnReasons;
        Codes = codes;
        Calendar = data.Calendar;

        citiesByCode = Cities.ToFrozenDictionary(c => c.Code);
        citiesByKey = Cities.ToFrozenDictionary(c => c.Key);
        districts = Districts.ToFrozenDictionary(d => d.Code);
        items = Items.ToFrozenDictionary(i => i.Code);
        agreements = Agreements.GroupBy(a => (a.SourceCity, a.TargetCity, a.Flow)).ToFrozenDictionary(g => g.Key, g => g.ToArray());
        transferRules = TransferRules.ToFrozenDictionary(r => (r.Item, r.SourceCity, r.TargetCity));
        hospitals = Hospitals.ToFrozenDictionary(h => h.Code);
        recognitionItems = RecognitionItems.ToFrozenDictionary(i => i.Code);
        laboratoryCodes = LaboratoryCodes.ToFrozenDictionary(c => (c.Item, c.Code));
        marks = Marks.ToFrozenDictionary(m => m.Mark);
        agencies = Agencies.ToFrozenDictionary(a => a.Code);
        caseRules = data.CaseRules.ToFrozenDictionary(StringComparer.Ordinal);
        returnReasons = ReturnReasons.ToFrozenDictionary(r => r.Code);
    }

    public IReadOnlyList<City> Cities { get; }

    public IReadOnlyList<District> Districts { get; }

    public IReadOnlyList<ServiceItem> Items { get; }

    public IReadOnlyList<Agreement> Agreements { get; }

    public IReadOnlyList<TransferRule> TransferRules { get; }

    public IReadOnlyList<RegisteredHospital> Hospitals { get; }

    public IReadOnlyList<RecognitionItem> RecognitionItems { get; }

    public IReadOnlyList<LaboratoryCode> LaboratoryCodes { get; }

    public IReadOnlyList<RecognitionGradeRule> RecognitionGrades { get; }

    public IReadOnlyList<RecognitionMark> Marks { get; }

    public IReadOnlyList<RegisteredAgency> Agencies { get; }

    public IReadOnlyList<ReturnReason> ReturnReasons { get; }

    public CodeTables Codes { get; }

    public WorkingDayCalendar Calendar { get; }

    /// <summary>
    /// The catalogue as it is on a day. An exchange is judged all its life by that of the day on which it was opened. What has
    /// ended by then is still found, with its last day.
    /// </summary>
    public RegistrySnapshot On(DateOnly day) => history.On(day);

    /// <summary>Reads and checks the seeds.</summary>
    /// <param name="seedsDir">Folder that holds <c>cities.csv</c> and the rest; see <see cref="FindSeeds"/>.</param>
    /// <exception cref="SeedException">Lists every fault with file, line and reason.</exception>
    public static RegistrySnapshot Load(string seedsDir) => new CatalogueHistory(new SeedReader(seedsDir).Read()).On(DateOnly.MaxValue);

    /// <summary>
    /// The nearest folder <c>seeds</c> that holds <c>cities.csv</c>, upwards from the program's folder and then from the
    /// current one.
    /// </summary>
    /// <exception cref="SeedException">There is none.</exception>
    public static string FindSeeds()
    {
        foreach (var start in new[] { AppContext.BaseDirectory, Directory.GetCurrentDirectory() })
        {
            for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
            {
                var seeds = Path.Combine(folder.FullName, "seeds");
                if (File.Exists(Path.Combine(seeds, "cities.csv")))
                    return seeds;
            }
        }

        throw new SeedException([new SeedFault("cities.csv", 0, "no folder seeds with this file was found above the program or the current folder")]);
    }

    public City? CityByCode(string code) => citiesByCode.GetValueOrDefault(code);

    public City? CityByKey(string key) => citiesByKey.GetValueOrDefault(key);

    public District? District(string code) => districts.GetValueOrDefault(code);

    /// <summary>A service item or a transfer kind.</summary>
    public ServiceItem? Item(string code) => items.GetValueOrDefault(code);

    /// <summary>Whether <paramref name="source"/> may send this item to <paramref name="target"/> on this day.</summary>
    public bool HasAgreement(string source, string target, string flow, string item, DateOnly on)
    {
        if (!agreements.TryGetValue((source, target, flow), out var found))
            return false;

        foreach (var agreement in found)
        {
            if ((agreement.Item == "*" || agreement.Item == item) && agreement.ValidFrom <= on && (agreement.ValidTo is not { } end || on <= end))
                return true;
        }

        return false;
    }

    /// <summary>The rule for this pair of cities, else for the source, else for the target, else for any pair.</summary>
    /// <param name="item">The transfer kind, such as <c>pension.employee</c>.</param>
    /// <param name="source">转入地: the city where the person applied.</param>
    /// <param name="target">转出地: the city that holds the old relation.</param>
    public TransferRule? TransferRule(string item, string source, string target) =>
        transferRules.GetValueOrDefault((item, source, target))
        ?? transferRules.GetValueOrDefault((item, source, "*"))
        ?? transferRules.GetValueOrDefault((item, "*", target))
        ?? transferRules.GetValueOrDefault((item, "*", "*"));

    public RegisteredHospital? Hospital(string code) => hospitals.GetValueOrDefault(code);

    public RecognitionItem? RecognitionItem(string code) => recognitionItems.GetValueOrDefault(code);

    /// <summary>
    /// The lowest grade that both hospitals need for a result of this item between these cities on this day: the item's own,
    /// or a higher one that the most exact rule in force asks for.
    /// </summary>
    public HospitalGrade LowestGrade(RecognitionItem item, string one, string other, DateOnly on)
    {
        ArgumentNullException.ThrowIfNull(item);
        RecognitionGradeRule? best = null;
        foreach (var rule in RecognitionGrades)
        {
            if (rule.InForce(on) && rule.Rank(one, other, item.Code) is { } rank && (best is null || rank > best.Rank(one, other, item.Code)))
                best = rule;
        }

        return best is null || best.LowestGrade < item.LowestGrade ? item.LowestGrade : best.LowestGrade;
    }

    /// <summary>A quantity that this laboratory item measures.</summary>
    public LaboratoryCode? LaboratoryCode(string item, string code) => laboratoryCodes.GetValueOrDefault((item, code));

    public RecognitionMark? Mark(string mark) => marks.GetValueOrDefault(mark);

    public RegisteredAgency? Agency(string code) => agencies.GetValueOrDefault(code);

    public ReturnReason? ReturnReason(string code) => returnReasons.GetValueOrDefault(code);

    /// <summary>How the hub watches over the cases of an item.</summary>
    public CaseRules CaseRules(string item) => caseRules.GetValueOrDefault(item) ?? caseRules["*"];

    private static List<T> On<T>(IReadOnlyList<T> versions, Func<T, string> code, DateOnly day)
        where T : IDated => [.. versions.GroupBy(code).Select(g => Dated.Of(g, day))];
}

/// <summary>What the seeds hold, read and checked: every version of what has changed over time.</summary>
internal sealed record RegistryData
{
    /// <summary>Everything of which the days matter to a look-up.</summary>
    public IEnumerable<IDated> Dated =>
        [.. Items, .. Items.SelectMany(i => i.Materials), .. Items.SelectMany(i => i.Fields), .. Hospitals, .. RecognitionItems, .. Marks, .. TransferRules];

    public required IReadOnlyList<City> Cities { get; init; }

    public required IReadOnlyList<District> Districts { get; init; }

    public required IReadOnlyList<ServiceItem> Items { get; init; }

    public required IReadOnlyList<Agreement> Agreements { get; init; }

    public required IReadOnlyList<TransferRule> TransferRules { get; init; }

    public required IReadOnlyList<RegisteredHospital> Hospitals { get; init; }

    public required IReadOnlyList<RecognitionItem> RecognitionItems { get; init; }

    public required IReadOnlyList<LaboratoryCode> LaboratoryCodes { get; init; }

    public required IReadOnlyList<RecognitionGradeRule> RecognitionGrades { get; init; }

    public required IReadOnlyList<RecognitionMark> Marks { get; init; }

    public required IReadOnlyList<RegisteredAgency> Agencies { get; init; }

    public required IReadOnlyList<ReturnReason> ReturnReasons { get; init; }

    public required IReadOnlyList<CodeRow> Codes { get; init; }

    public required IReadOnlyDictionary<string, CaseRules> CaseRules { get; init; }

    public required WorkingDayCalendar Calendar { get; init; }
}

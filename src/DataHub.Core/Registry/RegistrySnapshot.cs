using System.Collections.Frozen;
using DataHub.Core.Calendar;

namespace DataHub.Core.Registry;

/// <summary>
/// Everything that is data about the cities and their business, as one immutable whole: read once at the start, looked up
/// from any thread. Look-ups are exact and give null for what the seeds do not have.
/// </summary>
public sealed class RegistrySnapshot
{
    private readonly FrozenDictionary<string, City> citiesByCode;
    private readonly FrozenDictionary<string, City> citiesByKey;
    private readonly FrozenDictionary<string, District> districts;
    private readonly FrozenDictionary<string, ServiceItem> items;
    private readonly FrozenDictionary<(string Source, string Target, string Flow), Agreement[]> agreements;
    private readonly FrozenDictionary<(string Item, string Source, string Target), TransferRule> transferRules;
    private readonly FrozenDictionary<string, RegisteredHospital> hospitals;
    private readonly FrozenDictionary<string, RecognitionItem> recognitionItems;
    private readonly FrozenDictionary<string, RecognitionMark> marks;
    private readonly FrozenDictionary<string, RegisteredAgency> agencies;
    private readonly FrozenDictionary<string, ReturnReason> returnReasons;

    internal RegistrySnapshot(RegistryData data)
    {
        Cities = data.Cities;
        Districts = data.Districts;
        Items = data.Items;
        Agreements = data.Agreements;
        TransferRules = data.TransferRules;
        Hospitals = data.Hospitals;
        RecognitionItems = data.RecognitionItems;
        Marks = data.Marks;
        Agencies = data.Agencies;
        ReturnReasons = data.ReturnReasons;
        Codes = new CodeTables(data.Codes);
        Calendar = data.Calendar;

        citiesByCode = Cities.ToFrozenDictionary(c => c.Code);
        citiesByKey = Cities.ToFrozenDictionary(c => c.Key);
        districts = Districts.ToFrozenDictionary(d => d.Code);
        items = Items.ToFrozenDictionary(i => i.Code);
        agreements = Agreements.GroupBy(a => (a.SourceCity, a.TargetCity, a.Flow)).ToFrozenDictionary(g => g.Key, g => g.ToArray());
        transferRules = TransferRules.ToFrozenDictionary(r => (r.Item, r.SourceCity, r.TargetCity));
        hospitals = Hospitals.ToFrozenDictionary(h => h.Code);
        recognitionItems = RecognitionItems.ToFrozenDictionary(i => i.Code);
        marks = Marks.ToFrozenDictionary(m => m.Mark);
        agencies = Agencies.ToFrozenDictionary(a => a.Code);
        returnReasons = ReturnReasons.ToFrozenDictionary(r => r.Code);
    }

    public IReadOnlyList<City> Cities { get; }

    public IReadOnlyList<District> Districts { get; }

    public IReadOnlyList<ServiceItem> Items { get; }

    public IReadOnlyList<Agreement> Agreements { get; }

    public IReadOnlyList<TransferRule> TransferRules { get; }

    public IReadOnlyList<RegisteredHospital> Hospitals { get; }

    public IReadOnlyList<RecognitionItem> RecognitionItems { get; }

    public IReadOnlyList<RecognitionMark> Marks { get; }

    public IReadOnlyList<RegisteredAgency> Agencies { get; }

    public IReadOnlyList<ReturnReason> ReturnReasons { get; }

    public CodeTables Codes { get; }

    public WorkingDayCalendar Calendar { get; }

    /// <summary>Reads and checks the seeds.</summary>
    /// <param name="seedsDir">Folder that holds <c>cities.csv</c> and the rest; see <see cref="FindSeeds"/>.</param>
    /// <exception cref="SeedException">Lists every fault with file, line and reason.</exception>
    public static RegistrySnapshot Load(string seedsDir) => new(new SeedReader(seedsDir).Read());

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

    public RecognitionMark? Mark(string mark) => marks.GetValueOrDefault(mark);

    public RegisteredAgency? Agency(string code) => agencies.GetValueOrDefault(code);

    public ReturnReason? ReturnReason(string code) => returnReasons.GetValueOrDefault(code);
}

/// <summary>What the seeds hold, read and checked.</summary>
internal sealed record RegistryData
{
    public required IReadOnlyList<City> Cities { get; init; }

    public required IReadOnlyList<District> Districts { get; init; }

    public required IReadOnlyList<ServiceItem> Items { get; init; }

    public required IReadOnlyList<Agreement> Agreements { get; init; }

    public required IReadOnlyList<TransferRule> TransferRules { get; init; }

    public required IReadOnlyList<RegisteredHospital> Hospitals { get; init; }

    public required IReadOnlyList<RecognitionItem> RecognitionItems { get; init; }

    public required IReadOnlyList<RecognitionMark> Marks { get; init; }

    public required IReadOnlyList<RegisteredAgency> Agencies { get; init; }

    public required IReadOnlyList<ReturnReason> ReturnReasons { get; init; }

    public required IReadOnlyList<CodeRow> Codes { get; init; }

    public required WorkingDayCalendar Calendar { get; init; }
}

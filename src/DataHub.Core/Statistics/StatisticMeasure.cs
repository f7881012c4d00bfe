using System.Globalization;
using DataHub.Core.Flows;

namespace DataHub.Core.Statistics;

/// <summary>A question that can be asked of the counts; docs/statistics.md defines each.</summary>
public sealed class StatisticMeasure
{
    private const string Online = "online";

    private static readonly Dictionary<string, Func<StatisticKey, string>> Common = new(StringComparer.Ordinal)
    {
        ["month"] = k => string.Create(CultureInfo.InvariantCulture, $"{k.Month / 100:D4}-{k.Month % 100:D2}"),
        ["flow"] = k => k.Flow,
        ["item"] = k => k.Item,
        ["source"] = k => k.SourceCity,
        ["target"] = k => k.TargetCity,
    };

    private readonly Dictionary<string, Func<StatisticKey, string>> dimensions = new(Common, StringComparer.Ordinal);

    private StatisticMeasure(string name, string counter, string[] groups, params (string Name, Func<StatisticKey, string> Value)[] further)
    {
        (Name, Counter, DefaultGroups) = (name, counter, groups);
        foreach (var (dimension, value) in further)
            dimensions.Add(dimension, value);
    }

    /// <summary>In the order of docs/statistics.md.</summary>
    public static IReadOnlyList<StatisticMeasure> All { get; } =
    [
        new("opened", Counters.Opened, ["month", "flow"], ("mode", k => k.Variant)),
        new("outcomes", Counters.Outcome, ["flow", "outcome"], ("mode", k => k.Variant), ("outcome", k => k.Detail)) { HasAmount = true },
        new("online", Counters.Outcome, ["item"])
        {
            Counts = k => k.Flow == ServiceFlow.Code && k.Detail is OutcomeReader.Approved or OutcomeReader.Refused,
            IsPart = k => k.Variant == Online,
            PartName = Online,
            PartIsSensitive = true,
        },
        new("steps", Counters.Leg, ["flow", "step", "source", "target"], ("step", k => k.Detail)) { IsPart = k => k.Variant == LegStatistics.OnTime, PartName = "on time", Days = true },
        new("refusals", Counters.Refusal, ["reason"], ("reason", k => k.Detail)) { ReasonCounter = Counters.RefusalReason },
        new("recognition", Counters.Recognition, ["item"], ("hospital", k => k.Hospital), ("verdict", k => k.Detail), ("reason", k => k.Variant))
        {
            IsPart = k => k.Detail == OutcomeReader.Recognised,
            PartName = OutcomeReader.Recognised,
            PartIsSensitive = true,
            HasAmount = true,
        },
        new("evaluations", Counters.Evaluation, ["score"], ("score", k => k.Bucket.ToString(CultureInfo.InvariantCulture))) { Scores = true },
        new("administrative", Counters.Administrative, ["kind"], ("kind", k => k.Detail), ("reason", k => k.Variant)) { ReasonCounter = Counters.AdministrativeReason },
        new("money-after-end", Counters.MoneyAfterEnd, ["flow", "way"], ("way", k => k.Detail)) { HasAmount = true },
    ];

    public string Name { get; }

    /// <summary>A name of <see cref="Counters"/>.</summary>
    public string Counter { get; }

    /// <summary>The counter that knows the dimension <c>reason</c>, where it is another; it counts a message under each of its reasons.</summary>
    public string? ReasonCounter { get; private init; }

    /// <summary>Dimensions by which it is grouped where nothing is asked for.</summary>
    public IReadOnlyList<string> DefaultGroups { get; }

    /// <summary>Dimensions by which it can be grouped.</summary>
    public IEnumerable<string> Dimensions => dimensions.Keys;

    /// <summary>Which of the counter's keys count.</summary>
    public Func<StatisticKey, bool> Counts { get; private init; } = static _ => true;

    /// <summary>Which of them make the part that the rate is about: handled online, on time, recognised. Null where there is no rate.</summary>
    public Func<StatisticKey, bool>? IsPart { get; private init; }

    /// <summary>What the part is called by those who read it; empty where there is none.</summary>
    public string PartName { get; private init; } = "";

    /// <summary>
    /// Whether the part is a group that can be asked for by itself, and is therefore kept as small as one. How many legs
    /// were late says something of an office, not of a person.
    /// </summary>
    public bool PartIsSensitive { get; private init; }

    /// <summary>Whether the counts carry fen.</summary>
    public bool HasAmount { get; private init; }

    /// <summary>Whether the buckets are working days.</summary>
    public bool Days { get; private init; }

    /// <summary>Whether the buckets are scores.</summary>
    public bool Scores { get; private init; }

    public static StatisticMeasure? Find(string name) => All.FirstOrDefault(m => m.Name == name);

    /// <summary>The counter to read for these groups.</summary>
    public string CounterFor(IReadOnlyList<string> groups) => ReasonCounter is { } reasons && groups.Contains("reason") ? reasons : Counter;

    /// <summary>A key's group along these dimensions.</summary>
    public string[] GroupOf(StatisticKey key, IReadOnlyList<string> groups) => [.. groups.Select(g => dimensions[g](key))];
}

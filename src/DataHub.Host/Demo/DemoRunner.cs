using DataHub.Contracts;
using DataHub.Core.Storage;
using DataHub.Host.Roles;
using DataHub.Simulators.Cases;

namespace DataHub.Host.Demo;

/// <summary>What became of a demo, in numbers. <see cref="Submitted"/> = reconciled + refused + open + unexpected.</summary>
public sealed record DemoSummary(int Submitted, int Reconciled, int Refused, int Open, int Unexpected, long Duplicates, double Seconds)
{
    /// <summary>How many cases ended how, by flow and outcome or reason code; those that ended as expected.</summary>
    public required IReadOnlyDictionary<string, int> Ends { get; init; }

    /// <summary>Named breaks that the cases opened on their way, by code.</summary>
    public required IReadOnlyDictionary<string, int> Breaks { get; init; }

    /// <summary>Exchanges and codes of breaks that should have been opened and were not, or the other way round.</summary>
    public required IReadOnlyList<string> OddBreaks { get; init; }

    /// <summary>Every case ended as expected with the breaks that were expected, and none took effect twice.</summary>
    public bool Success => Open == 0 && Unexpected == 0 && Duplicates == 0 && OddBreaks.Count == 0;
}

/// <summary>How far one city's cases of one business are.</summary>
public sealed record ProgressLine(string City, string Business, long Submitted, long InProgress, long Completed, long Refused, long Overdue);

/// <summary>Runs the demo's cases through the cities' native interfaces and watches until each has ended.</summary>
public sealed class DemoRunner(DataHubHost host)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);

    /// <summary>Cases looked at in one go, the oldest that have not ended: a look at all of a large plan would cost more than the plan.</summary>
    private const int Window = 4_000;

    private const int MaxBreaks = 1_000_000;

    /// <summary>An expected break that has not come so long after the last case ended does not come any more.</summary>
    private static readonly TimeSpan BreaksSettle = TimeSpan.FromSeconds(30);

    /// <summary>Breaks that time makes and heals, and the one that an acknowledgement closes: a case does not expect them.</summary>
    private static readonly string[] Passing = [ReasonCodes.BreakMissingAtSource, ReasonCodes.BreakMissingAtTarget, ReasonCodes.BreakLate, ReasonCodes.BreakLegOverdue, ReasonCodes.BreakRecognisedResultChanged];

    private readonly Dictionary<string, CaseResult> ended = new(StringComparer.Ordinal);
    private readonly Dictionary<string, CaseResult> open = new(StringComparer.Ordinal);
    private IReadOnlyList<PlannedCase> planned = [];
    private List<ExchangeCount> lastCounts = [];
    private DateTimeOffset lastChange;

    /// <summary>Every case, in the order of submission.</summary>
    public IReadOnlyList<CaseResult> Results { get; private set; } = [];

    /// <summary>Submits the plan's cases and returns when all have ended, or when the time is up.</summary>
    public Task<DemoSummary> RunAsync(DemoPlan plan, TimeSpan atMost, Action<IReadOnlyList<ProgressLine>> show, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return RunAsync(plan.AllCases(host.Samples, host.Options.Knobs, host.Registry), atMost, show, cancel);
    }

    /// <summary>Submits these cases, each to its own city's system, and returns when all have ended, or when the time is up.</summary>
    public async Task<DemoSummary> RunAsync(IReadOnlyList<PlannedCase> cases, TimeSpan atMost, Action<IReadOnlyList<ProgressLine>> show, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(show);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        lastChange = host.Options.Time.GetUtcNow();
        planned = cases;
        foreach (var group in planned.GroupBy(c => c.City, StringComparer.Ordinal))
            await host.Cities[group.Key].System.PlanAsync([.. group], cancel);
        while (true)
        {
            // Where all of a window has ended, on to the next at once.
            TimeSpan begin;
            do
                begin = clock.Elapsed;
            while (await LookAsync(cancel));
            show(await ProgressAsync(cancel));
            if (clock.Elapsed >= atMost || Results.All(r => r.Standing != CaseStanding.Open))
                break;
            // The hub's exchanges are counted for the progress: with very many of them, looking must not take what the cases need.
            var pause = (clock.Elapsed - begin) * 9;
            await Task.Delay(pause > LookEvery ? pause : LookEvery, cancel);
        }

        // What moves after a case has ended opens its break a moment later.
        var ending = System.Diagnostics.Stopwatch.StartNew();
        while ((await BreaksAsync(cancel)).Odd.Count > 0 && ending.Elapsed < BreaksSettle && clock.Elapsed < atMost)
        {
            await Task.Delay(LookEvery, cancel);
            _ = await LookAsync(cancel);
        }

        var duplicates = host.Cities.Values.Sum(c => c.System.Summary().DuplicateEffects);
        var (breaks, odd) = await BreaksAsync(cancel);
        return new DemoSummary(Results.Count, Count(CaseStanding.Reconciled), Count(CaseStanding.Refused), Count(CaseStanding.Open), Count(CaseStanding.Unexpected), duplicates, Math.Round(clock.Elapsed.TotalSeconds, 2))
        {
            Ends = Tally(Results.Where(r => r.Standing is CaseStanding.Reconciled or CaseStanding.Refused).Select(End)),
            Breaks = breaks,
            OddBreaks = odd,
        };
    }

    private static string End(CaseResult result) => result.Case.Expected.Expectation is Expectation.Refused refused
        ? $"{result.Case.Expected.Flow} {refused.ReasonCode}"
        : $"{result.Case.Expected.Flow} {result.Hub!.State.Outcome!.Code}";

    private static SortedDictionary<string, int> Tally(IEnumerable<string> names)
    {
        var tally = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var name in names)
            tally[name] = tally.GetValueOrDefault(name) + 1;
        return tally;
    }

    private async Task<(IReadOnlyDictionary<string, int> Breaks, IReadOnlyList<string> Odd)> BreaksAsync(CancellationToken cancel)
    {
        var ours = Results.Where(r => r.ExchangeId is not null).ToDictionary(r => r.ExchangeId!, StringComparer.Ordinal);
        var found = (await host.Store.BreaksAsync(null, openOnly: false, MaxBreaks, cancel))
            .Where(b => !Passing.Contains(b.Code) && ours.ContainsKey(b.ExchangeId)).Select(b => (b.ExchangeId, b.Code)).Distinct().ToList();
        var expected = ours.Values.Where(r => r is { Standing: CaseStanding.Reconciled, Case.Expected.Expectation: Expectation.Reconciled { BreakCode: not null } })
            .Select(r => (ExchangeId: r.ExchangeId!, Code: ((Expectation.Reconciled)r.Case.Expected.Expectation).BreakCode!)).ToList();
        return (Tally(found.Select(b => b.Code)), [
            .. expected.Except(found).Select(b => $"{b.ExchangeId}: {b.Code} was not opened"),
            .. found.Except(expected).Select(b => $"{b.ExchangeId}: {b.Code} was opened"),
        ]);
    }

    private int Count(CaseStanding standing) => Results.Count(r => r.Standing == standing);

    /// <summary>Looks at the cases of one window; true where all of them have ended, so that there may be more.</summary>
    private async Task<bool> LookAsync(CancellationToken cancel)
    {
        var before = ended.Count;
        var views = planned.Where(p => !ended.ContainsKey(p.CaseNumber)).Take(Window).Select(p => (Planned: p, View: host.Cities[p.City].System.FindCase(p.CaseNumber))).ToList();
        var ids = views.Select(v => v.View?.ExchangeId).OfType<string>().ToList();
        var rows = new Dictionary<string, ExchangeRow>(StringComparer.Ordinal);
        foreach (var shard in ids.GroupBy(host.Shards.NodeOf, StringComparer.Ordinal))
        {
            foreach (var (id, row) in await host.Store.ExchangesAsync(shard.Key, [.. shard], cancel))
                rows[id] = row;
        }

        if (rows.Count > 0 && rows.Values.Max(r => r.State.ChangedAt) is var changed && changed > lastChange)
            lastChange = changed;
        foreach (var (p, view) in views)
        {
            var row = view?.ExchangeId is { } id ? rows.GetValueOrDefault(id) : null;
            var target = row is { ReconciledAt: not null, State.TargetCity.Length: > 0 } ? host.Cities.GetValueOrDefault(row.State.TargetCity)?.System.Recorded(row.State.ExchangeId) : null;
            var result = DemoVerdict.Judge(p, view, row, target, lastChange, host.Options.Time.GetUtcNow());
            if (result.Standing != CaseStanding.Open)
                ended[p.CaseNumber] = result;
            open[p.CaseNumber] = result;
        }

        Results = [.. planned.Select(p => ended.GetValueOrDefault(p.CaseNumber) ?? open.GetValueOrDefault(p.CaseNumber) ?? NotYet(p))];
        return views.Count > 0 && ended.Count == before + views.Count;
    }

    private static CaseResult NotYet(PlannedCase planned) => new(planned, CaseStanding.Open, null, null, null, null, "not looked at yet");

    private async Task<IReadOnlyList<ProgressLine>> ProgressAsync(CancellationToken cancel)
    {
        var counts = new List<ExchangeCount>();
        foreach (var shard in host.Shards.Nodes)
            counts.AddRange(await host.Store.CountExchangesAsync(shard, cancel));
        if (!counts.SequenceEqual(lastCounts))
            (lastCounts, lastChange) = (counts, host.Options.Time.GetUtcNow());
        return
        [
            .. from city in host.Registry.Cities
               from business in new[] { ("service", "通办"), ("transfer", "转移接续"), ("recognition", "结果互认") }
               let mine = Results.Where(r => r.Case.City == city.Code && r.Case.Expected.Flow.StartsWith(business.Item1, StringComparison.Ordinal)).ToList()
               where mine.Count > 0
               let submitted = mine.Count(r => r.ExchangeId is not null || r.Standing != CaseStanding.Open)
               let refused = mine.Count(r => r.Hub is null && r.Standing is CaseStanding.Refused or CaseStanding.Unexpected)
               let completed = mine.Count(r => r.Hub?.ReconciledAt is not null)
               let overdue = counts.Where(c => c.SourceCity == city.Code && c.Overdue && c.Flow.StartsWith(business.Item1, StringComparison.Ordinal)).Sum(c => c.Count)
               select new ProgressLine(city.Name, business.Item2, submitted, submitted - refused - completed, completed, refused, overdue),
        ];
    }
}

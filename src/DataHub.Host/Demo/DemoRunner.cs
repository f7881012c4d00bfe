using DataHub.Core.Storage;
using DataHub.Host.Roles;
using DataHub.Simulators.Cases;

namespace DataHub.Host.Demo;

/// <summary>What became of a demo, in numbers. <see cref="Submitted"/> = reconciled + refused + open.</summary>
public sealed record DemoSummary(int Submitted, int Reconciled, int Refused, int Open, int Unexpected, long Duplicates, double Seconds)
{
    /// <summary>Every case ended as expected, and none took effect twice.</summary>
    public bool Success => Open == 0 && Unexpected == 0 && Duplicates == 0;
}

/// <summary>How far one city's cases of one business are.</summary>
public sealed record ProgressLine(string City, string Business, long Submitted, long InProgress, long Completed, long Refused, long Overdue);

/// <summary>Runs the demo's cases through the cities' native interfaces and watches until each has ended.</summary>
public sealed class DemoRunner(DataHubHost host)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);

    private readonly Dictionary<string, CaseResult> ended = new(StringComparer.Ordinal);
    private readonly Dictionary<string, CaseResult> open = new(StringComparer.Ordinal);
    private IReadOnlyList<PlannedCase> planned = [];
    private DateTimeOffset runningSince;

    /// <summary>Every case, in the order of submission.</summary>
    public IReadOnlyList<CaseResult> Results { get; private set; } = [];

    /// <summary>Submits the plan's cases and returns when all have ended, or when the time is up.</summary>
    public async Task<DemoSummary> RunAsync(DemoPlan plan, TimeSpan atMost, Action<IReadOnlyList<ProgressLine>> show, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(show);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        runningSince = host.Options.Time.GetUtcNow();
        planned = plan.AllCases(host.Samples, host.Options.Knobs, host.Registry);
        foreach (var group in planned.GroupBy(c => c.City, StringComparer.Ordinal))
            await host.Cities[group.Key].System.PlanAsync([.. group], cancel);
        using var timer = new PeriodicTimer(LookEvery);
        do
        {
            await LookAsync(cancel);
            show(await ProgressAsync(cancel));
        }
        while (Results.Any(r => r.Standing == CaseStanding.Open) && clock.Elapsed < atMost && await timer.WaitForNextTickAsync(cancel));

        var duplicates = host.Cities.Values.Sum(c => c.System.Summary().DuplicateEffects);
        return new DemoSummary(Results.Count, Count(CaseStanding.Reconciled), Count(CaseStanding.Refused), Count(CaseStanding.Open), Count(CaseStanding.Unexpected), duplicates, Math.Round(clock.Elapsed.TotalSeconds, 2));
    }

    private int Count(CaseStanding standing) => Results.Count(r => r.Standing == standing);

    private async Task LookAsync(CancellationToken cancel)
    {
        var views = planned.Where(p => !ended.ContainsKey(p.CaseNumber)).Select(p => (Planned: p, View: host.Cities[p.City].System.FindCase(p.CaseNumber))).ToList();
        var ids = views.Select(v => v.View?.ExchangeId).OfType<string>().ToList();
        var rows = new Dictionary<string, ExchangeRow>(StringComparer.Ordinal);
        foreach (var shard in ids.GroupBy(host.Shards.NodeOf, StringComparer.Ordinal))
        {
            foreach (var (id, row) in await host.Store.ExchangesAsync(shard.Key, [.. shard], cancel))
                rows[id] = row;
        }

        foreach (var (p, view) in views)
        {
            var row = view?.ExchangeId is { } id ? rows.GetValueOrDefault(id) : null;
            var target = row is { ReconciledAt: not null, State.TargetCity.Length: > 0 } ? host.Cities.GetValueOrDefault(row.State.TargetCity)?.System.Recorded(row.State.ExchangeId) : null;
            var result = DemoVerdict.Judge(p, view, row, target, runningSince, host.Options.Time.GetUtcNow());
            if (result.Standing != CaseStanding.Open)
                ended[p.CaseNumber] = result;
            open[p.CaseNumber] = result;
        }

        Results = [.. planned.Select(p => ended.GetValueOrDefault(p.CaseNumber) ?? open[p.CaseNumber])];
    }

    private async Task<IReadOnlyList<ProgressLine>> ProgressAsync(CancellationToken cancel)
    {
        var counts = new List<ExchangeCount>();
        foreach (var shard in host.Shards.Nodes)
            counts.AddRange(await host.Store.CountExchangesAsync(shard, cancel));
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

using DataHub.Core.Storage;
using DataHub.Host.Demo;
using DataHub.Simulators;
using DataHub.Simulators.Cases;
using Microsoft.Data.Sqlite;
using Shouldly;

namespace DataHub.FlowTests.Distributed;

/// <summary>
/// The cases that a deployment's cities hand in, and what has become of them. Cases are laid before a simulated city by
/// its own store, which the simulator's process works off; the same store says what the city holds.
/// </summary>
internal sealed class Traffic : IAsyncDisposable
{
    private static readonly TimeSpan EndsWithin = TimeSpan.FromMinutes(6);

    private readonly Deployment deployment;
    private readonly Knobs knobs;
    private readonly Dictionary<string, CityStore> stores;
    private readonly Dictionary<string, CitySystem> cities;
    private readonly List<PlannedCase> planned = [];
    private readonly List<PlannedCase> followers = [];
    private readonly Dictionary<string, CaseResult> ended = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> askedBy = new(StringComparer.Ordinal);
    private readonly Dictionary<string, CaseResult> open = new(StringComparer.Ordinal);
    private readonly HashSet<string> reconciled = new(StringComparer.Ordinal);
    private DateTimeOffset start = TimeProvider.System.GetUtcNow();

    public Traffic(Deployment deployment, string folder)
    {
        this.deployment = deployment;
        // As the simulators are started: --fast.
        knobs = Knobs.Default with { Seed = deployment.Seed, ClerkDelayFrom = TimeSpan.Zero, ClerkDelayTo = TimeSpan.Zero };
        stores = Deployment.CityKeys.ToDictionary(k => k, k => CityStore.Open(Path.Combine(folder, $"simulator-{k}", $"sim-{k}.db")), StringComparer.Ordinal);
        cities = stores.ToDictionary(s => deployment.Registry.CityByKey(s.Key)!.Code, s => new CitySystem(s.Key, s.Value, knobs, new NoPort(), TimeProvider.System, deployment.Registry), StringComparer.Ordinal);
    }

    public int Requested => planned.Count;

    public bool AllEnded => planned.Count == ended.Count && followers.Count == 0;

    public IEnumerable<CitySummary> Summaries => cities.Values.Select(c => c.Summary());

    /// <summary>Lays cases before the cities, to be handed in over a time. Who asks for a published result does so once it is there.</summary>
    public async Task AddAsync(int count, TimeSpan over)
    {
        // Two sets need different seconds.
        var now = TimeProvider.System.GetUtcNow();
        start = now > start + TimeSpan.FromSeconds(1) ? now : start + TimeSpan.FromSeconds(1);
        var made = new CaseGenerator(knobs, deployment.Registry).Generate(count, start, over);
        foreach (var follower in made.Where(Follows))
        {
            followers.Add(follower);
            askedBy[follower.CaseNumber[2..^1]] = follower.City;
        }

        await PlanAsync([.. made.Where(c => !Follows(c)).Select(c => c with { DueAt = c.DueAt - (start - now) })]);
    }

    /// <summary>Waits until all cases have ended that the city has no part in, while at least one of its own has not.</summary>
    public async Task OthersEndAsync(string cityKey)
    {
        var city = deployment.Registry.CityByKey(cityKey)!.Code;
        await HostFixture.UntilAsync(async () => await LookAsync() && open.Values.All(r => Concerns(r, city)), () => $"the cases without {cityKey} have ended; open: {Told(open.Values.Where(r => !Concerns(r, city)))}", EndsWithin);
        open.Values.ShouldContain(r => Concerns(r, city), $"{cityKey} was not held up at all");
        deployment.Tell($"without {cityKey} everything has ended; {open.Count} of its cases wait");
    }

    /// <summary>Waits until some of what was added last has been handed in, so that it is somewhere between the cities.</summary>
    public async Task UnderWayAsync()
    {
        var before = Submitted;
        await HostFixture.UntilAsync(() => Submitted >= before + 5, "cases are handed in", EndsWithin);
    }

    private long Submitted => Summaries.Sum(s => s.Submitted);

    /// <summary>Waits until further cases have ended.</summary>
    public async Task ProceedsAsync(int cases = 5)
    {
        await HostFixture.UntilAsync(LookAsync, "the database can be read", EndsWithin);
        var before = ended.Count;
        await HostFixture.UntilAsync(async () => await LookAsync() && ended.Count >= before + cases, "further cases end", EndsWithin);
    }

    /// <summary>Pauses a city's system, but not while it holds the lock of its store, in which this writes too.</summary>
    public async Task PauseAsync(string cityKey)
    {
        await using var connection = new SqliteConnection($"Data Source={stores[cityKey].File};Pooling=False");
        await connection.OpenAsync();
        await using var locked = connection.BeginTransaction(deferred: false);
        await deployment["simulator-" + cityKey].PauseAsync();
    }

    /// <summary>Waits until a city's system has done something since this was called.</summary>
    public Task MovesAsync(string cityKey)
    {
        var city = cities[deployment.Registry.CityByKey(cityKey)!.Code];
        var before = city.Summary();
        return HostFixture.UntilAsync(() => city.Summary() != before, $"{cityKey} moves", EndsWithin);
    }

    private bool Concerns(CaseResult result, string city) =>
        result.Case.City == city || result.Hub?.State.TargetCity == city || askedBy.GetValueOrDefault(result.Case.CaseNumber[2..]) == city
        || JointParties.HasPartIn(result.Case, deployment.Registry, city);

    /// <summary>Waits until every case has ended, the questions for published results too, and each as was expected of it.</summary>
    public async Task EndAsync()
    {
        await HostFixture.UntilAsync(async () => await LookAsync() && AllEnded, () => $"every case has ended; {followers.Count} wait for their publication; open: {Told(open.Values)}", EndsWithin);
        deployment.Tell($"{Requested} requested: {ended.Values.Count(r => r.Standing == CaseStanding.Reconciled)} reconciled, {ended.Values.Count(r => r.Standing == CaseStanding.Refused)} refused as expected");
    }

    private static string Told(IEnumerable<CaseResult> results) => string.Join("; ", results.Take(20).Select(r => $"{r.Case.CaseNumber} {r.Case.Type} {r.ExchangeId} {r.Why}"));

    private async Task PlanAsync(IReadOnlyList<PlannedCase> cases)
    {
        planned.AddRange(cases);
        foreach (var some in cases.GroupBy(c => c.City, StringComparer.Ordinal))
            await cities[some.Key].PlanAsync([.. some], default);
    }

    /// <summary>False while the database cannot be read, as on its way from one server to another: then nothing was seen.</summary>
    private async Task<bool> LookAsync()
    {
        // What ended otherwise than expected may still change: it stays open until the time is up.
        var now = TimeProvider.System.GetUtcNow();
        var views = planned.Where(p => !ended.ContainsKey(p.CaseNumber)).Select(p => (Planned: p, View: cities[p.City].FindCase(p.CaseNumber))).ToList();
        var rows = new Dictionary<string, ExchangeRow>(StringComparer.Ordinal);
        foreach (var shard in views.Select(v => v.View?.ExchangeId).OfType<string>().GroupBy(deployment.Shards.NodeOf, StringComparer.Ordinal))
        {
            try
            {
                foreach (var (id, row) in await deployment.Store.ExchangesAsync(shard.Key, [.. shard], default))
                    rows[id] = row;
            }
            catch (StoreUnavailableException)
            {
                return false;
            }
        }

        foreach (var (p, view) in views)
        {
            var row = view?.ExchangeId is { } id ? rows.GetValueOrDefault(id) : null;
            var target = row is { ReconciledAt: not null, State.TargetCity.Length: > 0 } ? cities[row.State.TargetCity].Recorded(row.State.ExchangeId) : null;
            var result = DemoVerdict.Judge(p, view, row, target, lastChange: now, now);
            if (result.Standing == CaseStanding.Open)
                open[p.CaseNumber] = result;
            else
                (_, ended[p.CaseNumber]) = (open.Remove(p.CaseNumber), result);
            if (row is { ReconciledAt: not null })
                reconciled.Add(p.CaseNumber);
        }

        ended.Values.Where(r => r.Standing == CaseStanding.Unexpected).Select(r => $"{r.Case.CaseNumber} {r.ExchangeId} {r.Why}").ShouldBeEmpty();
        var published = reconciled.Select(number => number[2..]).ToHashSet(StringComparer.Ordinal);
        var ready = followers.Where(f => published.Contains(f.CaseNumber[2..^1])).ToList();
        followers.RemoveAll(ready.Contains);
        await PlanAsync(ready);
        return true;
    }

    // A search, a query and the withdrawal of its consent are numbered after the publication that they are about, with a letter behind it.
    // They are held back until it is there: a crash may hold that up for longer than a doctor asks.
    private static bool Follows(PlannedCase c) => char.IsAsciiLetter(c.CaseNumber[^1]);

    public async ValueTask DisposeAsync()
    {
        foreach (var store in stores.Values)
            await store.DisposeAsync();
    }

    /// <summary>Nothing is handed in from here: the simulators' processes do that.</summary>
    private sealed class NoPort : INativePort
    {
        public Task<PortOutcome> SendAsync(OutgoingNative message, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<PortOutcome> SendRawAsync(string messageId, ReadOnlyMemory<byte> sample, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}

using DataHub.Core.Messaging;
using DataHub.Core.Storage;
using DataHub.Host.Roles;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Roles;

/// <summary>How processes share nodes, with leases in memory and a clock that the test moves.</summary>
public sealed class LeasePoolTests
{
    private static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(10);

    private readonly FakeLeases leases = new();
    private readonly List<string> opened = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_takes_all_a_second_gets_its_share_and_a_third_gets_what_is_left()
    {
        var (a, b, c) = (Pool("a"), Pool("b"), Pool("c"));
        await LookAsync(a);
        a.Held.Count().ShouldBe(3);

        await LookAsync(b, a, b);
        (a.Held.Count(), b.Held.Count()).ShouldBe((2, 1));
        await LookAsync(c, a, c);
        new[] { a, b, c }.ShouldAllBe(p => p.Held.Count() == 1);

        var spare = Pool("d");
        await LookAsync(spare);
        spare.Held.ShouldBeEmpty();
        spare.Current.ShouldBeTrue();
        spare.Elsewhere.Count.ShouldBe(3);
    }

    [Fact]
    public async Task What_a_leaving_process_gives_back_is_taken_at_the_next_look()
    {
        var (a, b) = (Pool("a"), Pool("b"));
        await LookAsync(a, b, a, b);
        b.Held.ShouldHaveSingleItem();

        await a.DisposeAsync();
        await LookAsync(b);
        b.Held.Count().ShouldBe(3);
    }

    [Fact]
    public async Task What_a_lost_process_held_is_taken_when_its_leases_have_expired()
    {
        var (a, b) = (Pool("a"), Pool("b"));
        await LookAsync(a, b, a, b);

        leases.Clock.Advance(LeaseTime / 2);
        await LookAsync(b);
        b.Held.ShouldHaveSingleItem();
        leases.Clock.Advance(LeaseTime / 2);
        await LookAsync(b);
        b.Held.Count().ShouldBe(3);

        // The lost one was only slow: it finds its nodes taken and stops them.
        await LookAsync(a);
        a.Held.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_node_that_ends_is_started_again_but_not_at_once()
    {
        var pool = Pool("a", static node => node == "000001" ? Task.FromException(new InvalidOperationException()) : Task.Delay(Timeout.Infinite, Cancel));
        await LookAsync(pool);
        opened.Count(n => n == "000001").ShouldBe(1);
        await LookAsync(pool);
        opened.Count(n => n == "000001").ShouldBe(1);
        pool.Held.Count().ShouldBe(2);
        await LookAsync(pool);
        opened.Count(n => n == "000001").ShouldBe(2);
    }

    [Fact]
    public async Task A_node_that_could_not_be_opened_is_given_back_for_another_to_run()
    {
        var failing = true;
        var a = Pool("a", static _ => Task.Delay(Timeout.Infinite, Cancel), node => failing && node == "000001" ? throw new StoreUnavailableException("away", new TimeoutException()) : node);
        await Should.ThrowAsync<StoreUnavailableException>(LookAsync(a));
        (a.Held.Single(), a.Unstarted.Single()).ShouldBe(("000000", "000001"));
        leases.Clock.Advance(LeaseTime / 2);
        await a.TryLookAsync(Cancel);
        leases.Clock.Advance(LeaseTime / 2);

        var b = Pool("b");
        await LookAsync(b);
        b.Held.ShouldBe(["000001", "000002"], ignoreOrder: true);
        await LookAsync(a);
        (a.Held.Single(), a.Unstarted.Any()).ShouldBe(("000000", false));

        failing = false;
        await b.DisposeAsync();
        await LookAsync(a);
        (a.Held.Count(), a.Unstarted.Any()).ShouldBe((3, false));
    }

    [Fact]
    public async Task A_process_that_cannot_keep_its_leases_goes_on_until_another_may_have_taken_them()
    {
        var pool = Pool("a");
        await LookAsync(pool);
        leases.Away = true;
        leases.Clock.Advance(LeaseTime / 2);
        await pool.TryLookAsync(Cancel);
        (pool.Current, pool.Held.Count()).ShouldBe((true, 3));

        leases.Clock.Advance(LeaseTime / 2);
        await pool.TryLookAsync(Cancel);
        (pool.Current, pool.Held.Count()).ShouldBe((false, 0));

        leases.Away = false;
        await LookAsync(pool);
        (pool.Current, pool.Held.Count()).ShouldBe((true, 3));
    }

    [Fact]
    public async Task Consumers_that_cannot_be_ended_do_not_keep_a_process_from_taking_its_nodes_up_again()
    {
        var bus = new StubbornBus();
        var pool = new LeasePool(leases, "broker", "a", ["000000", "000001"], LeaseTime, leases.Clock, NullLogger.Instance,
            (_, _, _) => NodeRun.StartAsync(token => Task.Delay(Timeout.Infinite, token), [new FrameEndpoint("q", static (_, _) => Task.CompletedTask)], bus));
        await LookAsync(pool);
        leases.Away = true;
        leases.Clock.Advance(LeaseTime);
        await pool.TryLookAsync(Cancel);
        (pool.Held.Count(), bus.Ended).ShouldBe((0, 2));

        leases.Away = false;
        await LookAsync(pool);
        pool.Held.Count().ShouldBe(2);
    }

    [Fact]
    public async Task A_process_of_the_same_name_takes_nothing_from_another()
    {
        HostParts Parts() => new() { Options = new Host.DataHubOptions { DataDirectory = "data", Instance = "broker" }, Registry = null!, Shards = null!, Store = null!, Leases = leases, Keys = null!, Bus = null!, Frames = null!, Materials = null!, Check = null!, Logs = NullLoggerFactory.Instance };
        var (one, other) = (Parts().Pool("broker", ["000000"], (node, _, _) => OpenAsync(node, null)), Parts().Pool("broker", ["000000"], (node, _, _) => OpenAsync(node, null)));
        await LookAsync(one, other, one);

        (one.Held.Count(), other.Held.Count()).ShouldBe((1, 0));
    }

    private LeasePool Pool(string owner, Func<string, Task>? run = null, Func<string, string>? load = null) =>
        new(leases, "broker", owner, ["000000", "000001", "000002"], LeaseTime, leases.Clock, NullLogger.Instance, (node, _, _) => OpenAsync(load?.Invoke(node) ?? node, run));

    private Task<NodeRun> OpenAsync(string node, Func<string, Task>? run)
    {
        opened.Add(node);
        return NodeRun.StartAsync(token => run?.Invoke(node) ?? Task.Delay(Timeout.Infinite, token), [], null!);
    }

    private static async Task LookAsync(params LeasePool[] pools)
    {
        foreach (var pool in pools)
            await pool.LookAsync(Cancel);
    }

    private sealed class Clock : TimeProvider
    {
        private long ticks = TimeSpan.TicksPerDay;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => ticks;

        public TimeSpan Now => TimeSpan.FromTicks(ticks);

        public void Advance(TimeSpan by) => ticks += by.Ticks;
    }

    /// <summary>A bus whose consumers end with a cancellation that nobody asked for.</summary>
    private sealed class StubbornBus : IFrameBusControl
    {
        public int Ended { get; private set; }

        public bool Healthy => true;

        public Task<IAsyncDisposable> ConnectAsync(FrameEndpoint endpoint, CancellationToken cancel) => Task.FromResult<IAsyncDisposable>(this);

        public Task SendAsync(string queue, byte[] frame, CancellationToken cancel) => Task.CompletedTask;

        public ValueTask DisposeAsync()
        {
            Ended++;
            throw new OperationCanceledException();
        }
    }

    /// <summary>What INodeLeases promises, in memory.</summary>
    private sealed class FakeLeases : INodeLeases
    {
        private readonly Dictionary<string, (long Fence, string? Owner, TimeSpan Until)> nodes = [];
        private readonly Dictionary<string, TimeSpan> members = [];

        public Clock Clock { get; } = new();

        public bool Away { get; set; }

        public ValueTask<long?> AcquireAsync(string node, string owner, TimeSpan ttl, CancellationToken cancel)
        {
            var now = nodes.GetValueOrDefault(node);
            if (now.Owner is not null && now.Owner != owner && now.Until > Clock.Now)
                return ValueTask.FromResult<long?>(null);
            nodes[node] = (now.Fence + 1, owner, Clock.Now + ttl);
            return ValueTask.FromResult<long?>(now.Fence + 1);
        }

        public ValueTask<bool> RenewAsync(string node, long fence, TimeSpan ttl, CancellationToken cancel)
        {
            var mine = nodes[node].Fence == fence && nodes[node].Owner is not null;
            if (mine)
                nodes[node] = nodes[node] with { Until = Clock.Now + ttl };
            return ValueTask.FromResult(mine);
        }

        public ValueTask ReleaseAsync(string node, long fence, CancellationToken cancel)
        {
            if (nodes[node].Fence == fence)
                nodes[node] = (fence + 1, null, default);
            return ValueTask.CompletedTask;
        }

        public ValueTask AnnounceAsync(string role, string owner, TimeSpan ttl, CancellationToken cancel)
        {
            if (Away)
                throw new StoreUnavailableException("away", new TimeoutException());
            members[owner] = Clock.Now + ttl;
            return ValueTask.CompletedTask;
        }

        public ValueTask<LeaseView> LeasesAsync(string role, CancellationToken cancel) => ValueTask.FromResult(new LeaseView(
            [.. members.Where(m => m.Value > Clock.Now).Select(m => m.Key)],
            nodes.Where(n => n.Value.Owner is not null && n.Value.Until > Clock.Now).ToDictionary(n => n.Key, n => n.Value.Owner!)));

        public ValueTask<string> FixAsync(string setting, string value, CancellationToken cancel) => ValueTask.FromResult(value);
    }
}

using System.Collections.Concurrent;
using System.Diagnostics;
using DataHub.Core.Messaging;
using DataHub.Core.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Messaging;

public sealed class NodeLoopTests : IAsyncDisposable
{
    /// <summary>The work that may wait for others.</summary>
    private const int CanWait = 7;

    /// <summary>What takes no longer has not waited. Of several tries one suffices: a busy machine makes some of them late.</summary>
    private static readonly TimeSpan AtOnce = Urgency.WaitsAtMost / 2;

    private const int Tries = 100;

    private readonly ManualClock clock = new();
    private readonly CancellationTokenSource stop = new();
    private readonly ConcurrentQueue<List<int>> groups = new();
    private readonly ConcurrentQueue<(int Work, Exception Fault)> told = new();
    private Func<List<int>, CancellationToken, Task> process = static (_, _) => Task.CompletedTask;
    private Func<Task> reload = static () => Task.CompletedTask;
    private Task running = Task.CompletedTask;

    [Fact]
    public async Task Work_that_waits_is_one_group_up_to_its_weight()
    {
        var loop = Loop(capacity: 20, groupWeight: 10);
        foreach (var work in new[] { 4, 6, 4, 9, 2, 1 })
            loop.TryPost(work).ShouldBeTrue();
        Run(loop);
        await Until.HoldsAsync(() => groups.Sum(g => g.Count) == 6, "all is worked");
        groups.Select(g => string.Join(',', g)).ShouldBe(["4,6", "4,9", "2,1"]);
    }

    [Fact]
    public async Task What_comes_while_a_group_is_committed_waits_for_the_next()
    {
        var first = new TaskCompletionSource();
        process = (_, _) => first.Task;
        var loop = Loop(capacity: 20, groupWeight: 100);
        Run(loop);
        loop.TryPost(1).ShouldBeTrue();
        await Until.HoldsAsync(() => groups.Count == 1, "the first group has begun");
        loop.TryPost(2).ShouldBeTrue();
        loop.TryPost(3).ShouldBeTrue();
        groups.Count.ShouldBe(1);
        first.SetResult();
        await Until.HoldsAsync(() => groups.Count == 2, "the second group");
        groups.Select(g => string.Join(',', g)).ShouldBe(["1", "2,3"]);
    }

    [Fact]
    public async Task Work_that_can_wait_waits_for_other_work_and_keeps_its_place()
    {
        var loop = Loop(capacity: 20, groupWeight: 100);
        loop.TryPost(CanWait).ShouldBeTrue();
        loop.TryPost(CanWait).ShouldBeTrue();
        Run(loop);
        loop.TryPost(1).ShouldBeTrue();
        await Until.HoldsAsync(() => groups.Sum(g => g.Count) == 3, "all is worked");
        string.Join(',', groups.SelectMany(g => g)).ShouldBe("7,7,1");
    }

    [Fact]
    public void Work_that_cannot_wait_is_done_at_once_and_takes_what_lies_before_it_along()
    {
        var loop = Loop(capacity: 20, groupWeight: 100);
        loop.TryPost(CanWait).ShouldBeTrue();
        loop.TryPost(1).ShouldBeTrue();
        // Up to its first wait the loop runs here.
        Run(loop);
        groups.ShouldHaveSingleItem().ShouldBe([CanWait, 1]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Work_that_cannot_wait_ends_the_wait_of_work_that_can(bool tried)
    {
        var best = TimeSpan.MaxValue;
        for (var i = 0; i < Tries && best >= AtOnce; i++)
        {
            using var ending = new CancellationTokenSource();
            groups.Clear();
            var done = Done();
            var loop = Loop(capacity: 20, groupWeight: 100);
            loop.TryPost(CanWait).ShouldBeTrue();
            var begin = Stopwatch.GetTimestamp();
            var loops = loop.RunAsync(ending.Token);
            if (tried)
                loop.TryPost(1).ShouldBeTrue();
            else
                await loop.PostAsync(1, default);
            await done;
            var took = Stopwatch.GetElapsedTime(begin);
            best = took < best ? took : best;
            await ending.CancelAsync();
            await loops;
        }

        best.ShouldBeLessThan(AtOnce);
    }

    [Fact]
    public async Task Work_that_could_wait_leaves_nothing_behind_that_would_make_others_wait()
    {
        var best = TimeSpan.MaxValue;
        var loop = Loop(capacity: 20, groupWeight: 100);
        Run(loop);
        for (var i = 0; i < Tries && best >= AtOnce; i++)
        {
            var waited = Done();
            loop.TryPost(CanWait).ShouldBeTrue();
            await waited;
            var done = Done();
            var begin = Stopwatch.GetTimestamp();
            loop.TryPost(1).ShouldBeTrue();
            await done;
            var took = Stopwatch.GetElapsedTime(begin);
            best = took < best ? took : best;
        }

        best.ShouldBeLessThan(AtOnce);
    }

    [Fact]
    public async Task After_a_commit_that_took_long_a_group_gathers_as_long()
    {
        process = Takes(TimeSpan.FromMilliseconds(10));
        var loop = Loop(capacity: 20, groupWeight: 100);
        RunOne(loop);

        loop.TryPost(2).ShouldBeTrue();
        await Until.HoldsAsync(() => clock.Waiting == 1, "it gathers");
        loop.TryPost(3).ShouldBeTrue();
        clock.Advance(TimeSpan.FromMilliseconds(9));
        clock.Waiting.ShouldBe(1);
        clock.Advance(TimeSpan.FromMilliseconds(1));
        await Until.HoldsAsync(() => groups.Count == 2, "it has gathered");
        groups.Last().ShouldBe([2, 3]);
    }

    [Fact]
    public async Task However_long_a_commit_took_a_group_gathers_only_for_a_moment()
    {
        process = Takes(TimeSpan.FromHours(1));
        var loop = Loop(capacity: 20, groupWeight: 100);
        RunOne(loop);

        loop.TryPost(2).ShouldBeTrue();
        await Until.HoldsAsync(() => clock.Waiting == 1, "it gathers");
        clock.Advance(TimeSpan.FromMilliseconds(20));
        await Until.HoldsAsync(() => groups.Count == 2, "it has gathered");
    }

    [Fact]
    public async Task What_comes_after_a_pause_as_long_as_the_last_commit_is_done_at_once()
    {
        process = Takes(TimeSpan.FromMilliseconds(10));
        var loop = Loop(capacity: 20, groupWeight: 100);
        RunOne(loop);

        clock.Advance(TimeSpan.FromMilliseconds(10));
        loop.TryPost(2).ShouldBeTrue();
        await Until.HoldsAsync(() => groups.Count == 2, "it is worked although the clock stands still");
    }

    [Fact]
    public async Task After_a_heavy_group_the_next_does_not_gather()
    {
        process = Takes(TimeSpan.FromMilliseconds(10));
        var loop = Loop(capacity: 20, groupWeight: 2);
        RunOne(loop);

        loop.TryPost(2).ShouldBeTrue();
        await Until.HoldsAsync(() => groups.Count == 2, "it is worked although the clock stands still");
    }

    [Fact]
    public void Beyond_its_capacity_nothing_is_taken()
    {
        var loop = Loop(capacity: 2, groupWeight: 10);
        loop.TryPost(1).ShouldBeTrue();
        loop.TryPost(1).ShouldBeTrue();
        loop.TryPost(1).ShouldBeFalse();
        loop.PostAsync(1, default).IsCompleted.ShouldBeFalse("it waits for room");
    }

    [Fact]
    public async Task While_the_store_is_away_owners_are_told_nothing_is_taken_and_it_recovers()
    {
        var away = true;
        var reloads = 0;
        process = (_, _) => away ? throw Away() : Task.CompletedTask;
        reload = () =>
        {
            Interlocked.Increment(ref reloads);
            return away ? throw Away() : Task.CompletedTask;
        };
        var loop = Loop(capacity: 20, groupWeight: 10);
        Run(loop);
        loop.TryPost(1).ShouldBeTrue();
        await Until.HoldsAsync(() => clock.Waiting == 1, "it waits before it looks again");
        told.ShouldHaveSingleItem().Fault.ShouldBeOfType<StoreUnavailableException>();
        loop.StoreAvailable.ShouldBeFalse();
        loop.TryPost(2).ShouldBeFalse();
        var waits = loop.PostAsync(3, default);

        clock.Advance(TimeSpan.FromSeconds(1));
        await Until.HoldsAsync(() => Volatile.Read(ref reloads) == 2 && clock.Waiting == 1, "it has looked a second time");
        groups.Count.ShouldBe(1);
        away = false;
        clock.Advance(TimeSpan.FromSeconds(1));
        await Until.HoldsAsync(() => loop.StoreAvailable && groups.Count == 2, "it works again");
        await waits;
        groups.Last().ShouldBe([3]);
        told.Count.ShouldBe(1, "the work that was told is not done behind its owner's back");
    }

    [Fact]
    public async Task A_defect_costs_its_group_only()
    {
        process = (group, _) => group.Contains(13) ? throw new InvalidOperationException("a defect") : Task.CompletedTask;
        var reloaded = 0;
        reload = () =>
        {
            Interlocked.Increment(ref reloaded);
            return Task.CompletedTask;
        };
        var loop = Loop(capacity: 20, groupWeight: 14);
        loop.TryPost(1).ShouldBeTrue();
        loop.TryPost(13).ShouldBeTrue();
        loop.TryPost(5).ShouldBeTrue();
        Run(loop);
        await Until.HoldsAsync(() => groups.Count == 2, "the next group is worked");
        told.Select(t => t.Work).ShouldBe([1, 13]);
        Volatile.Read(ref reloaded).ShouldBe(1, "what the group had changed in memory is dropped");
        loop.StoreAvailable.ShouldBeTrue();
    }

    [Fact]
    public async Task When_it_stops_everyone_who_waits_is_told()
    {
        process = static async (_, cancel) => await Task.Delay(Timeout.Infinite, cancel);
        var loop = Loop(capacity: 2, groupWeight: 1);
        Run(loop);
        loop.TryPost(1).ShouldBeTrue();
        await Until.HoldsAsync(() => groups.Count == 1, "the first group has begun");
        loop.TryPost(2).ShouldBeTrue();
        loop.TryPost(3).ShouldBeTrue();
        var noRoom = loop.PostAsync(4, default).AsTask();

        await stop.CancelAsync();
        await running;
        var fault = await Should.ThrowAsync<OperationCanceledException>(() => loop.PostAsync(5, default).AsTask());
        fault.ShouldNotBeNull();
        loop.TryPost(6).ShouldBeFalse();
        try
        {
            // It found room while the others were told, or none at all: told either way.
            await noRoom.WaitAsync(TimeSpan.FromMinutes(2));
        }
        catch (OperationCanceledException)
        {
            told.Enqueue((4, new OperationCanceledException()));
        }

        told.Select(t => t.Work).Order().ShouldBe([1, 2, 3, 4]);
        told.ShouldAllBe(t => t.Fault is OperationCanceledException);
    }

    [Fact]
    public async Task It_stops_while_the_store_is_away()
    {
        process = static (_, _) => throw Away();
        reload = static () => throw Away();
        var loop = Loop(capacity: 2, groupWeight: 1);
        Run(loop);
        loop.TryPost(1).ShouldBeTrue();
        await Until.HoldsAsync(() => clock.Waiting == 1, "it waits");
        var waits = loop.PostAsync(2, default);
        await waits;
        await stop.CancelAsync();
        await running;
        told.Select(t => t.Work).ShouldBe([1, 2]);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await running.WaitAsync(TimeSpan.FromMinutes(2));
        stop.Dispose();
    }

    private void Run(NodeLoop<int> loop) => running = loop.RunAsync(stop.Token);

    private NodeLoop<int> Loop(int capacity, int groupWeight) => new(capacity, groupWeight, w => w, w => w == CanWait,
        (group, cancel) =>
        {
            groups.Enqueue([.. group]);
            return process(group, cancel);
        },
        (work, fault) => told.Enqueue((work, fault)), _ => reload(), clock, NullLogger.Instance);

    private Func<List<int>, CancellationToken, Task> Takes(TimeSpan time) => (_, _) =>
    {
        clock.Advance(time);
        return Task.CompletedTask;
    };

    // Up to its first wait the loop runs here: the first group is done with when this returns.
    private void RunOne(NodeLoop<int> loop)
    {
        loop.TryPost(1).ShouldBeTrue();
        Run(loop);
        groups.Count.ShouldBe(1);
    }

    // Completes with the next group.
    private Task Done()
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        process = (_, _) =>
        {
            done.TrySetResult();
            return Task.CompletedTask;
        };
        return done.Task.WaitAsync(TimeSpan.FromMinutes(2));
    }

    private static StoreUnavailableException Away() => new("away", new IOException());
}

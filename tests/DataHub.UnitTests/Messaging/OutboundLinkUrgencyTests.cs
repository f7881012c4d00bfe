using System.Diagnostics;
using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Core.Messaging;
using DataHub.Core.Storage;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Messaging;

/// <summary>When a link sends: at once, or with what comes next.</summary>
public sealed class OutboundLinkUrgencyTests
{
    [Fact]
    public async Task Progress_is_told_in_front_of_the_next_frame_or_alone()
    {
        await using var bench = new LinkBench();
        bench.Link.Tell(4);
        bench.Link.Tell(6);
        bench.Link.Tell(5);
        bench.Run();
        bench.Frames.ShouldBeEmpty("nobody waits for it");
        bench.Clock.Advance(Urgency.WaitsAtMost);
        await Until.HoldsAsync(() => !bench.Frames.IsEmpty, "progress is told");
        bench.Progress.ShouldBe([6L]);
        var elements = new List<BatchElement>();
        EventFormat.ReadBatch(bench.Frames.First(), elements).ShouldBeNull();
        var e = elements.ShouldHaveSingleItem().Event!;
        (e.SenderCity, e.Type, e.ExchangeId).ShouldBe(("510100", MessageTypes.LinkProgress, Nodes.NoExchange));
    }

    [Fact]
    public async Task What_can_wait_goes_with_the_next_that_cannot_and_progress_with_both()
    {
        await using var bench = new LinkBench();
        bench.Commit(1, 2, canWait: true);
        bench.Link.Tell(4);
        bench.Run();
        bench.Frames.ShouldBeEmpty("nothing of it is urgent");
        bench.Commit(3, 3);
        await bench.ShouldHaveSentAsync([1, 2, 3]);
        bench.Frames.Count.ShouldBe(1);
        bench.Progress.ShouldBe([4L]);
    }

    [Fact]
    public async Task What_can_wait_goes_by_itself_after_a_moment()
    {
        await using var bench = new LinkBench();
        bench.Commit(1, 1, canWait: true);
        bench.Commit(2, 2, canWait: true);
        bench.Run();
        bench.Frames.ShouldBeEmpty();
        bench.Clock.Advance(Urgency.WaitsAtMost);
        await bench.ShouldHaveSentAsync([1, 2]);
        bench.Frames.Count.ShouldBe(1);
    }

    [Fact]
    public async Task What_can_wait_waits_again_after_others_have_gone()
    {
        await using var bench = new LinkBench();
        bench.Commit(1, 1, canWait: true);
        bench.Run();
        bench.Clock.Advance(Urgency.WaitsAtMost);
        await bench.ShouldHaveSentAsync([1]);
        await bench.StopAsync();

        bench.Commit(2, 2, canWait: true);
        bench.Run();
        bench.Frames.Count.ShouldBe(1);
    }

    [Fact]
    public async Task What_can_wait_and_was_lost_is_sent_again_like_all_else()
    {
        await using var bench = new LinkBench();
        bench.Commit(1, 2, canWait: true);
        bench.Run();
        bench.Clock.Advance(Urgency.WaitsAtMost);
        await bench.ShouldHaveSentAsync([1, 2]);
        bench.Clock.Advance(TimeSpan.FromSeconds(3.1));
        await bench.ShouldHaveSentAsync([1, 2, 1, 2]);
    }

    [Fact]
    public async Task Progress_that_the_bus_did_not_take_is_told_again()
    {
        await using var bench = new LinkBench();
        var calls = 0;
        bench.BusFails = () => Interlocked.Increment(ref calls) == 1;
        bench.Link.Tell(4);
        bench.Run();
        bench.Clock.Advance(Urgency.WaitsAtMost);
        await Until.HoldsAsync(() => bench.Clock.Waiting > 0, "the link pauses after the fault");
        bench.Clock.Advance(TimeSpan.FromSeconds(0.25));
        await Until.HoldsAsync(() => !bench.Frames.IsEmpty, "progress is told");
        bench.Progress.ShouldBe([4L]);
    }

    [Fact]
    public async Task A_peer_that_may_be_waiting_is_told_at_the_start_although_nothing_is_sent()
    {
        await using var bench = new LinkBench { State = new LinkState(4, 4, 9) };
        await bench.Link.LoadAsync(default);
        bench.Run();
        bench.Frames.ShouldHaveSingleItem();
        bench.Progress.ShouldBe([9L]);
    }

    [Fact]
    public async Task The_link_itself_looks_again_when_the_moment_is_over()
    {
        // Of several tries one suffices: a busy machine makes some of them late.
        var soon = 10 * Urgency.WaitsAtMost;
        var best = TimeSpan.MaxValue;
        for (var i = 0; i < 20 && best >= soon; i++)
        {
            await using var bench = new LinkBench();
            bench.Commit(1, 1, canWait: true);
            bench.Run();
            var begin = Stopwatch.GetTimestamp();
            bench.Clock.Advance(Urgency.WaitsAtMost);
            await bench.ShouldHaveSentAsync([1]);
            var took = Stopwatch.GetElapsedTime(begin);
            best = took < best ? took : best;
        }

        best.ShouldBeLessThan(soon);
    }

    [Fact]
    public async Task What_can_wait_and_did_not_fit_the_window_goes_when_there_is_room()
    {
        await using var bench = new LinkBench(new LinkOptions { Window = 2 });
        bench.Commit(1, 5, canWait: true);
        bench.Run();
        bench.Frames.ShouldBeEmpty();
        bench.Clock.Advance(Urgency.WaitsAtMost);
        await bench.ShouldHaveSentAsync([1, 2]);
        bench.Link.OnProgress(2);
        await bench.ShouldHaveSentAsync([1, 2, 3, 4]);
        bench.Link.OnProgress(4);
        await bench.ShouldHaveSentAsync([1, 2, 3, 4, 5]);
    }

    [Fact]
    public async Task Much_that_is_not_told_is_told_at_once()
    {
        await using var bench = new LinkBench(new LinkOptions { Window = 40 });
        bench.Link.Tell(10);
        bench.Run();
        await Until.HoldsAsync(() => !bench.Frames.IsEmpty, "progress is told although the clock stands still");
        bench.Progress.ShouldBe([10L]);
    }

    [Fact]
    public async Task What_was_told_before_is_told_again_at_once_to_a_peer_that_sends_it_again()
    {
        await using var bench = new LinkBench();
        bench.Link.Tell(3);
        bench.Run();
        bench.Clock.Advance(Urgency.WaitsAtMost);
        await Until.HoldsAsync(() => bench.Frames.Count == 1, "progress is told");
        bench.Link.Tell(3);
        await Until.HoldsAsync(() => bench.Frames.Count == 2, "it is told again although the clock stands still");
        bench.Progress.ShouldBe([3L, 3L]);
    }
}

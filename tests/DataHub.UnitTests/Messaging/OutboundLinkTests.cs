using System.Text.Json;
using DataHub.Contracts;
using DataHub.Core.Messaging;
using DataHub.Core.Storage;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Messaging;

public sealed class OutboundLinkTests
{
    private static readonly LinkOptions Defaults = new();

    [Fact]
    public async Task Messages_leave_in_order_in_frames_of_bounded_count()
    {
        await using var bench = new LinkBench(Defaults with { FrameCount = 2 });
        bench.Commit(1, 5);
        bench.Run();
        await bench.ShouldHaveSentAsync([1, 2, 3, 4, 5]);
        bench.SentByFrame.Select(f => f.Count).ShouldBe([2, 2, 1]);
        bench.Link.Assigned.ShouldBe(5);
        bench.Link.Backlog.ShouldBe(5);
    }

    [Fact]
    public async Task Frames_are_bounded_in_bytes_and_a_larger_message_travels_alone()
    {
        await using var bench = new LinkBench(Defaults with { FrameBytes = 60 });
        bench.Commit(1, 5);
        var large = new OutgoingMessage(6, JsonSerializer.SerializeToUtf8Bytes(new { n = 6, text = new string('x', 200) }), null, 0, null);
        bench.Store(large);
        bench.Link.Offer([large]);
        bench.Commit(7, 7);
        bench.Run();
        await bench.ShouldHaveSentAsync([1, 2, 3, 4, 5, 6, 7]);
        bench.Frames.Count(f => f.Length > 62).ShouldBe(1);
        bench.SentByFrame.Count(f => f.Count > 1).ShouldBePositive();
    }

    [Fact]
    public async Task No_more_is_under_way_than_the_window()
    {
        await using var bench = new LinkBench(Defaults with { Window = 3 });
        bench.Commit(1, 10);
        bench.Run();
        await bench.ShouldHaveSentAsync([1, 2, 3]);
        bench.Link.OnProgress(2);
        await bench.ShouldHaveSentAsync([1, 2, 3, 4, 5]);
        bench.Link.OnProgress(5);
        await bench.ShouldHaveSentAsync([1, 2, 3, 4, 5, 6, 7, 8]);
    }

    [Fact]
    public async Task Without_progress_everything_the_peer_does_not_hold_is_sent_again_in_order()
    {
        await using var bench = new LinkBench();
        bench.Commit(1, 4);
        bench.Run();
        await bench.ShouldHaveSentAsync([1, 2, 3, 4]);
        bench.Link.OnProgress(1);
        bench.Advance(TimeSpan.FromSeconds(2.9));
        await ShouldStayAsync(bench, [1, 2, 3, 4]);
        bench.Advance(TimeSpan.FromSeconds(0.2));
        await bench.ShouldHaveSentAsync([1, 2, 3, 4, 2, 3, 4]);
    }

    [Fact]
    public async Task Fruitless_resending_waits_twice_as_long_each_time_up_to_a_bound()
    {
        await using var bench = new LinkBench();
        bench.Commit(1, 1);
        bench.Run();
        await bench.ShouldHaveSentAsync([1]);
        var sent = new List<long> { 1 };
        foreach (var wait in new[] { 3.0, 6, 12, 24, 30, 30 })
        {
            bench.Advance(TimeSpan.FromSeconds(wait - 0.1));
            await ShouldStayAsync(bench, sent);
            bench.Advance(TimeSpan.FromSeconds(0.2));
            sent.Add(1);
            await bench.ShouldHaveSentAsync(sent);
        }

        // A sign of life makes it quick again.
        bench.Link.OnProgress(1);
        bench.Commit(2, 2);
        sent.Add(2);
        await bench.ShouldHaveSentAsync(sent);
        bench.Advance(TimeSpan.FromSeconds(3.1));
        sent.Add(2);
        await bench.ShouldHaveSentAsync(sent);
    }

    [Fact]
    public async Task Traffic_behind_a_lost_frame_does_not_put_off_sending_it_again()
    {
        await using var bench = new LinkBench();
        bench.Commit(1, 1);
        bench.Run();
        await bench.ShouldHaveSentAsync([1]);
        bench.Advance(TimeSpan.FromSeconds(2));
        bench.Commit(2, 2);
        await bench.ShouldHaveSentAsync([1, 2]);
        bench.Advance(TimeSpan.FromSeconds(1.1));
        await bench.ShouldHaveSentAsync([1, 2, 1, 2]);
    }

    [Fact]
    public async Task A_bus_that_fails_is_tried_again_from_what_the_peer_holds()
    {
        await using var bench = new LinkBench(Defaults with { FrameCount = 2 });
        var calls = 0;
        bench.BusFails = () => Interlocked.Increment(ref calls) == 2;
        bench.Commit(1, 5);
        bench.Run();
        await Until.HoldsAsync(() => bench.Clock.Waiting > 0, "the link pauses after the fault");
        bench.Sent.ShouldBe([1, 2]);
        bench.Clock.Advance(TimeSpan.FromSeconds(0.25));
        await bench.ShouldHaveSentAsync([1, 2, 1, 2, 3, 4, 5]);
    }

    [Fact]
    public async Task A_store_that_fails_is_tried_again()
    {
        await using var bench = new LinkBench { State = new LinkState(3, 0, 0), StoreFails = true };
        for (var n = 1; n <= 3; n++)
            bench.Store(new OutgoingMessage(n, LinkBench.Body(n), null, 0, null));
        await bench.Link.LoadAsync(default);
        bench.Run();
        await Until.HoldsAsync(() => bench.Clock.Waiting > 0, "the link pauses after the fault");
        bench.StoreFails = false;
        bench.Clock.Advance(TimeSpan.FromSeconds(0.25));
        await bench.ShouldHaveSentAsync([1, 2, 3]);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(long.MaxValue)]
    public async Task Progress_that_cannot_be_is_ignored(long upTo)
    {
        await using var bench = new LinkBench();
        bench.Commit(1, 3);
        bench.Link.OnProgress(2);
        bench.Link.OnProgress(upTo);
        bench.Link.Backlog.ShouldBe(1);
        bench.Link.TakeAcknowledged().ShouldBe(2);
        bench.Run();
        await bench.ShouldHaveSentAsync([3]);
    }

    [Fact]
    public void What_the_peer_holds_is_given_once_to_be_forgotten()
    {
        var bench = new LinkBench();
        bench.Commit(1, 3);
        bench.Link.TakeAcknowledged().ShouldBeNull();
        bench.Link.OnProgress(2);
        bench.Link.TakeAcknowledged().ShouldBe(2);
        bench.Link.TakeAcknowledged().ShouldBeNull();
        bench.Link.OnProgress(3);
        bench.Link.TakeAcknowledged().ShouldBe(3);
    }

    [Fact]
    public async Task What_does_not_fit_the_buffer_is_read_back_from_the_store()
    {
        await using var bench = new LinkBench(Defaults with { Buffered = 3, FrameCount = 2 });
        bench.Commit(1, 10);
        bench.Commit(11, 12);
        bench.Run();
        await bench.ShouldHaveSentAsync([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
        bench.Reads.ShouldBePositive();
        bench.Commit(13, 14);
        await bench.ShouldHaveSentAsync([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
    }

    [Fact]
    public async Task What_fits_the_buffer_needs_no_read()
    {
        await using var bench = new LinkBench();
        bench.Run();
        bench.Commit(1, 50);
        bench.Commit(51, 100);
        await bench.ShouldHaveSentAsync([.. Enumerable.Range(1, 100).Select(n => (long)n)]);
        bench.Reads.ShouldBe(0);
    }

    [Fact]
    public async Task A_start_goes_on_where_the_store_stands()
    {
        await using var bench = new LinkBench { State = new LinkState(7, 4, 9) };
        for (var n = 5; n <= 7; n++)
            bench.Store(new OutgoingMessage(n, LinkBench.Body(n), null, 0, null));
        await bench.Link.LoadAsync(default);
        bench.Link.Assigned.ShouldBe(7);
        bench.Link.Backlog.ShouldBe(3);
        bench.Run();
        await bench.ShouldHaveSentAsync([5, 6, 7]);
        bench.Progress.ShouldBe([9L], "the peer may have been waiting for it");
        bench.Commit(8, 8);
        await bench.ShouldHaveSentAsync([5, 6, 7, 8]);
    }

    [Fact]
    public async Task A_loading_while_it_runs_sends_what_the_peer_does_not_hold_again()
    {
        await using var bench = new LinkBench();
        bench.Run();
        bench.Commit(1, 3);
        await bench.ShouldHaveSentAsync([1, 2, 3]);

        // As after a fault of the store: 3 was never committed.
        bench.Remove(3);
        bench.State = new LinkState(2, 1, 0);
        await bench.Link.LoadAsync(default);
        await bench.ShouldHaveSentAsync([1, 2, 3, 2]);
    }

    [Fact]
    public async Task Rows_that_the_store_has_forgotten_are_passed_over()
    {
        await using var bench = new LinkBench { State = new LinkState(5, 0, 0) };
        for (var n = 1; n <= 5; n++)
            bench.Store(new OutgoingMessage(n, LinkBench.Body(n), null, 0, null));
        bench.Remove(1, 2, 3);
        await bench.Link.LoadAsync(default);
        bench.Run();
        await bench.ShouldHaveSentAsync([4, 5]);
    }

    [Fact]
    public async Task The_hub_adds_its_attributes_and_a_city_sends_its_bytes_as_they_are()
    {
        await using var hub = new LinkBench(node: Nodes.Hub, peer: "510600");
        hub.Link.Offer([new OutgoingMessage(1, LinkBench.Body(1), "accepted", 2, "service.online")]);
        hub.Run();
        await Until.HoldsAsync(() => !hub.Frames.IsEmpty, "a frame");
        System.Text.Encoding.UTF8.GetString(hub.Frames.First()).ShouldBe("""[{"deliverysequence":"1","hubstate":"accepted","hubversion":2,"flow":"service.online","id":"m1","n":1}]""");

        await using var city = new LinkBench();
        city.Commit(1, 2);
        city.Run();
        await city.ShouldHaveSentAsync([1, 2]);
        System.Text.Encoding.UTF8.GetString(city.Frames.First()).ShouldBe("""[{"id":"m1","n":1},{"id":"m2","n":2}]""");
    }

    [Fact]
    public async Task Any_loss_of_frames_ends_with_a_peer_that_holds_everything_once_and_in_order()
    {
        for (var seed = 1; seed <= 20; seed++)
        {
            var chance = new Random(seed);
            await using var bench = new LinkBench(Defaults with { FrameCount = 3, Window = 7, Buffered = 5 });
            bench.BusFails = () => chance.Next(10) == 0;
            bench.Run();
            var (held, committed, seen) = (new List<long>(), 0L, 0);
            await Until.HoldsAsync(() =>
            {
                if (committed < 40)
                {
                    var more = Math.Min(chance.Next(1, 6), 40 - committed);
                    bench.Commit(committed + 1, committed += more);
                }

                foreach (var frame in bench.Frames.Skip(seen).ToList())
                {
                    seen++;
                    if (chance.Next(4) == 0)
                        continue;
                    foreach (var number in LinkBench.Numbers(frame))
                    {
                        if (number == held.Count + 1)
                            held.Add(number);
                        else if (number > held.Count)
                            break;
                    }

                    if (chance.Next(3) > 0)
                        bench.Link.OnProgress(held.Count);
                }

                bench.Advance(TimeSpan.FromSeconds(40));
                return held.Count == 40;
            }, $"the peer holds everything (seed {seed})");
            held.ShouldBe(Enumerable.Range(1, 40).Select(n => (long)n));
        }
    }

    // The link has looked once it has told its progress: Advance asks for that.
    private static async Task ShouldStayAsync(LinkBench bench, IReadOnlyList<long> numbers)
    {
        var before = bench.Frames.Count;
        bench.Link.Tell(0);
        await Until.HoldsAsync(() => bench.Frames.Count > before, "the link has looked");
        bench.Sent.ShouldBe(numbers);
    }
}

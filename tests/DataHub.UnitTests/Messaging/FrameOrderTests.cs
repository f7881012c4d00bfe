using DataHub.Core.Messaging;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Messaging;

public sealed class FrameOrderTests
{
    private readonly ManualClock clock = new();
    private readonly List<string> posted = [];
    private readonly FrameOrder order;

    public FrameOrderTests() => order = new FrameOrder(clock);

    [Fact]
    public async Task Frames_in_order_do_not_wait()
    {
        await PostAsync(1, 3);
        await PostAsync(4, 4);
        await PostAsync(5, 9);
        Posted().ShouldBe(["1-3", "4-4", "5-9"]);
        clock.Waiting.ShouldBe(0);
    }

    [Fact]
    public async Task A_frame_that_overtook_another_waits_for_it()
    {
        var third = PostAsync(7, 9);
        var second = PostAsync(4, 6);
        Posted().ShouldBeEmpty();
        await PostAsync(1, 3);
        await Task.WhenAll(second, third);
        Posted().ShouldBe(["1-3", "4-6", "7-9"]);
        await Until.HoldsAsync(() => clock.Waiting == 0, "nothing is left behind");
    }

    [Fact]
    public async Task A_repetition_does_not_wait_and_moves_nothing_back()
    {
        await PostAsync(1, 5);
        await PostAsync(1, 3);
        await PostAsync(2, 7);
        await PostAsync(8, 8);
        Posted().ShouldBe(["1-5", "1-3", "2-7", "8-8"]);
    }

    [Fact]
    public async Task Behind_a_loss_nothing_waits_longer_than_a_moment_until_the_lost_one_comes_again()
    {
        var waits = PostAsync(4, 6);
        clock.Advance(FrameOrder.Patience - TimeSpan.FromMilliseconds(1));
        Posted().ShouldBeEmpty();
        clock.Advance(TimeSpan.FromMilliseconds(1));
        await waits;
        await PostAsync(7, 9);
        await PostAsync(10, 12);
        Posted().ShouldBe(["4-6", "7-9", "10-12"], "the node sees the gap and drops them");

        await PostAsync(1, 3);
        var again = PostAsync(7, 9);
        Posted().Count.ShouldBe(4, "the order holds again");
        await PostAsync(4, 6);
        await again;
        Posted().Skip(3).ShouldBe(["1-3", "4-6", "7-9"]);
    }

    [Fact]
    public async Task After_a_reload_it_begins_where_the_node_stands()
    {
        order.Reset(10);
        await PostAsync(11, 12);
        var waits = PostAsync(20, 21);
        Posted().ShouldBe(["11-12"]);
        order.Reset(19);
        await waits;
        Posted().ShouldBe(["11-12", "20-21"]);

        order.Reset(10);
        var back = PostAsync(20, 21);
        Posted().Count.ShouldBe(2, "what was not committed comes first");
        await PostAsync(11, 19);
        await back;
    }

    [Fact]
    public async Task Waiting_ends_with_its_caller()
    {
        using var stop = new CancellationTokenSource();
        var waits = order.PostAsync(5, 5, () => throw new InvalidOperationException(), stop.Token);
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => waits);
        await Until.HoldsAsync(() => clock.Waiting == 0, "nothing is left behind");
    }

    [Fact]
    public async Task A_frame_that_could_not_be_handed_over_does_not_count()
    {
        await Should.ThrowAsync<OperationCanceledException>(() => order.PostAsync(1, 3, () => throw new OperationCanceledException(), default));
        var waits = PostAsync(4, 4);
        Posted().ShouldBeEmpty();
        await PostAsync(1, 3);
        await waits;
    }

    private Task PostAsync(long first, long last) => order.PostAsync(first, last, () =>
    {
        lock (posted)
            posted.Add($"{first}-{last}");
        return ValueTask.CompletedTask;
    }, default);

    private List<string> Posted()
    {
        lock (posted)
            return [.. posted];
    }
}

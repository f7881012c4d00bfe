using DataHub.Core.Statistics;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Compliance;

public abstract partial class NodeStoreCompliance
{
    private static readonly StatisticKey Approved = new(Counters.Outcome, 202603, "service.online", "id-card.renewal", Chengdu, Deyang) { Variant = "online", Detail = "approved" };
    private static readonly StatisticKey SlowLeg = new(Counters.Leg, 202603, "service.online", "id-card.renewal", Chengdu, Deyang) { Variant = "late", Detail = "decision", Bucket = 250, Hospital = "H1" };

    [Fact]
    public async Task Counts_add_up_over_commits_and_nodes()
    {
        await CommitAsync(Hub, c => c.Statistics.Add(Approved, 2, 500));
        await CommitAsync(Hub, c =>
        {
            c.Statistics.Add(Approved, 3, 1_000_000_000_000);
            c.Statistics.Add(SlowLeg);
            c.Statistics.Add(Approved with { Month = 202604 });
        });
        await CommitAsync("000001", c => c.Statistics.Add(Approved, 4, -500));
        await ReopenAsync();

        (await Store.StatisticsAsync(Counters.Outcome, 202603, 202603, Cancel)).ShouldBe([new(Approved, new StatisticValue(9, 1_000_000_000_000))]);
        (await Store.StatisticsAsync(Counters.Leg, 202601, 202612, Cancel)).ShouldBe([new(SlowLeg, new StatisticValue(1, 0))]);
        (await Store.StatisticsAsync(Counters.Outcome, 202603, 202612, Cancel)).Count.ShouldBe(2);
        (await Store.StatisticsAsync(Counters.Opened, 202601, 202612, Cancel)).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_is_taken_back_whole_is_no_row_any_more()
    {
        await CommitAsync(Hub, c => c.Statistics.Add(Approved, 2, 500));
        await CommitAsync(Hub, c => c.Statistics.Add(Approved, -2, -500));
        (await Store.StatisticsAsync(Counters.Outcome, 202603, 202603, Cancel)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_commit_that_fails_counts_nothing()
    {
        await CommitAsync(Hub, c => c.Entries.Add(Entry("m-1")));
        await Should.ThrowAsync<Exception>(() => CommitAsync(Hub, c =>
        {
            c.Entries.Add(Entry("m-1"));
            c.Statistics.Add(Approved);
        }));
        (await Store.StatisticsAsync(Counters.Outcome, 202603, 202603, Cancel)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Counts_survive_a_kill_with_the_commit_that_made_them()
    {
        await CommitAsync(Hub, c =>
        {
            c.Entries.Add(Entry("m-1"));
            c.Statistics.Add(Approved);
        });
        await using var after = await OpenAsAfterAKillAsync();
        (await after.StatisticsAsync(Counters.Outcome, 202603, 202603, Cancel)).ShouldBe([new(Approved, new StatisticValue(1, 0))]);
    }
}

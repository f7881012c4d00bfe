using DataHub.Core.Storage;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Compliance;

public abstract partial class NodeStoreCompliance
{
    [Fact]
    public async Task A_request_to_work_something_again_is_open_until_the_commit_that_carries_it_out()
    {
        var (first, second) = (Request("r-2", Hub), Request("r-1", Chengdu) with { AskedAt = Now.AddSeconds(1) });
        (await Store.AskReplayAsync(second, Cancel)).ShouldBe(second);
        (await Store.AskReplayAsync(first, Cancel)).ShouldBe(first);
        await Store.AskReplayAsync(Request("r-3", Deyang), Cancel);

        (await Store.OpenReplaysAsync([Hub, Chengdu], 10, Cancel)).ShouldBe([first, second], "oldest first, and nobody else's");
        (await Store.OpenReplaysAsync([Hub, Chengdu], 1, Cancel)).ShouldBe([first]);
        (await Store.OpenReplaysAsync([], 10, Cancel)).ShouldBeEmpty();

        await CommitAsync(Hub, c => c.Replayed.Add((first.Id, ReplayOutcome.ParkedAgain)));
        (await Store.OpenReplaysAsync([Hub, Chengdu], 10, Cancel)).ShouldBe([second]);
        (await Store.ReplayRequestAsync(first.Id, Cancel)).ShouldBe(first with { Outcome = ReplayOutcome.ParkedAgain });
        (await Store.ReplayRequestAsync("r-4", Cancel)).ShouldBeNull();
    }

    [Fact]
    public async Task A_request_that_is_written_twice_is_the_first_and_stays_carried_out()
    {
        var request = Request("r-1", Hub);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Store.AskReplayAsync(request, Cancel).AsTask()));
        (await Store.AskReplayAsync(request with { Node = Chengdu, Number = 8, Operator = "else" }, Cancel)).ShouldBe(request);
        (await Store.OpenReplaysAsync([Hub, Chengdu], 10, Cancel)).ShouldBe([request]);

        await CommitAsync(Hub, c => c.Replayed.Add((request.Id, ReplayOutcome.Worked)));
        (await Store.AskReplayAsync(request, Cancel)).Outcome.ShouldBe(ReplayOutcome.Worked);
        (await Store.OpenReplaysAsync([Hub], 10, Cancel)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_request_stays_open_when_the_commit_that_was_to_carry_it_out_is_refused_or_never_comes()
    {
        var request = await Store.AskReplayAsync(Request("r-1", Hub), Cancel);
        await CommitAsync(Hub, c => c.Entries.Add(Entry("taken")));
        await Should.ThrowAsync<StoreUnavailableException>(() => CommitAsync(Hub, c =>
        {
            c.Entries.Add(Entry("taken"));
            c.Replayed.Add((request.Id, ReplayOutcome.Worked));
        }));

        await using var after = await OpenAsAfterAKillAsync();
        (await after.OpenReplaysAsync([Hub], 10, Cancel)).ShouldBe([request]);
    }

    private static ReplayRequest Request(string id, string node) => new(id, node, 7, 2, "王主任", "表单已更新", Now);
}

using DataHub.Core.Storage;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Compliance;

public abstract partial class NodeStoreCompliance
{
    [Fact]
    public async Task What_was_committed_is_there_after_a_kill_and_the_chain_goes_on()
    {
        for (var i = 1; i <= 20; i++)
        {
            await CommitAsync(Hub, c =>
            {
                c.Entries.Add(Entry($"m{i}"));
                c.Outgoing.Add(new OutgoingRow(Deyang, i, 0, 0, null, 0, null));
                c.Received[Chengdu] = i;
            });
        }

        await using var after = await OpenAsAfterAKillAsync();
        ShouldBeChained(Hub, await after.JournalAsync(Hub, 0, null, 100, Cancel));
        (await after.LinkAsync(Hub, Chengdu, Cancel)).Received.ShouldBe(20);
        (await after.LinkAsync(Hub, Deyang, Cancel)).Sent.ShouldBe(20);
        (await after.OutgoingAsync(Hub, Deyang, 0, 100, Cancel)).Count.ShouldBe(20);
        var next = new NodeCommit(Hub);
        next.Entries.Add(Entry("m21"));
        (await after.CommitAsync(next, Cancel)).FirstJournalNumber.ShouldBe(21);
        ShouldBeChained(Hub, await after.JournalAsync(Hub, 0, null, 100, Cancel));
    }

    [Fact]
    public async Task A_kill_while_many_write_leaves_whole_commits_only()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var durable = 0;
        var writing = Task.Run(async () =>
        {
            for (var i = 1; !stop.IsCancellationRequested; i++)
            {
                await CommitAsync(Hub, c =>
                {
                    c.Entries.AddRange([Entry($"{i}-a"), Entry($"{i}-b")]);
                    c.Outgoing.AddRange([new OutgoingRow(Deyang, (2 * i) - 1, 0, 0, null, 0, null), new OutgoingRow(Deyang, 2 * i, 1, 0, null, 0, null)]);
                });
                Volatile.Write(ref durable, i);
            }
        }, Cancel);
        await HostFixture.UntilAsync(() => Volatile.Read(ref durable) >= 5, "some commits");
        var promised = Volatile.Read(ref durable);
        await using var after = await OpenAsAfterAKillAsync();
        await stop.CancelAsync();
        await writing;

        var rows = await after.JournalAsync(Hub, 0, null, 100_000, Cancel);
        (rows.Count % 2).ShouldBe(0);
        rows.Count.ShouldBeGreaterThanOrEqualTo(2 * promised);
        ShouldBeChained(Hub, rows);
        (await after.OutgoingAsync(Hub, Deyang, 0, 100_000, Cancel)).Count.ShouldBe(rows.Count);
    }

    [Fact]
    public async Task A_closed_store_says_that_it_is_unavailable()
    {
        await Store.DisposeAsync();
        await Should.ThrowAsync<StoreUnavailableException>(() => CommitAsync(Hub, c => c.Entries.Add(Entry("late"))));
        Store = await OpenAsync();
        (await JournalAsync(Hub)).ShouldBeEmpty();
    }
}

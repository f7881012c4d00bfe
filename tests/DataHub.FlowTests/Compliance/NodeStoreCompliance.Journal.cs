using DataHub.Contracts;
using DataHub.Core.Journal;
using DataHub.Core.Storage;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Compliance;

public abstract partial class NodeStoreCompliance
{
    [Fact]
    public async Task Rows_are_numbered_without_gaps_and_chained_across_commits_and_a_reopening()
    {
        (await CommitAsync(Hub, c => c.Entries.AddRange([Entry("a"), Entry("b")]))).FirstJournalNumber.ShouldBe(1);
        (await CommitAsync(Hub, c => c.Entries.Add(Entry("c")))).FirstJournalNumber.ShouldBe(3);
        await ReopenAsync();
        (await CommitAsync(Hub, c => c.Entries.AddRange([Entry("d"), Entry("e")]))).FirstJournalNumber.ShouldBe(4);

        var rows = await JournalAsync(Hub);
        rows.Select(r => r.MessageId).ShouldBe(["a", "b", "c", "d", "e"]);
        ShouldBeChained(Hub, rows);
    }

    [Fact]
    public async Task A_row_comes_back_as_it_was_appended()
    {
        var entry = Entry("m-1", EntryKind.Refused) with
        {
            Type = MessageTypes.ServiceSubmission,
            ExchangeId = ExchangeId(7),
            Sender = "操作员𠀀",
            Sequence = 12_345_678_901,
            Body = new byte[] { 0, 1, 0xFF, (byte)'"', 0 },
            Reasons = """[{"code":"DH-1001"}]""",
        };
        await CommitAsync(Deyang, c => c.Entries.Add(entry));

        var row = (await JournalAsync(Deyang)).ShouldHaveSingleItem();
        (row.Kind, row.Key, row.MessageId, row.Type, row.ExchangeId, row.Sender, row.Sequence, row.At, row.Reasons)
            .ShouldBe((entry.Kind, entry.Key, entry.MessageId, entry.Type, entry.ExchangeId, entry.Sender, entry.Sequence, entry.At, entry.Reasons));
        row.Body.ShouldBe(entry.Body.ToArray());
    }

    [Fact]
    public async Task An_empty_body_is_a_body()
    {
        await CommitAsync(Chengdu, c => c.Entries.Add(Entry("nothing", EntryKind.Refused) with { Body = ReadOnlyMemory<byte>.Empty }));
        var rows = await JournalAsync(Chengdu);
        rows.ShouldHaveSingleItem().Body.ShouldBeEmpty();
        ShouldBeChained(Chengdu, rows);
    }

    [Fact]
    public async Task Each_row_has_its_own_body_however_many_are_appended_at_once_and_however_long_they_are()
    {
        var random = new Random(7);
        var bodies = new[] { 3, 0, 40_000, 40_000, 1_000_000, 1, 0, 70_000, 2_000 }.Select(length =>
        {
            var body = new byte[length];
            random.NextBytes(body);
            return body;
        }).ToList();
        await CommitAsync(Deyang, c => c.Entries.Add(Entry("before")));
        await CommitAsync(Deyang, c =>
        {
            for (var i = 0; i < bodies.Count; i++)
            {
                c.Entries.Add(Entry($"m{i}", i == 5 ? EntryKind.Parked : EntryKind.Received) with { ExchangeId = ExchangeId(1), Body = bodies[i] });
                c.Outgoing.Add(new OutgoingRow(Hub, i + 1, i, 0, null, 0, null));
                c.NativeDeliveries.Add(Delivery(i, ExchangeId(1)));
            }

            c.Receipts.Add(new ReceiptRow(Hub, 1, 5, 7));
        });

        var rows = await JournalAsync(Deyang);
        rows.Skip(1).Select(r => r.Body).ShouldBe(bodies);
        ShouldBeChained(Deyang, rows);
        (await Store.TimelineAsync(Deyang, ExchangeId(1), Cancel)).Select(r => r.Body).ShouldBe(bodies);
        (await Store.JournalAsync(Deyang, 4, null, 2, Cancel)).Select(r => r.Body).ShouldBe(bodies[3..5]);
        (await Store.OutgoingAsync(Deyang, Hub, 0, 100, Cancel)).Select(o => o.Body.ToArray()).ShouldBe(bodies);
        (await Store.PendingDeliveriesAsync(Deyang, 0, 100, Cancel)).Select(d => d.Row.Body).ShouldBe(bodies);
        var known = await Store.KnownAsync(Deyang, [Key("m8"), Key("m2"), Key("before")], Cancel);
        known[Key("m8")].Body.ToArray().ShouldBe(bodies[8]);
        known[Key("m2")].Body.ToArray().ShouldBe(bodies[2]);
        known[Key("before")].Body.ToArray().ShouldBe("body"u8.ToArray());
        (await Store.ParkedMessageAsync(Deyang, 7, Cancel))!.Body.ShouldBe(bodies[5]);
        (await Store.ReceiptAsync(Deyang, Hub, 3, Cancel))!.Body.ShouldBe(bodies[7]);
    }

    [Fact]
    public async Task A_sender_with_a_colon_and_a_key_without_one_come_back_as_they_are()
    {
        JournalEntry[] entries =
        [
            Entry("plain"),
            Entry("x") with { Key = "a:b:x", Sender = "a:b" },
            Entry("y") with { Key = "a:b:y", Sender = "a", MessageId = "b:y" },
            Entry("", EntryKind.Refused) with { Key = "none", Sender = "" },
            Entry("", EntryKind.Refused) with { Key = ":", Sender = "" },
            Entry("z", EntryKind.Refused) with { Key = "refused:0123" },
        ];
        await CommitAsync(Hub, c => c.Entries.AddRange(entries));
        var rows = await JournalAsync(Hub);
        rows.Select(r => (r.Key, r.Sender, r.MessageId)).ShouldBe(entries.Select(e => (e.Key, e.Sender, e.MessageId)));
        ShouldBeChained(Hub, rows);
    }

    [Fact]
    public async Task Each_node_has_its_own_journal()
    {
        await CommitAsync(Hub, c => c.Entries.Add(Entry("same")));
        await CommitAsync(Chengdu, c => c.Entries.Add(Entry("same")));
        await CommitAsync("999999", c => c.Entries.Add(Entry("same")));

        foreach (var node in new[] { Hub, Chengdu, "999999" })
        {
            var rows = await JournalAsync(node);
            rows.ShouldHaveSingleItem().Number.ShouldBe(1);
            ShouldBeChained(node, rows);
        }

        (await Store.NodesAsync(Cancel)).ShouldBe([Hub, Chengdu, "999999"], ignoreOrder: true);
    }

    [Fact]
    public async Task An_empty_database_has_no_nodes_and_no_rows()
    {
        (await Store.NodesAsync(Cancel)).ShouldBeEmpty();
        (await JournalAsync(Hub)).ShouldBeEmpty();
        (await Store.LinkAsync(Hub, Chengdu, Cancel)).ShouldBe(default);
    }

    [Fact]
    public async Task A_journal_is_read_in_pages_and_by_kind()
    {
        await CommitAsync(Hub, c => c.Entries.AddRange(Enumerable.Range(1, 10).Select(i => Entry($"m{i}", i % 2 == 0 ? EntryKind.Refused : EntryKind.Received))));
        await CommitAsync(Chengdu, c => c.Entries.Add(Entry("other")));

        (await Store.JournalAsync(Hub, 3, null, 4, Cancel)).Select(r => r.Number).ShouldBe([4L, 5, 6, 7]);
        (await Store.JournalAsync(Hub, 3, EntryKind.Refused, 2, Cancel)).Select(r => r.Number).ShouldBe([4L, 6]);
        (await Store.JournalAsync(Hub, 10, null, 4, Cancel)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_timeline_holds_one_exchange_of_one_node_in_order()
    {
        await CommitAsync(Hub, c => c.Entries.AddRange([Entry("a") with { ExchangeId = ExchangeId(1) }, Entry("b") with { ExchangeId = ExchangeId(2) }, Entry("c") with { ExchangeId = ExchangeId(1) }]));
        await CommitAsync(Chengdu, c => c.Entries.Add(Entry("d") with { ExchangeId = ExchangeId(1) }));
        (await Store.TimelineAsync(Hub, ExchangeId(1), Cancel)).Select(r => r.MessageId).ShouldBe(["a", "c"]);
        (await Store.TimelineAsync(Chengdu, ExchangeId(1), Cancel)).Select(r => r.MessageId).ShouldBe(["d"]);
    }

    [Fact]
    public async Task A_second_row_with_the_same_key_is_refused_and_takes_the_whole_commit_with_it()
    {
        await CommitAsync(Hub, c => c.Entries.Add(Entry("a")));
        var refused = new NodeCommit(Hub);
        refused.Entries.AddRange([Entry("b"), Entry("a"), Entry("c")]);
        refused.Exchanges[ExchangeId(1)] = Exchange(1);
        refused.Received[Chengdu] = 9;
        await Should.ThrowAsync<StoreUnavailableException>(() => Store.CommitAsync(refused, Cancel));

        (await Store.ExchangesAsync(Hub, [ExchangeId(1)], Cancel)).ShouldBeEmpty();
        (await Store.LinkAsync(Hub, Chengdu, Cancel)).Received.ShouldBe(0);
        (await CommitAsync(Hub, c => c.Entries.Add(Entry("d")))).FirstJournalNumber.ShouldBe(2);
        ShouldBeChained(Hub, await JournalAsync(Hub));
    }

    [Fact]
    public async Task A_refused_commit_leaves_those_that_are_written_with_it_alone()
    {
        await CommitAsync(Hub, c => c.Entries.Add(Entry("taken")));
        var commits = Enumerable.Range(0, 60).Select(i =>
        {
            var commit = new NodeCommit(i % 3 == 0 ? Hub : Chengdu);
            commit.Entries.Add(Entry($"first-{i}"));
            commit.Entries.Add(Entry(commit.Node == Hub && i % 4 == 0 ? "taken" : $"second-{i}"));
            commit.Outgoing.Add(new OutgoingRow(Deyang, i + 1, 1, 0, null, 0, null));
            return (Index: i, Commit: commit, Refused: commit.Node == Hub && i % 4 == 0);
        }).ToList();

        var results = await Task.WhenAll(commits.Select(async c =>
        {
            try
            {
                await Store.CommitAsync(c.Commit, Cancel);
                return true;
            }
            catch (StoreUnavailableException)
            {
                return false;
            }
        }));

        results.ShouldBe(commits.Select(c => !c.Refused));
        foreach (var node in new[] { Hub, Chengdu })
        {
            var rows = await JournalAsync(node);
            rows.Select(r => r.MessageId).Order().ShouldBe(
                commits.Where(c => c.Commit.Node == node && !c.Refused).SelectMany(c => new[] { $"first-{c.Index}", $"second-{c.Index}" })
                    .Concat(node == Hub ? ["taken"] : []).Order());
            ShouldBeChained(node, rows);
            (await Store.OutgoingAsync(node, Deyang, 0, 100, Cancel)).Select(o => o.LinkSequence)
                .ShouldBe(commits.Where(c => c.Commit.Node == node && !c.Refused).Select(c => c.Index + 1L));
        }
    }

    [Fact]
    public async Task Commits_of_several_nodes_at_once_keep_every_journal_whole()
    {
        string[] nodes = [Hub, Chengdu, Deyang, "511400", "512000"];
        await Task.WhenAll(nodes.Select(node => Task.Run(async () =>
        {
            for (var i = 0; i < 40; i++)
                (await CommitAsync(node, c => c.Entries.AddRange([Entry($"{i}-a"), Entry($"{i}-b")]))).FirstJournalNumber.ShouldBe((2 * i) + 1);
        })));
        foreach (var node in nodes)
        {
            var rows = await JournalAsync(node);
            rows.Count.ShouldBe(80);
            ShouldBeChained(node, rows);
        }
    }

    [Fact]
    public async Task Known_messages_are_found_by_key_with_number_exchange_and_body()
    {
        await CommitAsync(Hub, c => c.Entries.AddRange([Entry("a"), Entry("b") with { Sequence = 42, ExchangeId = ExchangeId(3), Body = "{}"u8.ToArray() }]));
        await CommitAsync(Chengdu, c => c.Entries.Add(Entry("elsewhere")));

        var known = await Store.KnownAsync(Hub, [Key("b"), Key("missing"), Key("elsewhere")], Cancel);
        known.Keys.ShouldBe([Key("b")]);
        (known[Key("b")].JournalNumber, known[Key("b")].ExchangeId, known[Key("b")].Sequence).ShouldBe((2, ExchangeId(3), 42));
        known[Key("b")].Body.ShouldBe("{}"u8.ToArray());
    }

    [Fact]
    public async Task A_parked_row_is_listed_until_an_operator_has_dealt_with_it()
    {
        await CommitAsync(Hub, c => c.Entries.AddRange([Entry("a"), Entry("p1", EntryKind.Parked), Entry("p2", EntryKind.Parked)]));
        await CommitAsync(Chengdu, c => c.Entries.Add(Entry("p3", EntryKind.Parked)));
        (await Store.ParkedAsync(Hub, Cancel)).Select(r => r.Number).ShouldBe([2L, 3]);
        (await Store.ParkedMessageAsync(Hub, 2, Cancel))!.MessageId.ShouldBe("p1");
        (await Store.ParkedMessageAsync(Hub, 1, Cancel)).ShouldBeNull("it is not parked");
        (await Store.ParkedMessageAsync(Deyang, 2, Cancel)).ShouldBeNull("another node's");

        await CommitAsync(Hub, c => c.ParkedResolved.Add(2));
        (await Store.ParkedAsync(Hub, Cancel)).Select(r => r.MessageId).ShouldBe(["p2"]);
        (await Store.ParkedMessageAsync(Hub, 2, Cancel)).ShouldBeNull();
        (await Store.ParkedAsync(Chengdu, Cancel)).Select(r => r.MessageId).ShouldBe(["p3"]);
        (await JournalAsync(Hub)).Count.ShouldBe(3, "the row itself stays as evidence");
    }

    [Fact]
    public async Task One_of_more_parked_rows_than_are_listed_is_found_by_its_number()
    {
        await CommitAsync(Deyang, c =>
        {
            c.Entries.AddRange(Enumerable.Range(1, 1_001).Select(i => Entry($"p{i}", EntryKind.Parked)));
            c.NativeDeliveries.AddRange(Enumerable.Range(0, 1_001).Select(i => Delivery(i, ExchangeId(i)) with { Position = 4, ParkedCause = "接口拒绝" }));
        });
        (await Store.ParkedAsync(Deyang, Cancel)).Count.ShouldBe(1_000);
        (await Store.ParkedMessageAsync(Deyang, 1_001, Cancel))!.MessageId.ShouldBe("p1001");
        var delivery = await Store.ParkedDeliveryAsync(Deyang, 1_001, 4, Cancel);
        (delivery!.Row.MessageId, delivery.ParkedCause).ShouldBe(("p1001", "接口拒绝"));
        (await Store.ParkedDeliveryAsync(Deyang, 1_001, 0, Cancel)).ShouldBeNull("another position");
        (await Store.ParkedDeliveryAsync(Chengdu, 1_001, 4, Cancel)).ShouldBeNull("another node's");

        await CommitAsync(Deyang, c => c.NativeDeliveries.Add(Delivery(0, ExchangeId(1_000)) with { EntryIndex = -1, JournalNumber = 1_001, Position = 4 }));
        (await Store.ParkedDeliveryAsync(Deyang, 1_001, 4, Cancel)).ShouldBeNull("it waits for nobody any more");
    }
}

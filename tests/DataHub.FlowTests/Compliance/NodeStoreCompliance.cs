using DataHub.Contracts;
using DataHub.Core.Flows;
using DataHub.Core.Journal;
using DataHub.Core.Storage;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Compliance;

/// <summary>
/// What every store must do. A provider inherits this class and gives its own way to open the database; the tests are the
/// same for all, so that a node cannot tell providers apart.
/// </summary>
public abstract class NodeStoreCompliance : IAsyncLifetime
{
    protected const string Hub = Nodes.Hub;
    protected const string Chengdu = "510100";
    protected const string Deyang = "510600";

    /// <summary>Whole milliseconds, as stores keep times.</summary>
    protected static readonly DateTimeOffset Now = new(2026, 3, 4, 2, 0, 0, 123, TimeSpan.Zero);

    protected INodeStore Store { get; private set; } = null!;

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Opens the test's own database, which is empty at first.</summary>
    protected abstract INodeStore Open();

    /// <summary>Opens what would be there if the process had been killed at this moment, while <see cref="Store"/> stays open.</summary>
    protected abstract INodeStore OpenAsAfterAKill();

    protected abstract ValueTask RemoveAsync();

    public ValueTask InitializeAsync()
    {
        Store = Open();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        await RemoveAsync();
        GC.SuppressFinalize(this);
    }

    // Journal

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

        await CommitAsync(Hub, c => c.ParkedResolved.Add(2));
        (await Store.ParkedAsync(Hub, Cancel)).Select(r => r.MessageId).ShouldBe(["p2"]);
        (await Store.ParkedAsync(Chengdu, Cancel)).Select(r => r.MessageId).ShouldBe(["p3"]);
        (await JournalAsync(Hub)).Count.ShouldBe(3, "the row itself stays as evidence");
    }

    // Links

    [Fact]
    public async Task What_must_be_sent_stays_until_the_peer_holds_it()
    {
        await CommitAsync(Hub, c =>
        {
            c.Entries.AddRange([Entry("a") with { Body = "a"u8.ToArray() }, Entry("b") with { Body = "b"u8.ToArray() }]);
            c.Outgoing.AddRange([new OutgoingRow(Deyang, 1, 0, 0, "accepted", 2, "service.online"), new OutgoingRow(Deyang, 2, 1, 0, null, 0, null), new OutgoingRow(Chengdu, 1, 1, 0, null, 0, null)]);
        });
        await CommitAsync(Hub, c => c.Outgoing.Add(new OutgoingRow(Deyang, 3, -1, 1, null, 0, null)));

        var outgoing = await Store.OutgoingAsync(Hub, Deyang, 0, 10, Cancel);
        outgoing.Select(o => (o.LinkSequence, System.Text.Encoding.UTF8.GetString(o.Body), o.HubState, o.HubVersion, o.Flow))
            .ShouldBe([(1, "a", "accepted", 2, "service.online"), (2, "b", null, 0, null), (3, "a", null, 0, null)]);
        (await Store.OutgoingAsync(Hub, Deyang, 1, 1, Cancel)).ShouldHaveSingleItem().LinkSequence.ShouldBe(2);
        (await Store.LinkAsync(Hub, Deyang, Cancel)).ShouldBe(new LinkState(3, 0, 0));

        await CommitAsync(Hub, c => c.Acknowledged[Deyang] = 2);
        (await Store.OutgoingAsync(Hub, Deyang, 0, 10, Cancel)).Select(o => o.LinkSequence).ShouldBe([3L]);
        (await Store.OutgoingAsync(Hub, Chengdu, 0, 10, Cancel)).Count.ShouldBe(1, "another peer's rows are its own");
        (await Store.LinkAsync(Hub, Deyang, Cancel)).ShouldBe(new LinkState(3, 2, 0));
    }

    [Fact]
    public async Task A_links_numbers_never_go_back()
    {
        await CommitAsync(Chengdu, c => c.Received[Hub] = 5);
        await CommitAsync(Chengdu, c => c.Acknowledged[Hub] = 7);
        await CommitAsync(Chengdu, c =>
        {
            c.Received[Hub] = 4;
            c.Acknowledged[Hub] = 6;
        });
        await ReopenAsync();
        (await Store.LinkAsync(Chengdu, Hub, Cancel)).ShouldBe(new LinkState(0, 7, 5));
        (await Store.LinkAsync(Hub, Chengdu, Cancel)).ShouldBe(default, "the other direction is another node's");
    }

    [Fact]
    public async Task A_number_is_given_once_on_a_link()
    {
        await CommitAsync(Hub, c =>
        {
            c.Entries.Add(Entry("a"));
            c.Outgoing.Add(new OutgoingRow(Deyang, 1, 0, 0, null, 0, null));
        });
        await Should.ThrowAsync<StoreUnavailableException>(() => CommitAsync(Hub, c =>
        {
            c.Entries.Add(Entry("b"));
            c.Outgoing.Add(new OutgoingRow(Deyang, 1, 0, 0, null, 0, null));
        }));
        (await CommitAsync(Hub, c => c.Entries.Add(Entry("c")))).FirstJournalNumber.ShouldBe(2, "what was refused left no trace, nor a gap");
        ShouldBeChained(Hub, await JournalAsync(Hub));
    }

    [Fact]
    public async Task The_receipt_that_covers_a_number_is_found()
    {
        await CommitAsync(Hub, c =>
        {
            c.Entries.AddRange([Entry("receipt-1"), Entry("receipt-2")]);
            c.Receipts.AddRange([new ReceiptRow(Chengdu, 1, 3, 0), new ReceiptRow(Chengdu, 5, 9, 1), new ReceiptRow(Deyang, 1, 1, 1)]);
        });
        (await Store.ReceiptAsync(Hub, Chengdu, 1, Cancel))!.MessageId.ShouldBe("receipt-1");
        (await Store.ReceiptAsync(Hub, Chengdu, 3, Cancel))!.MessageId.ShouldBe("receipt-1");
        (await Store.ReceiptAsync(Hub, Chengdu, 4, Cancel)).ShouldBeNull("no receipt covers it");
        (await Store.ReceiptAsync(Hub, Chengdu, 7, Cancel))!.MessageId.ShouldBe("receipt-2");
        (await Store.ReceiptAsync(Hub, Chengdu, 10, Cancel)).ShouldBeNull();
        (await Store.ReceiptAsync(Hub, Deyang, 1, Cancel))!.MessageId.ShouldBe("receipt-2");
        (await Store.ReceiptAsync(Chengdu, Chengdu, 1, Cancel)).ShouldBeNull("another node's");
    }

    // Native deliveries

    [Fact]
    public async Task Native_deliveries_wait_in_order_until_they_are_done()
    {
        await CommitAsync(Deyang, c =>
        {
            c.Entries.AddRange([Entry("a"), Entry("receipt")]);
            c.NativeDeliveries.AddRange([Delivery(0, ExchangeId(1)), Delivery(1, ExchangeId(2)) with { Refusal = true, Position = 0 }, Delivery(1, ExchangeId(3)) with { Refusal = true, Position = 4 }]);
        });
        await CommitAsync(Chengdu, c =>
        {
            c.Entries.Add(Entry("other"));
            c.NativeDeliveries.Add(Delivery(0, ExchangeId(9)));
        });

        var pending = await Store.PendingDeliveriesAsync(Deyang, 0, 10, Cancel);
        pending.Select(d => (d.Row.MessageId, d.ExchangeId, d.Refusal, d.Position, d.Attempts))
            .ShouldBe([("a", ExchangeId(1), false, 0, 0), ("receipt", ExchangeId(2), true, 0, 0), ("receipt", ExchangeId(3), true, 4, 0)]);
        (await Store.PendingDeliveriesAsync(Deyang, 1, 10, Cancel)).Count.ShouldBe(2);
        (await Store.PendingDeliveriesAsync(Deyang, 0, 1, Cancel)).Count.ShouldBe(1);

        await CommitAsync(Deyang, c => c.NativeDone.AddRange([(1, 0), (2, 0)]));
        await ReopenAsync();
        (await Store.PendingDeliveriesAsync(Deyang, 0, 10, Cancel)).ShouldHaveSingleItem().ExchangeId.ShouldBe(ExchangeId(3));
    }

    [Fact]
    public async Task A_delivery_is_postponed_parked_and_set_free()
    {
        await CommitAsync(Deyang, c =>
        {
            c.Entries.Add(Entry("a"));
            c.NativeDeliveries.Add(Delivery(0, ExchangeId(1)));
        });
        var later = new NativeDeliveryRow(1, -1, ExchangeId(1), false, 0, 3, Now.AddMinutes(2), null);
        await CommitAsync(Deyang, c => c.NativeDeliveries.Add(later));
        var postponed = (await Store.PendingDeliveriesAsync(Deyang, 0, 10, Cancel)).ShouldHaveSingleItem();
        (postponed.Attempts, postponed.NextAttemptAt).ShouldBe((3, Now.AddMinutes(2)));

        await CommitAsync(Deyang, c => c.NativeDeliveries.Add(later with { ParkedCause = "接口拒绝" }));
        (await Store.PendingDeliveriesAsync(Deyang, 0, 10, Cancel)).ShouldBeEmpty();
        (await Store.ParkedDeliveriesAsync(Deyang, Cancel)).ShouldHaveSingleItem().ParkedCause.ShouldBe("接口拒绝");
        (await Store.ParkedDeliveriesAsync(Chengdu, Cancel)).ShouldBeEmpty();

        await CommitAsync(Deyang, c => c.NativeDeliveries.Add(later with { Attempts = 0 }));
        (await Store.PendingDeliveriesAsync(Deyang, 0, 10, Cancel)).Count.ShouldBe(1);
        (await Store.ParkedDeliveriesAsync(Deyang, Cancel)).ShouldBeEmpty();
    }

    // Exchanges

    [Fact]
    public async Task An_exchange_comes_back_with_everything_it_holds()
    {
        var full = Exchange(1) with
        {
            State = State(1) with
            {
                TargetCity = "",
                Clock = new Clock(Deyang, new DateOnly(2026, 3, 9), new DateOnly(2026, 3, 5), 7, false),
                Outcome = new Outcome("approved", 123_456_789_012, "川A-1"),
                Final = true,
                Facts = new Dictionary<string, string> { ["letter"] = "联系函-1", ["empty"] = "" },
            },
            OutcomeDigest = new string('a', 64),
            SourceDigest = new string('b', 64),
            TargetDigest = new string('c', 64),
            ReconciledAt = Now.AddSeconds(4),
            NoticeStage = 2,
            RefusedFor = "DH-3004,DH-3003",
        };
        await CommitAsync(Hub, c => c.Exchanges[ExchangeId(1)] = full);
        await CommitAsync(Chengdu, c => c.Exchanges[ExchangeId(1)] = Exchange(1));

        ShouldBeSame((await Store.ExchangesAsync(Hub, [ExchangeId(1), ExchangeId(2)], Cancel)).ShouldHaveSingleItem().Value, full);
        ShouldBeSame((await Store.ExchangesAsync(Chengdu, [ExchangeId(1)], Cancel))[ExchangeId(1)], Exchange(1));
    }

    [Fact]
    public async Task A_later_version_replaces_the_exchange()
    {
        await CommitAsync(Hub, c => c.Exchanges[ExchangeId(1)] = Exchange(1) with { OutcomeDigest = new string('a', 64) });
        var next = Exchange(1) with { State = State(1) with { State = "accepted", Version = 2, ChangedAt = Now.AddHours(1) } };
        await CommitAsync(Hub, c => c.Exchanges[ExchangeId(1)] = next);
        ShouldBeSame((await Store.ExchangesAsync(Hub, [ExchangeId(1)], Cancel))[ExchangeId(1)], next);
        (await Store.ListExchangesAsync(Hub, 10, Cancel)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Exchanges_are_listed_and_counted_per_node()
    {
        await CommitAsync(Hub, c =>
        {
            for (var i = 1; i <= 5; i++)
                c.Exchanges[ExchangeId(i)] = Exchange(i);
            c.Exchanges[ExchangeId(6)] = WithOutcome(6, Now) with { ReconciledAt = Now };
            c.Exchanges[ExchangeId(7)] = Exchange(7) with { RefusedFor = "DH-3004" };
            c.Exchanges[ExchangeId(8)] = Exchange(8) with { NoticeStage = 2 };
        });
        await CommitAsync(Chengdu, c => c.Exchanges[ExchangeId(1)] = Exchange(1));

        (await Store.ListExchangesAsync(Hub, 3, Cancel)).Select(r => r.State.ExchangeId).ShouldBe([ExchangeId(1), ExchangeId(2), ExchangeId(3)]);
        (await Store.CountExchangesAsync(Hub, Cancel)).ShouldBe(
        [
            new ExchangeCount(Chengdu, "service.online", "submitted", false, false, false, false, 5),
            new ExchangeCount(Chengdu, "service.online", "submitted", true, true, false, false, 1),
            new ExchangeCount(Chengdu, "service.online", "submitted", false, false, true, false, 1),
            new ExchangeCount(Chengdu, "service.online", "submitted", false, false, false, true, 1),
        ], ignoreOrder: true);
    }

    [Fact]
    public async Task Due_exchanges_are_the_hubs_with_a_running_clock_in_the_order_of_their_days()
    {
        ExchangeRow Due(int n, int day, int stage = 0, DateOnly? stopped = null) => Exchange(n) with
        {
            State = State(n) with { Clock = new Clock(Deyang, new DateOnly(2026, 3, day), stopped, stopped is null ? null : 3, true) },
            NoticeStage = stage,
        };
        await CommitAsync(Hub, c =>
        {
            foreach (var row in new[] { Due(1, 9), Due(2, 8), Due(3, 10), Due(4, 7, stage: 1), Due(5, 6, stage: 2), Due(6, 5, stopped: new DateOnly(2026, 3, 1)), Exchange(7) })
                c.Exchanges[row.State.ExchangeId] = row;
        });
        await CommitAsync(Chengdu, c => c.Exchanges[ExchangeId(8)] = Due(8, 1));

        (await Store.DueAsync(new DateOnly(2026, 3, 9), 2, 10, Cancel)).Select(r => r.State.ExchangeId).ShouldBe([ExchangeId(4), ExchangeId(2), ExchangeId(1)]);
        (await Store.DueAsync(new DateOnly(2026, 3, 9), 1, 10, Cancel)).Select(r => r.State.ExchangeId).ShouldBe([ExchangeId(2), ExchangeId(1)]);
        (await Store.DueAsync(new DateOnly(2026, 3, 9), 2, 1, Cancel)).Select(r => r.State.ExchangeId).ShouldBe([ExchangeId(4)]);
    }

    [Fact]
    public async Task Unreconciled_exchanges_are_the_hubs_that_a_side_has_not_confirmed_oldest_first()
    {
        await CommitAsync(Hub, c =>
        {
            c.Exchanges[ExchangeId(1)] = WithOutcome(1, Now.AddMinutes(-10));
            c.Exchanges[ExchangeId(2)] = WithOutcome(2, Now.AddMinutes(-20));
            c.Exchanges[ExchangeId(3)] = WithOutcome(3, Now.AddMinutes(-30)) with { ReconciledAt = Now };
            c.Exchanges[ExchangeId(4)] = WithOutcome(4, Now);
            c.Exchanges[ExchangeId(5)] = Exchange(5) with { State = State(5) with { ChangedAt = Now.AddHours(-1) } };
        });
        await CommitAsync(Chengdu, c => c.Exchanges[ExchangeId(6)] = WithOutcome(6, Now.AddHours(-1)));

        (await UnreconciledAsync(10)).ShouldBe([ExchangeId(2), ExchangeId(1)]);
        (await UnreconciledAsync(1)).ShouldBe([ExchangeId(2)]);
    }

    [Fact]
    public async Task Unreconciled_exchanges_whose_break_is_open_make_room_for_the_next()
    {
        await CommitAsync(Hub, c =>
        {
            c.Exchanges[ExchangeId(1)] = WithOutcome(1, Now.AddMinutes(-30));
            c.Exchanges[ExchangeId(2)] = WithOutcome(2, Now.AddMinutes(-20)) with { SourceDigest = new string('a', 64) };
            c.Exchanges[ExchangeId(3)] = WithOutcome(3, Now.AddMinutes(-10));
            c.Exchanges[ExchangeId(4)] = WithOutcome(4, Now.AddMinutes(-5)) with { SourceDigest = new string('a', 64), TargetDigest = new string('b', 64) };
            c.Breaks.Add(Opened(1, ReasonCodes.BreakMissingAtSource));
            c.Breaks.Add(Opened(1, ReasonCodes.BreakMissingAtTarget));
            c.Breaks.Add(Opened(2, ReasonCodes.BreakMissingAtTarget));
        });
        (await UnreconciledAsync(1)).ShouldBe([ExchangeId(3)], "1 and 2 have their breaks, both sides of 4 have reported");

        await CommitAsync(Hub, c => c.Breaks.Add(new BreakChange.Healed(ExchangeId(1), [ReasonCodes.BreakMissingAtSource], Now)));
        (await UnreconciledAsync(10)).ShouldBe([ExchangeId(1), ExchangeId(3)], "a side whose break was closed is missing again");
    }

    // Breaks

    [Fact]
    public async Task A_break_is_opened_once_and_closed_when_it_heals()
    {
        await CommitAsync(Hub, c => c.Breaks.AddRange([Opened(1, ReasonCodes.BreakAmountDiffers, "900 ≠ 800"), Opened(1, ReasonCodes.BreakOverlappingMonths), Opened(2, ReasonCodes.BreakAmountDiffers)]));
        await CommitAsync(Hub, c => c.Breaks.Add(new BreakChange.Opened(new BreakRow(ExchangeId(1), ReasonCodes.BreakAmountDiffers, "900 ≠ 700", Now.AddHours(1), null))));
        var open = (await Store.BreaksAsync(ExchangeId(1), openOnly: true, 10, Cancel)).Find(b => b.Code == ReasonCodes.BreakAmountDiffers)!;
        (open.Detail, open.OpenedAt).ShouldBe(("900 ≠ 700", Now));

        await CommitAsync(Hub, c => c.Breaks.Add(new BreakChange.Healed(ExchangeId(1), [ReasonCodes.BreakAmountDiffers, ReasonCodes.BreakLate], Now.AddHours(2))));
        (await Store.BreaksAsync(ExchangeId(1), openOnly: true, 10, Cancel)).Select(b => b.Code).ShouldBe([ReasonCodes.BreakOverlappingMonths]);
        (await Store.BreaksAsync(ExchangeId(1), openOnly: false, 10, Cancel)).Find(b => b.Code == ReasonCodes.BreakAmountDiffers)!.ClosedAt.ShouldBe(Now.AddHours(2));
        (await Store.BreaksAsync(null, openOnly: true, 10, Cancel)).Count.ShouldBe(2);
        (await Store.BreaksAsync(null, openOnly: false, 1, Cancel)).Count.ShouldBe(1);

        await CommitAsync(Hub, c => c.Breaks.Add(new BreakChange.Healed(ExchangeId(1), [ReasonCodes.BreakAmountDiffers], Now.AddHours(9))));
        (await Store.BreaksAsync(ExchangeId(1), openOnly: false, 10, Cancel)).Find(b => b.Code == ReasonCodes.BreakAmountDiffers)!.ClosedAt.ShouldBe(Now.AddHours(2), "it had healed before");
    }

    [Fact]
    public async Task A_break_that_comes_back_is_as_old_as_its_return()
    {
        await CommitAsync(Hub, c => c.Breaks.Add(Opened(1, ReasonCodes.BreakAmountDiffers)));
        await CommitAsync(Hub, c => c.Breaks.Add(new BreakChange.Healed(ExchangeId(1), [ReasonCodes.BreakAmountDiffers], Now.AddHours(1))));
        await CommitAsync(Hub, c => c.Breaks.Add(new BreakChange.Opened(new BreakRow(ExchangeId(1), ReasonCodes.BreakAmountDiffers, "again", Now.AddHours(5), null))));
        var open = (await Store.BreaksAsync(null, openOnly: true, 10, Cancel)).ShouldHaveSingleItem();
        (open.OpenedAt, open.ClosedAt).ShouldBe((Now.AddHours(5), null));
    }

    [Fact]
    public async Task Breaks_open_and_heal_in_the_order_in_which_one_commit_says()
    {
        await CommitAsync(Hub, c => c.Breaks.AddRange(
        [
            Opened(1, ReasonCodes.BreakAmountDiffers),
            new BreakChange.Healed(ExchangeId(1), [ReasonCodes.BreakAmountDiffers], Now),
            new BreakChange.Healed(ExchangeId(2), [ReasonCodes.BreakAmountDiffers], Now),
            Opened(2, ReasonCodes.BreakAmountDiffers),
        ]));
        (await Store.BreaksAsync(null, openOnly: true, 10, Cancel)).ShouldHaveSingleItem().ExchangeId.ShouldBe(ExchangeId(2));
    }

    // Published results

    [Fact]
    public async Task A_published_result_is_found_with_its_holders()
    {
        await CommitAsync(Hub, c =>
        {
            c.Published.AddRange([Result("r1", Now.AddDays(-3)), Result("r2", Now.AddDays(-1)), Result("r3", Now.AddDays(-2))]);
            c.Published.Add(new PublishedRow(Result("r4", Now).Result, "another patient"));
            c.Holders.AddRange([("r2", Deyang), ("r2", Chengdu), ("r2", Deyang)]);
            c.Entries.Add(Entry("a"));
        });
        var found = (await Store.PublishedAsync("r2", Cancel))!;
        (found with { Holders = [] }).ShouldBe(Result("r2", Now.AddDays(-1)).Result with { Holders = [] }, "but for the list of holders");
        found.Holders.ShouldBe([Chengdu, Deyang], ignoreOrder: true);
        (await Store.LatestPublishedAsync("patient", "CT", Cancel))!.ResultId.ShouldBe("r2");
        (await Store.LatestPublishedAsync("patient", "MR", Cancel)).ShouldBeNull();
        (await Store.PublishedAsync("r9", Cancel)).ShouldBeNull();

        await CommitAsync(Hub, c =>
        {
            c.ChangedResults.AddRange([("r2", new string('e', 64), true), ("r3", new string('f', 64), false)]);
            c.Entries.Add(Entry("b"));
        });
        (await Store.PublishedAsync("r2", Cancel))!.Revoked.ShouldBeTrue();
        var latest = (await Store.LatestPublishedAsync("patient", "CT", Cancel))!;
        (latest.ResultId, latest.ResultDigest).ShouldBe(("r3", new string('f', 64)), "a revoked result is none");
    }

    [Fact]
    public async Task A_result_is_published_once()
    {
        await CommitAsync(Hub, c => c.Published.Add(Result("r1", Now)));
        await Should.ThrowAsync<StoreUnavailableException>(() => CommitAsync(Hub, c => c.Published.Add(Result("r1", Now))));
    }

    // Crashes

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

        await using var after = OpenAsAfterAKill();
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
        await using var after = OpenAsAfterAKill();
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
        Store = Open();
        (await JournalAsync(Hub)).ShouldBeEmpty();
    }

    protected async Task ReopenAsync()
    {
        await Store.DisposeAsync();
        Store = Open();
    }

    protected Task<CommitResult> CommitAsync(string node, Action<NodeCommit> fill)
    {
        var commit = new NodeCommit(node);
        fill(commit);
        return Store.CommitAsync(commit, Cancel);
    }

    protected async Task<List<JournalRow>> JournalAsync(string node) => await Store.JournalAsync(node, 0, null, 100_000, Cancel);

    protected static string Key(string id) => Chengdu + ":" + id;

    protected static string ExchangeId(int number) => $"{Chengdu}-20260304-{number:D10}";

    protected static JournalEntry Entry(string id, EntryKind kind = EntryKind.Received) => new()
    {
        Kind = kind,
        Key = Key(id),
        MessageId = id,
        Type = MessageTypes.ServiceAcceptance,
        ExchangeId = Nodes.NoExchange,
        Sender = Chengdu,
        Sequence = 1,
        At = Now,
        Body = "body"u8.ToArray(),
    };

    /// <summary>Every row follows from the one before it.</summary>
    protected static void ShouldBeChained(string node, List<JournalRow> rows)
    {
        var previous = JournalHash.Genesis(node);
        for (var i = 0; i < rows.Count; i++)
        {
            var r = rows[i];
            r.Number.ShouldBe(i + 1);
            var entry = new JournalEntry
            {
                Kind = r.Kind, Key = r.Key, MessageId = r.MessageId, Type = r.Type, ExchangeId = r.ExchangeId, Sender = r.Sender, Sequence = r.Sequence, At = r.At, Body = r.Body, Reasons = r.Reasons,
            };
            r.Hash.ShouldBe(JournalHash.Next(previous, r.Number, entry), $"row {r.Number}");
            previous = r.Hash;
        }
    }

    private async Task<List<string>> UnreconciledAsync(int limit) =>
        [.. (await Store.UnreconciledAsync(Now.AddMinutes(-5), limit, Cancel)).Select(r => r.State.ExchangeId)];

    private static void ShouldBeSame(ExchangeRow read, ExchangeRow written)
    {
        (read with { State = read.State with { Facts = written.State.Facts } }).ShouldBe(written);
        read.State.Facts.ShouldBe(written.State.Facts, ignoreOrder: true);
    }

    private static ExchangeState State(int number) => new()
    {
        ExchangeId = ExchangeId(number),
        Flow = "service.online",
        FlowVersion = 1,
        Item = "marriage.registration",
        SourceCity = Chengdu,
        TargetCity = Deyang,
        State = "submitted",
        Version = 1,
        OpenedAt = Now,
        ChangedAt = Now,
        Facts = new Dictionary<string, string>(),
    };

    private static ExchangeRow Exchange(int number) => new() { State = State(number) };

    private static ExchangeRow WithOutcome(int number, DateTimeOffset changedAt) => new()
    {
        State = State(number) with { Outcome = new Outcome("approved", null, null), ChangedAt = changedAt },
        OutcomeDigest = new string('d', 64),
    };

    private static BreakChange.Opened Opened(int number, string code, string detail = "") => new(new BreakRow(ExchangeId(number), code, detail, Now, null));

    private static NativeDeliveryRow Delivery(int entryIndex, string exchangeId) => new(0, entryIndex, exchangeId, false, 0, 0, Now, null);

    private static PublishedRow Result(string id, DateTimeOffset performedAt) =>
        new(new PublishedResult(id, ExchangeId(1), Chengdu, "CT", "H510100001", "全国HR", performedAt, new string('a', 64), false, []), "patient");
}

using System.Text;
using DataHub.Core.Journal;
using DataHub.Core.Materials;
using DataHub.Core.Signing;
using DataHub.Core.Storage;
using DataHub.Core.Storage.Postgres;
using DataHub.TestServers;
using Npgsql;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Compliance;

public sealed class PostgresNodeStoreTests(SharedServers servers) : NodeStoreCompliance
{
    private string? database;

    protected override IMaterialBytes Bytes => Postgres.MaterialBytes;

    private PostgresNodeStore Postgres => (PostgresNodeStore)Store;

    protected override async Task<INodeStore> OpenAsync()
    {
        database ??= await (await servers.PostgresAsync()).CreateDatabaseAsync();
        return await PostgresNodeStore.OpenAsync(database, Cancel);
    }

    // A killed process leaves what it has committed; another then opens the same database.
    protected override Task<INodeStore> OpenAsAfterAKillAsync() => OpenAsync();

    protected override ValueTask RemoveAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_database_of_a_later_version_is_refused_and_left_as_it_is()
    {
        await CommitAsync(Hub, c => c.Entries.Add(Entry("a")));
        await ExecuteAsync("INSERT INTO datahub.schema_version (version) VALUES (999)");
        (await Should.ThrowAsync<StoreUnavailableException>(OpenAsync)).InnerException!.Message.ShouldContain("999");
        await ExecuteAsync("DELETE FROM datahub.schema_version WHERE version = 999");
        await ReopenAsync();
        (await JournalAsync(Hub)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Programs_that_start_at_the_same_time_migrate_once()
    {
        database = await (await servers.PostgresAsync()).CreateDatabaseAsync();
        foreach (var store in await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => OpenAsync())))
            await store.DisposeAsync();
        (await ScalarAsync<long>("SELECT count(*) FROM datahub.schema_version WHERE version = 1")).ShouldBe(1);
    }

    [Fact]
    public async Task A_server_that_is_not_there_means_that_the_store_is_unavailable()
    {
        var nowhere = new NpgsqlConnectionStringBuilder(database) { Port = 1, Password = "secret-word" }.ConnectionString;
        var fault = await Should.ThrowAsync<StoreUnavailableException>(() => PostgresNodeStore.OpenAsync(nowhere, Cancel));
        fault.ToString().ShouldNotContain("secret-word");
    }

    [Fact]
    public async Task A_commit_with_an_old_fence_is_refused_and_writes_nothing()
    {
        var old = (await Postgres.AcquireAsync(Hub, "first", Minute, Cancel))!.Value;
        await CommitAsync(old, "a");
        await using var other = await PostgresNodeStore.OpenAsync(database!, Cancel);
        await Postgres.ReleaseAsync(Hub, old, Cancel);
        var fence = (await other.AcquireAsync(Hub, "second", Minute, Cancel))!.Value;
        fence.ShouldBeGreaterThan(old);

        await Should.ThrowAsync<LeaseLostException>(() => CommitAsync(old, "late"));
        await Should.ThrowAsync<LeaseLostException>(() => CommitAsync(0, "tool"));
        (await JournalAsync(Hub)).Select(r => r.MessageId).ShouldBe(["a"]);
        (await Store.ExchangesAsync(Hub, [ExchangeId(1)], Cancel)).ShouldBeEmpty();
        (await Store.LinkAsync(Hub, Deyang, Cancel)).ShouldBe(default);

        var next = new NodeCommit(Hub, fence);
        next.Entries.Add(Entry("b"));
        (await other.CommitAsync(next, Cancel)).FirstJournalNumber.ShouldBe(2);
        ShouldBeChained(Hub, await JournalAsync(Hub));
    }

    [Fact]
    public async Task A_request_that_was_taken_under_an_old_fence_is_open_for_the_next_holder()
    {
        var old = (await Postgres.AcquireAsync(Hub, "first", TimeSpan.Zero, Cancel))!.Value;
        var request = await Store.AskReplayAsync(new ReplayRequest("r-1", Hub, 7, 0, "op", "why", Now), Cancel);
        await using var other = await PostgresNodeStore.OpenAsync(database!, Cancel);
        var fence = (await other.AcquireAsync(Hub, "second", Minute, Cancel))!.Value;

        NodeCommit Carried(long under) => new(Hub, under) { Entries = { request.Entry(null, ExchangeId(1), Now) }, Replayed = { (request.Id, ReplayOutcome.Worked) } };
        await Should.ThrowAsync<LeaseLostException>(() => Store.CommitAsync(Carried(old), Cancel));
        (await other.OpenReplaysAsync([Hub], 10, Cancel)).ShouldBe([request]);
        await other.CommitAsync(Carried(fence), Cancel);
        (await Store.ReplayRequestAsync(request.Id, Cancel))!.Outcome.ShouldBe(ReplayOutcome.Worked);
        await Should.ThrowAsync<StoreUnavailableException>(() => other.CommitAsync(Carried(fence), Cancel), "the journal holds one row of a request");
    }

    [Fact]
    public async Task A_journal_that_went_on_elsewhere_refuses_the_next_commit_and_is_then_taken_up()
    {
        await CommitAsync(Hub, c => c.Entries.Add(Entry("a")));
        await using (var other = await PostgresNodeStore.OpenAsync(database!, Cancel))
        {
            var commit = new NodeCommit(Hub);
            commit.Entries.Add(Entry("b"));
            await other.CommitAsync(commit, Cancel);
        }

        await Should.ThrowAsync<StoreUnavailableException>(() => CommitAsync(Hub, c => c.Entries.Add(Entry("c"))));
        (await CommitAsync(Hub, c => c.Entries.Add(Entry("d")))).FirstJournalNumber.ShouldBe(3);
        ShouldBeChained(Hub, await JournalAsync(Hub));
    }

    [Fact]
    public async Task A_lease_is_taken_by_one_kept_and_given_back()
    {
        var first = await Postgres.AcquireAsync(Hub, "one", Minute, Cancel);
        first.ShouldNotBeNull();
        (await Postgres.AcquireAsync(Hub, "two", Minute, Cancel)).ShouldBeNull();
        (await Postgres.AcquireAsync(Chengdu, "two", Minute, Cancel)).ShouldNotBeNull("each node has its own lease");
        (await Postgres.RenewAsync(Hub, first.Value, Minute, Cancel)).ShouldBeTrue();

        var again = await Postgres.AcquireAsync(Hub, "one", Minute, Cancel);
        again!.Value.ShouldBeGreaterThan(first.Value, "its owner may take it again, as after a restart under the same name");
        (await Postgres.RenewAsync(Hub, first.Value, Minute, Cancel)).ShouldBeFalse();
        await Postgres.ReleaseAsync(Hub, first.Value, Cancel);
        (await Postgres.AcquireAsync(Hub, "two", Minute, Cancel)).ShouldBeNull("a release with an old fence gives nothing back");

        await Postgres.ReleaseAsync(Hub, again.Value, Cancel);
        await Should.ThrowAsync<LeaseLostException>(() => CommitAsync(again.Value, "late"));
        (await Postgres.AcquireAsync(Hub, "two", Minute, Cancel))!.Value.ShouldBeGreaterThan(again.Value);
    }

    [Fact]
    public async Task An_expired_lease_is_free_but_its_holder_may_still_renew_it_while_nobody_has_taken_it()
    {
        var fence = (await Postgres.AcquireAsync(Hub, "one", TimeSpan.Zero, Cancel))!.Value;
        (await Postgres.LeasesAsync("broker", Cancel)).Holders.ShouldBeEmpty();
        (await Postgres.RenewAsync(Hub, fence, Minute, Cancel)).ShouldBeTrue();
        (await Postgres.AcquireAsync(Hub, "two", Minute, Cancel)).ShouldBeNull();

        (await Postgres.RenewAsync(Hub, fence, TimeSpan.Zero, Cancel)).ShouldBeTrue();
        (await Postgres.AcquireAsync(Hub, "two", Minute, Cancel)).ShouldNotBeNull();
        (await Postgres.RenewAsync(Hub, fence, Minute, Cancel)).ShouldBeFalse();
    }

    [Fact]
    public async Task Members_and_holders_are_shown_until_they_expire()
    {
        await Postgres.AnnounceAsync("broker", "one", Minute, Cancel);
        await Postgres.AnnounceAsync("broker", "two", Minute, Cancel);
        await Postgres.AnnounceAsync("broker", "gone", TimeSpan.Zero, Cancel);
        await Postgres.AnnounceAsync("adapter", "three", Minute, Cancel);
        await Postgres.AcquireAsync("000001", "two", Minute, Cancel);
        await Postgres.AcquireAsync(Chengdu, "three", TimeSpan.Zero, Cancel);

        var view = await Postgres.LeasesAsync("broker", Cancel);
        view.Members.ShouldBe(["one", "two"]);
        view.Holders.ShouldBe(new Dictionary<string, string> { ["000001"] = "two" });
    }

    [Fact]
    public async Task Shards_of_the_hub_are_swept_apart()
    {
        foreach (var (shard, number) in new[] { (Hub, 1), ("000001", 2) })
        {
            await CommitAsync(shard, c =>
            {
                c.Exchanges[ExchangeId(number)] = DueExchange(number);
                c.Exchanges[ExchangeId(number + 10)] = UnreconciledExchange(number + 10);
            });
        }

        foreach (var (shard, number) in new[] { (Hub, 1), ("000001", 2) })
        {
            (await Store.DueAsync(shard, new DateOnly(2026, 3, 9), 10, Cancel)).ShouldHaveSingleItem().State.ExchangeId.ShouldBe(ExchangeId(number));
            (await Store.UnreconciledAsync(shard, Now, 10, Cancel)).ShouldHaveSingleItem().State.ExchangeId.ShouldBe(ExchangeId(number + 10));
        }
    }

    [Fact]
    public async Task The_rows_of_several_months_are_one_journal()
    {
        DateTimeOffset[] times = [Now.AddYears(-9), Now, Now.AddMonths(1), new(2026, 12, 31, 23, 59, 59, 999, TimeSpan.Zero), new(2027, 1, 1, 0, 0, 0, TimeSpan.Zero), Now.AddYears(40)];
        await CommitAsync(Hub, c => c.Entries.AddRange(times.Take(3).Select((at, i) => Entry($"m{i}") with { At = at, ExchangeId = ExchangeId(1) })));
        await CommitAsync(Hub, c =>
        {
            c.Entries.AddRange(times.Skip(3).Select((at, i) => Entry($"m{i + 3}") with { At = at, ExchangeId = ExchangeId(1) }));
            c.Outgoing.AddRange([new OutgoingRow(Deyang, 1, -1, 1, null, 0, null), new OutgoingRow(Deyang, 2, 2, 0, null, 0, null)]);
        });

        var rows = await JournalAsync(Hub);
        rows.Select(r => r.At).ShouldBe(times);
        ShouldBeChained(Hub, rows);
        (await Store.TimelineAsync(Hub, ExchangeId(1), Cancel)).Select(r => r.Number).ShouldBe([1L, 2, 3, 4, 5, 6]);
        (await Store.KnownAsync(Hub, [Key("m0"), Key("m4")], Cancel)).Values.Select(k => k.JournalNumber).ShouldBe([1L, 5], ignoreOrder: true);
        (await Store.OutgoingAsync(Hub, Deyang, 0, 10, Cancel)).Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_run_of_messages_is_given_from_any_place_within_it()
    {
        await CommitAsync(Hub, c => Send(c, 1, 5));
        await CommitAsync(Hub, c => Send(c, 6, 4));
        await CommitAsync(Hub, c => Send(c, 10, 3));
        async Task<long[]> NextAsync(long after, int limit) => [.. (await Store.OutgoingAsync(Hub, Deyang, after, limit, Cancel)).Select(o => o.LinkSequence)];

        (await NextAsync(0, 100)).ShouldBe(Enumerable.Range(1, 12).Select(i => (long)i));
        (await NextAsync(3, 4)).ShouldBe([4L, 5, 6, 7]);
        (await NextAsync(5, 4)).ShouldBe([6L, 7, 8, 9]);
        (await NextAsync(12, 4)).ShouldBeEmpty();

        await CommitAsync(Hub, c => c.Acknowledged[Deyang] = 7);
        (await NextAsync(0, 3)).ShouldBe([8L, 9, 10], "what the peer holds is not sent again, though its run is still there");
        await CommitAsync(Hub, c => c.Acknowledged[Deyang] = 9);
        (await ScalarAsync<long>("SELECT count(*) FROM datahub.outgoing")).ShouldBe(1);
    }

    [Fact]
    public async Task A_text_that_PostgreSQL_cannot_hold_is_journalled_all_the_same()
    {
        await CommitAsync(Hub, c => c.Entries.Add(Entry("a\0b\uD800c", EntryKind.Refused)));
        var rows = await JournalAsync(Hub);
        rows.ShouldHaveSingleItem().MessageId.ShouldBe("a\uFFFDb\uFFFDc");
        ShouldBeChained(Hub, rows);
        (await Store.KnownAsync(Hub, [Key("a\0b\uD800c")], Cancel)).ShouldContainKey(Key("a\0b\uD800c"));
    }

    [Fact]
    public async Task Rows_from_before_bodies_stood_in_blocks_are_of_the_same_journal()
    {
        await CommitAsync(Hub, c => c.Entries.AddRange([Entry("a"), Entry("b") with { ExchangeId = ExchangeId(1) }]));
        // As the version before wrote them, into tables as that one made them.
        await ExecuteAsync("""
            UPDATE datahub.journal SET body = 'body', message_id = split_part(key, ':', 2), sender = split_part(key, ':', 1), block = NULL;
            DROP TABLE datahub.journal_block;
            ALTER TABLE datahub.journal DROP COLUMN block, ALTER COLUMN body SET NOT NULL, ALTER COLUMN message_id SET NOT NULL, ALTER COLUMN sender SET NOT NULL;
            DELETE FROM datahub.schema_version WHERE version >= 10
            """);
        await ReopenAsync();
        await CommitAsync(Hub, c => c.Entries.Add(Entry("c") with { ExchangeId = ExchangeId(1), Body = "another"u8.ToArray() }));

        var rows = await JournalAsync(Hub);
        rows.Select(r => r.MessageId).ShouldBe(["a", "b", "c"]);
        ShouldBeChained(Hub, rows);
        (await Store.TimelineAsync(Hub, ExchangeId(1), Cancel)).Select(r => Encoding.UTF8.GetString(r.Body)).ShouldBe(["body", "another"]);
        (await ScalarAsync<long>("SELECT count(*) FROM datahub.journal WHERE block IS NULL")).ShouldBe(2);
    }

    [Fact]
    public async Task A_damaged_or_lost_block_is_found_by_verification_and_stops_no_reader()
    {
        await CommitAsync(Hub, c => c.Entries.AddRange([Entry("a"), Entry("b")]));
        await CommitAsync(Hub, c => c.Entries.AddRange([Entry("c"), Entry("d")]));
        await ExecuteAsync("UPDATE datahub.journal_block SET bodies = overlay(bodies PLACING '\xffff' FROM 5) WHERE number = 1; DELETE FROM datahub.journal_block WHERE number = 3");

        (await JournalAsync(Hub)).Select(r => r.Body.Length).ShouldBe([0, 0, 0, 0]);
        (await Store.KnownAsync(Hub, [Key("a"), Key("c")], Cancel)).Count.ShouldBe(2, "their keys are taken all the same");
        var check = (await JournalVerifier.VerifyAsync(Store, new KeyRing([]), Cancel)).ShouldHaveSingleItem();
        check.Faults.Select(f => f.Number).Distinct().ShouldBe([1L, 2, 3, 4]);
    }

    [Fact]
    public async Task A_row_that_names_another_block_is_found_by_verification_and_stops_no_reader()
    {
        await CommitAsync(Hub, c => c.Entries.AddRange([Entry("a"), Entry("b")]));
        await CommitAsync(Hub, c => c.Entries.Add(Entry("c") with { Body = "another"u8.ToArray() }));
        await ExecuteAsync("UPDATE datahub.journal SET block = CASE number WHEN 1 THEN 3 WHEN 3 THEN -7 ELSE block END");

        (await JournalAsync(Hub)).Select(r => Encoding.UTF8.GetString(r.Body)).ShouldBe(["", "body", ""]);
        var check = (await JournalVerifier.VerifyAsync(Store, new KeyRing([]), Cancel)).ShouldHaveSingleItem();
        check.Faults.Select(f => f.Number).ShouldContain(1L);
        check.Faults.Select(f => f.Number).ShouldContain(3L);
    }

    [Fact]
    public async Task A_block_lies_in_the_month_of_its_rows()
    {
        await CommitAsync(Hub, c => c.Entries.AddRange(new[] { Now, Now, Now.AddMonths(1), Now.AddMonths(1), Now }.Select((at, i) => Entry($"m{i}") with { At = at })));
        (await ScalarAsync<long>("SELECT count(*) FROM datahub.journal_block")).ShouldBe(3);
        (await ScalarAsync<long>("SELECT count(*) FROM datahub.journal j JOIN datahub.journal_block b ON b.node = j.node AND b.number = j.block AND date_trunc('month', b.at) = date_trunc('month', j.at)"))
            .ShouldBe(5);
        ShouldBeChained(Hub, await JournalAsync(Hub));
    }

    [Fact]
    public async Task Large_tables_are_not_analyzed_at_every_tenth_row_also_those_of_months_that_were_there_before()
    {
        await CommitAsync(Hub, c => c.Entries.Add(Entry("a")));
        const string Late = "SELECT count(*) FROM pg_class WHERE relnamespace = 'datahub'::regnamespace AND relkind = 'r' AND 'autovacuum_analyze_threshold=500000' = ANY (reloptions)";
        const string Months = "SELECT count(*) FROM pg_inherits WHERE inhparent IN ('datahub.journal'::regclass, 'datahub.journal_block'::regclass)";
        const int Others = 3;
        var months = await ScalarAsync<long>(Months);
        months.ShouldBeGreaterThan(0);
        (await ScalarAsync<long>(Late)).ShouldBe(Others + months);

        var month = await ScalarAsync<string>("SELECT min(inhrelid)::regclass::text FROM pg_inherits WHERE inhparent = 'datahub.journal'::regclass");
        await ExecuteAsync($"ALTER TABLE {month} SET (autovacuum_analyze_threshold = 10000); DELETE FROM datahub.schema_version WHERE version >= 9");
        (await ScalarAsync<long>(Late)).ShouldBe(Others + months - 1);
        await ReopenAsync();
        (await ScalarAsync<long>(Late)).ShouldBe(Others + months);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(200)]
    [InlineData(350)]
    public async Task Rows_are_reached_by_the_index_of_what_is_asked_for_however_few_there_were_when_the_plan_was_made(int rows)
    {
        const int Times = 3;
        await CommitAsync(Hub, c =>
        {
            c.Entries.AddRange(Enumerable.Range(0, rows).Select(i => Entry($"as-long-as-a-real-message-id-{i}") with { ExchangeId = ExchangeId(i) }));
            c.NativeDeliveries.Add(new NativeDeliveryRow(-1, 0, ExchangeId(0), Refusal: false, 0, 0, Now, null));
        });
        // Other connections, so that plans are made now.
        await ReopenAsync();
        var before = await ScansAsync();
        for (var i = 0; i < Times; i++)
        {
            (await Store.KnownAsync(Hub, [Key("absent")], Cancel)).ShouldBeEmpty();
            (await Store.PendingDeliveriesAsync(Hub, 0, 10, Cancel)).Count.ShouldBe(1);
            (await Store.TimelineAsync(Hub, ExchangeId(0), Cancel)).Count.ShouldBe(1);
        }

        // A connection's counts are seen when it has ended.
        await ReopenAsync();
        await HostFixture.UntilAsync(async () => (await ScansAsync()).Sum() - before.Sum() == 3 * Times, "the scans are counted");
        (await ScansAsync()).Zip(before, (after, b) => after - b).ShouldBe([Times, Times, Times]);
    }

    [Fact]
    public async Task A_month_without_statistics_is_given_them_while_it_is_empty_or_large_and_loses_no_row()
    {
        // As after a restore.
        await ExecuteAsync("SELECT datahub.ensure_partition('2031-05-01'), datahub.ensure_partition('2031-06-01')");
        await FillAsync(1, 1);
        await using (var source = NpgsqlDataSource.Create(database!))
        await using (var reading = await source.OpenConnectionAsync(Cancel))
        await using (var transaction = await reading.BeginTransactionAsync(Cancel))
        {
            await using var command = new NpgsqlCommand("SELECT count(*) FROM datahub.journal", reading);
            await command.ExecuteScalarAsync(Cancel);
            await PrimeAsync();
            (await ShownAsync("203105")).ShouldBe((false, 0), "nobody waits for long behind a reader");
        }

        await PrimeAsync();
        (await ShownAsync("203105")).ShouldBe((true, 0));
        (await ShownAsync("203106")).ShouldBe((false, 1));

        await FillAsync(2, 20_000);
        await PrimeAsync();
        (await ShownAsync("203106")).ShouldBe((true, 20_000));

        Task PrimeAsync() => ExecuteAsync("SELECT datahub.prime_statistics('2031-05-01'), datahub.prime_statistics('2031-06-01')");

        Task FillAsync(int from, int to) => ExecuteAsync("INSERT INTO datahub.journal (number, at, sequence, node, kind, hash, key, type, exchange_id) "
            + $"SELECT i, '2031-06-02', 0, 0, 0, '', 'key-' || i, '', '' FROM generate_series({from}, {to}) i");

        async Task<(bool Statistics, long Rows)> ShownAsync(string month) => (
            await ScalarAsync<bool>($"SELECT EXISTS (SELECT FROM pg_stats WHERE schemaname = 'datahub' AND tablename = 'journal_{month}')"),
            await ScalarAsync<long>($"SELECT count(*) FROM datahub.journal_{month}"));
    }

    [Fact]
    public async Task A_commit_waits_for_the_disk()
    {
        // Whatever the server's own setting is: what a caller was told survives the loss of power.
        await ExecuteAsync($"ALTER DATABASE \"{new NpgsqlConnectionStringBuilder(database).Database}\" SET synchronous_commit = off");
        await ReopenAsync();
        await CommitAsync(Hub, c => c.Entries.Add(Entry("a")));
        await using var source = PostgresNodeStore.Connect(database!);
        await using var command = source.CreateCommand("SHOW synchronous_commit");
        (await command.ExecuteScalarAsync(Cancel)).ShouldBe("on");
    }

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private Task<CommitResult> CommitAsync(long fence, string id)
    {
        var commit = new NodeCommit(Hub, fence);
        commit.Entries.Add(Entry(id));
        if (id != "a")
        {
            commit.Exchanges[ExchangeId(1)] = DueExchange(1);
            commit.Outgoing.Add(new OutgoingRow(Deyang, 1, 0, 0, null, 0, null));
            commit.Received[Deyang] = 5;
        }

        return Store.CommitAsync(commit, Cancel);
    }

    private static void Send(NodeCommit commit, long first, int count)
    {
        for (var i = 0; i < count; i++)
        {
            commit.Entries.Add(Entry($"m{first + i}"));
            commit.Outgoing.Add(new OutgoingRow(Deyang, first + i, i, 0, null, 0, null));
        }
    }

    /// <summary>Scans of the journal's indexes: by key, number and exchange.</summary>
    private Task<long[]> ScansAsync() => ScalarAsync<long[]>("SELECT array[sum(idx_scan) FILTER (WHERE indexrelname LIKE '%_key'), sum(idx_scan) FILTER (WHERE indexrelname LIKE '%_number'), "
        + "sum(idx_scan) FILTER (WHERE indexrelname LIKE '%_exchange_id_%')]::bigint[] FROM pg_stat_user_indexes WHERE schemaname = 'datahub' AND relname ~ '^journal_[0-9]{6}$'");

    private async Task ExecuteAsync(string sql)
    {
        await using var source = NpgsqlDataSource.Create(database!);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Cancel);
    }

    private async Task<T> ScalarAsync<T>(string sql)
    {
        await using var source = NpgsqlDataSource.Create(database!);
        await using var command = source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync(Cancel))!;
    }
}

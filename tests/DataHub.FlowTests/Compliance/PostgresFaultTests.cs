using DataHub.Contracts;
using DataHub.Core.Journal;
using DataHub.Core.Storage;
using DataHub.Core.Storage.Postgres;
using DataHub.TestServers;
using Npgsql;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Compliance;

/// <summary>What the loss of a server, of a connection or of an answer leaves behind.</summary>
public sealed class PostgresFaultTests(SharedServers servers) : IAsyncLifetime
{
    private const string City = "510100";
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private string database = null!;
    private PostgresNodeStore store = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        database = await (await servers.PostgresAsync()).CreateDatabaseAsync();
        store = await PostgresNodeStore.OpenAsync(database, Cancel);
    }

    public ValueTask DisposeAsync() => store.DisposeAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_server_that_answers_late_is_waited_for_at_the_start_also_where_another_of_the_list_is_away(bool list)
    {
        var settings = new NpgsqlConnectionStringBuilder(database) { Timeout = 1 };
        await using var relay = new CuttableRelay(settings.Port, unanswered: 2);
        settings.Port = relay.Port;
        if (list)
            (settings.Host, settings.TargetSessionAttributes) = ($"127.0.0.1:{LoopbackPorts.Next()},127.0.0.1:{relay.Port}", "primary");
        await using var late = await PostgresNodeStore.OpenAsync(settings.ConnectionString, Cancel);
        (await late.LinkAsync(Nodes.Hub, City, Cancel)).ShouldBe(default);
    }

    [Fact]
    public async Task A_database_that_is_not_there_and_a_user_who_may_not_use_it_are_refused_and_it_is_said_what_to_set()
    {
        await using var server = await PostgresServer.StartAsync();
        var own = new NpgsqlConnectionStringBuilder(await server.CreateDatabaseAsync()) { Pooling = false };
        await using (var source = NpgsqlDataSource.Create(own.ConnectionString))
        {
            await using var roles = source.CreateCommand("CREATE ROLE narrow LOGIN PASSWORD 'only-for-this-test'; CREATE ROLE outside PASSWORD 'only-for-this-test'");
            await roles.ExecuteNonQueryAsync(Cancel);
        }

        async Task RefusedAsync(Action<NpgsqlConnectionStringBuilder> change, string sentence)
        {
            var settings = new NpgsqlConnectionStringBuilder(own.ConnectionString);
            change(settings);
            (await Should.ThrowAsync<StoreUnavailableException>(() => PostgresNodeStore.OpenAsync(settings.ConnectionString, Cancel))).Message.ShouldBe(sentence);
        }

        await RefusedAsync(s => s.Database = "nowhere", "PostgreSQL has no such database; create it, or set Database in DATAHUB_POSTGRES to one that exists.");
        await RefusedAsync(s => (s.Username, s.Password) = ("narrow", "only-for-this-test"), "PostgreSQL does not let the user make or use the tables; set DATAHUB_POSTGRES to a user that owns the database.");
        await RefusedAsync(s => s.Password = "not-the-one", "PostgreSQL does not accept the user and password; set DATAHUB_POSTGRES and DATAHUB_POSTGRES_PASSWORD to those of a user that exists there.");
        await RefusedAsync(s => (s.Username, s.Password) = ("outside", "only-for-this-test"), "PostgreSQL does not let the user in from here, or not in this way; set DATAHUB_POSTGRES to a user that exists there and to the SSL Mode that it asks for, with SSL Certificate and SSL Key where it asks for a certificate.");
        // Where the tables are there already, and the user may not read them.
        await (await PostgresNodeStore.OpenAsync(own.ConnectionString, Cancel)).DisposeAsync();
        await RefusedAsync(s => (s.Username, s.Password) = ("narrow", "only-for-this-test"), "PostgreSQL does not let the user make or use the tables; set DATAHUB_POSTGRES to a user that owns the database.");
    }

    [Fact]
    public async Task A_server_that_crashed_between_two_commits_fails_the_second_and_takes_the_third()
    {
        await using var server = await PostgresServer.StartAsync();
        await using var own = await PostgresNodeStore.OpenAsync(await server.CreateDatabaseAsync(), Cancel);
        await own.CommitAsync(Commit("a", 1), Cancel);
        await server.StopImmediateAsync();
        await Should.ThrowAsync<StoreUnavailableException>(() => own.CommitAsync(Commit("b", 2), Cancel));
        await Should.ThrowAsync<StoreUnavailableException>(async () => await own.LinkAsync(Nodes.Hub, City, Cancel));

        await server.StartAgainAsync();
        (await own.LinkAsync(Nodes.Hub, City, Cancel)).Sent.ShouldBe(1);
        (await own.CommitAsync(Commit("b", 2), Cancel)).FirstJournalNumber.ShouldBe(2);
        NodeStoreCompliance.ShouldBeChained(Nodes.Hub, await own.JournalAsync(Nodes.Hub, 0, null, 10, Cancel));
    }

    [Fact]
    public async Task A_read_outlives_connections_that_died_in_the_pool()
    {
        await using var server = await PostgresServer.StartAsync();
        await using var own = await PostgresNodeStore.OpenAsync(await server.CreateDatabaseAsync(), Cancel);
        await own.CommitAsync(Commit("a", 1), Cancel);
        await server.RestartImmediateAsync();
        (await own.LinkAsync(Nodes.Hub, City, Cancel)).Sent.ShouldBe(1);
    }

    [Fact]
    public async Task A_connection_lost_in_the_middle_of_a_commit_leaves_nothing_of_it()
    {
        await using (await HoldReceiptsAsync())
        {
            var commit = store.CommitAsync(Commit("a", 1), Cancel);
            await WaitersAsync(1);
            await ScalarAsync("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'");
            await Should.ThrowAsync<StoreUnavailableException>(() => commit);
        }

        (await store.JournalAsync(Nodes.Hub, 0, null, 10, Cancel)).ShouldBeEmpty();
        (await store.LinkAsync(Nodes.Hub, City, Cancel)).ShouldBe(default);
        (await store.CommitAsync(Commit("a", 1), Cancel)).FirstJournalNumber.ShouldBe(1);
    }

    [Fact]
    public async Task A_commit_whose_answer_was_lost_is_seen_when_the_node_takes_up_its_state()
    {
        var settings = new NpgsqlConnectionStringBuilder(database);
        await using var relay = new CuttableRelay(settings.Port);
        settings.Port = relay.Port;
        await using var cut = await PostgresNodeStore.OpenAsync(settings.ConnectionString, Cancel);
        await cut.CommitAsync(Commit("a", 1), Cancel);

        Task<LinkState> reload;
        await using (await HoldReceiptsAsync())
        {
            var commit = cut.CommitAsync(Commit("b", 2), Cancel);
            await WaitersAsync(1);
            relay.Cut();
            await Should.ThrowAsync<StoreUnavailableException>(() => commit);
            // The server knows nothing of it and goes on; the node must not read what was before.
            reload = cut.LinkAsync(Nodes.Hub, City, Cancel).AsTask();
            await WaitersAsync(2);
            reload.IsCompleted.ShouldBeFalse();
        }

        (await reload).Sent.ShouldBe(2);
        (await cut.CommitAsync(Commit("c", 3), Cancel)).FirstJournalNumber.ShouldBe(3);
        NodeStoreCompliance.ShouldBeChained(Nodes.Hub, await cut.JournalAsync(Nodes.Hub, 0, null, 10, Cancel));
    }

    [Fact]
    public async Task A_lease_is_given_only_after_the_last_holders_commit_has_ended()
    {
        var old = (await store.AcquireAsync(Nodes.Hub, "one", TimeSpan.Zero, Cancel))!.Value;
        await using var other = await PostgresNodeStore.OpenAsync(database, Cancel);
        Task<long?> taking;
        Task<CommitResult> commit;
        await using (await HoldReceiptsAsync())
        {
            commit = store.CommitAsync(Commit("a", 1, old), Cancel);
            await WaitersAsync(1);
            taking = other.AcquireAsync(Nodes.Hub, "two", Minute, Cancel).AsTask();
            await WaitersAsync(2);
        }

        await commit;
        var fence = (await taking)!.Value;
        (await other.LinkAsync(Nodes.Hub, City, Cancel)).Sent.ShouldBe(1);
        await Should.ThrowAsync<LeaseLostException>(() => store.CommitAsync(Commit("b", 2, old), Cancel));
        (await other.CommitAsync(Commit("c", 2, fence), Cancel)).FirstJournalNumber.ShouldBe(2);
    }

    private static NodeCommit Commit(string id, long number, long fence = 0)
    {
        var commit = new NodeCommit(Nodes.Hub, fence);
        commit.Entries.Add(new JournalEntry
        {
            Kind = EntryKind.Sent,
            Key = "000000:" + id,
            MessageId = id,
            Type = MessageTypes.HubReceipt,
            ExchangeId = Nodes.NoExchange,
            Sender = Nodes.Hub,
            Sequence = 0,
            At = new DateTimeOffset(2026, 3, 4, 2, 0, 0, TimeSpan.Zero),
            Body = "{}"u8.ToArray(),
        });
        commit.Outgoing.Add(new OutgoingRow(City, number, 0, 0, null, 0, null));
        commit.Receipts.Add(new ReceiptRow(City, number, number, 0));
        return commit;
    }

    /// <summary>Holds up commits that write a receipt, behind their journal rows and links, until disposed.</summary>
    private async Task<IAsyncDisposable> HoldReceiptsAsync()
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(database) { Pooling = false }.ConnectionString);
        await connection.OpenAsync(Cancel);
        await using var command = new NpgsqlCommand("BEGIN; LOCK TABLE datahub.receipt IN ACCESS EXCLUSIVE MODE", connection);
        await command.ExecuteNonQueryAsync(Cancel);
        return connection;
    }

    private Task WaitersAsync(int count) => HostFixture.UntilAsync(
        async () => await ScalarAsync("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") >= count,
        $"{count} statements wait for a lock");

    private async Task<long> ScalarAsync(string sql)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync(Cancel))!;
    }
}

using DataHub.Core.Storage;
using DataHub.Core.Storage.Postgres;
using DataHub.TestServers;
using Npgsql;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Servers;

public sealed class PostgresServerTests
{
    [Fact]
    public async Task Committed_rows_survive_an_immediate_restart_and_an_orderly_one()
    {
        await using var server = await PostgresServer.StartAsync();
        var database = await server.CreateDatabaseAsync();
        await ExecuteAsync(database, "CREATE TABLE kept (id int); INSERT INTO kept VALUES (1)");

        await server.RestartImmediateAsync();
        (await CountAsync(database)).ShouldBe(1);
        await ExecuteAsync(database, "INSERT INTO kept VALUES (2)");

        await server.StopAsync();
        server.IsRunning.ShouldBeFalse();
        await server.StartAgainAsync();
        (await CountAsync(database)).ShouldBe(2);
        server.BytesOnDisk.ShouldBeGreaterThan(0);
        server.ProcessorTime.ShouldBeGreaterThan(TimeSpan.Zero);
    }

    [Fact]
    public async Task It_is_as_durable_as_in_production_and_counts_statements_on_request()
    {
        await using var server = await PostgresServer.StartAsync(new PostgresOptions { Statements = true, SharedBuffers = "64MB" });
        (await ScalarAsync(server.ConnectionString, "SHOW fsync")).ShouldBe("on");
        (await ScalarAsync(server.ConnectionString, "SHOW synchronous_commit")).ShouldBe("on");
        (await ScalarAsync(server.ConnectionString, "SHOW shared_buffers")).ShouldBe("64MB");
        await ExecuteAsync(server.ConnectionString, "CREATE EXTENSION pg_stat_statements");
        (await ScalarAsync(server.ConnectionString, "SELECT count(*) > 0 FROM pg_stat_statements")).ShouldBe(true);
    }

    [Fact]
    public async Task Two_servers_at_once_do_not_know_each_other_and_leave_nothing_behind()
    {
        var servers = await Task.WhenAll(PostgresServer.StartAsync(), PostgresServer.StartAsync());
        var processes = servers.SelectMany(static server => server.ProcessIds).ToList();
        await ExecuteAsync(servers[0].ConnectionString, "CREATE TABLE kept (id int)");
        (await ScalarAsync(servers[1].ConnectionString, "SELECT to_regclass('kept') IS NULL")).ShouldBe(true);

        foreach (var server in servers)
            await server.DisposeAsync();

        processes.Count.ShouldBeGreaterThan(2);
        Processes.Living(processes).ShouldBeEmpty();
        servers.ShouldAllBe(static server => !Directory.Exists(server.Folder));
    }

    [Fact]
    public async Task A_standby_has_what_was_committed_cannot_be_written_and_takes_over_when_it_is_promoted()
    {
        await using var primary = await PostgresServer.StartAsync();
        await using var standby = await primary.StartStandbyAsync();
        var database = await primary.CreateDatabaseAsync();
        await ExecuteAsync(database, "CREATE TABLE kept (id int); INSERT INTO kept VALUES (1)");
        await primary.StopImmediateAsync();

        var copy = new NpgsqlConnectionStringBuilder(database) { Port = standby.Port }.ConnectionString;
        // What is committed is on the standby's disk, and can be read there a moment later.
        await HostFixture.UntilAsync(async () => await ScalarAsync(standby.ConnectionString, "SELECT pg_last_wal_replay_lsn() >= pg_last_wal_receive_lsn()") is true, "the standby has applied all that it holds");
        (await CountAsync(copy)).ShouldBe(1);
        (await Should.ThrowAsync<StoreUnavailableException>(() => PostgresNodeStore.OpenAsync(copy, TestContext.Current.CancellationToken)))
            .Message.ShouldStartWith("This PostgreSQL follows another one and cannot be written; set Host in DATAHUB_POSTGRES");
        await standby.PromoteAsync();
        await ExecuteAsync(copy, "INSERT INTO kept VALUES (2)");
        (await CountAsync(copy)).ShouldBe(2);
    }

    private static async Task<long> CountAsync(string database) => (long)(await ScalarAsync(database, "SELECT count(*) FROM kept"))!;

    private static Task ExecuteAsync(string database, string sql) => ScalarAsync(database, sql);

    private static async Task<object?> ScalarAsync(string database, string sql)
    {
        // Without a pool, which would keep connections of a server that is gone.
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(database) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}

using DataHub.Adapters.Meishan;
using DataHub.Adapters.Pipeline;
using DataHub.Core.Native.Meishan;
using DataHub.Simulators.Meishan;
using DataHub.TestServers;
using DataHub.UnitTests.Adapters;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Native;

/// <summary>Meishan's exchange on a server that goes away, or that gives few rights. The server is the test's own.</summary>
public sealed class MeishanServerTests : IAsyncLifetime
{
    private readonly CityBench _bench = new("meishan");
    private PostgresServer _server = null!;
    private string _database = "";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await PostgresServer.StartAsync();
        _database = await _server.CreateDatabaseAsync();
    }

    [Fact]
    public async Task What_waits_while_the_server_is_away_goes_through_when_it_is_back()
    {
        var context = _bench.Context("");
        using var adapter = new MeishanAdapter(context with { Endpoint = context.Endpoint with { Path = null, ConnectionString = _database } });
        using var city = new MeishanFrontEnd(Open(), _bench.Mapping, CityBench.Poll, TimeProvider.System, NullLogger.Instance);
        _bench.Run(adapter.RunAsync);
        _bench.Run(token => city.RunAsync(_bench.Handlers, token));
        (await adapter.DeliverAsync(CityBench.Decision("D-1"), Cancel)).ShouldBeOfType<DeliveryOutcome.Held>();
        await _server.StopImmediateAsync();
        (await adapter.DeliverAsync(CityBench.Decision("D-2"), Cancel)).ShouldBeOfType<DeliveryOutcome.Transient>();
        await _server.StartAgainAsync();
        await HostFixture.UntilAsync(async () => await adapter.DeliverAsync(CityBench.Decision("D-2"), Cancel) is DeliveryOutcome.Held, "the delivery is held");
        (await RunAsync("SELECT count(*) FROM meishan_exchange.T_RECV")).ShouldBe(2L);
        await _bench.StopAsync();
    }

    [Fact]
    public async Task A_server_that_is_not_up_yet_is_waited_for()
    {
        await _server.StopAsync();
        using var early = Open();
        await Should.ThrowAsync<NpgsqlException>(() => early.ReadNewAsync(early.Tables.Send, 1, Cancel));
        await _server.StartAgainAsync();
        (await early.ReadNewAsync(early.Tables.Send, 1, Cancel)).ShouldBeEmpty();
    }

    [Fact]
    public async Task An_account_that_may_only_read_and_write_rows_will_do_where_the_schema_is_there()
    {
        var account = "exchange_" + Guid.NewGuid().ToString("N")[..12];
        using (var owner = Open())
            await owner.ReadNewAsync(owner.Tables.Send, 1, Cancel);
        await RunAsync($"CREATE ROLE {account} LOGIN PASSWORD 'only-for-this-test'; GRANT USAGE ON SCHEMA meishan_exchange TO {account}; "
            + $"GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA meishan_exchange TO {account}");
        using var tables = MeishanTables.Open(
            null, new NpgsqlConnectionStringBuilder(_database) { Username = account, Password = "only-for-this-test", Pooling = false }.ToString(), _bench.Mapping);
        var ids = await tables.InsertAsync(tables.Tables.Send, [new MeishanEntry("MS-1", _bench.Record(CityBench.Submission("MS-1")))], Cancel);
        await tables.AnswerAsync(tables.Tables.Send, tables.Tables.SendAck, [new MeishanAnswer(ids["MS-1"], MeishanTable.Done, new MeishanEntry("1", []))], Cancel);
        (await RunAsync("SELECT STATUS FROM meishan_exchange.T_SEND")).ShouldBe((short)MeishanTable.Done);
    }

    public async ValueTask DisposeAsync()
    {
        await _bench.DisposeAsync();
        await _server.DisposeAsync();
    }

    private IMeishanTables Open() => MeishanTables.Open(null, _database, _bench.Mapping);

    private async Task<object?> RunAsync(string sql)
    {
        await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(_database) { Pooling = false });
        await using var command = source.CreateCommand(sql);
        return await command.ExecuteScalarAsync(Cancel);
    }
}

using System.Globalization;
using DataHub.Adapters.Pipeline;
using DataHub.Core.Native.Meishan;
using DataHub.TestServers;
using DataHub.UnitTests.Adapters;
using Npgsql;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Native;

/// <summary>Meishan's exchange on a real server; each test has a database of its own.</summary>
public sealed class PostgresMeishanExchangeTests(PostgresMeishanExchangeTests.Server server) : MeishanExchangeTests, IClassFixture<PostgresMeishanExchangeTests.Server>
{
    private NpgsqlDataSource _city = null!;

    [Fact]
    public async Task Two_that_start_at_once_on_an_empty_database_make_the_schema_once()
    {
        Run("DROP SCHEMA meishan_exchange CASCADE");
        using var hub = Open();
        using var city = Open();
        var both = await Task.WhenAll(hub.ReadNewAsync(hub.Tables.Send, 1, Cancel), city.ReadNewAsync(city.Tables.Receive, 1, Cancel));
        both.ShouldAllBe(rows => rows.Count == 0);
    }

    [Fact]
    public async Task An_account_that_may_only_read_and_write_rows_will_do_where_the_schema_is_there()
    {
        var account = "exchange_" + Guid.NewGuid().ToString("N")[..12];
        Run($"CREATE ROLE {account} LOGIN PASSWORD 'only-for-this-test'; GRANT USAGE ON SCHEMA meishan_exchange TO {account}; "
            + $"GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA meishan_exchange TO {account}");
        using var tables = MeishanTables.Open(
            null, new NpgsqlConnectionStringBuilder(Database.ConnectionString) { Username = account, Password = "only-for-this-test", Pooling = false }.ToString(), Mapping);
        var ids = await tables.InsertAsync(tables.Tables.Send, [Row("MS-1")], Cancel);
        await tables.AnswerAsync(tables.Tables.Send, tables.Tables.SendAck, [new MeishanAnswer(ids["MS-1"], MeishanTable.Done, Row("1") with { Record = [] })], Cancel);
        Run("SELECT STATUS FROM T_SEND").ShouldBe(MeishanTable.Done);
    }

    [Fact]
    public async Task An_answer_that_cannot_be_written_leaves_the_status_as_it_is()
    {
        var ids = await Tables.InsertAsync(Tables.Tables.Send, [Row("MS-1")], Cancel);
        Run("ALTER TABLE T_SEND_ACK ADD CONSTRAINT none CHECK (ROW_KEY <> '1')");
        var fault = await Should.ThrowAsync<PostgresException>(() => Tables.AnswerAsync(
            Tables.Tables.Send, Tables.Tables.SendAck, [new MeishanAnswer(ids["MS-1"], MeishanTable.Done, new MeishanEntry("1", []))], Cancel));
        fault.SqlState.ShouldBe(PostgresErrorCodes.CheckViolation);
        Run("SELECT STATUS FROM T_SEND").ShouldBe(MeishanTable.New);
    }

    [Fact]
    public async Task What_waits_while_the_server_is_away_goes_through_when_it_is_back()
    {
        RunBoth();
        (await Adapter.DeliverAsync(CityBench.Decision("D-1"), Cancel)).ShouldBeOfType<DeliveryOutcome.Held>();
        await server.Postgres.StopImmediateAsync();
        (await Adapter.DeliverAsync(CityBench.Decision("D-2"), Cancel)).ShouldBeOfType<DeliveryOutcome.Transient>();
        await server.Postgres.StartAgainAsync();
        await HostFixture.UntilAsync(async () => await Adapter.DeliverAsync(CityBench.Decision("D-2"), Cancel) is DeliveryOutcome.Held, "the delivery is held");
        Run("SELECT count(*) FROM T_RECV").ShouldBe(2);
    }

    [Fact]
    public async Task A_server_that_is_not_up_yet_is_waited_for()
    {
        await server.Postgres.StopAsync();
        using var early = Open();
        await Should.ThrowAsync<NpgsqlException>(() => early.ReadNewAsync(early.Tables.Send, 1, Cancel));
        await server.Postgres.StartAgainAsync();
        (await early.ReadNewAsync(early.Tables.Send, 1, Cancel)).ShouldBeEmpty();
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _city.DisposeAsync();
    }

    protected override async Task<CityEndpoint> DatabaseAsync(string folder)
    {
        var connectionString = await server.Postgres.CreateDatabaseAsync();
        _city = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString) { SearchPath = PostgresMeishanTables.Schema, Pooling = false });
        return new CityEndpoint { ConnectionString = connectionString };
    }

    protected override long? Run(string sql)
    {
        using var command = _city.CreateCommand(sql);
        return command.ExecuteScalar() is { } value and not DBNull ? Convert.ToInt64(value, CultureInfo.InvariantCulture) : null;
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private MeishanEntry Row(string messageId) => new(messageId, Bench.Record(CityBench.Submission(messageId)));

    public sealed class Server : IAsyncLifetime
    {
        public PostgresServer Postgres { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Postgres = await PostgresServer.StartAsync();

        public ValueTask DisposeAsync() => Postgres.DisposeAsync();
    }
}

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
public sealed class PostgresMeishanExchangeTests(SharedServers servers) : MeishanExchangeTests
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
    public async Task An_answer_that_cannot_be_written_leaves_the_status_as_it_is()
    {
        var ids = await Tables.InsertAsync(Tables.Tables.Send, [new MeishanEntry("MS-1", Bench.Record(CityBench.Submission("MS-1")))], Cancel);
        Run("ALTER TABLE T_SEND_ACK ADD CONSTRAINT none CHECK (ROW_KEY <> '1')");
        var fault = await Should.ThrowAsync<PostgresException>(() => Tables.AnswerAsync(
            Tables.Tables.Send, Tables.Tables.SendAck, [new MeishanAnswer(ids["MS-1"], MeishanTable.Done, new MeishanEntry("1", []))], Cancel));
        fault.SqlState.ShouldBe(PostgresErrorCodes.CheckViolation);
        Run("SELECT STATUS FROM T_SEND").ShouldBe(MeishanTable.New);
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _city.DisposeAsync();
    }

    protected override async Task<CityEndpoint> DatabaseAsync(string folder)
    {
        var connectionString = await (await servers.PostgresAsync()).CreateDatabaseAsync();
        _city = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString) { SearchPath = PostgresMeishanTables.Schema, Pooling = false });
        return new CityEndpoint { ConnectionString = connectionString };
    }

    protected override long? Run(string sql)
    {
        using var command = _city.CreateCommand(sql);
        return command.ExecuteScalar() is { } value and not DBNull ? Convert.ToInt64(value, CultureInfo.InvariantCulture) : null;
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;
}

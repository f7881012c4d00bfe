using System.Globalization;
using DataHub.Adapters.Pipeline;
using DataHub.Contracts;
using DataHub.Core.Native.Meishan;
using Microsoft.Data.Sqlite;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Adapters;

public sealed class SqliteMeishanExchangeTests : MeishanExchangeTests
{
    private string _file = "";

    [Fact]
    public void The_committed_definition_of_the_tables_is_the_one_in_use() => Repository.ShouldMatchSnapshot(
        SqliteMeishanTables.Ddl(Mapping), "Meishan's team must be told of new columns.", "contracts", "native", "meishan.sql");

    [Fact]
    public void The_committed_definition_of_the_PostgreSQL_schema_is_the_one_in_use() => Repository.ShouldMatchSnapshot(
        PostgresMeishanTables.Ddl(Mapping), "Meishan's team must be told of new columns.", "contracts", "native", "meishan.postgres.sql");

    [Fact]
    public async Task Of_a_row_with_too_many_details_no_more_is_read_than_shows_it()
    {
        await Tables.InsertAsync(Tables.Tables.Send, [new MeishanEntry("MS-1", Bench.Record(CityBench.Submission("MS-1")))], default);
        Run("WITH RECURSIVE n (i) AS (SELECT 5 UNION ALL SELECT i + 1 FROM n WHERE i < 60000) INSERT INTO T_SEND_MX (OWNER_ID, LIST_NAME, ROW_NO, COL_NAME, COL_VALUE) SELECT 1, 'MATERIAL', i, 'MAT_NAME', hex(zeroblob(100)) FROM n");
        // The file is read on the caller's own thread.
        var before = GC.GetAllocatedBytesForCurrentThread();
        var rows = Tables.ReadNewAsync(Tables.Tables.Send, 10, default);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(10_000_000);
        (await rows).Single().Reasons.Single().Code.ShouldBe(ReasonCodes.TooLarge);
    }

    [Theory]
    [InlineData(null, null, "neither is set")]
    [InlineData("", "", "neither is set")]
    [InlineData("exchange.db", "Host=localhost", "both are set")]
    public void An_endpoint_names_exactly_one_database(string? path, string? connectionString, string says) =>
        Should.Throw<ArgumentException>(() => MeishanTables.Open(path, connectionString, Mapping)).Message.ShouldContain(says);

    protected override Task<CityEndpoint> DatabaseAsync(string folder)
    {
        _file = Path.Combine(folder, "exchange.db");
        return Task.FromResult(new CityEndpoint { Path = _file });
    }

    protected override long? Run(string sql)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = _file, Pooling = false, DefaultTimeout = 10 }.ToString());
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar() is { } value and not DBNull ? Convert.ToInt64(value, CultureInfo.InvariantCulture) : null;
    }
}

using System.Globalization;
using DataHub.Adapters.Pipeline;
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

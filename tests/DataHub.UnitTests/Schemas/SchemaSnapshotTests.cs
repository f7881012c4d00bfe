using DataHub.Core.Schemas;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Schemas;

public sealed class SchemaSnapshotTests
{
    private const string Advice =
        "An additive change (a new optional member, a wider bound) may stay in this version; anything else needs a new version of the message "
        + "(contracts/README.md).";

    public static TheoryData<string> Files => [.. SchemaWriter.All().Keys];

    [Theory]
    [MemberData(nameof(Files))]
    public void A_schema_is_the_one_committed(string file) =>
        Repository.ShouldMatchSnapshot(SchemaWriter.All()[file], Advice, "contracts", "schemas", file);

    [Fact]
    public void No_schema_is_committed_that_nothing_generates() =>
        Directory.GetFiles(Repository.PathTo("contracts", "schemas")).Select(Path.GetFileName).ShouldBe(SchemaWriter.All().Keys, ignoreOrder: true);
}

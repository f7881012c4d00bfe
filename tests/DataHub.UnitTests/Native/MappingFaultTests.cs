using DataHub.Core.Native;
using DataHub.Core.Registry;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Native;

/// <summary>A copy of one city's table, broken in one place at a time.</summary>
public sealed class MappingFaultTests : IDisposable
{
    private readonly string seeds = Directory.CreateTempSubdirectory("mapping-").FullName;

    public MappingFaultTests()
    {
        Directory.CreateDirectory(Path.Combine(seeds, "mapping"));
        File.Copy(Path.Combine(NativeTestData.Seeds, "mapping", "meishan.csv"), Table);
    }

    private string Table => Path.Combine(seeds, "mapping", "meishan.csv");

    public void Dispose() => Directory.Delete(seeds, recursive: true);

    [Fact]
    public void An_unbroken_copy_loads() => NativeMapping.Load(seeds, "meishan", NativeTestData.Registry).Shapes.Count.ShouldBe(NativeTestData.Types.Length);

    [Theory]
    [InlineData("case.closure.v1,reason,REASON2,text,,yes", "reason stands twice in the message")]
    [InlineData("case.closure.v1,reason2,REASON,text,,yes", "REASON stands twice in the message")]
    [InlineData("case.closure.v1,x,X,rot13,,yes", "rot13 is no convert, or lacks or must not have a table")]
    [InlineData("case.closure.v1,x,X,code,,yes", "code is no convert, or lacks or must not have a table")]
    [InlineData("case.closure.v1,x,X,integer,sex,yes", "integer is no convert, or lacks or must not have a table")]
    [InlineData("case.closure.v1,x,X,code,colour,yes", "there is no code table colour")]
    [InlineData("case.closure.v1,x,X,fixed(1),id-type,yes", "the table id-type has codes longer than fixed(1)")]
    [InlineData("case.closure.v1,x,X,words(a=1|b=1),,yes", "words(a=1|b=1) is no convert, or lacks or must not have a table")]
    [InlineData("case.closure.v1,x,X,text,,maybe", "required must be one of yes, no, with-object")]
    [InlineData("case.closure.v1,@when,X,text,,yes", "@when is none of @type, @messageId, @exchangeId, @sentAt")]
    [InlineData("case.closure.v1,x[].y,X[].Y,text,,yes", "the path x[].y and the convert text do not fit together, or the list has no row of its own")]
    [InlineData("case.supplement.v1,materials[].x,X,text,,yes", "X must lie in MATERIAL[]")]
    [InlineData("case.closure.v1,x,REASON.X,text,,yes", "REASON is both a value and a record")]
    [InlineData("case.unknown.v1,x,X,text,,yes", "case.unknown.v1 is no code of the table message-type")]
    [InlineData("case.unknown.v1,x,X,text,,yes", "the message needs a row for each of @type, @messageId, @exchangeId, @sentAt")]
    public void A_wrong_row_is_named_with_its_line(string row, string reason)
    {
        File.AppendAllText(Table, row + "\n");
        var line = File.ReadLines(Table).Count();
        var faults = Should.Throw<SeedException>(() => NativeMapping.Load(seeds, "meishan", NativeTestData.Registry)).Faults;
        faults.ShouldContain(f => f.File == "mapping/meishan.csv" && f.Reason == reason);
        faults.First(f => f.Reason == reason).Row.ShouldBeLessThanOrEqualTo(line);
    }

    [Fact]
    public void A_table_without_acknowledgements_is_refused()
    {
        File.WriteAllLines(Table, File.ReadLines(Table).Where(l => !l.StartsWith("@held-ack", StringComparison.Ordinal)).ToList());
        Should.Throw<SeedException>(() => NativeMapping.Load(seeds, "meishan", NativeTestData.Registry)).Faults.ShouldHaveSingleItem()
            .Reason.ShouldBe("the message @held-ack is missing");
    }

    [Fact]
    public void A_missing_table_is_refused() =>
        Should.Throw<SeedException>(() => NativeMapping.Load(seeds, "deyang", NativeTestData.Registry)).Faults[0].Reason.ShouldBe("the file is missing");
}

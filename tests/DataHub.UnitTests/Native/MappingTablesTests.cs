using DataHub.Contracts;
using DataHub.Core.Flows;
using DataHub.Core.Native;
using DataHub.Core.Validation;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Native;

/// <summary>The committed tables against the contracts: a new member without rows in every city's table fails here.</summary>
public sealed class MappingTablesTests
{
    public static TheoryData<string> Cities() => [.. NativeTestData.Cities];

    [Theory]
    [MemberData(nameof(Cities))]
    public void Every_message_is_mapped(string city) =>
        NativeTestData.Mappings[city].Shapes.Select(s => s.Type).Order(StringComparer.Ordinal).ShouldBe(NativeTestData.Types);

    [Theory]
    [MemberData(nameof(Cities))]
    public void Every_member_has_a_row_that_requires_what_the_contract_requires(string city)
    {
        var rows = Rows(city).Where(r => r.Message is not "*" && r.Message[0] != '@' && r.Path[0] != '@')
            .Select(r => $"{r.Message} {r.Path} {r.Required}").Order(StringComparer.Ordinal);
        var expected = NativeTestData.Types.SelectMany(t => Members(Shape.ByName[t], "", "yes").Select(m => $"{t[MessageTypes.Prefix.Length..]} {m}"))
            .Order(StringComparer.Ordinal);
        rows.ShouldBe(expected);
    }

    [Theory]
    [MemberData(nameof(Cities))]
    public void Only_a_message_that_opens_an_exchange_goes_without_its_number(string city)
    {
        var optional = Rows(city).Where(r => r.Path == "@exchangeId" && r.Required == "no").Select(r => MessageTypes.Prefix + r.Message);
        optional.ShouldBe(FlowCatalogue.All.Select(f => f.Opening.Type).Distinct(), ignoreOrder: true);
    }

    [Theory]
    [InlineData("chengdu", "^[a-z][A-Za-z0-9]*$")]
    [InlineData("deyang", "^[\u4e00-\u9fff]+$")]
    [InlineData("meishan", "^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$")]
    [InlineData("ziyang", "^[\u4e00-\u9fff]+$")]
    public void Field_names_keep_to_the_citys_style(string city, string pattern)
    {
        foreach (var row in Rows(city))
            row.Native.Replace("[]", "", StringComparison.Ordinal).Split('.').ShouldAllBe(n => System.Text.RegularExpressions.Regex.IsMatch(n, pattern));
    }

    [Theory]
    [InlineData("meishan")]
    [InlineData("ziyang")]
    public void Flat_interfaces_have_texts_and_lists_at_the_top_and_texts_in_lists(string city)
    {
        foreach (var field in NativeTestData.Mappings[city].Shapes.SelectMany(s => s.Fields))
        {
            field.Kind.ShouldNotBe(NativeKind.Record);
            field.Fields.ShouldAllBe(f => f.Kind == NativeKind.Text);
        }
    }

    private sealed record Row(string Message, string Path, string Native, string Required);

    private static IEnumerable<Row> Rows(string city) =>
        File.ReadLines(Path.Combine(NativeTestData.Seeds, "mapping", city + ".csv"))
            .Where(l => l.Length > 0 && l[0] != '#').Skip(1)
            .Select(l => l.Split(',')).Select(f => new Row(f[0], f[1], f[2], f[5]));

    /// <summary>Path and requirement of every row that a shape needs; <paramref name="within"/> is that of the object around it.</summary>
    private static IEnumerable<string> Members(Shape shape, string prefix, string within)
    {
        foreach (var member in shape.Members)
        {
            var path = prefix + member.Name;
            var need = member.Required ? within : "no";
            var inside = member.Required ? within : "with-object";
            var rows = member.Shape switch
            {
                { Kind: ShapeKind.Object } nested => Members(nested, path + ".", inside),
                { Kind: ShapeKind.List, Entry: { Kind: ShapeKind.Object } entry } => Members(entry, path + "[].", "yes").Prepend($"{path}[] {need}"),
                { Kind: ShapeKind.List } => [$"{path}[] {need}"],
                { Kind: ShapeKind.Map } => [$"{path}{{}} {need}", path + "{key} yes", path + "{value} yes"],
                _ => [$"{path} {need}"],
            };
            foreach (var row in rows)
                yield return row;
        }
    }
}

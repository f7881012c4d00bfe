using DataHub.Contracts.Json;
using DataHub.Core.Validation;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Validation;

public sealed class ShapeTests
{
    public static TheoryData<string> Messages => [.. Shape.ByName.Keys.Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Messages))]
    public void A_shape_has_the_members_that_the_serializer_reads_and_writes(string message)
    {
        foreach (var shape in Objects(Shape.ByName[message]).Distinct())
        {
            shape.Members.Select(m => (m.Name, m.Required)).ShouldBe(
                ContractsJson.Default.GetTypeInfo(shape.Type!)!.Properties.Select(p => (p.Name, p.IsRequired)), $"{shape.Type}");
        }
    }

    private static IEnumerable<Shape> Objects(Shape shape) => shape.Kind switch
    {
        ShapeKind.Object => shape.Members.SelectMany(m => Objects(m.Shape)).Prepend(shape),
        ShapeKind.List or ShapeKind.Map => Objects(shape.Entry!),
        _ => [],
    };
}

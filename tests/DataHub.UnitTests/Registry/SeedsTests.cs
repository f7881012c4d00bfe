using DataHub.Core.Registry;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Registry;

/// <summary>The committed seeds themselves.</summary>
public sealed class SeedsTests
{
    private static readonly RegistrySnapshot Registry = RegistrySnapshot.Load(RegistrySnapshot.FindSeeds());

    [Fact]
    public void The_seeds_load_with_the_four_cities_and_their_districts()
    {
        Registry.Cities.Select(c => c.Code).ShouldBe(["510100", "510600", "511400", "512000"]);
        Registry.Districts.Count.ShouldBe(35);
        Registry.District("510681").ShouldBe(new District("510681", "广汉市", "510600"));
    }
}

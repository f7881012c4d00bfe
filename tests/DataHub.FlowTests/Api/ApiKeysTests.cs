using DataHub.Contracts;
using DataHub.Host;
using DataHub.Host.Api;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Api;

public sealed class ApiKeysTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("datahub-test-").FullName;

    private string KeyFile => Path.Combine(folder, "api-keys.json");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_key_names_its_city_and_several_may_be_in_force()
    {
        string[] keys = [ApiKeys.Create(KeyFile, "510100"), ApiKeys.Create(KeyFile, "510100"), ApiKeys.Create(KeyFile, "511400")];

        keys.ShouldBeUnique();
        keys.Select(Keys().CityOf).ShouldBe(["510100", "510100", "511400"]);
    }

    [Fact]
    public void Only_the_hash_is_stored_and_no_one_else_can_read_it()
    {
        var secret = ApiKeys.Create(KeyFile, "510100")[3..];

        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).ShouldAllBe(f => !File.ReadAllText(f).Contains(secret));
        if (!OperatingSystem.IsWindows())
            File.GetUnixFileMode(KeyFile).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public void What_is_no_key_is_no_ones()
    {
        var key = ApiKeys.Create(KeyFile, "510100");
        var keys = Keys();

        foreach (var wrong in new[] { null, "", "x", key[..^1], key + "A", key[..^1] + (key[^1] == 'A' ? 'B' : 'A'), new string('x', 100_000) })
            keys.CityOf(wrong).ShouldBeNull();
    }

    [Fact]
    public void A_key_counts_as_soon_as_it_is_made_and_ends_as_soon_as_it_is_removed()
    {
        var keys = Keys();
        var key = ApiKeys.Create(KeyFile, "510100");
        keys.CityOf(key).ShouldBe("510100");

        File.WriteAllText(KeyFile, """{"keys":[]}""");
        keys.CityOf(key).ShouldBeNull();
    }

    [Fact]
    public void A_slip_in_the_file_locks_no_one_out_but_stops_the_next_start()
    {
        var key = ApiKeys.Create(KeyFile, "510100");
        var keys = Keys();
        File.WriteAllText(KeyFile, "{");

        keys.CityOf(key).ShouldBe("510100");
        Should.Throw<HostRefusedException>(Keys).Message.ShouldContain("api-keys.json");
        Should.Throw<HostRefusedException>(() => ApiKeys.Create(KeyFile, "510100"));
    }

    [Fact]
    public void A_file_that_others_can_read_stops_the_start()
    {
        if (OperatingSystem.IsWindows())
            return;
        ApiKeys.Create(KeyFile, "510100");
        File.SetUnixFileMode(KeyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);

        Should.Throw<HostRefusedException>(Keys).Message.ShouldContain("600");
    }

    private ApiKeys Keys() => new(KeyFile, NullLogger<ApiKeys>.Instance);
}

public sealed class ApiKeyRequestTests(ApiHost api) : IClassFixture<ApiHost>
{
    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("dh_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task Without_a_key_of_a_city_nothing_is_told_and_nothing_taken_in(string? key)
    {
        using var client = new ApiClient(api.Fixture.Client(), key);

        foreach (var answer in new[]
        {
            await client.SendAsync(Events.Submission()), await client.SendBatchAsync(Events.Submission()), await client.GetAsync("/v1/outcomes"), await client.GetAsync("/v1/nothing"),
        })
        {
            answer.ShouldBeProblem(401, ReasonCodes.NotAuthenticated);
            answer.Headers.WwwAuthenticate.ShouldHaveSingleItem().Scheme.ShouldBe("ApiKey");
        }
    }

    [Fact]
    public async Task A_key_of_a_city_that_is_not_in_the_registry_opens_nothing()
    {
        using var client = new ApiClient(api.Fixture.Client(), ApiKeys.Create(api.Fixture.ApiKeysFile, "999999"));

        (await client.GetAsync("/v1/outcomes")).ShouldBeProblem(401, ReasonCodes.NotAuthenticated);
    }
}

using System.Net;
using System.Net.Sockets;
using DataHub.Adapters.Pipeline;
using DataHub.Host;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Roles;

/// <summary>What a process finds only while it starts: folders, an address and a city's system that cannot be used. Each with the sentence that is shown.</summary>
public sealed class RefusedStartTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("datahub-start-").FullName;

    /// <summary>A folder that nobody can make, root neither: it would lie below a file.</summary>
    private string Unusable
    {
        get
        {
            var file = Path.Combine(folder, "file");
            File.WriteAllText(file, "");
            return Path.Combine(file, "folder");
        }
    }

    [Fact]
    public async Task An_address_that_another_program_listens_on()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var url = $"http://127.0.0.1:{((IPEndPoint)other.LocalEndpoint).Port}";

        var said = await RefusalAsync(o => o with { Url = url });

        said.ShouldStartWith($"The address {url} cannot be listened on (");
        said.ShouldEndWith("); set another with --urls or DATAHUB_URLS.");
    }

    [Fact]
    public async Task A_data_folder_that_cannot_be_made() => (await RefusalAsync(o => o with { DataDirectory = Unusable })).ShouldBe(
        $"The data folder '{Unusable}' cannot be made; name one that this process may write with --data or DATAHUB_DATA.");

    [Fact]
    public async Task A_data_folder_that_another_process_uses()
    {
        await using var other = await HostFixture.WithPlayedCitiesAsync();

        (await RefusalAsync(o => o with { DataDirectory = other.DataDirectory })).ShouldBe(
            $"Another DataHub process uses the folder '{other.DataDirectory}'; stop it, or name another folder with --data.");
    }

    [Fact]
    public async Task A_folder_of_the_materials_that_cannot_be_used()
    {
        var said = await RefusalAsync(o => o with { Materials = o.Materials with { Folder = Unusable } });

        said.ShouldStartWith($"The folder of the materials '{Unusable}' cannot be used (");
        said.ShouldEndWith("); name one that this process may write with DATAHUB_MATERIALS_FOLDER.");
    }

    [Fact]
    public async Task A_city_whose_system_is_nowhere_or_not_wholly_described()
    {
        DataHubOptions Own(DataHubOptions options) => options with { CityOverrides = options.CityOverrides.Where(c => c.Key != "chengdu").ToDictionary(StringComparer.Ordinal) };

        (await RefusalAsync(Own)).ShouldBe("It is not set where the system of 'chengdu' is reached; see DATAHUB_CITY_… in docs/configuration.md.");

        var said = await RefusalAsync(o => Own(o) with { Cities = new Dictionary<string, CityEndpoint> { ["chengdu"] = new() { ApiKey = "hub", Secret = "0123456789abcdef" } } });
        said.ShouldStartWith("The adapter of 'chengdu' cannot be made: chengdu: the URL of the city's system is missing.");
        said.ShouldEndWith(" See DATAHUB_CITY_… in docs/configuration.md.");
    }

    private static async Task<string> RefusalAsync(Func<DataHubOptions, DataHubOptions> change) =>
        (await Should.ThrowAsync<HostRefusedException>(HostFixture.WithPlayedCitiesAsync(change))).Message;

    public void Dispose() => Directory.Delete(folder, recursive: true);
}

using DataHub.Core.Registry;
using DataHub.Host.Api;

namespace DataHub.Host.Commands;

/// <summary>Makes an API key. It is printed once; the folder keeps its hash only.</summary>
internal static class ApiKeyCommand
{
    public static int Run(DataHubOptions options, string cityKey)
    {
        var registry = RegistrySnapshot.Load(options.Seeds);
        if (registry.CityByKey(cityKey) is not { } city)
        {
            Console.Error.WriteLine($"There is no city '{cityKey}'; one of {string.Join(", ", registry.Cities.Select(c => c.Key))}.");
            return ExitCodes.CannotStart;
        }

        Console.WriteLine(ApiKeys.Create(options.ApiKeys, city.Code));
        return ExitCodes.Done;
    }
}

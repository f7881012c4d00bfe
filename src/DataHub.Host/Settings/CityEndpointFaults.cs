using DataHub.Adapters.Pipeline;
using DataHub.Host.Roles;

namespace DataHub.Host;

/// <summary>What a process must be told of its city's system, and has not been: each city's interface needs something else.</summary>
internal static class CityEndpointFaults
{
    private const int SecretLength = 16;

    public static IEnumerable<string> OfAdapter(string city, NativeInterface kind, CityEndpoint endpoint) => kind switch
    {
        NativeInterface.Rest or NativeInterface.Soap => Where(endpoint.BaseUrl is null, city, "adapter", "DATAHUB_CITY_URL to the root of the city's system, for example https://city.example/")
            .Concat(Callers(city, "adapter", endpoint)),
        NativeInterface.Tables => Tables(city, "adapter", endpoint),
        _ => Folders(city, "adapter", endpoint),
    };

    public static IEnumerable<string> OfSimulator(string city, NativeInterface kind, CityEndpoint endpoint, SimulatorLinks? links) => kind switch
    {
        NativeInterface.Rest or NativeInterface.Soap => Where(links?.AdapterUrl is null, city, "simulator", "DATAHUB_ADAPTER_URL to the root of the adapter that it sends to, for example http://127.0.0.1:5081/")
            .Concat(Where(links?.ListenUrl is null, city, "simulator", "DATAHUB_SIMULATOR_URL to the address where the adapter's DATAHUB_CITY_URL finds it, for example http://127.0.0.1:18081"))
            .Concat(Callers(city, "simulator", endpoint)),
        NativeInterface.Tables => Tables(city, "simulator", endpoint),
        _ => Folders(city, "simulator", endpoint),
    };

    private static IEnumerable<string> Callers(string city, string role, CityEndpoint endpoint) =>
        Where(string.IsNullOrEmpty(endpoint.ApiKey), city, role, "DATAHUB_CITY_API_KEY to the name under which both sides call each other")
            .Concat(Where(endpoint.Secret is null || endpoint.Secret.Length < SecretLength, city, role, "DATAHUB_CITY_SECRET or DATAHUB_CITY_SECRET_FILE to the common secret, at least 16 characters"));

    private static IEnumerable<string> Tables(string city, string role, CityEndpoint endpoint) =>
        Where(endpoint.Path is null == endpoint.ConnectionString is null, city, role, "either DATAHUB_CITY_POSTGRES to the database of the exchange tables, or DATAHUB_CITY_PATH to their SQLite file");

    private static IEnumerable<string> Folders(string city, string role, CityEndpoint endpoint) =>
        Where(string.IsNullOrEmpty(endpoint.Path), city, role, "DATAHUB_CITY_PATH to the root of the drop folders");

    private static IEnumerable<string> Where(bool missing, string city, string role, string what) =>
        missing ? [$"The {role} of '{city}' cannot reach its other end; set {what}."] : [];
}

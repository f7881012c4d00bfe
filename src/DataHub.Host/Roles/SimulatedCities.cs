using System.Security.Cryptography;
using DataHub.Adapters.Pipeline;
using DataHub.Core.Native;
using DataHub.Core.Native.Meishan;
using DataHub.Core.Registry;
using DataHub.Simulators;
using DataHub.Simulators.Chengdu;
using DataHub.Simulators.Deyang;
using DataHub.Simulators.Meishan;
using DataHub.Simulators.Ziyang;

namespace DataHub.Host.Roles;

/// <summary>One simulated city: its system, its native front-end, and where the hub's adapter reaches it.</summary>
public sealed record SimulatedCity(City City, CitySystem System, INativePort Port, CityEndpoint Endpoint, Func<CancellationToken, Task> RunAsync) : IAsyncDisposable
{
    public required CityStore Store { get; init; }

    public async ValueTask DisposeAsync()
    {
        if (Port is IAsyncDisposable asynchronous)
            await asynchronous.DisposeAsync();
        else if (Port is IDisposable disposable)
            disposable.Dispose();
        System.Files?.Dispose();
        await Store.DisposeAsync();
    }
}

/// <summary>Starts the simulated systems, each with the technology of its city.</summary>
internal static class SimulatedCities
{
    public static async Task<SimulatedCity> StartAsync(City city, RegistrySnapshot registry, NativeMapping mapping, DataHubOptions options, Func<Uri> hubUrl, CityFiles? files, ILoggerFactory logs, CancellationToken cancel)
    {
        if (!options.Interfaces.TryGetValue(city.Key, out var kind))
            throw new HostRefusedException($"No native interface is registered for the city '{city.Key}', so its system cannot be simulated; add it to HubModules.Interfaces.");
        var time = options.Time;
        var store = CityStore.Open(Path.Combine(options.DataDirectory, $"sim-{city.Key}.db"));
        CitySystem System(INativePort port) => new(city.Key, store, options.Knobs, port, time, registry, logs.CreateLogger<CitySystem>(), files);

        // Where both ends live in this process, their common secrets are made anew at each start and are never stored.
        var given = options.Cities.GetValueOrDefault(city.Key);
        var links = options.SimulatorLinks;
        var http = new HttpFrontEndOptions(links?.ListenUrl ?? NativeListener.AnyPort, links?.AdapterUrl is { } adapter ? () => adapter : hubUrl,
            given?.ApiKey ?? "sim-" + city.Key, given?.Secret ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)));
        switch (kind)
        {
            case NativeInterface.Rest:
                {
                    var front = new ChengduFrontEnd(http, mapping, time);
                    var system = System(front);
                    await front.StartAsync(system, cancel);
                    var endpoint = new CityEndpoint { BaseUrl = front.Url, ApiKey = http.ApiKey, Secret = http.Secret };
                    return new SimulatedCity(city, system, front, endpoint, system.RunAsync) { Store = store };
                }

            case NativeInterface.Soap:
                {
                    var front = new DeyangFrontEnd(http, mapping, time);
                    var system = System(front);
                    await front.StartAsync(system, cancel);
                    var endpoint = new CityEndpoint { BaseUrl = front.Url, ApiKey = http.ApiKey, Secret = http.Secret };
                    return new SimulatedCity(city, system, front, endpoint, system.RunAsync) { Store = store };
                }

            case NativeInterface.Tables:
                {
                    var endpoint = new CityEndpoint
                    {
                        Path = given?.Path ?? (given?.ConnectionString is null ? Path.Combine(options.DataDirectory, $"{city.Key}-exchange.db") : null),
                        ConnectionString = given?.ConnectionString,
                        PollInterval = options.PollInterval,
                    };
                    var front = new MeishanFrontEnd(MeishanTables.Open(endpoint.Path, endpoint.ConnectionString, mapping), mapping, options.PollInterval, time, logs.CreateLogger<MeishanFrontEnd>());
                    var system = System(front);
                    return new SimulatedCity(city, system, front, endpoint,
                        token => Task.WhenAll(system.RunAsync(token), front.RunAsync(CityHandlers.Of(system), token)))
                    { Store = store };
                }

            default:
                {
                    var path = given?.Path ?? Path.Combine(options.DataDirectory, city.Key);
                    var front = new ZiyangFrontEnd(path, mapping, options.PollInterval, time, logs.CreateLogger<ZiyangFrontEnd>());
                    var system = System(front);
                    return new SimulatedCity(city, system, front, new CityEndpoint { Path = path, PollInterval = options.PollInterval },
                        token => Task.WhenAll(system.RunAsync(token), front.RunAsync(CityHandlers.Of(system), token)))
                    { Store = store };
                }
        }
    }
}

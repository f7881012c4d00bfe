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
        await Store.DisposeAsync();
    }
}

/// <summary>Starts the four simulated systems, each with the technology of its city.</summary>
internal static class SimulatedCities
{
    public static async Task<SimulatedCity> StartAsync(City city, RegistrySnapshot registry, NativeMapping mapping, DataHubOptions options, Func<Uri> hubUrl, ILoggerFactory logs, CancellationToken cancel)
    {
        var time = options.Time;
        var store = CityStore.Open(Path.Combine(options.DataDirectory, $"sim-{city.Key}.db"));
        CitySystem System(INativePort port) => new(city.Key, store, options.Knobs, port, time, registry, logs.CreateLogger<CitySystem>());

        // Where both ends live in this process, their common secrets are made anew at each start and are never stored.
        var given = options.Cities.GetValueOrDefault(city.Key);
        var links = options.SimulatorLinks;
        var http = new HttpFrontEndOptions(links?.ListenUrl ?? NativeListener.AnyPort, links?.AdapterUrl is { } adapter ? () => adapter : hubUrl,
            given?.ApiKey ?? "sim-" + city.Key, given?.Secret ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)));
        switch (city.Key)
        {
            case "chengdu":
                {
                    var front = new ChengduFrontEnd(http, mapping, time);
                    var system = System(front);
                    await front.StartAsync(system, cancel);
                    var endpoint = new CityEndpoint { BaseUrl = front.Url, ApiKey = http.ApiKey, Secret = http.Secret };
                    return new SimulatedCity(city, system, front, endpoint, system.RunAsync) { Store = store };
                }

            case "deyang":
                {
                    var front = new DeyangFrontEnd(http, mapping, time);
                    var system = System(front);
                    await front.StartAsync(system, cancel);
                    var endpoint = new CityEndpoint { BaseUrl = front.Url, ApiKey = http.ApiKey, Secret = http.Secret };
                    return new SimulatedCity(city, system, front, endpoint, system.RunAsync) { Store = store };
                }

            case "meishan":
                {
                    var endpoint = new CityEndpoint
                    {
                        Path = given?.Path ?? (given?.ConnectionString is null ? Path.Combine(options.DataDirectory, "meishan-exchange.db") : null),
                        ConnectionString = given?.ConnectionString,
                        PollInterval = options.PollInterval,
                    };
                    var front = new MeishanFrontEnd(MeishanTables.Open(endpoint.Path, endpoint.ConnectionString, mapping), mapping, options.PollInterval, time, logs.CreateLogger<MeishanFrontEnd>());
                    var system = System(front);
                    return new SimulatedCity(city, system, front, endpoint,
                        token => Task.WhenAll(system.RunAsync(token), front.RunAsync(CityHandlers.Of(system), token)))
                    { Store = store };
                }

            case "ziyang":
                {
                    var path = given?.Path ?? Path.Combine(options.DataDirectory, "ziyang");
                    var front = new ZiyangFrontEnd(path, mapping, options.PollInterval, time, logs.CreateLogger<ZiyangFrontEnd>());
                    var system = System(front);
                    return new SimulatedCity(city, system, front, new CityEndpoint { Path = path, PollInterval = options.PollInterval },
                        token => Task.WhenAll(system.RunAsync(token), front.RunAsync(CityHandlers.Of(system), token)))
                    { Store = store };
                }

            default:
                await store.DisposeAsync();
                throw new HostRefusedException($"There is no simulated system for the city '{city.Key}'; start with --simulators off and set its endpoint.");
        }
    }
}

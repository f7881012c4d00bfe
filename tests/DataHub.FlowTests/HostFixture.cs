using System.Collections.Concurrent;
using System.Diagnostics;
using DataHub.Adapters.Pipeline;
using DataHub.Host;
using DataHub.Host.Roles;
using DataHub.Simulators;
using Microsoft.AspNetCore.Routing;
using Xunit;

namespace DataHub.FlowTests;

/// <summary>A real host on a data folder of its own, which goes away with the test.</summary>
internal sealed class HostFixture : IAsyncDisposable
{
    private readonly Func<DataHubOptions, DataHubOptions> change;
    private DataHubHost? host;

    private HostFixture(Func<DataHubOptions, DataHubOptions> change) => this.change = change;

    /// <summary>Within which a small plan of cases ends, on a machine that may be very busy.</summary>
    public static readonly TimeSpan PlanEndsWithin = TimeSpan.FromMinutes(5);

    public string DataDirectory { get; } = Directory.CreateTempSubdirectory("datahub-test-").FullName;

    public string ApiKeysFile => Path.Combine(DataDirectory, "keys", "api-keys.json");

    public DataHubHost Host => host ?? throw new InvalidOperationException("The host is stopped.");

    /// <summary>The cities played by the test, by city code; empty where the simulators run.</summary>
    public IReadOnlyDictionary<string, PlayedCity> Played { get; private set; } = new Dictionary<string, PlayedCity>();

    /// <summary>A client of the host's own address. The caller disposes of it.</summary>
    public HttpClient Client() => new() { BaseAddress = Host.Url, Timeout = TimeSpan.FromSeconds(60) };

    /// <summary>A host with the four simulated systems, whose clerks take no time.</summary>
    public static Task<HostFixture> WithSimulatorsAsync(Func<DataHubOptions, DataHubOptions>? change = null) => StartAsync(new HostFixture(change ?? (o => o)));

    /// <summary>A host whose cities are played by the test: what the hub delivers is held at once and remembered.</summary>
    public static async Task<HostFixture> WithPlayedCitiesAsync(Func<DataHubOptions, DataHubOptions>? change = null)
    {
        var played = new Dictionary<string, PlayedCity>();
        string[] keys = ["chengdu", "deyang", "meishan", "ziyang"];
        var overrides = keys.ToDictionary(k => k, _ => (Func<CityAdapterContext, ICityAdapter>)(context => played[context.City.Code] = new PlayedCity(context)));
        var fixture = await StartAsync(new HostFixture(o => (change ?? (x => x))(o with { Simulators = false, CityOverrides = overrides })));
        fixture.Played = played;
        return fixture;
    }

    private static async Task<HostFixture> StartAsync(HostFixture fixture)
    {
        try
        {
            await fixture.StartAsync();
            return fixture;
        }
        catch
        {
            await fixture.DisposeAsync();
            throw;
        }
    }

    public async Task StopAsync()
    {
        if (host is not null)
            await host.DisposeAsync();
        host = null;
    }

    /// <summary>Starts (again) on the same data folder.</summary>
    public async Task StartAsync() => host = await DataHubHost.StartAsync(change(new DataHubOptions
    {
        DataDirectory = DataDirectory,
        Url = "http://127.0.0.1:0",
        PollInterval = TimeSpan.FromMilliseconds(20),
        Knobs = Knobs.Default with { ClerkDelayFrom = TimeSpan.Zero, ClerkDelayTo = TimeSpan.Zero },
    }), TestContext.Current.CancellationToken);

    /// <summary>Waits until something holds; fails with <paramref name="what"/> when it does not within the deadline.</summary>
    public static Task UntilAsync(Func<Task<bool>> holds, string what, TimeSpan? within = null) => UntilAsync(holds, () => what, within);

    /// <inheritdoc cref="UntilAsync(Func{Task{bool}}, string, TimeSpan?)"/>
    /// <param name="holds">Asked again and again.</param>
    /// <param name="what">Said at the end of the deadline, of how things stand then.</param>
    /// <param name="within">The deadline; 2 min where none is given: a test that passes never waits for it, and a busy machine may stand still for long.</param>
    public static async Task UntilAsync(Func<Task<bool>> holds, Func<string> what, TimeSpan? within = null)
    {
        var watch = Stopwatch.StartNew();
        var deadline = within ?? TimeSpan.FromMinutes(2);
        while (!await holds())
        {
            if (watch.Elapsed >= deadline)
                Assert.Fail($"It did not come about within {deadline.TotalSeconds:0} s: {what()}.");
            // Often at first; what takes long is not made slower by asking.
            var pause = TimeSpan.FromMilliseconds(Math.Clamp(watch.ElapsedMilliseconds / 20, 20, 200));
            await Task.Delay(pause, TestContext.Current.CancellationToken);
        }
    }

    public static Task UntilAsync(Func<bool> holds, string what, TimeSpan? within = null) => UntilAsync(() => Task.FromResult(holds()), what, within);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(DataDirectory, recursive: true);
    }
}

/// <summary>A city whose system is the test itself.</summary>
internal sealed class PlayedCity(CityAdapterContext context) : ICityAdapter
{
    public string City => context.City.Code;

    public IAdapterIntake Intake => context.Intake;

    /// <summary>What the hub delivered, in order of arrival.</summary>
    public ConcurrentQueue<Delivery> Deliveries { get; } = new();

    public ConcurrentQueue<RefusalNotice> Refusals { get; } = new();

    /// <summary>The system's answer to a delivery; by default it holds the message and names no outcome.</summary>
    public Func<Delivery, DeliveryOutcome> Answer { get; set; } = static _ => new DeliveryOutcome.Held(null);

    /// <summary>What the native interface does while its node runs; by default nothing.</summary>
    public Func<CancellationToken, Task> Reads { get; init; } = static _ => Task.CompletedTask;

    public Task<DeliveryOutcome> DeliverAsync(Delivery delivery, CancellationToken cancellationToken)
    {
        var answer = Answer(delivery);
        if (answer is DeliveryOutcome.Held)
            Deliveries.Enqueue(delivery);
        return Task.FromResult(answer);
    }

    public Task<DeliveryOutcome> NotifyRefusalAsync(RefusalNotice notice, CancellationToken cancellationToken)
    {
        Refusals.Enqueue(notice);
        return Task.FromResult<DeliveryOutcome>(new DeliveryOutcome.Held(null));
    }

    public void MapEndpoints(IEndpointRouteBuilder routes)
    {
    }

    public Task RunAsync(CancellationToken cancellationToken) => Reads(cancellationToken);
}

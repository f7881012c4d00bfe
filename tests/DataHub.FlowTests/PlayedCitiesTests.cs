using DataHub.Host;
using Xunit;

namespace DataHub.FlowTests;

/// <summary>Tests that share nothing but how they begin: a host of their own, whose four cities are played and honest.</summary>
public abstract class PlayedCitiesTests : IAsyncLifetime
{
    private protected HostFixture fixture = null!;
    private protected Journey journey = null!;

    public virtual async ValueTask InitializeAsync()
    {
        fixture = await HostFixture.WithPlayedCitiesAsync(Options);
        journey = new Journey(fixture).HonestCities();
    }

    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return fixture.DisposeAsync();
    }

    /// <summary>What a city's system holds of one kind of message, in order of arrival.</summary>
    private protected IEnumerable<T> Delivered<T>(string city) => fixture.Played[city].Deliveries.Select(Journey.Payload).OfType<T>();

    /// <summary>What differs from the host's usual options.</summary>
    private protected virtual DataHubOptions Options(DataHubOptions options) => options;
}

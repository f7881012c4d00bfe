using DataHub.Adapters.Pipeline;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Roles;

public sealed class NativeInterfaceTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_native_interface_that_ends_by_itself_is_started_anew_with_its_node(bool cancelled)
    {
        var starts = 0;
        PlayedCity Failing(CityAdapterContext context) => new(context)
        {
            Reads = async cancel =>
            {
                if (Interlocked.Increment(ref starts) == 1)
                    throw cancelled ? new OperationCanceledException("cancelled by nobody here") : new InvalidOperationException("a defect");
                await Task.Delay(Timeout.Infinite, cancel);
            },
        };

        await using var hub = await HostFixture.WithPlayedCitiesAsync(o => o with
        {
            LeaseTime = TimeSpan.FromSeconds(1),
            CityOverrides = o.CityOverrides.ToDictionary(c => c.Key, c => c.Key == "chengdu" ? Failing : c.Value, StringComparer.Ordinal),
        });

        await HostFixture.UntilAsync(() => Volatile.Read(ref starts) == 2 && hub.Host.Adapters.ContainsKey("510100"), "the city's node runs again");
        hub.Host.Adapters["510100"].Healthy.ShouldBeTrue();
    }
}

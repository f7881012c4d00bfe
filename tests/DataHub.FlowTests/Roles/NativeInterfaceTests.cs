using DataHub.Adapters.Pipeline;
using DataHub.Host;
using DataHub.TestServers;
using Npgsql;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Roles;

public sealed class NativeInterfaceTests(SharedServers servers)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

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

    [Fact]
    public async Task A_native_interface_that_ends_long_after_its_node_does_not_end_the_next()
    {
        var (starts, late) = (0, new TaskCompletionSource());
        PlayedCity Slow(CityAdapterContext context) => new(context)
        {
            Reads = cancel => Interlocked.Increment(ref starts) == 1 ? late.Task : Task.Delay(Timeout.Infinite, cancel),
        };

        await using var deployment = await RoleHosts.CreateAsync(servers);
        var host = await deployment.StartAsync(new HostRole(RoleKind.Adapter, "deyang"), o => o with { CityOverrides = new Dictionary<string, Func<CityAdapterContext, ICityAdapter>> { ["deyang"] = Slow } });
        await HostFixture.UntilAsync(() => host.Adapters.ContainsKey("510600"), "the city's node runs");

        // The lease is another's, and free again.
        await using (var source = NpgsqlDataSource.Create(deployment.PostgresConnection))
        await using (var command = source.CreateCommand("UPDATE datahub.node SET fence = fence + 1, owner = NULL WHERE code = 510600"))
            (await command.ExecuteNonQueryAsync(Cancel)).ShouldBe(1);
        await HostFixture.UntilAsync(() => Volatile.Read(ref starts) == 2, "the node is taken anew, though its native interface has not ended");
        late.SetResult();

        host.Adapters["510600"].Healthy.ShouldBeTrue();
    }
}

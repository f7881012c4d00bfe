using DataHub.TestServers;
using Xunit;

namespace DataHub.FlowTests.Distributed;

/// <summary>A city whose system is down or slow, while the others' traffic runs.</summary>
[Collection(nameof(Deployment))]
public sealed class CitiesTests(SharedServers servers, ITestOutputHelper output)
{
    [Fact]
    public async Task A_city_that_is_down_or_slow_holds_up_its_own_exchanges_and_no_others()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        await using var deployment = await Deployment.StartAsync(output, servers, seed);
        var deyang = deployment["simulator-deyang"];

        await deyang.KillAsync();
        await deployment.Traffic.AddAsync(80, TimeSpan.FromSeconds(2));
        await deployment.Traffic.OthersEndAsync("deyang");
        await deyang.StartAsync();

        // Ziyang answers nothing for most of the time, and a little in between: the pauses are the city's, nothing is waited for.
        var ziyang = deployment["simulator-ziyang"];
        await ziyang.PauseAsync();
        await deployment.Traffic.AddAsync(80, TimeSpan.FromSeconds(2));
        for (var i = 0; i < 3; i++)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
            await ziyang.ContinueAsync();
            await Task.Delay(TimeSpan.FromMilliseconds(100), TestContext.Current.CancellationToken);
            await ziyang.PauseAsync();
        }

        await deployment.Traffic.OthersEndAsync("ziyang");
        await ziyang.ContinueAsync();

        await FinalAudit.HoldsAsync(deployment);
    }
}

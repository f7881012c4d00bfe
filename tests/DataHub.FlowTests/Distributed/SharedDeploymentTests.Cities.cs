using Xunit;

namespace DataHub.FlowTests.Distributed;

public sealed partial class SharedDeploymentTests
{
    /// <summary>A city whose system is down or slow, while the others' traffic runs.</summary>
    [Fact]
    public async Task A_city_that_is_down_or_slow_holds_up_its_own_exchanges_and_no_others()
    {
        await using var deployment = await shared.TakeAsync(output);
        var deyang = deployment["simulator-deyang"];

        await deyang.KillAsync();
        await deployment.Traffic.AddAsync(80, TimeSpan.FromSeconds(2));
        await deployment.Traffic.OthersEndAsync("deyang");
        await deyang.StartAsync();

        // Ziyang answers nothing for most of the time, and a little in between.
        var ziyang = deployment["simulator-ziyang"];
        for (var round = 0; round < 3; round++)
        {
            await deployment.Traffic.PauseAsync("ziyang");
            await deployment.Traffic.AddAsync(25, TimeSpan.FromSeconds(1));
            await deployment.Traffic.ProceedsAsync(2);
            var moves = deployment.Traffic.MovesAsync("ziyang");
            await ziyang.ContinueAsync();
            await moves;
        }

        await deployment.Traffic.PauseAsync("ziyang");
        await deployment.Traffic.AddAsync(25, TimeSpan.FromSeconds(1));
        await deployment.Traffic.OthersEndAsync("ziyang");
        await ziyang.ContinueAsync();

        await FinalAudit.HoldsAsync(deployment);
    }
}

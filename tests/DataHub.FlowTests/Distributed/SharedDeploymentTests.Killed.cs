using DataHub.Core;
using Xunit;

namespace DataHub.FlowTests.Distributed;

public sealed partial class SharedDeploymentTests
{
    /// <summary>Processes that end without a word, while traffic runs.</summary>
    [Fact]
    public async Task Whichever_process_is_killed_and_whenever_every_exchange_ends_once()
    {
        await using var deployment = await shared.TakeAsync(output);
        var random = new Random(deployment.Seed);

        // Each kind several times, in an order and at moments that nobody chose: the delays wait for nothing, they draw the moment.
        string[] victims = ["broker-1", "broker-2", "broker-1", "adapter-chengdu", "adapter-ziyang", "simulator-deyang", "simulator-meishan"];
        random.Shuffle(victims);
        foreach (var name in victims)
        {
            await deployment.Traffic.AddAsync(25, TimeSpan.FromSeconds(1));
            await Task.Delay(random.Next(100, 1200), TestContext.Current.CancellationToken);
            await deployment[name].KillAsync();
            await Task.Delay(random.Next(0, 1000), TestContext.Current.CancellationToken);
            await deployment[name].StartAsync();
        }

        // Between two steps that a crash may separate: a broker and an adapter at a time.
        string[] cut = ["broker-1", "adapter-meishan"];
        await Task.WhenAll(cut.Select(name => deployment[name].KillAsync()));
        foreach (var point in (string[])[FaultPoints.AfterCommit, FaultPoints.AfterPublish, FaultPoints.BeforeAcknowledge])
        {
            await Task.WhenAll(cut.Select(name => deployment[name].StartAsync($"{point}:{random.Next(2, 8)}")));
            var dying = Task.WhenAll(cut.Select(name => deployment[name].DiedAsync()));
            while (!dying.IsCompleted)
            {
                // A few: on a busy machine this goes on for a minute.
                await deployment.Traffic.AddAsync(5, TimeSpan.FromSeconds(1));
                await Task.WhenAny(dying, Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken));
            }

            await dying;
        }

        await Task.WhenAll(cut.Select(name => deployment[name].StartAsync()));
        await FinalAudit.HoldsAsync(deployment);
    }
}

using DataHub.Core;
using DataHub.TestServers;
using Xunit;

namespace DataHub.FlowTests.Distributed;

/// <summary>Processes that end without a word, while traffic runs.</summary>
[Collection(nameof(Deployment))]
public sealed class KilledProcessesTests(SharedServers servers, ITestOutputHelper output)
{
    [Fact]
    public async Task Whichever_process_is_killed_and_whenever_every_exchange_ends_once()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        using var broker = await (await servers.RabbitAsync()).EmptyBrokerAsync();
        await using var deployment = await Deployment.StartAsync(output, [broker.ConnectionString], (await servers.PostgresAsync()).ConnectionString, seed);

        // Each kind several times, in an order that nobody chose.
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

        // Between two steps that a crash may separate.
        foreach (var name in (string[])["broker-1", "adapter-meishan"])
        {
            foreach (var point in (string[])[FaultPoints.AfterCommit, FaultPoints.AfterPublish, FaultPoints.BeforeAcknowledge])
            {
                await deployment[name].KillAsync();
                await deployment[name].StartAsync($"{point}:{random.Next(2, 12)}");
                await deployment.Traffic.AddAsync(25, TimeSpan.FromSeconds(1));
                await deployment[name].DiedAsync();
                await deployment[name].StartAsync();
            }
        }

        await FinalAudit.HoldsAsync(deployment);
    }
}

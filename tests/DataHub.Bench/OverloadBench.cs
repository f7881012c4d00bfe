using System.Text.Json.Nodes;

namespace DataHub.Bench;

/// <summary>
/// More comes in than can go on: the brokers are away while the cities hand in at full speed. The nodes must say "come
/// again" at their bound, and neither queues nor memory may grow on; when the brokers are back, everything must end.
/// </summary>
internal static class OverloadBench
{
    /// <summary>Messages per city that may wait for the hub; small, so that the bound is reached within seconds.</summary>
    public const int MaxBacklog = 2_000;

    private static readonly TimeSpan Away = TimeSpan.FromSeconds(15);

    public static async Task<int> RunAsync(BenchOptions options)
    {
        try
        {
            await using var servers = await BenchServers.StartAsync();
            await using var bench = await BenchHost.StartAsync(options with { MaxBacklog = MaxBacklog }, servers, options.N);
            bench.StopBrokers();
            var queues = servers.Rabbit.BytesOnDisk;
            var load = Load.OpenAsync(bench, 0, options.N, options.Rate ?? options.N / 5.0);
            var curve = new JsonArray();
            var begin = BenchHost.Time.GetTimestamp();
            while (BenchHost.Time.GetElapsedTime(begin) < Away && !load.IsCompleted)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), BenchHost.Time);
                curve.Add(new JsonObject
                {
                    ["second"] = ExchangeBench.Round(BenchHost.Time.GetElapsedTime(begin).TotalSeconds),
                    ["accepted"] = bench.Tracker.ExchangeIds.Count(id => id is not null),
                    ["busy_answers"] = bench.Tracker.BusyAnswers,
                    ["backlog_messages"] = bench.Nodes.Values.Sum(n => n.Backlog),
                    ["queue_mb"] = ExchangeBench.Round((servers.Rabbit.BytesOnDisk - queues) / 1048576.0),
                    ["rss_mb"] = ExchangeBench.Round(Reading.RssMb()),
                });
            }

            var busy = bench.Tracker.BusyAnswers;
            var backlog = bench.Nodes.Values.Max(n => n.Backlog);
            await bench.StartBrokersAsync();
            await load;
            await ExchangeBench.AuditedAsync(bench, options.N);
            var (closed, duplicates) = await DistributedBench.AuditAsync(bench, options.N);
            if (busy == 0 || backlog > MaxBacklog + 4_096)
                throw new BenchFailedException($"The bound of {MaxBacklog} did not hold: {busy} busy answers, {backlog} messages waiting in one city.");
            Console.WriteLine(new JsonObject
            {
                ["bench"] = "overload",
                ["n"] = options.N,
                ["max_backlog_per_city"] = MaxBacklog,
                ["largest_backlog"] = backlog,
                ["busy_answers"] = busy,
                ["closed"] = closed,
                ["duplicates"] = duplicates,
                ["audit"] = "passed",
                ["curve"] = curve,
            }.ToJsonString());
            return 0;
        }
        catch (BenchFailedException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return 1;
        }
    }
}

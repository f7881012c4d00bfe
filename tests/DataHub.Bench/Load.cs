using DataHub.Adapters.Pipeline;
using DataHub.Contracts;

namespace DataHub.Bench;

/// <summary>The run is worthless: the message says why.</summary>
internal sealed class BenchFailedException(string message) : Exception(message);

/// <summary>Hands cases in, and waits until every one of them is reconciled.</summary>
internal static class Load
{
    /// <summary>Without any exchange ending for this long the run has failed.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>A fixed number of exchanges under way: the next begins when one has ended. Gives the highest throughput.</summary>
    public static async Task ClosedAsync(BenchHost bench, int from, int to, int inFlight)
    {
        var next = from - 1;
        async Task WorkAsync()
        {
            for (var number = Interlocked.Increment(ref next); number < to; number = Interlocked.Increment(ref next))
            {
                bench.Tracker.Intended[number] = BenchHost.Time.GetTimestamp();
                await SubmitAsync(bench, number);
            }
        }

        var workers = Enumerable.Range(0, inFlight).Select(_ => Task.Run(WorkAsync)).ToList();
        await CompletedAsync(bench, Task.WhenAll(workers));
        await ReconciledAsync(bench);
    }

    /// <summary>
    /// A fixed arrival schedule that waits for nobody: latency counts from the time at which a case was to be handed in,
    /// so that a slow moment is paid by all who arrived in it.
    /// </summary>
    public static async Task OpenAsync(BenchHost bench, int from, int to, double perSecond)
    {
        var time = BenchHost.Time;
        var begin = time.GetTimestamp();
        var perTick = perSecond / time.TimestampFrequency;
        var under = new List<Task>(to - from);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(1), time);
        var number = from;
        while (number < to)
        {
            var due = Math.Min(to, from + 1 + (int)((time.GetTimestamp() - begin) * perTick));
            for (; number < due; number++)
            {
                var n = number;
                bench.Tracker.Intended[n] = begin + (long)((n - from) / perTick);
                under.Add(Task.Run(() => SubmitAsync(bench, n)));
            }

            await timer.WaitForNextTickAsync();
        }

        await CompletedAsync(bench, Task.WhenAll(under));
        await ReconciledAsync(bench);
    }

    private static async Task SubmitAsync(BenchHost bench, int number)
    {
        var held = bench.Tracker.HeldAsync(number);
        var data = bench.Cases.Submission(number, BenchHost.Time.GetUtcNow());
        var intake = bench.Nodes[bench.Cases.Route(number).Source];
        var message = new NativeIntake(BenchCases.SubmissionId(number), MessageTypes.ServiceSubmission, null, data, data);
        bench.Tracker.ExchangeIds[number] = await BenchCity.TakeInAsync(intake, message, bench.Tracker, BenchHost.Time, default);
        await held;
    }

    private static async Task CompletedAsync(BenchHost bench, Task all)
    {
        var ended = -1;
        while (true)
        {
            var first = await Task.WhenAny(all, bench.Tracker.Failed, Task.Delay(Patience, BenchHost.Time));
            if (first == all)
            {
                await all;
                return;
            }

            if (bench.Tracker.Failed.IsCompleted)
                throw new BenchFailedException(await bench.Tracker.Failed);
            if (bench.Tracker.Held == ended)
                throw new BenchFailedException($"No exchange has ended for {Patience.TotalSeconds:F0} s; {ended} had.");
            ended = bench.Tracker.Held;
        }
    }

    // The source's report travels after its decision was held. The hub keeps an index of what is not reconciled, so asking is cheap.
    private static async Task ReconciledAsync(BenchHost bench)
    {
        var begin = BenchHost.Time.GetTimestamp();
        foreach (var shard in bench.Host.Shards.Nodes)
        {
            while ((await bench.Store.UnreconciledAsync(shard, BenchHost.Time.GetUtcNow().AddDays(1), 1, default)).Count > 0)
            {
                if (BenchHost.Time.GetElapsedTime(begin) > Patience)
                    throw new BenchFailedException("Exchanges have ended at both cities that the hub has not reconciled.");
                await Task.Delay(TimeSpan.FromMilliseconds(5), BenchHost.Time);
            }
        }
    }
}

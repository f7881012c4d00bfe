using System.Diagnostics;
using System.Globalization;

namespace DataHub.Bench;

/// <summary>From the start of a process to its first accepted request, measured in a process of its own.</summary>
internal static class Startup
{
    /// <summary>The child: starts a host, hands one request in, prints how long that took since the process was started.</summary>
    public static async Task<int> RunChildAsync()
    {
        await using var bench = await BenchHost.StartAsync(Path.GetTempPath(), 1);
        var listening = SinceStart();
        var closed = Load.ClosedAsync(bench, 0, 1, 1);
        while (bench.Tracker.ExchangeIds[0] is null && !closed.IsFaulted)
            await Task.Delay(TimeSpan.FromMilliseconds(1), BenchHost.Time);
        var accepted = SinceStart();
        await closed;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{listening:F0} {accepted:F0}"));
        return 0;
    }

    /// <summary>Median of several children, after one that is not counted: milliseconds to listening and to the first accepted request.</summary>
    public static async Task<(double Listening, double Accepted)> MeasureAsync(int times)
    {
        var all = new List<(double Listening, double Accepted)>();
        for (var i = 0; i <= times; i++)
        {
            var started = await ChildAsync();
            if (i > 0)
                all.Add(started);
        }

        return (Statistics.Median(all.Select(a => a.Listening)), Statistics.Median(all.Select(a => a.Accepted)));
    }

    private static async Task<(double, double)> ChildAsync()
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["startup"]) { RedirectStandardOutput = true, UseShellExecute = false };
        using var process = Process.Start(start) ?? throw new BenchFailedException("No process could be started.");
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        var words = output.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        if (process.ExitCode != 0 || words.Length < 2)
            throw new BenchFailedException("The process that measures the start-up failed: " + output);
        return (double.Parse(words[^2], CultureInfo.InvariantCulture), double.Parse(words[^1], CultureInfo.InvariantCulture));
    }

    private static double SinceStart()
    {
        using var process = Process.GetCurrentProcess();
        return (BenchHost.Time.GetLocalNow().LocalDateTime - process.StartTime).TotalMilliseconds;
    }
}

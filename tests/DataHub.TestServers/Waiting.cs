using System.Diagnostics;

namespace DataHub.TestServers;

internal static class Waiting
{
    /// <summary>Tries until it succeeds. Ends early, with the last lines of the log, when the process has exited or the time is over.</summary>
    public static async Task UntilAsync(string what, GuardedProcess process, string logFile, TimeSpan patience, Func<Task> attempt)
    {
        var start = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                await attempt();
                return;
            }
            catch (Exception e) when (process.HasExited || Stopwatch.GetElapsedTime(start) > patience)
            {
                var why = process.HasExited ? "ended while starting" : $"did not answer within {patience.TotalSeconds:0} s";
                throw new InvalidOperationException($"{what} {why}. The end of its log:\n{Tail(logFile)}", e);
            }
            catch (Exception)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50));
            }
        }
    }

    private static string Tail(string logFile) =>
        File.Exists(logFile) ? string.Join('\n', File.ReadLines(logFile).TakeLast(20)) : "(no log)";
}

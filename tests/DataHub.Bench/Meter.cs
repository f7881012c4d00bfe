using System.Diagnostics;
using System.Globalization;

namespace DataHub.Bench;

/// <summary>A reading of this process's counters.</summary>
internal readonly record struct Reading(long At, TimeSpan Cpu, long Allocated, long WrittenToDisk, int Gen2)
{
    public static Reading Now()
    {
        using var process = Process.GetCurrentProcess();
        return new Reading(BenchHost.Time.GetTimestamp(), process.TotalProcessorTime, GC.GetTotalAllocatedBytes(precise: false), Proc("/proc/self/io", "write_bytes:"), GC.CollectionCount(2));
    }

    /// <summary>Highest resident memory of this process so far, in MB; 0 where the system does not tell.</summary>
    public static double PeakRssMb(int? process = null) => Proc(StatusOf(process), "VmHWM:") / 1024.0;

    public static double RssMb(int? process = null) => Proc(StatusOf(process), "VmRSS:") / 1024.0;

    /// <summary>Bytes that the kernel has written to disk for a process so far.</summary>
    public static long BytesWritten(int process) => Proc($"/proc/{process.ToString(CultureInfo.InvariantCulture)}/io", "write_bytes:");

    private static string StatusOf(int? process) => $"/proc/{process?.ToString(CultureInfo.InvariantCulture) ?? "self"}/status";

    // Linux only: elsewhere these figures are 0.
    private static long Proc(string file, string key)
    {
        if (!File.Exists(file))
            return 0;
        try
        {
            var line = File.ReadLines(file).FirstOrDefault(l => l.StartsWith(key, StringComparison.Ordinal));
            var digits = line is null ? "" : new string([.. line.Where(char.IsAsciiDigit)]);
            return digits.Length == 0 ? 0 : long.Parse(digits, CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            // A process that has ended meanwhile: a server's helpers come and go.
            return 0;
        }
    }
}

internal static class Statistics
{
    public static double Median(IEnumerable<double> values) => Quantile([.. values.Order()], 0.5);

    /// <summary>Nearest rank; values sorted ascending.</summary>
    public static double Quantile(IReadOnlyList<double> sorted, double share) =>
        sorted.Count == 0 ? double.NaN : sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Count) - 1, 0, sorted.Count - 1)];
}

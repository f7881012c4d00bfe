using System.Globalization;

namespace DataHub.TestServers;

/// <summary>What /proc says of a process and its descendants.</summary>
public static class ProcessTree
{
    // USER_HZ, which the kernel fixes at 100 for everything it tells user space on the architectures .NET runs on.
    private const double TicksPerSecond = 100;

    /// <summary>The process and all its living descendants.</summary>
    public static IReadOnlyList<int> Ids(int root) => [.. Living(root).Select(static each => each.Id)];

    /// <summary>Processor time of the process, its living descendants, and those that have ended and were waited for.</summary>
    public static TimeSpan ProcessorTime(int root) =>
        TimeSpan.FromSeconds(Living(root).Sum(static each => each.Ticks) / TicksPerSecond);

    /// <summary>True where a signal has stopped the process and none has let it go on.</summary>
    public static bool IsStopped(int id) => Read(id) is { State: 'T' };

    /// <summary>Bytes of the regular files below a folder. A file that goes away meanwhile counts nothing.</summary>
    public static long BytesOnDisk(string folder)
    {
        var bytes = 0L;
        foreach (var file in new DirectoryInfo(folder).EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true }))
        {
            try
            {
                bytes += file.Length;
            }
            catch (FileNotFoundException)
            {
            }
        }

        return bytes;
    }

    private static List<Entry> Living(int root)
    {
        var children = Directory.EnumerateDirectories("/proc")
            .Select(static folder => int.TryParse(Path.GetFileName(folder), out var id) ? Read(id) : null)
            .OfType<Entry>()
            .ToLookup(static each => each.Parent);
        var found = new List<Entry>();
        if (Read(root) is { } first)
            found.Add(first);
        for (var i = 0; i < found.Count; i++)
            found.AddRange(children[found[i].Id]);
        return found;
    }

    private static Entry? Read(int id)
    {
        string text;
        try
        {
            text = File.ReadAllText($"/proc/{id}/stat");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        // The name, in brackets, may itself hold spaces and brackets. After it: state, parent, … utime, stime, cutime, cstime as fields 14 to 17.
        var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        return fields[0] is "Z" or "X"
            ? null
            : new Entry(id, fields[0][0], Number(fields[1]), Number(fields[11]) + Number(fields[12]) + Number(fields[13]) + Number(fields[14]));
    }

    private static int Number(string field) => int.Parse(field, CultureInfo.InvariantCulture);

    private sealed record Entry(int Id, char State, int Parent, long Ticks);
}

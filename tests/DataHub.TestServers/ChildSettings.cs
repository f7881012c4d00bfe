using System.Diagnostics;

namespace DataHub.TestServers;

public static class ChildSettings
{
    /// <summary>
    /// Takes away what DataHub's program would read of this process's variables: a child has only the settings that it is given, whatever
    /// the shell has that the tests were started from.
    /// </summary>
    public static void RemoveInherited(ProcessStartInfo start)
    {
        ArgumentNullException.ThrowIfNull(start);
        foreach (var name in start.Environment.Keys.Where(static name => name.StartsWith("DATAHUB_", StringComparison.Ordinal) || name.StartsWith("OTEL_", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(name);
    }
}

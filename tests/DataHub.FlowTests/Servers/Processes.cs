using DataHub.TestServers;

namespace DataHub.FlowTests.Servers;

internal static class Processes
{
    /// <summary>Those of the processes that still live. One that has ended but was not waited for does not.</summary>
    public static IReadOnlyList<int> Living(IEnumerable<int> ids) => [.. ids.Where(static id => ProcessTree.Ids(id).Count > 0)];

    /// <summary>The program's name as the kernel keeps it; empty when the process has ended.</summary>
    public static string Name(int id)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/comm").Trim();
        }
        catch (IOException)
        {
            return "";
        }
    }
}

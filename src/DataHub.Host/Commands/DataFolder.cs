using DataHub.Core.Storage.Sqlite;

namespace DataHub.Host.Commands;

/// <summary>Opens the database of a data folder for reading, beside a running hub or without one.</summary>
internal static class DataFolder
{
    /// <exception cref="HostRefusedException">There is no database.</exception>
    public static SqliteNodeStore Open(string data)
    {
        var file = Path.Combine(data, "datahub.db");
        if (!File.Exists(file))
            throw new HostRefusedException($"There is no database in '{data}'; name the hub's folder with --data.");
        return new SqliteNodeStore(file);
    }
}

using DataHub.Core.Storage;
using DataHub.Core.Storage.Postgres;
using DataHub.Core.Storage.Sqlite;

namespace DataHub.Host.Commands;

/// <summary>Opens the deployment's database for reading, beside a running hub or without one: PostgreSQL where it is set, else the data folder's file.</summary>
internal static class DataFolder
{
    /// <summary>What the environment says of the deployment, for a command that runs no role.</summary>
    public static DataHubOptions Options(string data) =>
        HostSettings.OfProcess().Apply(new DataHubOptions { DataDirectory = data, Roles = HostRoles.Of(new HostRole(RoleKind.Console)) }) with { DataDirectory = data };

    /// <exception cref="HostRefusedException">There is no database.</exception>
    public static async Task<INodeStore> OpenAsync(string data, CancellationToken cancel)
    {
        var options = Options(data);
        if (options.Postgres is { } postgres)
            return await PostgresNodeStore.OpenAsync(postgres, cancel);
        var file = Path.Combine(data, "datahub.db");
        if (!File.Exists(file))
            throw new HostRefusedException($"There is no database in '{data}'; name the hub's folder with --data.");
        return new SqliteNodeStore(file);
    }
}

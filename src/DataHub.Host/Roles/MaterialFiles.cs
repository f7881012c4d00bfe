using DataHub.Core.Materials;
using DataHub.Core.Storage;
using DataHub.Core.Storage.Postgres;

namespace DataHub.Host.Roles;

/// <summary>What is known of materials, and where their bytes lie.</summary>
internal sealed record MaterialFiles(IMaterialStore Store, IMaterialBytes Bytes)
{
    private const string MarkFile = "datahub-materials.id";
    private const string InDatabase = "database";

    /// <summary>Opens the place that the settings choose, and holds that all processes of the deployment chose the same.</summary>
    /// <exception cref="HostRefusedException">The folder cannot be used, or others keep the bytes elsewhere.</exception>
    public static async Task<MaterialFiles> OpenAsync(DataHubOptions options, INodeStore store, INodeLeases leases, CancellationToken cancel)
    {
        var rows = (IMaterialStore)store;
        if (store is PostgresNodeStore postgres && options.MaterialPlace == MaterialPlace.Database)
        {
            await AgreeAsync(InDatabase, _ => "It is a folder: set DATAHUB_MATERIALS_STORE=folder, DATAHUB_MATERIALS_FOLDER to where it is, and DATAHUB_MATERIALS_SHARED=yes.");
            return new MaterialFiles(rows, postgres.MaterialBytes);
        }

        var folder = options.Materials.Folder ?? Path.Combine(options.DataDirectory, "materials");
        var mark = Mark(folder);
        await AgreeAsync("folder " + mark, fixedAt => fixedAt == InDatabase ? "It is the database: set DATAHUB_MATERIALS_STORE=database." : $"'{folder}' is not the folder of the others: what it is given they would not find. Mount theirs there, or set DATAHUB_MATERIALS_FOLDER to where it is.");
        return new MaterialFiles(rows, new FolderBytes(folder, rows));

        async Task AgreeAsync(string place, Func<string, string> what)
        {
            var fixedAt = await leases.FixAsync("materials", place, cancel);
            if (fixedAt != place)
                throw new HostRefusedException("This deployment keeps its materials in another place. " + what(fixedAt));
        }
    }

    /// <summary>What tells this folder from others, in whatever path it is mounted: made by the first process.</summary>
    private static string Mark(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
            var file = Path.Combine(folder, MarkFile);
            if (!File.Exists(file))
                SafeFile.CreateOnce(file, System.Text.Encoding.ASCII.GetBytes(Guid.NewGuid().ToString("N")), SafeFile.OwnerOnly);
            return File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HostRefusedException($"The folder of the materials '{folder}' cannot be used ({e.GetType().Name}); name one that this process may write with DATAHUB_MATERIALS_FOLDER.");
        }
    }
}

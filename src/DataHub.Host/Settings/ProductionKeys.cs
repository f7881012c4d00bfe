using DataHub.Contracts;
using DataHub.Core.Registry;
using DataHub.Core.Signing;

namespace DataHub.Host;

/// <summary>The keys of a process in production: given, not made, and no more of them than it needs.</summary>
internal static class ProductionKeys
{
    /// <exception cref="HostRefusedException">The process could not sign, or could not check what it receives.</exception>
    public static KeyStore Load(string folder, HostRoles roles, RegistrySnapshot registry, TimeProvider time, ILogger log)
    {
        var keys = Read(folder);
        try
        {
            var now = time.GetUtcNow();
            var cities = registry.Cities.Where(c => roles.Adapter(c.Key)).Select(c => c.Code).ToList();
            List<string> own = [.. cities, .. roles.Broker ? [Nodes.Hub] : Array.Empty<string>()];
            foreach (var signer in own.Where(s => !keys.SigningKeys.Any(k => k.Info.City == s && k.Info.IsValidAt(now))))
                throw new HostRefusedException($"'{folder}' holds no private key of {Name(signer, registry)} that is valid now. Set DATAHUB_KEYS to the folder that 'keys create' made for this process, or add a new key (docs/operations.md).");
            bool Trusts(string signer) => keys.Ring.All.Any(k => k.Info.City == signer && k.Info.IsValidAt(now));
            if (cities.Count > 0 && !Trusts(Nodes.Hub))
                throw new HostRefusedException($"'{folder}' holds no public key of the hub that is valid now: nothing from the hub could be checked. Set DATAHUB_KEYS to the folder that 'keys create' made for this process, or add the hub's new key (docs/operations.md).");
            // One city's late key must not keep the hub of all from starting.
            foreach (var city in registry.Cities.Where(c => roles.Broker && !Trusts(c.Code)))
                log.LogWarning("There is no public key of {City} that is valid now in '{Folder}': its messages are not taken in until there is one.", city.Key, folder);
            foreach (var signer in keys.SigningKeys.Select(k => k.Info.City).Except(own, StringComparer.Ordinal))
                log.LogWarning("'{Folder}' holds the private key of {Signer}, which this process does not need; remove it.", folder, Name(signer, registry));
            return keys;
        }
        catch
        {
            keys.Dispose();
            throw;
        }
    }

    private static KeyStore Read(string folder)
    {
        try
        {
            return KeyStore.Load(folder);
        }
        catch (KeyStoreException fault)
        {
            throw new HostRefusedException($"{fault.Message} DATAHUB_KEYS names the folder; 'keys create' makes one for each process.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HostRefusedException($"The key folder '{folder}' cannot be read; set DATAHUB_KEYS to one that this process may read.");
        }
    }

    private static string Name(string signer, RegistrySnapshot registry) => signer == Nodes.Hub ? "the hub" : $"the city '{registry.CityByCode(signer)?.Key ?? signer}'";
}

using System.Globalization;
using DataHub.Broker.Intake;
using DataHub.Contracts;
using DataHub.Core.Registry;
using DataHub.Core.Signing;

namespace DataHub.Host.Commands;

/// <summary>When a new key signs.</summary>
public readonly record struct KeyPeriod(DateOnly From, int Years);

/// <summary>
/// Makes the key folders of a deployment: below the folder one for the hub (<c>hub</c>) and one for each city by its key.
/// Each holds its party's own private key and the public keys of all, which is what DATAHUB_KEYS of its processes names.
/// </summary>
internal static class KeysCommand
{
    private const string Hub = "hub";

    public static int Create(string folder, KeyPeriod period)
    {
        if (File.Exists(folder) || (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any()))
            throw new HostRefusedException($"There is something in '{folder}' already, and keys are never overwritten; name a new folder, or add one party's next key with 'keys add'.");
        KeyStore.CreateFolder(folder);
        var parties = Parties();
        foreach (var party in parties.Keys)
            KeyStore.CreateFolder(Path.Combine(folder, party));
        foreach (var (party, code) in parties)
            Make(folder, parties.Keys, party, code, period);
        _ = PatientKeys.LoadOrCreate(Path.Combine(folder, Hub, PatientKeys.FileName));
        Console.WriteLine($"Give each folder in '{folder}' to its party alone, and set DATAHUB_KEYS of its processes to it: '{Hub}' is the brokers'.");
        return ExitCodes.Done;
    }

    public static int Add(string folder, string party, KeyPeriod period)
    {
        var parties = Parties();
        if (!parties.TryGetValue(party, out var code))
            throw new HostRefusedException($"There is no party '{party}'; name one of {string.Join(", ", parties.Keys)}.");
        var there = parties.Keys.Where(p => Directory.Exists(Path.Combine(folder, p))).ToList();
        if (!there.Contains(party))
            throw new HostRefusedException($"There is no folder '{party}' in '{folder}'; name the folder that 'keys create' made.");
        if (File.Exists(Path.Combine(folder, party, Id(code, period) + ".key.pem")))
            throw new HostRefusedException($"'{party}' has a key from {period.From:yyyy-MM-dd} already, and keys are never overwritten; name another day with --from.");
        Make(folder, there, party, code, period);
        Console.WriteLine($"The public key is in the folders {string.Join(", ", there)}: hand it over and restart their processes first, then those of '{party}' (docs/operations.md).");
        return ExitCodes.Done;
    }

    private static void Make(string folder, IEnumerable<string> parties, string party, string code, KeyPeriod period)
    {
        var from = new DateTimeOffset(period.From.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);
        var published = KeyStore.Create(Path.Combine(folder, party), new KeyInfo(Id(code, period), code, Suites.Es256, from, from.AddYears(period.Years)));
        foreach (var other in parties.Where(p => p != party))
            File.Copy(published, Path.Combine(folder, other, Path.GetFileName(published)));
    }

    private static string Id(string code, KeyPeriod period) => string.Create(CultureInfo.InvariantCulture, $"{code}-es256-{period.From:yyyyMMdd}");

    private static Dictionary<string, string> Parties()
    {
        var parties = new Dictionary<string, string>(StringComparer.Ordinal) { [Hub] = Nodes.Hub };
        foreach (var city in RegistrySnapshot.Load(HostSettings.OfVariable("SEEDS") ?? RegistrySnapshot.FindSeeds()).Cities)
            parties[city.Key] = city.Code;
        return parties;
    }
}

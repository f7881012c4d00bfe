using DataHub.Core.Journal;
using DataHub.Core.Signing;

namespace DataHub.Host.Commands;

/// <summary>Checks the evidence of a data folder. Needs the public keys only.</summary>
internal static class VerifyCommand
{
    public static async Task<int> RunAsync(string data, CancellationToken cancel)
    {
        await using var store = await DataFolder.OpenAsync(data, cancel);
        using var keys = KeyStore.Load(DataFolder.Options(data).Keys);
        var checks = await JournalVerifier.VerifyAsync(store, keys.Ring, cancel);
        foreach (var check in checks)
        {
            Console.WriteLine($"{check.Node}: {check.Rows} rows, {check.Signatures} signatures, {(check.Faults.Count == 0 ? "all hold" : $"{check.Faults.Count} faults")}");
            foreach (var fault in check.Faults)
                Console.WriteLine($"  row {fault.Number} {fault.MessageId}: {fault.What}");
        }

        return checks.All(c => c.Faults.Count == 0) ? ExitCodes.Done : ExitCodes.Negative;
    }
}

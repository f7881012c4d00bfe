using DataHub.Core.Registry;
using DataHub.Host.Demo;
using DataHub.Simulators.Cases;

namespace DataHub.Host.Commands;

/// <summary>Writes generated cases in the cities' own forms, with what has to become of each.</summary>
internal static class GenerateCommand
{
    public static async Task<int> RunAsync(DataHubOptions options, string folder, int cases, int seed, DateTimeOffset start, CancellationToken cancel)
    {
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
        {
            await Console.Error.WriteLineAsync($"The folder '{folder}' is not empty; name a new one, so that old cases do not mix with these.");
            return ExitCodes.CannotStart;
        }

        var seeds = options.Seeds;
        var registry = RegistrySnapshot.Load(seeds);
        var planned = new CaseGenerator(options.Knobs with { Seed = seed }, registry).Generate(cases, start, TimeSpan.Zero);
        await new NativeFiles(registry, seeds, options.Interfaces).WriteAsync(planned, folder, cancel);
        Console.WriteLine($"{planned.Count} cases of {planned.Select(c => c.City).Distinct().Count()} cities are in {Path.GetFullPath(folder)}; {NativeFiles.ExpectedFile} says what has to become of each.");
        return ExitCodes.Done;
    }
}

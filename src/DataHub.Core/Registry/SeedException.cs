namespace DataHub.Core.Registry;

/// <summary>One fault of the seeds.</summary>
/// <param name="File">Path inside the seeds folder, such as <c>codes/deyang.csv</c>.</param>
/// <param name="Row">Line in the file, from 1; 0 where the fault is of the file as a whole.</param>
/// <param name="Reason">What is wrong, in a sentence.</param>
public sealed record SeedFault(string File, int Row, string Reason);

/// <summary>The seeds cannot be used. Lists every fault that was found, not only the first.</summary>
public sealed class SeedException(IReadOnlyList<SeedFault> faults) : Exception(Describe(faults))
{
    public IReadOnlyList<SeedFault> Faults { get; } = faults;

    private static string Describe(IReadOnlyList<SeedFault> faults) =>
        $"The seeds have {faults.Count} fault(s):" + string.Concat(faults.Select(f => $"\n  {f.File}:{f.Row}: {f.Reason}"));
}

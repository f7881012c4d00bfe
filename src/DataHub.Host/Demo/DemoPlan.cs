using System.Text.Json;
using System.Text.Json.Serialization;
using DataHub.Core.Registry;
using DataHub.Core.Storage;
using DataHub.Simulators;
using DataHub.Simulators.Cases;

namespace DataHub.Host.Demo;

/// <summary>
/// What a demo submits. Kept in the data folder before the first case goes out, so that a demo that was ended in the
/// middle goes on with the same cases after the next start.
/// </summary>
public sealed partial record DemoPlan(int Cases, int Seed, DateTimeOffset Start)
{
    private const string FileName = "demo-plan.json";

    /// <summary>By how much the samples go out before the first generated case.</summary>
    private static readonly TimeSpan SamplesFirst = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The start for a city whose system is a process of its own: people and results are drawn from it, and a doctor in one
    /// city asks for what another city published, so systems that are started within minutes must draw from the same.
    /// </summary>
    public static DateTimeOffset SharedStart(DateTimeOffset now) => now - TimeSpan.FromTicks(now.UtcTicks % TimeSpan.FromMinutes(10).Ticks);

    /// <summary>The plan of the data folder, or a new one.</summary>
    /// <returns>The plan, and whether it was there before.</returns>
    public static (DemoPlan Plan, bool Continued) LoadOrCreate(string directory, int cases, int seed, DateTimeOffset start)
    {
        var file = Path.Combine(directory, FileName);
        if (File.Exists(file))
            return (JsonSerializer.Deserialize(File.ReadAllBytes(file), PlanJson.Default.DemoPlan)!, true);
        var plan = new DemoPlan(cases, seed, start);
        SafeFile.Replace(file, JsonSerializer.SerializeToUtf8Bytes(plan, PlanJson.Default.DemoPlan), SafeFile.OwnerOnly);
        return (plan, false);
    }

    /// <summary>The samples, then the generated cases. The same at every call: they follow from the plan and the seeds alone.</summary>
    public IReadOnlyList<PlannedCase> AllCases(SampleCases samples, Knobs knobs, RegistrySnapshot registry)
    {
        ArgumentNullException.ThrowIfNull(samples);
        IReadOnlyList<PlannedCase> generated = Cases == 0
            ? []
            : new CaseGenerator(knobs with { Seed = Seed }, registry).Generate(Cases, Start + SamplesFirst, TimeSpan.FromMilliseconds(Math.Max(Math.Min(Cases * 20.0, 20_000), Cases * 3.0)));
        return [.. samples.Plan(Start), .. generated];
    }

    [JsonSerializable(typeof(DemoPlan))]
    private sealed partial class PlanJson : JsonSerializerContext;
}

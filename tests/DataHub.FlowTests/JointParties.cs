using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Registry;
using DataHub.Core.Validation;
using DataHub.Simulators.Cases;

namespace DataHub.FlowTests;

/// <summary>A joint application has no target of its own: the cities of its parts stand in its message.</summary>
internal static class JointParties
{
    /// <summary>Whether a part of the case is the city's to decide.</summary>
    public static bool HasPartIn(PlannedCase planned, RegistrySnapshot registry, string city) =>
        planned.Type == MessageTypes.JointApplication
        && PayloadReader.Read(planned.Type, planned.Data.Span) is ReadOutcome.Ok { Payload: JointApplication whole }
        && whole.Parts.Any(p => registry.District(p.TargetDistrict)?.CityCode == city);
}

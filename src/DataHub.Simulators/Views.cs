using DataHub.Core.Flows;

namespace DataHub.Simulators;

/// <summary>A case as the city's own system has it.</summary>
/// <param name="Role">What the city is in the case.</param>
/// <param name="State">A word of the city's own: <c>planned</c>, <c>open</c>, <c>done</c> or <c>refused</c>.</param>
/// <param name="RefusalCodes">Reason codes of a refused message of this case, by comma; empty for none.</param>
public sealed record CaseView(string CaseNumber, string? ExchangeId, Party Role, string Flow, string State, Outcome? Outcome, string RefusalCodes);

/// <summary>How far a city's own system is.</summary>
/// <param name="Planned">Own cases that are not handed over yet.</param>
/// <param name="Submitted">Own cases that the hub's side took.</param>
/// <param name="Refused">Own cases whose opening was refused.</param>
/// <param name="Received">Cases of other cities.</param>
/// <param name="Open">Cases that wait for someone.</param>
/// <param name="Done">Cases that need nothing more from this city.</param>
/// <param name="ActionsDue">Messages that are waiting to be handed over.</param>
/// <param name="ActionsRefused">Messages of this city that were refused.</param>
/// <param name="Deliveries">Messages handed to this city, repetitions included.</param>
/// <param name="Effects">Messages that had an effect here.</param>
/// <param name="DuplicateEffects">Messages that had more than one effect: has to be 0.</param>
/// <param name="Unlinked">Messages held for an exchange that this city does not know yet.</param>
public sealed record CitySummary(
    long Planned, long Submitted, long Refused, long Received, long Open, long Done, long ActionsDue, long ActionsRefused,
    long Deliveries, long Effects, long DuplicateEffects, long Unlinked);

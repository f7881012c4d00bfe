using DataHub.Core.Flows;

namespace DataHub.Simulators.Behaviour;

internal static class CaseStates
{
    public const string Planned = "planned";
    public const string Open = "open";
    public const string Done = "done";
    public const string Refused = "refused";
}

/// <summary>A case of a city's own system, as it lies in its store.</summary>
internal sealed record CityCase
{
    public required string Number { get; init; }

    public string? ExchangeId { get; set; }

    public required Party Role { get; init; }

    public required string Flow { get; init; }

    public required string State { get; set; }

    /// <summary>Messages made so far in this case: the last part of their numbers.</summary>
    public int Steps { get; set; }

    public Outcome? Outcome { get; set; }

    public string Refusals { get; set; } = "";

    public required Dictionary<string, string> Memory { get; init; }
}

/// <summary>A message that the city's clerk will make.</summary>
/// <param name="Native">The message as it is handed over, where a person wrote it in the city's own form.</param>
internal sealed record PlannedStep(string CaseNumber, string Type, DateTimeOffset DueAt, byte[] Data, byte[]? Native = null);

/// <summary>A medical result that this city published.</summary>
internal sealed record OwnResult(string ResultId, string CaseNumber, string PatientId, string ItemCode, byte[] Notice, string Digest, bool Revoked);

/// <summary>The city's own published results.</summary>
internal interface IOwnResults
{
    OwnResult? Find(string resultId);

    /// <summary>The patient's latest result of this item that was not revoked.</summary>
    OwnResult? Find(string patientId, string itemCode);

    void Add(OwnResult result);

    /// <summary>True the first time: what was used once is corrected or revoked once.</summary>
    bool TakeFollowUp(string resultId);

    void Change(string resultId, string digest, bool revoked);
}

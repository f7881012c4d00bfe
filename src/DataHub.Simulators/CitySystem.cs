using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using DataHub.Core.Registry;
using Microsoft.Extensions.Logging;

namespace DataHub.Simulators;

/// <summary>
/// What all four simulated city systems have in common: they own cases, react to what they get, and keep everything in
/// their <see cref="CityStore"/>, so that an end at any moment loses nothing and repeats are recognised.
/// </summary>
public sealed class CitySystem(
    string cityKey, CityStore store, Knobs knobs, INativePort port, TimeProvider time, RegistrySnapshot registry, ILogger<CitySystem>? log = null)
{
    private volatile Knobs knobs = knobs;

    /// <summary>GB/T 2260 code.</summary>
    public string City { get; } = registry.CityByKey(cityKey)?.Code ?? throw new ArgumentException($"There is no city '{cityKey}'.", nameof(cityKey));

    /// <summary>May be changed at any time.</summary>
    public Knobs Knobs
    {
        get => knobs;
        set => knobs = value;
    }

    public INativePort Port => port;

    /// <summary>Adds cases to submit. A case number that is there already is left as it is.</summary>
    public Task PlanAsync(IReadOnlyList<PlannedCase> cases, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>
    /// Takes a message that the hub's side delivers. When the task is done the message is durable here; a repetition by its
    /// id has no second effect and gives the same answer.
    /// </summary>
    /// <returns>The outcome that this system recorded because of the message; null where the message carries none.</returns>
    /// <exception cref="CityUnavailableException">Down or failed; the message may or may not have been taken.</exception>
    /// <exception cref="UnacceptableMessageException">The message cannot be read.</exception>
    public Task<Outcome?> HandleAsync(string messageId, string type, string exchangeId, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
        => throw new NotSupportedException();

    /// <summary>Takes the hub's notice that it refused a message of this city. Repetitions have no effect.</summary>
    /// <exception cref="CityUnavailableException">Down or failed; the notice may or may not have been taken.</exception>
    public Task HandleRefusalAsync(string messageId, string type, string exchangeId, IReadOnlyList<Reason> reasons, CancellationToken cancellationToken)
        => throw new NotSupportedException();

    /// <summary>Hands over what is due until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken)
    {
        log?.LogInformation("City {City} runs at {Now} on {File}", City, time.GetUtcNow(), store.File);
        throw new NotSupportedException();
    }

    /// <summary>The outcome of this exchange as this city's own system recorded it; null for none.</summary>
    public Outcome? Recorded(string exchangeId) => throw new NotSupportedException();

    /// <summary>The case of this number, or null.</summary>
    public CaseView? FindCase(string caseNumber) => throw new NotSupportedException();

    /// <summary>Cases in the order of their numbers, beginning after <paramref name="after"/> (null: from the first).</summary>
    public IReadOnlyList<CaseView> Cases(string? after, int limit) => throw new NotSupportedException();

    public CitySummary Summary() => throw new NotSupportedException();
}

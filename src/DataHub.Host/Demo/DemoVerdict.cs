using DataHub.Core.Flows;
using DataHub.Core.Storage;
using DataHub.Simulators;
using DataHub.Simulators.Cases;

namespace DataHub.Host.Demo;

public enum CaseStanding
{
    /// <summary>Something is still to come.</summary>
    Open,

    /// <summary>Source, hub and target hold the same outcome, and it is the expected one.</summary>
    Reconciled,

    /// <summary>Refused for the reason that was expected.</summary>
    Refused,

    /// <summary>Ended, but not as expected.</summary>
    Unexpected,
}

/// <summary>One case as the three sides hold it.</summary>
/// <param name="Source">Outcome recorded in the source city's own system.</param>
/// <param name="Target">Outcome recorded in the target city's own system; null where the flow has no target.</param>
/// <param name="Why">The reason codes of a refusal, or what is missing.</param>
public sealed record CaseResult(PlannedCase Case, CaseStanding Standing, string? ExchangeId, Outcome? Source, ExchangeRow? Hub, Outcome? Target, string Why);

/// <summary>Judges cases against what was expected of them. Pure.</summary>
public static class DemoVerdict
{
    /// <summary>
    /// When no exchange at all has been touched for so long, none is going to change by itself: simulated clerks need seconds.
    /// One alone may well rest for longer, where very many wait before it.
    /// </summary>
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(60);

    public static CaseResult Judge(PlannedCase planned, CaseView? view, ExchangeRow? hub, Outcome? target, DateTimeOffset lastChange, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(planned);
        CaseResult Result(CaseStanding standing, string why) => new(planned, standing, view?.ExchangeId, view?.Outcome, hub, target, why);

        if (view is null || view.State == "planned")
            return Result(CaseStanding.Open, "not handed over yet");
        if (view.State == "refused")
        {
            return planned.Expected.Expectation is Expectation.Refused expected && view.RefusalCodes.Split(',').Contains(expected.ReasonCode)
                ? Result(CaseStanding.Refused, view.RefusalCodes)
                : Result(CaseStanding.Unexpected, "refused: " + view.RefusalCodes);
        }

        if (hub?.State.Outcome is null || !hub.State.Final)
            return Result(CaseStanding.Open, "state " + (hub?.State.State ?? "sent"));
        if (hub.ReconciledAt is null)
            return Result(CaseStanding.Open, "outcome not confirmed by both sides yet");
        var agree = view.Outcome == hub.State.Outcome && (hub.State.TargetCity.Length == 0 || target == hub.State.Outcome);
        if (!agree)
            return Result(CaseStanding.Open, "the cities' own records differ from the hub's");
        if (planned.Expected.Expectation is Expectation.Reconciled reconciled && reconciled.OutcomeCode == hub.State.Outcome.Code)
            return Result(CaseStanding.Reconciled, "");

        // A published result may yet be corrected or revoked: what still changes is not judged.
        return Result(now - lastChange > Settled ? CaseStanding.Unexpected : CaseStanding.Open, $"outcome {hub.State.Outcome.Code}");
    }
}

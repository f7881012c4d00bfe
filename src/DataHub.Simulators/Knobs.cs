namespace DataHub.Simulators;

/// <summary>
/// How the simulated cities behave. Rates are shares from 0 to 1. All cities of one run share the seed and the rates, so
/// that a case's outcome is known when it is generated.
/// </summary>
public sealed record Knobs
{
    public static Knobs Default { get; } = new();

    public int Seed { get; init; } = 1;

    /// <summary>Shortest time that a clerk takes for a step.</summary>
    public TimeSpan ClerkDelayFrom { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Longest time that a clerk takes for a step; not under <see cref="ClerkDelayFrom"/>.</summary>
    public TimeSpan ClerkDelayTo { get; init; } = TimeSpan.FromMilliseconds(1500);

    /// <summary>Share of the decided cases that are refused or, in recognition, not recognised.</summary>
    public double RefusalRate { get; init; } = 0.08;

    /// <summary>Share of the cases that the target returns.</summary>
    public double ReturnRate { get; init; } = 0.04;

    /// <summary>Share of the cases that the applicant takes back.</summary>
    public double WithdrawalRate { get; init; } = 0.03;

    /// <summary>Share of the accepted service cases for which something is missing at first.</summary>
    public double SupplementRate { get; init; } = 0.08;

    /// <summary>Share of the accepted service cases of which the source has to remind (催办).</summary>
    public double ReminderRate { get; init; } = 0.06;

    /// <summary>Share of the accepted service cases in which the source corrects what it wrote (更正).</summary>
    public double FieldCorrectionRate { get; init; } = 0.05;

    /// <summary>Share of the accepted service cases that the target's hall forwards to another agency of its city (转办).</summary>
    public double ForwardingRate { get; init; } = 0.06;

    /// <summary>Share of the queries for medical results whose patient takes the consent back before anybody has answered.</summary>
    public double ConsentWithdrawalRate { get; init; } = 0.03;

    /// <summary>Share of the evaluations that are bad ones (差评), each followed up by the target.</summary>
    public double DissatisfactionRate { get; init; } = 0.1;

    /// <summary>Share of the used medical results that are corrected afterwards; as many again are revoked.</summary>
    public double CorrectionRate { get; init; } = 0.1;

    /// <summary>Share of the transfers whose new city already holds months of the old record (重复缴费).</summary>
    public double OverlapRate { get; init; } = 0.02;

    /// <summary>Share of the transfers whose money comes in parts.</summary>
    public double SplitRate { get; init; } = 0.1;

    /// <summary>Share of the transfers whose first payment the bank sends back (退汇).</summary>
    public double BounceRate { get; init; } = 0.03;

    /// <summary>Share of the transfers of which too much is paid at first.</summary>
    public double OverpayRate { get; init; } = 0.03;

    /// <summary>Share of the transfers whose first remittance notice names a wrong amount.</summary>
    public double MisstateRate { get; init; } = 0.03;

    /// <summary>Share of the transfers that are paid once more after their completion; the new agency sends it back.</summary>
    public double PaidTwiceRate { get; init; } = 0.02;

    /// <summary>Share of the transfers whose table is recalled; as many again are recalled as a whole.</summary>
    public double RecallRate { get; init; } = 0.02;

    /// <summary>Share of the generated cases that are made wrong on purpose.</summary>
    public double InvalidRate { get; init; } = 0.06;

    /// <summary>Share of the service cases whose files are handed in; those of the others are only named.</summary>
    public double FileRate { get; init; } = 0.1;

    /// <summary>Cases whose end is not drawn: the outcome code by the number in the opening message.</summary>
    public IReadOnlyDictionary<string, string> FixedEnds { get; init; } = new Dictionary<string, string>();

    /// <summary>Share of the calls to the city's system that fail, half of them after the work was done.</summary>
    public double FaultRate { get; init; }

    /// <summary>The city's system answers nothing and sends nothing.</summary>
    public bool Down { get; init; }

    /// <summary>Most messages that the city hands over at the same time.</summary>
    public int Parallel { get; init; } = 128;

    internal TimeSpan ClerkDelay(double draw) => ClerkDelayFrom + ((ClerkDelayTo - ClerkDelayFrom) * draw);
}

/// <summary>The city's system is down or failed: the caller answers with its interface's own kind of fault.</summary>
public sealed class CityUnavailableException(string message) : Exception(message);

/// <summary>The delivered message makes no sense to the city's system; sending it again cannot help.</summary>
public sealed class UnacceptableMessageException(string message) : Exception(message);

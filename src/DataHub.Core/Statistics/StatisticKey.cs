namespace DataHub.Core.Statistics;

/// <summary>
/// What is counted, where and when. Every part is a code of the catalogue, a city, a name of the program or a month, so
/// that the number of keys is bounded by the catalogue; never a person, an id or a free text.
/// </summary>
/// <param name="Counter">A name of <see cref="Counters"/>.</param>
/// <param name="Month">Month in Asia/Shanghai as <c>yyyyMM</c>.</param>
/// <param name="Flow">Code of the flow; empty where a refused message names none.</param>
/// <param name="Item">Code of the service item, transfer kind or recognised item; empty where a refused message names none that exists.</param>
/// <param name="SourceCity">City that applied or asked; for refusals the city that sent; empty where nobody is proven to have sent.</param>
/// <param name="TargetCity">City that decides; empty where there is none.</param>
public readonly record struct StatisticKey(string Counter, int Month, string Flow, string Item, string SourceCity, string TargetCity)
{
    /// <summary>Code of the hospital that asked for a result; empty elsewhere.</summary>
    public string Hospital { get; init; } = "";

    /// <summary>Mode of a service application, <c>on-time</c> or <c>late</c> of a leg, reason of an administrative step.</summary>
    public string Variant { get; init; } = "";

    /// <summary>Outcome code, term of a leg, reason code, verdict or repeat reason, kind of an administrative step, way of money.</summary>
    public string Detail { get; init; } = "";

    /// <summary>Place in a histogram: working days of a leg, 0 to <see cref="Counters.MaxDays"/>; score of an evaluation, 1 to 5.</summary>
    public int Bucket { get; init; }
}

/// <summary>How often, and how much in fen. Both may be negative in a change that takes something back.</summary>
public readonly record struct StatisticValue(long Count, long AmountFen)
{
    public static StatisticValue operator +(StatisticValue a, StatisticValue b) => new(a.Count + b.Count, a.AmountFen + b.AmountFen);
}

/// <summary>What the hub counts. Names are stored: append only.</summary>
public static class Counters
{
    /// <summary>Exchanges by the month in which they were opened.</summary>
    public const string Opened = "opened";

    /// <summary>Exchanges that have an outcome now, by the month in which it was reached. Follows the outcome.</summary>
    public const string Outcome = "outcome";

    /// <summary>Doctors' decisions that stand now, by month. Follows the outcome; the amount is the cost avoided.</summary>
    public const string Recognition = "recognition";

    /// <summary>Legs that ended, by the month of their end.</summary>
    public const string Leg = "leg";

    /// <summary>Messages that were refused.</summary>
    public const string Refusal = "refusal";

    /// <summary>Reasons of refused messages: each code once a message.</summary>
    public const string RefusalReason = "refusal-reason";

    /// <summary>Ratings that applicants gave.</summary>
    public const string Evaluation = "evaluation";

    /// <summary>Administrative steps: supplements, returns, withdrawals, corrections and the rest of the family.</summary>
    public const string Administrative = "administrative";

    /// <summary>Reasons of administrative steps, where they name any: each code once a message.</summary>
    public const string AdministrativeReason = "administrative-reason";

    /// <summary>Money that moved after its transfer had ended; the amount is what moved.</summary>
    public const string MoneyAfterEnd = "money-after-end";

    /// <summary>Last bucket of working days; it holds what took longer as well.</summary>
    public const int MaxDays = 250;
}

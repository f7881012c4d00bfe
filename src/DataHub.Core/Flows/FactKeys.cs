namespace DataHub.Core.Flows;

/// <summary>
/// Keys of <see cref="ExchangeState.Facts"/>. Terms are what an exchange was opened under: they outlive a reopening, and
/// a change of the catalogue does not touch exchanges that run.
/// </summary>
public static class FactKeys
{
    public const string TermPrefix = "term.";

    /// <summary>Working days from submission to acceptance or return.</summary>
    public const string AcceptDays = TermPrefix + "accept-days";

    /// <summary>承诺时限: working days from acceptance to decision.</summary>
    public const string DecisionDays = TermPrefix + "decision-days";

    public const string ContactLetterDays = TermPrefix + "contact-letter-days";
    public const string InformationTableDays = TermPrefix + "information-table-days";
    public const string CompletionDays = TermPrefix + "completion-days";
    public const string AcknowledgementDays = TermPrefix + "acknowledgement-days";
    public const string ResultDays = TermPrefix + "result-days";

    /// <summary>Present for an item that may be decided at once.</summary>
    public const string Instant = TermPrefix + "instant";

    /// <summary>Present where money moves.</summary>
    public const string MoneyMoves = TermPrefix + "money-moves";

    /// <summary>Id of the medical result that the exchange is about.</summary>
    public const string ResultId = TermPrefix + "result";

    /// <summary>Codes of the materials that were asked for, by comma; stays while the answer is awaited.</summary>
    public const string AskedMaterials = "asked";

    /// <summary>Last working day that the applicant was given for the supplement.</summary>
    public const string SupplementDueOn = "supplement-due-on";

    /// <summary>Present once what is missing has been asked for.</summary>
    public const string Supplemented = "supplemented";

    public const string LetterNumber = "letter";
    public const string ReceivingAccount = "receiving-account";

    /// <summary>Months that the new city already holds, as <c>yyyy-MM/yyyy-MM</c> by comma; until the table has come.</summary>
    public const string HeldPeriods = "held";

    public const string TableNumber = "table";
    public const string TableMonths = "table-months";
    public const string TableTotalFen = "table-total";

    /// <summary>Number of months paid twice, where there are any.</summary>
    public const string OverlappingMonths = "overlap";

    public const string AdviceNumber = "advice";
    public const string AdviceTable = "advice-table";
    public const string AdviceFen = "advice-amount";

    /// <summary>Who sent a message that may be corrected: <c>msg.{id}</c> = <c>{city} {type}</c>.</summary>
    public const string MessagePrefix = "msg.";

    /// <summary>Who has to acknowledge a correction: <c>ack.{message id} {city}</c> = <see cref="Open"/> or <see cref="Done"/>.</summary>
    public const string AcknowledgementPrefix = "ack.";

    public const string Open = "open";
    public const string Done = "done";

    public static string Message(string messageId) => MessagePrefix + messageId;

    public static string Acknowledgement(string messageId, string city) => AcknowledgementPrefix + messageId + " " + city;

    /// <summary>Cities that still have to acknowledge something, in order of their codes.</summary>
    public static IEnumerable<string> OpenHolders(IReadOnlyDictionary<string, string> facts) =>
        facts.Where(f => f.Value == Open && f.Key.StartsWith(AcknowledgementPrefix, StringComparison.Ordinal))
            .Select(f => f.Key[(f.Key.LastIndexOf(' ') + 1)..])
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal);

    /// <summary>Whether this city was ever asked to acknowledge something.</summary>
    public static bool IsHolder(IReadOnlyDictionary<string, string> facts, string city) =>
        facts.Keys.Any(k => k.StartsWith(AcknowledgementPrefix, StringComparison.Ordinal) && k.EndsWith(" " + city, StringComparison.Ordinal));
}

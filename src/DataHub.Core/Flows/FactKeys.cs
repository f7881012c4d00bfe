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

    /// <summary>Working days from a decision until the applicant has the result.</summary>
    public const string DeliveryDays = TermPrefix + "delivery-days";

    public const string ResultDays = TermPrefix + "result-days";

    /// <summary>Present for an item that may be decided at once.</summary>
    public const string Instant = TermPrefix + "instant";

    /// <summary>Working days in which the target follows up a bad evaluation.</summary>
    public const string FollowUpDays = TermPrefix + "follow-up-days";

    /// <summary>Present where the originals travel from the window to the target.</summary>
    public const string OriginalsForwarded = TermPrefix + "originals";

    /// <summary>Present where the result comes back on paper.</summary>
    public const string PaperResult = TermPrefix + "paper-result";

    /// <summary>Digest of a submitted material, by its code, where originals travel.</summary>
    public const string MaterialPrefix = TermPrefix + "material.";

    /// <summary>Exchange id of the joint application that this exchange is a part of.</summary>
    public const string Whole = TermPrefix + "whole";

    /// <summary>The part's number in it.</summary>
    public const string PartNumber = TermPrefix + "part-number";

    /// <summary>Present in a joint application that the applicant took back as a whole.</summary>
    public const string WholeWithdrawn = "whole-withdrawn";

    /// <summary>Present where the last evaluation was a bad one.</summary>
    public const string Dissatisfied = "dissatisfied";

    /// <summary>Present where money moves.</summary>
    public const string MoneyMoves = TermPrefix + "money-moves";

    /// <summary>Which amounts a transfer moves, of <see cref="Registry.TransferAmounts"/>, by <c>|</c>.</summary>
    public const string MovedAmounts = TermPrefix + "amounts";

    /// <summary>Percentage by which the pooled amount follows from its base; absent where the message has its own formula.</summary>
    public const string PooledPercent = TermPrefix + "pooled-percent";

    /// <summary>Present where the table's months count in the new city.</summary>
    public const string MonthsJoin = TermPrefix + "months-join";

    /// <summary>Where the money goes, as the application of a kind without a contact letter names it.</summary>
    public const string AppliedAccount = TermPrefix + "receiving-account";

    /// <summary>Like <see cref="HeldPeriods"/>, from the application of a kind without a contact letter.</summary>
    public const string AppliedPeriods = TermPrefix + "held";

    /// <summary>Id of the medical result that the exchange is about.</summary>
    public const string ResultId = TermPrefix + "result";

    /// <summary>Number of the patient's consent, and when it ends (round-trip form, UTC): nothing is delivered after that.</summary>
    public const string ConsentNumber = TermPrefix + "consent";
    public const string ConsentUntil = TermPrefix + "consent-until";

    /// <summary>Code of the hospital that published the result.</summary>
    public const string PublishingHospital = TermPrefix + "publisher";

    /// <summary>Digest of the version of a result that was delivered last.</summary>
    public const string DeliveredDigest = "delivered";

    /// <summary>Cost of the examination that was not repeated, in fen: the doctor's figure, else the catalogue's price.</summary>
    public const string AvoidedFen = "avoided";

    /// <summary>
    /// Which cities must say what became of patients for whom the result had been recognised:
    /// <c>reassess.{message id} {city}</c>, until they have said so.
    /// </summary>
    public const string ReassessmentPrefix = "reassess.";

    /// <summary>Mode of a service application, as on the wire; statistics count by it.</summary>
    public const string Mode = TermPrefix + "mode";

    /// <summary>Code of the hospital that asked for a result; statistics count by it.</summary>
    public const string AskingHospital = TermPrefix + "hospital";

    /// <summary>Why a result was not recognised, as on the wire; statistics count by it.</summary>
    public const string RepeatReason = "repeat-reason";

    /// <summary>Month in Asia/Shanghai in which the outcome was reached, as <c>yyyyMM</c>: statistics must find it again when it is replaced.</summary>
    public const string OutcomeMonth = "outcome-month";

    /// <summary>Codes of the materials that were asked for, by comma; stays while the answer is awaited.</summary>
    public const string AskedMaterials = "asked";

    /// <summary>Last working day that the applicant was given for the supplement.</summary>
    public const string SupplementDueOn = "supplement-due-on";

    /// <summary>Present once what is missing has been asked for.</summary>
    public const string Supplemented = "supplemented";

    /// <summary>Number of reminders in this case so far.</summary>
    public const string Reminders = "reminders";

    /// <summary>What a city has reminded of on its last day of doing so: <c>reminded.{city}</c> = <c>yyyy-MM-dd {number}</c>.</summary>
    public const string RemindedPrefix = "reminded.";

    /// <summary>The agency to which a city forwarded the case last: <c>agency.{city}</c> = code.</summary>
    public const string AgencyPrefix = "agency.";

    /// <summary>How often a city has forwarded the case: <c>forwarded.{city}</c>.</summary>
    public const string ForwardedPrefix = "forwarded.";

    public const string LetterNumber = "letter";
    public const string ReceivingAccount = "receiving-account";

    /// <summary>Months that the new city already holds, as <c>yyyy-MM/yyyy-MM</c> by comma.</summary>
    public const string HeldPeriods = "held";

    public const string TableNumber = "table";
    public const string TableMonths = "table-months";
    public const string TableTotalFen = "table-total";

    /// <summary>Number of months paid twice, while that is not settled.</summary>
    public const string OverlappingMonths = "overlap";

    /// <summary>How one side would settle months paid twice: <c>{city} {kept by} {refund in fen}</c>.</summary>
    public const string OverlapProposal = "overlap-proposal";

    /// <summary>Number of the last remittance.</summary>
    public const string AdviceNumber = "advice";

    /// <summary>The table that the remittances name.</summary>
    public const string AdviceTable = "advice-table";

    /// <summary>Remitted less returned, in fen; absent before the first remittance.</summary>
    public const string AdviceFen = "advice-amount";

    /// <summary>Present while a remittance claims to be the whole of a table that has not come.</summary>
    public const string WholePayment = "whole-payment";

    /// <summary>What is left of each remittance, in fen: <c>paid.{number}</c>.</summary>
    public const string PaymentPrefix = "paid.";

    /// <summary>Numbers of returns that were taken: <c>back.{number}</c>.</summary>
    public const string ReturnPrefix = "back.";

    /// <summary>Number of remittances that came after their deadline.</summary>
    public const string LatePayments = "late-payments";

    /// <summary>Present once the old agency took back the whole transfer, or the new one its completion: all that was paid has to go back.</summary>
    public const string RecalledWhole = "recalled";

    /// <summary>Who sent a message that may be corrected: <c>msg.{id}</c> = <c>{city} {type}</c>.</summary>
    public const string MessagePrefix = "msg.";

    /// <summary>Who has to acknowledge a correction: <c>ack.{message id} {city}</c> = <see cref="Open"/> or <see cref="Done"/>.</summary>
    public const string AcknowledgementPrefix = "ack.";

    public const string Open = "open";
    public const string Done = "done";

    public static string Message(string messageId) => MessagePrefix + messageId;

    public static string Acknowledgement(string messageId, string city) => AcknowledgementPrefix + messageId + " " + city;

    public static string Reassessment(string messageId, string city) => ReassessmentPrefix + messageId + " " + city;

    /// <summary>Whether this city still has to say what became of its patients, after any correction or revocation.</summary>
    public static bool MustReassess(IReadOnlyDictionary<string, string> facts, string city) =>
        facts.Keys.Any(k => k.StartsWith(ReassessmentPrefix, StringComparison.Ordinal) && k.EndsWith(" " + city, StringComparison.Ordinal));

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

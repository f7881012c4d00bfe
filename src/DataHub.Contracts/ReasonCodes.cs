namespace DataHub.Contracts;

/// <summary>
/// Every reason by number. Append only: a number never changes its meaning and is never used again. The sentences stand
/// in <c>src/DataHub.Core/Errors/Reasons.resx</c> (Chinese) and <c>Reasons.en.resx</c>; a test holds the two in step.
/// </summary>
public static class ReasonCodes
{
    // 1xxx: form. Well-formedness, envelope, shape.
    public const string NotWellFormed = "DH-1001";
    public const string TooLarge = "DH-1002";
    public const string TooDeep = "DH-1003";
    public const string TooManyEntries = "DH-1004";
    public const string EnvelopeInvalid = "DH-1005";
    public const string UnknownType = "DH-1006";
    public const string RequiredMissing = "DH-1007";
    public const string UnknownMember = "DH-1008";
    public const string WrongKind = "DH-1009";
    public const string LengthOutOfBounds = "DH-1010";
    public const string PatternMismatch = "DH-1011";
    public const string NumberOutOfBounds = "DH-1012";
    public const string CountOutOfBounds = "DH-1013";
    public const string UnknownValue = "DH-1014";
    public const string DuplicateMember = "DH-1015";
    public const string DigestMismatch = "DH-1016";
    public const string MediaTypeUnsupported = "DH-1017";
    public const string RequestIncomplete = "DH-1018";

    // 2xxx: business rules of one message.
    public const string ResidentIdCheckDigit = "DH-2001";
    public const string ResidentIdBirthDate = "DH-2002";
    public const string ResidentIdFormat = "DH-2003";
    public const string CreditCodeCheckDigit = "DH-2004";
    public const string PersonNameInvalid = "DH-2005";
    public const string TimeInFuture = "DH-2006";
    public const string TimeTooOld = "DH-2007";
    public const string ReasonRequired = "DH-2008";
    public const string TrackingNumberRequired = "DH-2009";
    public const string MaterialMissing = "DH-2010";
    public const string MaterialUnknown = "DH-2011";
    public const string FormFieldMissing = "DH-2012";
    public const string FormFieldUnknown = "DH-2013";
    public const string MonthsDiffer = "DH-2014";
    public const string YearLineInvalid = "DH-2015";
    public const string PersonalAmountDiffers = "DH-2016";
    public const string PooledAmountDiffers = "DH-2017";
    public const string TotalAmountDiffers = "DH-2018";
    public const string PeriodReversed = "DH-2019";
    public const string MarkMissing = "DH-2020";
    public const string ConsentExpired = "DH-2021";
    public const string ConsentScope = "DH-2022";
    public const string ReasonTextRequired = "DH-2023";
    public const string SexDiffersFromId = "DH-2024";
    public const string ResultExpired = "DH-2025";
    public const string OriginalIdDiffers = "DH-2026";
    public const string DuplicateEntry = "DH-2027";

    // 3xxx: authority, catalogue, routing.
    public const string UnknownCity = "DH-3001";
    public const string UnknownItem = "DH-3002";
    public const string ItemNotOffered = "DH-3003";
    public const string NoAgreement = "DH-3004";
    public const string UnknownDistrict = "DH-3005";
    public const string SameCity = "DH-3006";
    public const string ModeNotOffered = "DH-3007";
    public const string UnknownHospital = "DH-3008";
    public const string HospitalNotOfCity = "DH-3009";
    public const string MarkDoesNotCover = "DH-3010";
    public const string HospitalGradeTooLow = "DH-3011";
    public const string NoSharedResult = "DH-3012";
    public const string UnknownAgency = "DH-3013";
    public const string ItemNotInForce = "DH-3014";
    public const string UnknownReturnReason = "DH-3015";

    // 4xxx: flow.
    public const string UnknownExchange = "DH-4001";
    public const string StepNotAllowed = "DH-4002";
    public const string SenderOutOfRole = "DH-4003";
    public const string ExchangeFinished = "DH-4004";
    public const string LetterNumberDiffers = "DH-4005";
    public const string TableNumberDiffers = "DH-4006";
    public const string RemittanceAmountDiffers = "DH-4007";
    public const string RemittanceAccountDiffers = "DH-4008";
    public const string CompletionMonthsDiffer = "DH-4009";
    public const string CompletionAmountDiffers = "DH-4010";
    public const string MoneyDoesNotMove = "DH-4011";
    public const string ResultIdDiffers = "DH-4012";
    public const string ResultRevoked = "DH-4013";
    public const string NotAHolder = "DH-4014";
    public const string AlreadyEvaluated = "DH-4015";
    public const string NotInstant = "DH-4016";
    public const string ExchangeIdTaken = "DH-4017";
    public const string UnknownMessageReferred = "DH-4018";
    public const string SupplementIncomplete = "DH-4019";
    public const string ResultIdTaken = "DH-4020";
    public const string AlreadyAcknowledged = "DH-4021";

    // 5xxx: identity, signature, replay.
    public const string SignatureMissing = "DH-5001";
    public const string SignatureInvalid = "DH-5002";
    public const string UnknownKey = "DH-5003";
    public const string KeyNotValidThen = "DH-5004";
    public const string KeyOfOtherCity = "DH-5005";
    public const string ReplayedWithOtherBody = "DH-5006";
    public const string SequenceReused = "DH-5007";
    public const string NotAuthenticated = "DH-5008";
    public const string NotAuthorised = "DH-5009";
    public const string EnvelopeTimeInFuture = "DH-5010";
    public const string EnvelopeTimeTooOld = "DH-5011";
    public const string NativeSignatureInvalid = "DH-5012";
    public const string WrongShard = "DH-5013";

    // 6xxx: the cities' native forms.
    public const string UnmappedCode = "DH-6001";
    public const string NativeNotReadable = "DH-6002";
    public const string NativeFieldMissing = "DH-6003";
    public const string NativeValueInvalid = "DH-6004";
    public const string CsvTrailerCountDiffers = "DH-6005";
    public const string CsvTrailerAmountDiffers = "DH-6006";
    public const string CsvTrailerMissing = "DH-6007";
    public const string EncodingInvalid = "DH-6008";
    public const string XmlForbidden = "DH-6009";
    public const string UnknownNativeKind = "DH-6010";
    public const string CsvRowInvalid = "DH-6011";
    public const string FileTooLarge = "DH-6012";
    public const string SchemaInvalid = "DH-6013";

    // 7xxx: reconciliation.
    public const string BreakOutcomeDiffers = "DH-7001";
    public const string BreakAmountDiffers = "DH-7002";
    public const string BreakDigestDiffers = "DH-7003";
    public const string BreakMissingAtSource = "DH-7004";
    public const string BreakMissingAtTarget = "DH-7005";
    public const string BreakLate = "DH-7006";
    public const string BreakOverlappingMonths = "DH-7007";
    public const string BreakUnacknowledgedCorrection = "DH-7008";

    // 9xxx: the hub's own condition.
    public const string Overloaded = "DH-9001";
    public const string JournalUnavailable = "DH-9002";
    public const string InternalFault = "DH-9003";
    public const string CityUnreachable = "DH-9004";
    public const string NotFound = "DH-9005";
    public const string BadCursor = "DH-9006";
}

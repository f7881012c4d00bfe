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
    public const string FileSizeDiffers = "DH-1020";
    public const string FileDigestDiffers = "DH-1021";
    public const string FileTypeDiffers = "DH-1022";
    public const string FileTypeNotTaken = "DH-1023";
    public const string UploadOffsetDiffers = "DH-1024";
    public const string MonthsOutOfBounds = "DH-1026";

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
    public const string CollectionRequired = "DH-2030";
    public const string CollectionUnexpected = "DH-2031";
    public const string JointPartUnfit = "DH-2033";
    public const string MeasureRequired = "DH-2034";
    public const string EmployeeMonthsRequired = "DH-2040";
    public const string ReceivingAccountRequired = "DH-2041";
    public const string ReceivingAccountMisplaced = "DH-2042";
    public const string DeceasedDateUnfit = "DH-2043";
    public const string EvidenceRequired = "DH-2044";
    public const string LaboratoryCodeUnknown = "DH-2050";
    public const string LaboratoryUnitDiffers = "DH-2051";
    public const string LaboratoryValueNotDecimal = "DH-2052";
    public const string ReferenceRangeReversed = "DH-2053";
    public const string ImageAddressExpired = "DH-2054";
    public const string ConsentHospital = "DH-2055";
    public const string ResultPartOfOtherCategory = "DH-2056";
    public const string SameAgency = "DH-2060";

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
    public const string AgencyNotOfCity = "DH-3020";
    public const string TransferConditionNotMet = "DH-3023";
    public const string MarkNotInForce = "DH-3026";
    public const string GradeNotAgreed = "DH-3027";
    public const string ForwardedBeyondCity = "DH-3031";
    public const string CompetentCityIsSender = "DH-3032";

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
    public const string NothingToHandOver = "DH-4030";
    public const string MaterialNotSubmitted = "DH-4031";
    public const string PaperResultRequired = "DH-4032";
    public const string WholeUnknown = "DH-4033";
    public const string PartNotAnnounced = "DH-4034";
    public const string PartTaken = "DH-4035";
    public const string WholeOfOtherCity = "DH-4036";
    public const string WholeEnded = "DH-4037";
    public const string AmountKindNotMoved = "DH-4040";
    public const string AdviceNumberTaken = "DH-4041";
    public const string PartOutOfOrder = "DH-4042";
    public const string ReturnExceedsPayment = "DH-4043";
    public const string MoneyOutstanding = "DH-4044";
    public const string SurplusNotReturned = "DH-4045";
    public const string MoneyNotReturned = "DH-4046";
    public const string NothingToRecall = "DH-4047";
    public const string RecallAfterCompletion = "DH-4048";
    public const string NoOverlapOpen = "DH-4049";
    public const string OverlapMonthsDiffer = "DH-4050";
    public const string UnknownAdvice = "DH-4051";
    public const string ReturnNumberTaken = "DH-4052";
    public const string CompletionReferenceDiffers = "DH-4053";
    public const string TooManyPayments = "DH-4054";
    public const string ReassessmentRequired = "DH-4055";
    public const string ResultAlreadyDelivered = "DH-4056";
    public const string ResultChangedSinceDelivery = "DH-4057";
    public const string ConsentWithdrawn = "DH-4058";
    public const string TooManyReminders = "DH-4062";
    public const string TooManyForwardings = "DH-4063";
    public const string NotTheHandlingAgency = "DH-4064";
    public const string SupplementPeriodRuns = "DH-4065";

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
    public const string BreakMoneyAfterEnd = "DH-7010";
    public const string BreakOverpaid = "DH-7012";
    public const string BreakMoneyNotReturned = "DH-7013";
    public const string BreakRecognisedResultChanged = "DH-7020";
    public const string BreakLegOverdue = "DH-7023";

    // 9xxx: the hub's own condition.
    public const string Overloaded = "DH-9001";
    public const string JournalUnavailable = "DH-9002";
    public const string InternalFault = "DH-9003";
    public const string CityUnreachable = "DH-9004";
    public const string NotFound = "DH-9005";
    public const string BadCursor = "DH-9006";
    public const string NotCarriedOut = "DH-9007";
    public const string TooManyUploads = "DH-9010";
    public const string UploadVolumeReached = "DH-9011";
    public const string MaterialsUnavailable = "DH-9012";
    public const string StatisticTooFine = "DH-9014";
}

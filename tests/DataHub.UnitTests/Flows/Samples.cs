using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;

namespace DataHub.UnitTests.Flows;

/// <summary>Valid payloads with synthetic persons; a test changes what it is about by <c>with</c>.</summary>
internal static partial class Samples
{
    public const string Chengdu = "510100";
    public const string Deyang = "510600";
    public const string Meishan = "511400";
    public const string Ziyang = "512000";

    /// <summary>A Wednesday, 10:00 in Shanghai, without holidays near.</summary>
    public static readonly DateTimeOffset Now = new(2026, 3, 4, 10, 0, 0, TimeSpan.FromHours(8));

    public static readonly string Digest = new('a', 64);

    public static readonly Person Citizen = new() { Name = "张小明", IdType = IdentityType.ResidentId, IdNumber = "11010519491231002X" };

    public static readonly Agency Agency = new() { Code = "A510600-CA", Name = "德阳市民政局" };

    public static readonly Doctor Doctor = new() { StaffNumber = "D001", Name = "李医生" };

    public static readonly ServiceSubmission Submission = new()
    {
        ItemCode = "marriage.registration",
        Mode = ServiceMode.Online,
        CaseNumber = "CD-1",
        Applicant = Citizen,
        TargetDistrict = "510681",
        Materials = [],
        SubmittedAt = Now,
    };

    public static readonly Material IdCard = new() { Code = "id-card", Name = "居民身份证", Digest = Digest, Size = 1000, MediaType = "image/jpeg" };

    /// <summary>Taken in by a window of Chengdu, whose originals go on to the target; the result is on paper.</summary>
    public static readonly ServiceSubmission Collected = Submission with
    {
        Mode = ServiceMode.CollectOnBehalf,
        Materials = [IdCard],
        Collection = new OnBehalfCollection
        {
            Agency = new Agency { Code = "A510100-CA", Name = "成都市民政局婚姻登记服务中心" },
            ClerkNumber = "CD-100",
            IdentityCheck = IdentityCheckMethod.OriginalDocument,
            IdentityCheckedAt = Now,
            FormCheckedAt = Now,
            Originals = OriginalsHandling.Forwarded,
        },
    };

    /// <summary>A child is born: the register in Deyang, the card in Meishan.</summary>
    public static readonly JointApplication Joint = new()
    {
        ItemCode = "joint.newborn",
        CaseNumber = "CD-9",
        Applicant = Citizen,
        Parts =
        [
            new JointApplicationPart { Number = 1, ItemCode = "birth.registration", TargetDistrict = "510681" },
            new JointApplicationPart { Number = 2, ItemCode = "social-card.application", TargetDistrict = "511402" },
        ],
        Form = new Dictionary<string, string> { ["childName"] = "张乐乐", ["bank"] = "样本银行" },
        Materials =
        [
            IdCard, IdCard with { Code = "household-book", Name = "居民户口簿" }, IdCard with { Code = "birth-certificate", Name = "出生医学证明" }, IdCard with { Code = "photo", Name = "近期免冠证件照" },
        ],
        SubmittedAt = Now,
    };

    public static readonly JointCompletion JointEnd = new()
    {
        Result = JointResult.PartiallyCompleted,
        Parts =
        [
            new JointPartOutcome { Number = 1, ExchangeId = "510100-20260304-0000000002", Outcome = "approved", OutcomeDigest = Digest },
            new JointPartOutcome { Number = 2, ExchangeId = "510100-20260304-0000000003", Outcome = "not-opened", Reasons = "DH-3004" },
        ],
        CompletedAt = Now,
    };

    public static readonly ServiceHandover Handover = new()
    {
        Means = HandoverMeans.Post,
        TrackingNumber = "EMS100000001CN",
        Materials = [new HandedMaterial { Code = "id-card", Digest = Digest }],
        HandedOverAt = Now,
    };

    public static readonly ServiceFollowUp FollowUp = new()
    {
        ContactedAt = Now,
        Finding = FollowUpFinding.Substantiated,
        Explanation = "情况属实。",
        Measure = "已整改。",
        FollowedUpAt = Now,
    };

    public static readonly ServiceAcceptance Acceptance = new() { HandlingAgency = Agency, AcceptanceNumber = "DY-1", AcceptedAt = Now };

    public static readonly ServiceDecision Approval = new()
    {
        Result = DecisionResult.Approved,
        CertificateNumber = "J510681-2026-000001",
        AmountFen = 900,
        DecidedAt = Now,
    };

    public static readonly ServiceDecision PaperApproval = Approval with
    {
        Dispatch = new ResultDispatch { Medium = ResultMedium.Paper, Carrier = "中国邮政速递物流", TrackingNumber = "EMS200000002CN" },
    };

    public static readonly ServiceDelivery Delivery = new() { Channel = DeliveryChannel.Electronic, DeliveredAt = Now };

    public static readonly ServiceEvaluation Evaluation = new() { Score = 5, EvaluatedAt = Now };

    public static readonly PensionApplication Application = new()
    {
        ItemCode = "pension.employee",
        CaseNumber = "CD-2",
        Applicant = Citizen,
        NewAgency = new Agency { Code = "A510100-SI", Name = "成都市社会保险事业管理局" },
        OldCity = Deyang,
        Certificate = new ContributionCertificate
        {
            CertificateNumber = "C-1",
            IssuingAgency = new Agency { Code = "A510600-SI", Name = "德阳市社会保险事业管理局" },
            Period = new MonthSpan { From = "2020-01", To = "2021-06" },
            Months = 18,
            PersonalAccountFen = 10_000,
        },
        AppliedAt = Now,
    };

    public static readonly PensionContactLetter Letter = new()
    {
        LetterNumber = "L-1",
        ReceivingAccount = new BankAccount { Name = "成都市社会保险基金", Bank = "工商银行", Account = "6222-0001" },
        HeldPeriods = [],
        IssuedAt = Now,
    };

    public static readonly PensionInformationTable Table = new()
    {
        TableNumber = "T-1",
        LetterNumber = "L-1",
        Years =
        [
            new ContributionYear { Year = 2020, FirstMonth = 1, Months = 12, BaseFen = 100_000, PersonalFen = 8_000 },
            new ContributionYear { Year = 2021, FirstMonth = 1, Months = 6, BaseFen = 50_000, PersonalFen = 4_000 },
        ],
        TotalMonths = 18,
        PersonalAccountFen = 12_000,
        PooledFen = 18_000,
        TotalFen = 30_000,
        RelationEndedOn = new DateOnly(2026, 2, 28),
        IssuedAt = Now,
    };

    public static readonly PensionRemittanceAdvice Advice = new()
    {
        AdviceNumber = "B-1",
        TableNumber = "T-1",
        AmountFen = 30_000,
        PayerName = "德阳市社会保险基金",
        PayerAccount = "6222-0002",
        PayeeAccount = "6222-0001",
        PaidAt = Now,
    };

    public static readonly PensionCompletion Completion = new() { JoinedMonths = 18, PostedFen = 30_000, CompletedAt = Now };

    public static readonly ResultNotice Notice = new()
    {
        ResultId = "R-1",
        Patient = Citizen,
        Category = ResultCategory.Laboratory,
        ItemCode = "lab.blood-count",
        Hospital = new Hospital { Code = "H510600001", Name = "德阳市人民医院" },
        Mark = "川HR",
        ResultDigest = Digest,
        FetchUrl = "https://example.test/r/1",
        PerformedAt = Now,
        ReportedAt = Now,
    };

    public static readonly PublishedResult Published = new(
        "R-1", "510600-20260304-0000000009", Deyang, "lab.blood-count", "H510600001", "川HR", Now, Digest, Revoked: false, Holders: []);

    public static readonly ResultCorrection Correction = new() { ResultId = "R-1", Reason = "数值录入有误", CorrectedDigest = new('b', 64), CorrectedAt = Now };

    public static readonly ResultRevocation Revocation = new() { ResultId = "R-1", Reason = "样本混淆", RevokedAt = Now };

    public static readonly ResultAcknowledgement Acknowledgement = new() { ResultId = "R-1", MessageId = "m-2", Doctor = Doctor, AcknowledgedAt = Now };

    public static readonly RecognitionQuery Query = new()
    {
        QueryNumber = "Q-1",
        Patient = Citizen,
        ItemCode = "lab.blood-count",
        Hospital = new Hospital { Code = "H510100001", Name = "四川大学华西医院" },
        Doctor = Doctor,
        Consent = new Consent { ConsentNumber = "K-1", GrantedAt = Now, ExpiresAt = Now.AddDays(1), ItemCodes = ["lab.blood-count"] },
        QueriedAt = Now,
    };

    public static readonly RecognitionSearch Search = new()
    {
        SearchNumber = "S-1",
        Patient = Citizen,
        ItemCodes = ["lab.blood-count"],
        Hospital = Query.Hospital,
        Doctor = Doctor,
        Consent = Query.Consent,
        SearchedAt = Now,
    };

    public static readonly ConsentWithdrawal ConsentBack = new() { ConsentNumber = "K-1", Patient = Citizen, WithdrawnAt = Now };

    public static readonly RecognitionResult Result = new()
    {
        ResultId = "R-1",
        ItemCode = "lab.blood-count",
        Hospital = Notice.Hospital,
        Mark = "川HR",
        ResultDigest = Digest,
        FetchUrl = "https://example.test/r/1",
        PerformedAt = Now,
        DeliveredAt = Now,
    };

    public static readonly RecognitionDecision Recognised = new()
    {
        ResultId = "R-1",
        Verdict = RecognitionVerdict.Recognised,
        Doctor = Doctor,
        AvoidedFen = 2_000,
        DecidedAt = Now,
    };

    public static readonly CaseReturn Return = new() { ReasonCode = "condition-not-met", Reason = "不符合受理条件", ReturnedAt = Now };

    public static readonly CaseWithdrawal Withdrawal = new() { Reason = "申请人不再办理", WithdrawnAt = Now };

    public static readonly CaseSupplementRequest SupplementRequest = new()
    {
        Items = [new SupplementItem { MaterialCode = "photo", Name = "照片", Requirement = "请补交近期照片" }],
        WorkingDays = 5,
        RequestedAt = Now,
    };

    public static readonly CaseSupplement Supplement = new()
    {
        Materials = [new Material { Code = "photo", Name = "照片", Digest = Digest, Size = 1, MediaType = "image/jpeg" }],
        SuppliedAt = Now,
    };

    public static readonly CaseReminder Reminder = new() { Text = "请尽快办理", RemindedAt = Now };

    public static readonly CaseForwarding Forwarding = new()
    {
        FromAgency = Agency,
        ToAgency = new Agency { Code = "A510600-SI", Name = "德阳市社会保险事业管理局" },
        Reason = "属社会保险经办机构职责",
        ForwardedAt = Now,
    };

    public static readonly CaseClosure Closure = new() { Reason = "逾期未补正", ClosedAt = Now };

    public static readonly CaseRevocation TakingBack = new() { Reason = "决定有误", RevokedAt = Now };

    public static readonly CaseReopening Reopening = new() { Reason = "重新办理", ReopenedAt = Now };

    public static CaseCorrection CorrectionOf(string messageId, string path) => new()
    {
        CorrectedMessageId = messageId,
        Changes = [new FieldChange { Path = path, After = "13800000000" }],
        Reason = "填写有误",
        CorrectedAt = Now,
    };
}

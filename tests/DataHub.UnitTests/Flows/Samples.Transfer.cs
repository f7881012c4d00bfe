using DataHub.Contracts.Payloads;

namespace DataHub.UnitTests.Flows;

/// <summary>The kinds of transfer beside the pension's own messages.</summary>
internal static partial class Samples
{
    public static BankAccount FundAccount => new() { Name = "成都市资金专户", Bank = "工商银行", Account = "6222-0001" };

    public static TransferApplication HousingApplication => new()
    {
        ItemCode = "housing-fund.account",
        CaseNumber = "CD-5",
        Applicant = Citizen,
        NewAgency = new Agency { Code = "A510100-HF", Name = "成都市住房公积金管理中心" },
        OldCity = Deyang,
        AppliedAt = Now,
    };

    public static TransferApplication MedicalApplication => HousingApplication with { ItemCode = "medical.employee", ReceivingAccount = FundAccount };

    public static TransferApplication UnemploymentApplication => HousingApplication with { ItemCode = "unemployment.insurance" };

    public static TransferApplication ToEmployeeApplication => HousingApplication with { ItemCode = "pension.resident-to-employee", EmployeeMonths = 180 };

    public static TransferApplication ToResidentApplication => HousingApplication with { ItemCode = "pension.employee-to-resident", EmployeeMonths = 179 };

    public static TransferContactLetter FundLetter => new() { LetterNumber = "L-1", ReceivingAccount = FundAccount, HeldPeriods = [], IssuedAt = Now };

    public static TransferInformationTable FundTable => new()
    {
        TableNumber = "T-1",
        LetterNumber = "L-1",
        Years = [new TransferYear { Year = 2020, FirstMonth = 1, Months = 12 }, new TransferYear { Year = 2021, FirstMonth = 1, Months = 6 }],
        TotalMonths = 18,
        PrincipalFen = 30_000,
        InterestFen = 0,
        PooledFen = 0,
        TotalFen = 30_000,
        RelationEndedOn = new DateOnly(2026, 2, 28),
        IssuedAt = Now,
    };

    public static TransferRemittanceAdvice FundAdvice => new()
    {
        AdviceNumber = "B-1",
        TableNumber = "T-1",
        AmountFen = 30_000,
        PayerName = "德阳市资金专户",
        PayerAccount = "6222-0002",
        PayeeAccount = "6222-0001",
        PaidAt = Now,
    };

    public static TransferCompletion FundCompletion => new() { JoinedMonths = 18, PostedFen = 30_000, Reference = "B-1", CompletedAt = Now };

    public static TransferRemittanceReturn Bounced => new()
    {
        ReturnNumber = "TH-1",
        AdviceNumber = "B-1",
        AmountFen = 30_000,
        Cause = RemittanceReturnCause.Bounced,
        Reason = "收款户名不符",
        ReturnedAt = Now,
    };

    public static TransferOverlapResolution Resolution => new()
    {
        Months = 4,
        KeptBy = TransferSide.NewCity,
        RefundFen = 1_200,
        Text = "保留转入地缴费，转出地清退。",
        ResolvedAt = Now,
    };

    public static CaseRecall TableRecall => new() { Scope = RecallScope.Table, Reason = "信息表有误", RecalledAt = Now };

    public static CaseRecall WholeRecall => new() { Scope = RecallScope.Transfer, Reason = "误转他人关系", RecalledAt = Now };

    public static CaseCorrection AccountCorrection(string messageId, string account) => new()
    {
        CorrectedMessageId = messageId,
        Changes = [new FieldChange { Path = "$.receivingAccount.account", After = account }],
        Reason = "账号填写有误",
        CorrectedAt = Now,
    };
}

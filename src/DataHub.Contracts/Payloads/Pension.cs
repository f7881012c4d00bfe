namespace DataHub.Contracts.Payloads;

/// <summary>A span of whole months, both ends included, each as <c>yyyy-MM</c>.</summary>
public sealed record MonthSpan
{
    [Pattern(Patterns.Month)] public required string From { get; init; }

    [Pattern(Patterns.Month)] public required string To { get; init; }
}

/// <summary>参保缴费凭证: what the old agency certified when the person left.</summary>
public sealed record ContributionCertificate
{
    [Pattern(Patterns.Identifier)] public required string CertificateNumber { get; init; }

    public required Agency IssuingAgency { get; init; }

    public required MonthSpan Period { get; init; }

    [Range(0, 1200)] public required int Months { get; init; }

    /// <summary>Balance of the personal account, in fen.</summary>
    [Range(0, 100_000_000_000)] public required long PersonalAccountFen { get; init; }
}

/// <summary>转移接续申请表: the new city (转入地, source) takes the person's application.</summary>
public sealed record PensionApplication : ITransferApplication
{
    /// <summary>Insurance kind by catalogue, such as <c>pension.employee</c>.</summary>
    [Pattern(Patterns.Identifier)] public required string ItemCode { get; init; }

    [Pattern(Patterns.Identifier)] public required string CaseNumber { get; init; }

    public required Person Applicant { get; init; }

    public required Agency NewAgency { get; init; }

    /// <summary>GB/T 2260 code of the city that holds the old relation (转出地, target).</summary>
    [Pattern(Patterns.CityCode)] public required string OldCity { get; init; }

    public required ContributionCertificate Certificate { get; init; }

    public required DateTimeOffset AppliedAt { get; init; }

    BankAccount? ITransferApplication.ReceivingAccount => null;

    IReadOnlyList<MonthSpan>? ITransferApplication.HeldPeriods => null;

    int? ITransferApplication.EmployeeMonths => null;
}

public sealed record BankAccount
{
    [Text(2, 100)] public required string Name { get; init; }

    [Text(2, 100)] public required string Bank { get; init; }

    [Pattern(Patterns.Account)] public required string Account { get; init; }
}

/// <summary>联系函: the new agency asks the old one to transfer.</summary>
public sealed record PensionContactLetter : ITransferContactLetter
{
    [Pattern(Patterns.Identifier)] public required string LetterNumber { get; init; }

    /// <summary>Where the fund is to be sent.</summary>
    public required BankAccount ReceivingAccount { get; init; }

    /// <summary>Months that the new city already holds for this person; an overlap is worked as a break (重复缴费).</summary>
    [Count(0, 100)] public required IReadOnlyList<MonthSpan> HeldPeriods { get; init; }

    public required DateTimeOffset IssuedAt { get; init; }
}

/// <summary>One year's line of the 信息表.</summary>
public sealed record ContributionYear : IContributionLine
{
    [Range(1951, 2099)] public required int Year { get; init; }

    /// <summary>First paid month of the year, 1 to 12; the months of a line are consecutive.</summary>
    [Range(1, 12)] public required int FirstMonth { get; init; }

    [Range(1, 12)] public required int Months { get; init; }

    /// <summary>Sum of the actual contribution bases of the year's paid months, in fen.</summary>
    [Range(0, 100_000_000_000)] public required long BaseFen { get; init; }

    /// <summary>Contributions to the personal account with interest, in fen.</summary>
    [Range(0, 100_000_000_000)] public required long PersonalFen { get; init; }
}

/// <summary>信息表: the old agency's record of the relation and of the money that goes with it.</summary>
public sealed record PensionInformationTable : ITransferInformationTable
{
    [Pattern(Patterns.Identifier)] public required string TableNumber { get; init; }

    [Pattern(Patterns.Identifier)] public required string LetterNumber { get; init; }

    [Count(1, 80)] public required IReadOnlyList<ContributionYear> Years { get; init; }

    /// <summary>Equals the sum of the yearly lines' months.</summary>
    [Range(1, 1200)] public required int TotalMonths { get; init; }

    /// <summary>Personal account moved: the sum of the yearly lines, in fen.</summary>
    [Range(0, 100_000_000_000)] public required long PersonalAccountFen { get; init; }

    /// <summary>Pooled fund moved: 12% of each year's base since 1998-01-01 (国办发〔2009〕66号), in fen.</summary>
    [Range(0, 100_000_000_000)] public required long PooledFen { get; init; }

    [Range(0, 100_000_000_000)] public required long TotalFen { get; init; }

    public required DateOnly RelationEndedOn { get; init; }

    public required DateTimeOffset IssuedAt { get; init; }

    IReadOnlyList<IContributionLine> ITransferInformationTable.Lines => Years;

    long ITransferInformationTable.PrincipalFen => PersonalAccountFen;

    long ITransferInformationTable.InterestFen => 0;

    long? ITransferInformationTable.PooledBaseFen => null;
}

/// <summary>基金划转通知: one remittance. A table may be paid in several parts, each with a notice of its own.</summary>
public sealed record PensionRemittanceAdvice : ITransferRemittanceAdvice
{
    /// <summary>The bank's reference.</summary>
    [Pattern(Patterns.Identifier)] public required string AdviceNumber { get; init; }

    [Pattern(Patterns.Identifier)] public required string TableNumber { get; init; }

    [Range(0, 100_000_000_000)] public required long AmountFen { get; init; }

    /// <summary>Counts the payments of a transfer from 1; left out where this payment is all that is still open.</summary>
    [Range(1, 30)] public int? Part { get; init; }

    [Text(2, 100)] public required string PayerName { get; init; }

    [Pattern(Patterns.Account)] public required string PayerAccount { get; init; }

    [Pattern(Patterns.Account)] public required string PayeeAccount { get; init; }

    public required DateTimeOffset PaidAt { get; init; }
}

/// <summary>办结通知: the new agency joined the record and posted the money.</summary>
public sealed record PensionCompletion : ITransferCompletion
{
    [Range(1, 1200)] public required int JoinedMonths { get; init; }

    /// <summary>The amount posted, in fen; 0 where no money moves.</summary>
    [Range(0, 100_000_000_000)] public required long PostedFen { get; init; }

    /// <summary>Number of the last remittance, or of the table where nothing was remitted.</summary>
    [Pattern(Patterns.Identifier)] public string? Reference { get; init; }

    public required DateTimeOffset CompletedAt { get; init; }
}

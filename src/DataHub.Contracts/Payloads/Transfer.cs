using System.Text.Json.Serialization;

namespace DataHub.Contracts.Payloads;

// The kinds of transfer beside the pension's own messages: medical and unemployment insurance, housing fund, and the step
// between resident and employee pension. What differs between them is data of the catalogue.

/// <summary>转移接续申请: the new city (转入地, source) takes the person's application.</summary>
public sealed record TransferApplication : ITransferApplication
{
    /// <summary>Kind by catalogue, such as <c>medical.employee</c> or <c>housing-fund.account</c>; it also says which flow is opened.</summary>
    [Pattern(Patterns.Identifier)] public required string ItemCode { get; init; }

    [Pattern(Patterns.Identifier)] public required string CaseNumber { get; init; }

    public required Person Applicant { get; init; }

    public required Agency NewAgency { get; init; }

    /// <summary>GB/T 2260 code of the city that holds the old relation (转出地, target).</summary>
    [Pattern(Patterns.CityCode)] public required string OldCity { get; init; }

    /// <summary>The person's number in the old city: 个人编号, 公积金个人账号.</summary>
    [Pattern(Patterns.Account)] public string? OldAccountNumber { get; init; }

    /// <summary>Number of the 参保缴费凭证, where the person brought one.</summary>
    [Pattern(Patterns.Identifier)] public string? CertificateNumber { get; init; }

    /// <summary>Months of employee pension in all places, required for 城乡养老保险制度衔接 (人社部发〔2014〕17号).</summary>
    [Range(0, 1200)] public int? EmployeeMonths { get; init; }

    /// <summary>Where the money is to be sent; only for a kind without a contact letter.</summary>
    public BankAccount? ReceivingAccount { get; init; }

    /// <summary>Months that the new city already holds for this person; only for a kind without a contact letter.</summary>
    [Count(0, 100)] public IReadOnlyList<MonthSpan>? HeldPeriods { get; init; }

    public required DateTimeOffset AppliedAt { get; init; }
}

/// <summary>联系函: the new agency asks the old one to transfer.</summary>
public sealed record TransferContactLetter : ITransferContactLetter
{
    [Pattern(Patterns.Identifier)] public required string LetterNumber { get; init; }

    /// <summary>Where the money is to be sent; required where money moves.</summary>
    public BankAccount? ReceivingAccount { get; init; }

    /// <summary>Months that the new city already holds for this person; an overlap is worked as a break (重复缴费).</summary>
    [Count(0, 100)] public required IReadOnlyList<MonthSpan> HeldPeriods { get; init; }

    public required DateTimeOffset IssuedAt { get; init; }
}

/// <summary>One line of the 信息表: consecutive paid months of one year.</summary>
public sealed record TransferYear : IContributionLine
{
    [Range(1951, 2099)] public required int Year { get; init; }

    /// <summary>First paid month, 1 to 12.</summary>
    [Range(1, 12)] public required int FirstMonth { get; init; }

    [Range(1, 12)] public required int Months { get; init; }
}

/// <summary>信息表: the old agency's record of the relation and of the money that goes with it.</summary>
public sealed record TransferInformationTable : ITransferInformationTable
{
    [Pattern(Patterns.Identifier)] public required string TableNumber { get; init; }

    /// <summary>Left out for a kind without a contact letter.</summary>
    [Pattern(Patterns.Identifier)] public string? LetterNumber { get; init; }

    [Count(0, 100)] public IReadOnlyList<TransferYear>? Years { get; init; }

    /// <summary>Equals the sum of the lines' months where there are lines.</summary>
    [Range(0, 1200)] public required int TotalMonths { get; init; }

    /// <summary>Balance of the personal account, or principal of the housing fund, in fen.</summary>
    [Range(0, 100_000_000_000)] public required long PrincipalFen { get; init; }

    /// <summary>Interest that goes with the principal, in fen.</summary>
    [Range(0, 100_000_000_000)] public required long InterestFen { get; init; }

    /// <summary>Pooled money, in fen: the catalogue's percentage of <see cref="PooledBaseFen"/>.</summary>
    [Range(0, 100_000_000_000)] public required long PooledFen { get; init; }

    /// <summary>What the pooled money is reckoned from, in fen; of unemployment insurance the benefits not yet drawn (失业保险金总额).</summary>
    [Range(0, 100_000_000_000)] public long? PooledBaseFen { get; init; }

    /// <summary>Sum of the three amounts, in fen.</summary>
    [Range(0, 100_000_000_000)] public required long TotalFen { get; init; }

    public required DateOnly RelationEndedOn { get; init; }

    public required DateTimeOffset IssuedAt { get; init; }

    IReadOnlyList<IContributionLine> ITransferInformationTable.Lines => Years ?? [];
}

/// <summary>资金划转通知: one remittance. A table may be paid in several parts, each with a notice of its own.</summary>
public sealed record TransferRemittanceAdvice : ITransferRemittanceAdvice
{
    /// <summary>The bank's reference.</summary>
    [Pattern(Patterns.Identifier)] public required string AdviceNumber { get; init; }

    [Pattern(Patterns.Identifier)] public required string TableNumber { get; init; }

    [Range(1, 100_000_000_000)] public required long AmountFen { get; init; }

    /// <summary>Counts the payments of a transfer from 1; left out where this payment is all that is still open.</summary>
    [Range(1, 30)] public int? Part { get; init; }

    [Text(2, 100)] public required string PayerName { get; init; }

    [Pattern(Patterns.Account)] public required string PayerAccount { get; init; }

    [Pattern(Patterns.Account)] public required string PayeeAccount { get; init; }

    public required DateTimeOffset PaidAt { get; init; }
}

/// <summary>办结通知: the new agency joined the record and posted the money.</summary>
public sealed record TransferCompletion : ITransferCompletion
{
    /// <summary>Months that count in the new city; 0 where the rule does not join them (人社部发〔2014〕17号第五条).</summary>
    [Range(0, 1200)] public required int JoinedMonths { get; init; }

    /// <summary>The amount posted, in fen; 0 where no money moves.</summary>
    [Range(0, 100_000_000_000)] public required long PostedFen { get; init; }

    /// <summary>Number of the last remittance, or of the table where nothing was remitted.</summary>
    [Pattern(Patterns.Identifier)] public required string Reference { get; init; }

    public required DateTimeOffset CompletedAt { get; init; }
}

public enum RemittanceReturnCause
{
    /// <summary>退汇: the payee's bank sent it back.</summary>
    [JsonStringEnumMemberName("bounced")] Bounced,

    /// <summary>More was paid than the table says.</summary>
    [JsonStringEnumMemberName("surplus")] Surplus,

    /// <summary>The transfer was recalled or revoked.</summary>
    [JsonStringEnumMemberName("recalled")] Recalled,
}

/// <summary>退款通知: money of one remittance went back to the old agency, whole or in part.</summary>
public sealed record TransferRemittanceReturn : IPayload
{
    /// <summary>The bank's reference of the returned money.</summary>
    [Pattern(Patterns.Identifier)] public required string ReturnNumber { get; init; }

    /// <summary>Number of the remittance that it was part of.</summary>
    [Pattern(Patterns.Identifier)] public required string AdviceNumber { get; init; }

    [Range(1, 100_000_000_000)] public required long AmountFen { get; init; }

    public required RemittanceReturnCause Cause { get; init; }

    [Text(2, 500)] public required string Reason { get; init; }

    public required DateTimeOffset ReturnedAt { get; init; }
}

public enum TransferSide
{
    /// <summary>转入地</summary>
    [JsonStringEnumMemberName("new-city")] NewCity,

    /// <summary>转出地</summary>
    [JsonStringEnumMemberName("old-city")] OldCity,
}

/// <summary>
/// 重复缴费处理意见: how one agency would settle months that were paid in both cities. It is settled when the other agency
/// sends the same.
/// </summary>
public sealed record TransferOverlapResolution : IPayload
{
    /// <summary>Number of months that both cities hold.</summary>
    [Range(1, 1200)] public required int Months { get; init; }

    /// <summary>Whose months stay; the other city refunds its own.</summary>
    public required TransferSide KeptBy { get; init; }

    /// <summary>What the person gets back, in fen.</summary>
    [Range(0, 100_000_000_000)] public required long RefundFen { get; init; }

    [Text(2, 500)] public required string Text { get; init; }

    public required DateTimeOffset ResolvedAt { get; init; }
}

public enum RecallScope
{
    /// <summary>The table only: a right one follows.</summary>
    [JsonStringEnumMemberName("table")] Table,

    /// <summary>The whole transfer: money that was paid comes back, then the case is closed.</summary>
    [JsonStringEnumMemberName("transfer")] Transfer,
}

/// <summary>撤回转出: the old agency takes back what it sent in error, before completion.</summary>
public sealed record CaseRecall : IPayload
{
    public required RecallScope Scope { get; init; }

    [Text(2, 500)] public required string Reason { get; init; }

    public required DateTimeOffset RecalledAt { get; init; }
}

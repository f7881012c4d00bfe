namespace DataHub.Contracts.Payloads;

// What the messages of the pension transfer and of the other kinds have in common, so that one set of rules reads both.

/// <summary>转移接续申请 of any kind.</summary>
public interface ITransferApplication : IPayload
{
    string ItemCode { get; }

    string CaseNumber { get; }

    string OldCity { get; }

    /// <summary>Where the money goes, for a kind without a contact letter.</summary>
    BankAccount? ReceivingAccount { get; }

    /// <summary>Months that the new city already holds, for a kind without a contact letter.</summary>
    IReadOnlyList<MonthSpan>? HeldPeriods { get; }

    /// <summary>Months of employee pension in all places, where the kind has a condition on them.</summary>
    int? EmployeeMonths { get; }
}

/// <summary>联系函 of any kind.</summary>
public interface ITransferContactLetter : IPayload
{
    string LetterNumber { get; }

    BankAccount? ReceivingAccount { get; }

    IReadOnlyList<MonthSpan> HeldPeriods { get; }
}

/// <summary>Consecutive paid months of one year.</summary>
public interface IContributionLine
{
    int Year { get; }

    int FirstMonth { get; }

    int Months { get; }
}

/// <summary>信息表 of any kind. Amounts in fen.</summary>
public interface ITransferInformationTable : IPayload
{
    string TableNumber { get; }

    string? LetterNumber { get; }

    /// <summary>Empty where the table has no yearly lines.</summary>
    IReadOnlyList<IContributionLine> Lines { get; }

    int TotalMonths { get; }

    /// <summary>Personal account or principal.</summary>
    long PrincipalFen { get; }

    long InterestFen { get; }

    long PooledFen { get; }

    /// <summary>What the pooled part is reckoned from by the catalogue's percentage; null where the message has its own formula.</summary>
    long? PooledBaseFen { get; }

    long TotalFen { get; }
}

/// <summary>基金划转通知 of any kind.</summary>
public interface ITransferRemittanceAdvice : IPayload
{
    string AdviceNumber { get; }

    string TableNumber { get; }

    long AmountFen { get; }

    string PayeeAccount { get; }

    int? Part { get; }
}

/// <summary>办结通知 of any kind.</summary>
public interface ITransferCompletion : IPayload
{
    int JoinedMonths { get; }

    long PostedFen { get; }

    string? Reference { get; }
}

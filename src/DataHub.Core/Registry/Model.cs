using DataHub.Contracts.Payloads;

namespace DataHub.Core.Registry;

/// <summary>A city of the hub. <see cref="Key"/> is the short name used in folders and on the command line.</summary>
public sealed record City(string Code, string Key, string Name);

/// <summary>A district of a city, by GB/T 2260 code.</summary>
public sealed record District(string Code, string Name, string CityCode);

/// <summary>A material that a service item asks for.</summary>
public sealed record ItemMaterial(string Code, string Name, bool Required, DateOnly ValidFrom, DateOnly? ValidTo) : IDated;

/// <summary>A question that a service item asks beside the common ones.</summary>
public sealed record ItemField(string Code, string Name, bool Required, int MaxLength, DateOnly ValidFrom, DateOnly? ValidTo) : IDated;

/// <summary>
/// A catalogue entry (事项) as it holds for a time. Deadlines are in working days. An <see cref="Instant"/> item (即办件) may be decided without
/// a separate acceptance.
/// </summary>
public sealed record ServiceItem : IDated
{
    public required string Code { get; init; }

    public required string Name { get; init; }

    /// <summary>The flow that handles it, such as <c>service.online</c> or <c>transfer.pension</c>.</summary>
    public required string Flow { get; init; }

    public required IReadOnlyList<ServiceMode> Modes { get; init; }

    public required bool Instant { get; init; }

    /// <summary>Working days within which the target accepts or returns.</summary>
    public required int AcceptDays { get; init; }

    /// <summary>承诺时限: working days from acceptance to decision.</summary>
    public required int PromisedDays { get; init; }

    /// <summary>法定时限: working days from acceptance to decision.</summary>
    public required int StatutoryDays { get; init; }

    public required bool HighFrequency { get; init; }

    /// <summary>How the result of a case that was collected on behalf comes back.</summary>
    public required ResultMedium ResultMedium { get; init; }

    /// <summary>Working days within which the target follows up a bad evaluation.</summary>
    public required int FollowUpDays { get; init; }

    /// <summary>Codes of the cities that offer the item.</summary>
    public required IReadOnlySet<string> OfferedBy { get; init; }

    public required IReadOnlyList<ItemMaterial> Materials { get; init; }

    public required IReadOnlyList<ItemField> Fields { get; init; }

    public required DateOnly ValidFrom { get; init; }

    public DateOnly? ValidTo { get; init; }

    /// <summary>Public rule or planning document that it comes from.</summary>
    public required string Basis { get; init; }

    /// <summary>With the materials and questions of that day only.</summary>
    internal ServiceItem AsOf(DateOnly day) => this with { Materials = [.. Materials.Where(m => m.InForce(day))], Fields = [.. Fields.Where(f => f.InForce(day))] };
}

/// <summary>What holds for a service item beside its deadlines; <c>*</c>: for every item that has no row of its own.</summary>
public sealed record ServiceTerms(string Item, ResultMedium ResultMedium, int FollowUpDays);

/// <summary>An agreement: which city may send which item to which. <c>*</c> stands for every item of the flow.</summary>
public sealed record Agreement(string SourceCity, string TargetCity, string Flow, string Item, DateOnly ValidFrom, DateOnly? ValidTo) : IDated;

/// <summary>The amounts that a transfer may move, by their names in <c>transfer_rules.csv</c>.</summary>
public static class TransferAmounts
{
    /// <summary>Balance of the personal account, or principal.</summary>
    public const string Principal = "principal";

    public const string Interest = "interest";

    public const string Pooled = "pooled";

    public static IReadOnlyList<string> All { get; } = [Principal, Interest, Pooled];
}

/// <summary>Deadlines, conditions and money rule of one transfer kind between two cities (<c>*</c>: any).</summary>
public sealed record TransferRule(string Item, string SourceCity, string TargetCity) : IDated
{
    /// <summary>Whether the money of the table is remitted.</summary>
    public required bool MoneyMoves { get; init; }

    /// <summary>Which of <see cref="TransferAmounts"/> the table may hold.</summary>
    public required IReadOnlyList<string> Amounts { get; init; }

    /// <summary>The pooled amount in percent of its base; null where the message has its own formula.</summary>
    public int? PooledPercent { get; init; }

    /// <summary>Whether the table's months count in the new city.</summary>
    public required bool MonthsJoin { get; init; }

    /// <summary>Fewest months of employee pension in all places; null for no condition.</summary>
    public int? EmployeeMonthsFrom { get; init; }

    /// <summary>Most months of employee pension in all places; null for no condition.</summary>
    public int? EmployeeMonthsTo { get; init; }

    /// <summary>Working days from the application to the contact letter; 0 for a kind without one.</summary>
    public required int ContactLetterDays { get; init; }

    /// <summary>Working days within which the old agency sends table and money.</summary>
    public required int InformationTableDays { get; init; }

    /// <summary>Working days within which the new agency completes.</summary>
    public required int CompletionDays { get; init; }

    public required string Basis { get; init; }

    public required DateOnly ValidFrom { get; init; }

    public DateOnly? ValidTo { get; init; }
}

public enum HospitalGrade
{
    /// <summary>二级</summary>
    Second = 2,

    /// <summary>二级甲等</summary>
    SecondA = 3,

    /// <summary>三级</summary>
    Third = 4,

    /// <summary>三级甲等</summary>
    ThirdA = 5,
}

public sealed record RegisteredHospital(string Code, string Name, string CityCode, HospitalGrade Grade, DateOnly ValidFrom, DateOnly? ValidTo) : IDated;

public sealed record RegisteredAgency(string Code, string Name, string CityCode, string Kind);

/// <summary>A reason for which a target may return a case.</summary>
public sealed record ReturnReason(string Code, string Text);

/// <summary>One row of a city's code table: the city's own code and the hub's.</summary>
public sealed record CodeRow(string City, string Table, string Native, string Canonical, string Name);

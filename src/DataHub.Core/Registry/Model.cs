using DataHub.Contracts.Payloads;

namespace DataHub.Core.Registry;

/// <summary>A city of the hub. <see cref="Key"/> is the short name used in folders and on the command line.</summary>
public sealed record City(string Code, string Key, string Name);

/// <summary>A district of a city, by GB/T 2260 code.</summary>
public sealed record District(string Code, string Name, string CityCode);

/// <summary>A material that a service item asks for.</summary>
public sealed record ItemMaterial(string Code, string Name, bool Required);

/// <summary>A question that a service item asks beside the common ones.</summary>
public sealed record ItemField(string Code, string Name, bool Required, int MaxLength);

/// <summary>
/// A catalogue entry (事项). Deadlines are in working days. An <see cref="Instant"/> item (即办件) may be decided without
/// a separate acceptance.
/// </summary>
public sealed record ServiceItem
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

    /// <summary>Codes of the cities that offer the item.</summary>
    public required IReadOnlySet<string> OfferedBy { get; init; }

    public required IReadOnlyList<ItemMaterial> Materials { get; init; }

    public required IReadOnlyList<ItemField> Fields { get; init; }

    public required DateOnly ValidFrom { get; init; }

    public DateOnly? ValidTo { get; init; }

    /// <summary>Public rule or planning document that it comes from.</summary>
    public required string Basis { get; init; }
}

/// <summary>An agreement: which city may send which item to which. <c>*</c> stands for every item of the flow.</summary>
public sealed record Agreement(string SourceCity, string TargetCity, string Flow, string Item, DateOnly ValidFrom, DateOnly? ValidTo);

/// <summary>Deadlines and money rule of one transfer kind between two cities (<c>*</c>: any).</summary>
public sealed record TransferRule(
    string Item, string SourceCity, string TargetCity, bool MoneyMoves, int ContactLetterDays, int InformationTableDays, int CompletionDays, string Basis);

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

public sealed record RegisteredHospital(string Code, string Name, string CityCode, HospitalGrade Grade);

/// <summary>A mutually recognised item with the days for which a result of it stays valid.</summary>
public sealed record RecognitionItem(string Code, string Name, ResultCategory Category, int ValidDays, HospitalGrade LowestGrade, long PriceFen);

/// <summary>A recognition mark (互认标识) and the cities whose hospitals it covers.</summary>
public sealed record RecognitionMark(string Mark, string Name, IReadOnlySet<string> Cities);

public sealed record RegisteredAgency(string Code, string Name, string CityCode, string Kind);

/// <summary>A reason for which a target may return a case.</summary>
public sealed record ReturnReason(string Code, string Text);

/// <summary>One row of a city's code table: the city's own code and the hub's.</summary>
public sealed record CodeRow(string City, string Table, string Native, string Canonical, string Name);

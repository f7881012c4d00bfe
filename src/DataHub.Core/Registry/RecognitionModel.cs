using DataHub.Contracts.Payloads;

namespace DataHub.Core.Registry;

/// <summary>A mutually recognised item (国卫医发〔2022〕6号): a result of it stays valid for <see cref="ValidDays"/> calendar days.</summary>
/// <param name="StandardCode">Code of the item in the written form of LOINC; null where none is agreed on.</param>
/// <param name="LowestGrade">Asked of the publishing and of the asking hospital.</param>
/// <param name="PriceFen">Estimates the cost avoided, in fen.</param>
/// <param name="ValidTo">Last day on which the item is mutually recognised; null while no end is set.</param>
public sealed record RecognitionItem(
    string Code, string Name, ResultCategory Category, string? StandardCode, int ValidDays, HospitalGrade LowestGrade, long PriceFen, DateOnly ValidFrom, DateOnly? ValidTo) : IDated;

/// <summary>How far a recognition mark reaches.</summary>
public enum MarkScope
{
    /// <summary>全国HR</summary>
    National,

    /// <summary>川HR</summary>
    Province,

    /// <summary>A group of cities, such as 成德眉资HR.</summary>
    Cities,

    /// <summary>Named hospitals only, mostly two.</summary>
    Hospitals,
}

/// <summary>A recognition mark (互认标识): 互认范围 followed by <c>HR</c>. A result counts only where the mark covers both hospitals.</summary>
/// <param name="Cities">Cities with a covered hospital.</param>
/// <param name="Hospitals">The covered hospitals of <see cref="MarkScope.Hospitals"/>; empty where every hospital of the cities is covered.</param>
/// <param name="ValidTo">Last day; null while no end is set.</param>
/// <param name="Basis">Public rule or agreement that it comes from.</param>
public sealed record RecognitionMark(
    string Mark, string Name, MarkScope Scope, IReadOnlySet<string> Cities, IReadOnlySet<string> Hospitals, DateOnly ValidFrom, DateOnly? ValidTo, string Basis) : IDated
{
    public bool Covers(RegisteredHospital hospital)
    {
        ArgumentNullException.ThrowIfNull(hospital);
        return Scope == MarkScope.Hospitals ? Hospitals.Contains(hospital.Code) : Cities.Contains(hospital.CityCode);
    }
}

/// <summary>The lowest grade that both hospitals need between two cities (三甲 first, then 二级以上); in either direction, <c>*</c> stands for any.</summary>
public sealed record RecognitionGradeRule(string OneCity, string OtherCity, string Item, HospitalGrade LowestGrade, DateOnly ValidFrom, DateOnly? ValidTo, string Basis) : IDated
{
    internal bool SamePair(RecognitionGradeRule other) =>
        (OneCity == other.OneCity && OtherCity == other.OtherCity) || (OneCity == other.OtherCity && OtherCity == other.OneCity);

    /// <summary>How exactly the rule is meant for these; null where it is not.</summary>
    internal int? Rank(string one, string other, string item)
    {
        if ((Item != "*" && Item != item) || !(Fits(OneCity, one) && Fits(OtherCity, other)) && !(Fits(OneCity, other) && Fits(OtherCity, one)))
            return null;
        return (Item == "*" ? 0 : 4) + (OneCity == "*" ? 0 : 1) + (OtherCity == "*" ? 0 : 1);
    }

    private static bool Fits(string rule, string city) => rule == "*" || rule == city;
}

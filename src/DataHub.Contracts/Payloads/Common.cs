using System.Text.Json.Serialization;

namespace DataHub.Contracts.Payloads;

/// <summary>Marks every message body. The wire name of each stands in <see cref="MessageTypes"/>.</summary>
public interface IPayload;

public enum IdentityType
{
    [JsonStringEnumMemberName("resident-id")] ResidentId,
    [JsonStringEnumMemberName("hk-macau-permit")] HkMacauPermit,
    [JsonStringEnumMemberName("taiwan-permit")] TaiwanPermit,
    [JsonStringEnumMemberName("passport")] Passport,
    [JsonStringEnumMemberName("foreign-permanent-resident")] ForeignPermanentResident,
}

public enum Sex
{
    [JsonStringEnumMemberName("male")] Male,
    [JsonStringEnumMemberName("female")] Female,
    [JsonStringEnumMemberName("unknown")] Unknown,
}

/// <summary>A natural person. Personal data: masked in every list and log.</summary>
public sealed record Person
{
    /// <summary>2 to 50 characters; minority names carry <c>·</c>; rare characters beyond the BMP are kept.</summary>
    [Text(2, 50)] public required string Name { get; init; }

    public required IdentityType IdType { get; init; }

    /// <summary>For a resident ID: 18 characters with a correct check character (GB 11643-1999).</summary>
    [Text(5, 20), Pattern(Patterns.IdentityNumber)] public required string IdNumber { get; init; }

    /// <summary>The number as the city's system held it, where it was a 15-digit first-generation number.</summary>
    [Pattern("^[0-9]{15}$")] public string? OriginalIdNumber { get; init; }

    public Sex? Sex { get; init; }

    [Pattern(Patterns.Mobile)] public string? Mobile { get; init; }
}

/// <summary>A legal person, known by its unified social credit code (GB 32100-2015).</summary>
public sealed record Organisation
{
    [Text(2, 100)] public required string Name { get; init; }

    [Pattern(Patterns.CreditCode)] public required string CreditCode { get; init; }
}

/// <summary>An office of a city: a service hall, a social-security agency, a fund centre.</summary>
public sealed record Agency
{
    [Pattern(Patterns.Identifier)] public required string Code { get; init; }

    [Text(2, 100)] public required string Name { get; init; }
}

public sealed record Hospital
{
    [Pattern(Patterns.Identifier)] public required string Code { get; init; }

    [Text(2, 100)] public required string Name { get; init; }
}

public sealed record Doctor
{
    [Pattern(Patterns.Identifier)] public required string StaffNumber { get; init; }

    [Text(2, 50)] public required string Name { get; init; }
}

/// <summary>A material handed in with an application: its digest travels, its bytes do not.</summary>
public sealed record Material
{
    /// <summary>The material's code in the catalogue entry of the service item.</summary>
    [Pattern(Patterns.Identifier)] public required string Code { get; init; }

    [Text(1, 100)] public required string Name { get; init; }

    /// <summary>SHA-256 of the file, lower-case hexadecimal.</summary>
    [Pattern(Patterns.Sha256)] public required string Digest { get; init; }

    /// <summary>Size of the file in bytes, at most 50 MiB.</summary>
    [Range(1, 52_428_800)] public required long Size { get; init; }

    [Pattern(Patterns.MediaType)] public required string MediaType { get; init; }
}

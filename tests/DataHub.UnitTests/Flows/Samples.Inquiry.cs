using DataHub.Contracts.Payloads;

namespace DataHub.UnitTests.Flows;

/// <summary>Questions of one city that another answers once.</summary>
internal static partial class Samples
{
    public static QualificationRequest Verification => new()
    {
        ItemCode = "pension.qualification",
        CaseNumber = "CD-7",
        Person = Citizen,
        PayingAgency = new Agency { Code = "A510100-SI", Name = "成都市社会保险事业管理局" },
        AskedCity = Deyang,
        Year = 2026,
        AllowedMethod = VerificationMethod.Face,
        RequestedAt = Now,
    };

    public static QualificationAnswer Verified => new() { AnswerNumber = "RZ-1", Finding = QualificationFinding.Eligible, EvidenceDigest = Digest, AnsweredAt = Now };

    public static ContributionQuery MonthsQuery => new()
    {
        ItemCode = "contribution.record",
        CaseNumber = "CD-8",
        Person = Citizen,
        AskedCity = Deyang,
        InsuranceKind = "medical.employee",
        Purpose = ContributionPurpose.HousePurchase,
        ConsentNumber = "SQ-1",
        ConsentValidUntil = new DateOnly(2026, 3, 31),
        QueriedAt = Now,
    };

    public static ContributionAnswer MonthsAnswer => new()
    {
        AnswerNumber = "NX-1",
        TotalMonths = 14,
        Spans = [new MonthSpan { From = "2024-01", To = "2024-12" }, new MonthSpan { From = "2025-05", To = "2025-06" }],
        RecordDigest = Digest,
        AnsweredAt = Now,
    };
}

using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using DataHub.Core.Registry;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Registry;

public sealed class RoutingTests
{
    private static readonly RegistrySnapshot Registry = RegistrySnapshot.Load(RegistrySnapshot.FindSeeds());
    private static readonly DateTimeOffset At = new(2026, 11, 20, 9, 0, 0, TimeSpan.FromHours(8));
    private static readonly Person Someone = new() { Name = "测试甲", IdType = IdentityType.Passport, IdNumber = "E00000000" };
    private static readonly Hospital Ward = new() { Code = "H510600001", Name = "德阳市人民医院" };

    [Theory]
    [InlineData("510681", "510600")]
    [InlineData("510113", "510100")]
    [InlineData("511421", "511400")]
    [InlineData("512022", "512000")]
    public void A_service_application_goes_to_the_city_of_its_district(string district, string city) =>
        Routing.TargetOf(Submission(district), Registry, published: null).ShouldBe((city, null));

    [Theory]
    [InlineData("510502")]
    [InlineData("510600")] // a city is no district: someone has to decide
    public void A_district_of_no_city_of_the_hub_is_refused(string district)
    {
        var (city, reason) = Routing.TargetOf(Submission(district), Registry, published: null);
        city.ShouldBeNull();
        reason!.Code.ShouldBe(ReasonCodes.UnknownDistrict);
        reason.Path.ShouldBe("$.targetDistrict");
    }

    [Fact]
    public void A_transfer_goes_to_the_city_of_the_old_relation()
    {
        Routing.TargetOf(Application("511400"), Registry, published: null).ShouldBe(("511400", null));
        var (city, reason) = Routing.TargetOf(Application("510500"), Registry, published: null);
        city.ShouldBeNull();
        reason!.Code.ShouldBe(ReasonCodes.UnknownCity);
    }

    [Fact]
    public void A_query_goes_to_the_city_that_published_the_result()
    {
        var published = new PublishedResult("R1", "510100-20261101-0000000001", "510100", "lab.hba1c", "H510100001", "川HR", At, new string('0', 64), Revoked: false, Holders: []);
        Routing.TargetOf(Query(), Registry, published).ShouldBe(("510100", null));
        var (city, reason) = Routing.TargetOf(Query(), Registry, published: null);
        city.ShouldBeNull();
        reason!.Code.ShouldBe(ReasonCodes.NoSharedResult);
    }

    [Fact]
    public void A_published_result_has_no_target() =>
        Routing.TargetOf(
            new ResultNotice
            {
                ResultId = "R1",
                Patient = Someone,
                Category = ResultCategory.Laboratory,
                ItemCode = "lab.hba1c",
                Hospital = Ward,
                Mark = "川HR",
                ResultDigest = new string('0', 64),
                FetchUrl = "https://example.invalid/r1",
                PerformedAt = At,
                ReportedAt = At,
            },
            Registry,
            published: null).ShouldBe(("", null));

    [Fact]
    public void A_message_that_opens_nothing_belongs_to_an_unknown_exchange() =>
        Routing.TargetOf(new CaseReminder { Text = "请尽快办理", RemindedAt = At }, Registry, published: null).Reason!.Code.ShouldBe(ReasonCodes.UnknownExchange);

    private static ServiceSubmission Submission(string district) => new()
    {
        ItemCode = "id-card.renewal",
        Mode = ServiceMode.Online,
        CaseNumber = "C1",
        Applicant = Someone,
        TargetDistrict = district,
        Materials = [],
        SubmittedAt = At,
    };

    private static PensionApplication Application(string oldCity)
    {
        var agency = new Agency { Code = "A510100-SI", Name = "成都市社会保险事业管理局" };
        return new PensionApplication
        {
            ItemCode = "pension.employee",
            CaseNumber = "C1",
            Applicant = Someone,
            NewAgency = agency,
            OldCity = oldCity,
            AppliedAt = At,
            Certificate = new ContributionCertificate
            {
                CertificateNumber = "Z1",
                IssuingAgency = agency,
                Period = new MonthSpan { From = "2020-01", To = "2020-12" },
                Months = 12,
                PersonalAccountFen = 0,
            },
        };
    }

    private static RecognitionQuery Query() => new()
    {
        QueryNumber = "Q1",
        Patient = Someone,
        ItemCode = "lab.hba1c",
        Hospital = Ward,
        Doctor = new Doctor { StaffNumber = "D1", Name = "测试乙" },
        QueriedAt = At,
        Consent = new Consent { ConsentNumber = "K1", GrantedAt = At, ExpiresAt = At.AddDays(7), ItemCodes = ["lab.hba1c"] },
    };
}

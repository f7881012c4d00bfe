using DataHub.Contracts;
using DataHub.Core.Registry;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Registry;

public sealed class AuthorityTests
{
    private const string Chengdu = "510100";
    private const string Deyang = "510600";
    private const string Meishan = "511400";
    private const string Ziyang = "512000";

    private static readonly RegistrySnapshot Registry = RegistrySnapshot.Load(RegistrySnapshot.FindSeeds());
    private static readonly DateOnly Today = new(2026, 11, 22);

    [Theory]
    [InlineData("service.online", "id-card.renewal", Chengdu, Deyang)]
    [InlineData("service.online", "id-card.renewal", Meishan, Ziyang)]
    [InlineData("transfer.pension", "pension.employee", Ziyang, Chengdu)]
    [InlineData("recognition.use", "img.chest-ct", Deyang, Meishan)]
    [InlineData("recognition.notice", "img.chest-ct", Deyang, "")]
    public void What_is_agreed_offered_and_in_force_may_be_sent(string flow, string item, string source, string target) =>
        Codes(flow, item, source, target).ShouldBeEmpty();

    [Theory]
    [InlineData("service.online", "id-card.renewal", "510500", Deyang, ReasonCodes.UnknownCity)]
    [InlineData("service.online", "id-card.renewal", Chengdu, "510500", ReasonCodes.UnknownCity)]
    [InlineData("service.online", "id-card.renewal", Chengdu, "", ReasonCodes.UnknownCity)]
    [InlineData("recognition.notice", "img.chest-ct", "510500", "", ReasonCodes.UnknownCity)]
    [InlineData("service.online", "id-card.renewal", Chengdu, Chengdu, ReasonCodes.SameCity)]
    [InlineData("service.online", "no.such-item", Chengdu, Deyang, ReasonCodes.UnknownItem)]
    [InlineData("service.online", "pension.employee", Chengdu, Deyang, ReasonCodes.UnknownItem)]
    [InlineData("service.paper", "id-card.renewal", Chengdu, Deyang, ReasonCodes.UnknownItem)]
    [InlineData("recognition.use", "id-card.renewal", Chengdu, Deyang, ReasonCodes.UnknownItem)]
    [InlineData("recognition.notice", "lab.none", Chengdu, "", ReasonCodes.UnknownItem)]
    [InlineData("service.online", "library.loan", Chengdu, Ziyang, ReasonCodes.ItemNotOffered)]
    [InlineData("service.online", "talent.title-recognition", Meishan, Ziyang, ReasonCodes.NoAgreement)]
    [InlineData("service.online", "health-code.proof", Chengdu, Deyang, ReasonCodes.ItemNotInForce)]
    public void What_is_not_is_refused_with_its_reason(string flow, string item, string source, string target, string code) =>
        Codes(flow, item, source, target).ShouldBe([code]);

    [Fact]
    public void All_reasons_come_together() =>
        Codes("service.online", "library.loan", Meishan, Ziyang).ShouldBe([ReasonCodes.ItemNotOffered, ReasonCodes.NoAgreement]);

    [Theory]
    [InlineData("2020-12-31", false)]
    [InlineData("2021-01-01", true)]
    [InlineData("2022-12-31", true)]
    [InlineData("2023-01-01", false)]
    public void An_item_is_in_force_from_its_first_to_its_last_day(string on, bool inForce) =>
        Authority.Check(Registry, "service.online", "health-code.proof", Chengdu, Deyang, DateOnly.ParseExact(on, "yyyy-MM-dd"))
            .Any(r => r.Code == ReasonCodes.ItemNotInForce).ShouldBe(!inForce);

    private static string[] Codes(string flow, string item, string source, string target) =>
        [.. Authority.Check(Registry, flow, item, source, target, Today).Select(r => r.Code)];
}

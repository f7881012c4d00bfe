using DataHub.Core.Registry;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Registry;

public sealed class RegistrySnapshotTests
{
    private const string Chengdu = "510100";
    private const string Deyang = "510600";
    private const string Meishan = "511400";
    private const string Ziyang = "512000";

    private static readonly RegistrySnapshot Registry = RegistrySnapshot.Load(RegistrySnapshot.FindSeeds());
    private static readonly DateOnly Today = new(2026, 11, 22);

    [Fact]
    public void What_the_seeds_do_not_have_is_null()
    {
        Registry.CityByCode("510500").ShouldBeNull();
        Registry.CityByKey("luzhou").ShouldBeNull();
        Registry.District("510100").ShouldBeNull();
        Registry.Item("nothing").ShouldBeNull();
        Registry.Hospital("H0").ShouldBeNull();
        Registry.RecognitionItem("lab.nothing").ShouldBeNull();
        Registry.Mark("沪HR").ShouldBeNull();
        Registry.Agency("A0").ShouldBeNull();
        Registry.ReturnReason("nothing").ShouldBeNull();
        Registry.TransferRule("marriage.registration", Chengdu, Deyang).ShouldBeNull();
        Registry.Codes.ToCanonical(Chengdu, Tables.Sex, "male").ShouldBeNull();
        Registry.Codes.ToNative("510500", Tables.Sex, "male").ShouldBeNull();
    }

    [Fact]
    public void An_item_carries_its_materials_and_questions_in_the_files_order()
    {
        var item = Registry.Item("id-card.renewal")!;
        item.Materials.Select(m => m.Code).ShouldBe(["id-card", "photo"]);
        item.Fields.ShouldBe([new ItemField("deliveryAddress", "邮寄地址", false, 200, DateOnly.MinValue, null)]);
        item.PromisedDays.ShouldBe(15);
        item.OfferedBy.ShouldBe([Chengdu, Deyang, Meishan, Ziyang], ignoreOrder: true);
    }

    [Fact]
    public void An_agreement_for_all_items_covers_each_one() =>
        Registry.HasAgreement(Chengdu, Deyang, "service.online", "library.loan", Today).ShouldBeTrue();

    [Fact]
    public void An_agreement_on_named_items_covers_no_other()
    {
        Registry.HasAgreement(Meishan, Ziyang, "service.online", "id-card.renewal", Today).ShouldBeTrue();
        Registry.HasAgreement(Meishan, Ziyang, "service.online", "library.loan", Today).ShouldBeFalse();
    }

    [Fact]
    public void An_agreement_holds_from_its_first_to_its_last_day()
    {
        Registry.HasAgreement(Meishan, Ziyang, "service.online", "archive.query", new DateOnly(2023, 12, 31)).ShouldBeFalse();
        Registry.HasAgreement(Meishan, Ziyang, "service.online", "archive.query", new DateOnly(2024, 1, 1)).ShouldBeTrue();
        Registry.HasAgreement(Meishan, Ziyang, "service.online", "archive.query", new DateOnly(2024, 12, 31)).ShouldBeTrue();
        Registry.HasAgreement(Meishan, Ziyang, "service.online", "archive.query", new DateOnly(2025, 1, 1)).ShouldBeFalse();
    }

    [Fact]
    public void No_one_has_an_agreement_with_oneself_or_for_another_flow()
    {
        Registry.HasAgreement(Chengdu, Chengdu, "service.online", "id-card.renewal", Today).ShouldBeFalse();
        Registry.HasAgreement(Chengdu, Deyang, "service.paper", "id-card.renewal", Today).ShouldBeFalse();
    }

    [Fact]
    public void The_most_exact_transfer_rule_holds()
    {
        Registry.TransferRule("pension.employee", Chengdu, Deyang)!.MoneyMoves.ShouldBeTrue();
        Registry.TransferRule("pension.employee", Deyang, Meishan)!.MoneyMoves.ShouldBeFalse();
        Registry.TransferRule("pension.institution", Chengdu, Ziyang)!.MoneyMoves.ShouldBeTrue();
        Registry.TransferRule("pension.institution", Ziyang, Chengdu)!.MoneyMoves.ShouldBeFalse();
    }

    [Fact]
    public void A_mark_names_the_cities_it_covers()
    {
        Registry.Mark("成德HR")!.Cities.ShouldBe([Chengdu, Deyang], ignoreOrder: true);
        Registry.Mark("川HR")!.Cities.Count.ShouldBe(4);
    }

    [Fact]
    public void Several_native_codes_may_mean_the_same_and_the_first_is_written()
    {
        Registry.Codes.ToCanonical(Deyang, Tables.IdType, "身份证").ShouldBe("resident-id");
        Registry.Codes.ToCanonical(Deyang, Tables.IdType, "居民身份证").ShouldBe("resident-id");
        Registry.Codes.ToNative(Deyang, Tables.IdType, "resident-id").ShouldBe("居民身份证");
    }

    [Fact]
    public void A_mark_of_two_hospitals_covers_these_and_no_other_of_their_cities()
    {
        var mark = Registry.Mark("华西德阳HR")!;
        mark.Scope.ShouldBe(MarkScope.Hospitals);
        mark.Cities.ShouldBe([Chengdu, Deyang], ignoreOrder: true);
        Registry.Hospitals.Where(mark.Covers).Select(h => h.Code).ShouldBe(["H510100001", "H510600001"]);
        Registry.Hospitals.Count(Registry.Mark("成德HR")!.Covers).ShouldBe(Registry.Hospitals.Count(h => h.CityCode is Chengdu or Deyang));
    }

    [Fact]
    public void The_grade_that_two_cities_ask_for_follows_the_day_the_item_and_either_direction()
    {
        var (ecg, ct) = (Registry.RecognitionItem("exam.ecg")!, Registry.RecognitionItem("img.chest-ct")!);
        var (then, now) = (new DateOnly(2023, 12, 31), new DateOnly(2024, 1, 1));
        Registry.LowestGrade(ecg, Chengdu, Deyang, then).ShouldBe(HospitalGrade.ThirdA, "三甲 first");
        Registry.LowestGrade(ecg, Chengdu, Deyang, now).ShouldBe(HospitalGrade.Second, "then 二级以上");
        Registry.LowestGrade(ecg, "511400", "512000", now).ShouldBe(HospitalGrade.SecondA);
        Registry.LowestGrade(ecg, "512000", "511400", now).ShouldBe(HospitalGrade.SecondA);
        Registry.LowestGrade(ct, Chengdu, Deyang, now).ShouldBe(HospitalGrade.Third, "the item's own grade is the higher one");
    }
}

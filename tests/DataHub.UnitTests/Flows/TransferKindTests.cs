using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using Shouldly;
using Xunit;
using static DataHub.UnitTests.Flows.Samples;

namespace DataHub.UnitTests.Flows;

/// <summary>What the kinds of transfer have of their own: documents, days, amounts, months.</summary>
public sealed class TransferKindTests
{
    // Between Meishan and Ziyang the seeds move unemployment money; elsewhere they do not.
    private static Journey Unemployment(string source, string target) =>
        new Journey(source, target, UnemploymentApplication with { OldCity = target }).Accept(source, FundLetter);

    [Fact]
    public void Housing_fund_moves_principal_and_interest_in_three_five_and_two_days()
    {
        var journey = new Journey(Chengdu, Deyang, HousingApplication).ShouldBeIn(TransferFlow.Applied);
        journey.State.Flow.ShouldBe(TransferFlows.HousingFundCode);
        (journey.State.Clock!.ResponsibleCity, journey.State.Clock.DueOn).ShouldBe((Chengdu, new DateOnly(2026, 3, 9)));
        journey.Accept(Chengdu, FundLetter).ShouldBeIn(TransferFlow.LetterSent);
        (journey.State.Clock!.ResponsibleCity, journey.State.Clock.DueOn).ShouldBe((Deyang, new DateOnly(2026, 3, 11)));
        journey.Accept(Deyang, FundTable with { InterestFen = 500, TotalFen = 30_500 }).ShouldBeIn(TransferFlow.TableReceived);
        journey.Accept(Deyang, FundAdvice with { AmountFen = 30_500 }).ShouldBeIn(TransferFlow.Transferred);
        (journey.State.Clock!.ResponsibleCity, journey.State.Clock.DueOn).ShouldBe((Chengdu, new DateOnly(2026, 3, 6)));
        journey.Accept(Chengdu, FundCompletion with { PostedFen = 30_500 }).ShouldBeIn(TransferFlow.Completed, final: true);
        journey.State.Outcome.ShouldBe(new Outcome("completed", 30_500, "B-1"));
    }

    [Fact]
    public void Housing_fund_takes_no_pooled_money() => new Journey(Chengdu, Deyang, HousingApplication).Accept(Chengdu, FundLetter)
        .Refuse(Deyang, FundTable with { PooledFen = 1, TotalFen = 30_001 }, ReasonCodes.AmountKindNotMoved);

    [Fact]
    public void Medical_insurance_goes_without_a_letter_and_asks_the_old_city_at_once()
    {
        var journey = new Journey(Chengdu, Deyang, MedicalApplication).ShouldBeIn(TransferFlow.Requested);
        journey.State.Flow.ShouldBe(TransferFlows.MedicalCode);
        (journey.State.Clock!.ResponsibleCity, journey.State.Clock.DueOn).ShouldBe((Deyang, new DateOnly(2026, 3, 18)));
        journey.Refuse(Chengdu, FundLetter, ReasonCodes.StepNotAllowed);
        journey.Accept(Deyang, FundTable with { LetterNumber = null }).Accept(Deyang, FundAdvice).ShouldBeIn(TransferFlow.Transferred);
        journey.State.Clock!.DueOn.ShouldBe(new DateOnly(2026, 3, 11));
        journey.Accept(Chengdu, FundCompletion).State.Outcome.ShouldBe(new Outcome("completed", 30_000, "B-1"));
    }

    [Fact]
    public void Medical_insurance_moves_the_balance_only() => new Journey(Chengdu, Deyang, MedicalApplication)
        .Refuse(Deyang, FundTable with { LetterNumber = null, InterestFen = 1, TotalFen = 30_001 }, ReasonCodes.AmountKindNotMoved)
        .Refuse(Deyang, FundTable with { LetterNumber = null, PooledFen = 1, TotalFen = 30_001 }, ReasonCodes.AmountKindNotMoved)
        .Refuse(Deyang, FundTable, ReasonCodes.LetterNumberDiffers)
        .Accept(Deyang, FundTable with { LetterNumber = null });

    [Fact]
    public void An_empty_medical_account_needs_no_remittance()
    {
        var journey = new Journey(Chengdu, Deyang, MedicalApplication)
            .Accept(Deyang, FundTable with { LetterNumber = null, PrincipalFen = 0, TotalFen = 0 }).ShouldBeIn(TransferFlow.Transferred)
            .Accept(Chengdu, FundCompletion with { PostedFen = 0, Reference = "T-1" });
        journey.State.Outcome.ShouldBe(new Outcome("completed", 0, "T-1"));
    }

    [Fact]
    public void The_account_and_held_months_stand_in_the_letter_where_there_is_one_and_else_in_the_application()
    {
        Opening(HousingApplication with { ReceivingAccount = FundAccount }).ShouldBe([ReasonCodes.ReceivingAccountMisplaced]);
        Opening(HousingApplication with { HeldPeriods = [] }).ShouldBe([ReasonCodes.ReceivingAccountMisplaced]);
        Opening(MedicalApplication with { ReceivingAccount = null }).ShouldBe([ReasonCodes.ReceivingAccountRequired]);
        new Journey(Chengdu, Deyang, HousingApplication).Refuse(Chengdu, FundLetter with { ReceivingAccount = null }, ReasonCodes.ReceivingAccountRequired);
    }

    [Fact]
    public void Medical_months_that_the_new_city_holds_are_compared_from_the_application()
    {
        var held = MedicalApplication with { HeldPeriods = [new MonthSpan { From = "2021-05", To = "2026-02" }] };
        var journey = new Journey(Chengdu, Deyang, held).Accept(Deyang, FundTable with { LetterNumber = null });
        journey.Effects.ShouldContain(new Effect.OpenBreak(ReasonCodes.BreakOverlappingMonths, "重复缴费 2 个月; 2021-05–2021-06: 转入地已有 2 个月, 信息表 2 个月"));
    }

    [Fact]
    public void Unemployment_insurance_within_the_province_moves_no_money()
    {
        var journey = Unemployment(Chengdu, Deyang)
            .Refuse(Deyang, FundAdvice, ReasonCodes.MoneyDoesNotMove)
            .Refuse(Deyang, FundTable, ReasonCodes.AmountKindNotMoved)
            .Accept(Deyang, FundTable with { PrincipalFen = 0, TotalFen = 0 }).ShouldBeIn(TransferFlow.Transferred)
            .Accept(Chengdu, FundCompletion with { PostedFen = 0, Reference = "T-1" });
        journey.State.Outcome.ShouldBe(new Outcome("completed", 0, "T-1"));
        new Journey(Chengdu, Deyang, UnemploymentApplication).Accept(Chengdu, FundLetter with { ReceivingAccount = null });
    }

    [Theory]
    [InlineData(10_001, 15_002)]
    [InlineData(10_000, 15_000)]
    [InlineData(0, 0)]
    public void Unemployment_money_is_one_and_a_half_times_the_benefits_not_drawn_to_the_fen(long benefits, long pooled)
    {
        var table = FundTable with { PrincipalFen = 0, PooledBaseFen = benefits, PooledFen = pooled, TotalFen = pooled };
        Unemployment(Meishan, Ziyang).Accept(Ziyang, table);
        Unemployment(Meishan, Ziyang).Refuse(Ziyang, table with { PooledFen = pooled + 1, TotalFen = pooled + 1 }, ReasonCodes.PooledAmountDiffers);
    }

    [Fact]
    public void Fifteen_years_of_employee_pension_decide_between_the_two_systems()
    {
        new Journey(Chengdu, Deyang, ToEmployeeApplication).State.Flow.ShouldBe(TransferFlows.ResidentPensionCode);
        new Journey(Chengdu, Deyang, ToResidentApplication).ShouldBeIn(TransferFlow.Applied);
        Opening(ToEmployeeApplication with { EmployeeMonths = 179 }).ShouldBe([ReasonCodes.TransferConditionNotMet]);
        Opening(ToResidentApplication with { EmployeeMonths = 180 }).ShouldBe([ReasonCodes.TransferConditionNotMet]);
        Opening(ToEmployeeApplication with { EmployeeMonths = null }).ShouldBe([ReasonCodes.EmployeeMonthsRequired]);
    }

    [Fact]
    public void Resident_years_do_not_become_employee_years_but_the_account_goes_along()
    {
        var journey = new Journey(Chengdu, Deyang, ToEmployeeApplication).Accept(Chengdu, FundLetter)
            .Refuse(Deyang, FundTable with { PooledFen = 1, TotalFen = 30_001 }, ReasonCodes.AmountKindNotMoved)
            .Accept(Deyang, FundTable).Accept(Deyang, FundAdvice)
            .Refuse(Chengdu, FundCompletion, ReasonCodes.CompletionMonthsDiffer)
            .Accept(Chengdu, FundCompletion with { JoinedMonths = 0 });
        journey.State.Outcome.ShouldBe(new Outcome("completed", 30_000, "B-1"));
    }

    [Fact]
    public void Employee_years_become_resident_years() => new Journey(Chengdu, Deyang, ToResidentApplication).Accept(Chengdu, FundLetter)
        .Accept(Deyang, FundTable).Accept(Deyang, FundAdvice)
        .Refuse(Chengdu, FundCompletion with { JoinedMonths = 0 }, ReasonCodes.CompletionMonthsDiffer)
        .Accept(Chengdu, FundCompletion);

    [Fact]
    public void An_item_of_another_flow_or_of_none_opens_nothing()
    {
        Opening(HousingApplication with { ItemCode = "no.such-item" }).ShouldBe([ReasonCodes.UnknownItem]);
        Opening(HousingApplication with { ItemCode = "pension.employee" }).ShouldBe([ReasonCodes.UnknownItem]);
        Opening(HousingApplication with { ItemCode = "marriage.registration" }).ShouldBe([ReasonCodes.UnknownItem]);
    }

    [Fact]
    public void Messages_of_the_pension_transfer_and_of_the_other_kinds_do_not_mix()
    {
        new Journey(Chengdu, Deyang, HousingApplication).Refuse(Chengdu, Letter, ReasonCodes.StepNotAllowed);
        new Journey(Chengdu, Deyang, Application).Refuse(Chengdu, FundLetter, ReasonCodes.StepNotAllowed);
    }

    public static TheoryData<string> Kinds => [.. FlowCatalogue.All.Where(f => f.Opening.Type == MessageTypes.TransferApplication).Select(f => f.Code)];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_kind_can_be_returned_withdrawn_and_supplemented_before_the_table(string flow)
    {
        Asked(flow).Accept(Deyang, Samples.Return).ShouldBeIn("returned", final: true);
        Asked(flow).Accept(Chengdu, Withdrawal).ShouldBeIn("withdrawn", final: true);
        var journey = Asked(flow);
        var before = journey.State.State;
        journey.Accept(Deyang, SupplementRequest).ShouldBeIn(TransferFlow.Supplementing).Accept(Chengdu, Supplement).ShouldBeIn(before);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Each_document_of_every_kind_comes_from_its_own_agency(string flow) => Asked(flow)
        .Refuse(Chengdu, FundTable, ReasonCodes.SenderOutOfRole)
        .Refuse(Chengdu, FundAdvice, ReasonCodes.SenderOutOfRole)
        .Refuse(Deyang, FundCompletion, ReasonCodes.SenderOutOfRole)
        .Refuse(Deyang, Bounced, ReasonCodes.SenderOutOfRole)
        .Refuse(Chengdu, TableRecall, ReasonCodes.SenderOutOfRole)
        .Refuse(Chengdu, FundCompletion, ReasonCodes.StepNotAllowed);

    private static Journey Asked(string flow)
    {
        var application = new[] { MedicalApplication, UnemploymentApplication, HousingApplication, ToEmployeeApplication }
            .First(a => Journey.Registry.Item(a.ItemCode)!.Flow == flow);
        var journey = new Journey(Chengdu, Deyang, application);
        return flow == TransferFlows.MedicalCode ? journey : journey.Accept(Chengdu, FundLetter);
    }

    private static IEnumerable<string> Opening(TransferApplication application) =>
        FlowEngine.Decide(null, Journey.Message("m-1", "510100-20260304-0000000001", Chengdu, application), Journey.Context(Deyang, null))
            .ShouldBeOfType<Decision.Refused>().Reasons.Select(r => r.Code);
}

using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Validation;
using DataHub.UnitTests.Flows;
using Shouldly;
using Xunit;
using static DataHub.UnitTests.Flows.Samples;

namespace DataHub.UnitTests.Validation;

public sealed class TransferRulesTests
{
    [Fact]
    public void A_right_document_of_each_kind_passes()
    {
        foreach (var payload in new IPayload[] { HousingApplication, MedicalApplication, ToEmployeeApplication, FundLetter, FundTable, FundAdvice, FundCompletion, Bounced, Resolution, WholeRecall })
            Rules(payload).ShouldBeEmpty(payload.GetType().Name);
    }

    [Fact]
    public void An_application_names_an_item_that_it_can_open()
    {
        Rules(HousingApplication with { ItemCode = "pension.employee" }).ShouldBe([ReasonCodes.UnknownItem]);
        Rules(HousingApplication with { ItemCode = "no.such-item" }).ShouldBe([ReasonCodes.UnknownItem]);
    }

    [Fact]
    public void Held_months_do_not_overlap_each_other()
    {
        MonthSpan[] twice = [new() { From = "2020-01", To = "2020-06" }, new() { From = "2020-06", To = "2020-07" }];
        Rules(FundLetter with { HeldPeriods = twice }).ShouldBe([ReasonCodes.DuplicateEntry]);
        Rules(MedicalApplication with { HeldPeriods = twice }).ShouldBe([ReasonCodes.DuplicateEntry]);
    }

    [Fact]
    public void The_tables_sums_hold_to_the_month_and_to_the_fen()
    {
        Rules(FundTable with { TotalMonths = 17 }).ShouldBe([ReasonCodes.MonthsDiffer]);
        Rules(FundTable with { Years = null, TotalMonths = 17 }).ShouldBeEmpty("a table without lines states its months alone");
        Rules(FundTable with { InterestFen = 1 }).ShouldBe([ReasonCodes.TotalAmountDiffers]);
        Rules(FundTable with { InterestFen = 1, PooledFen = 2, TotalFen = 30_003 }).ShouldBeEmpty();
    }

    [Fact]
    public void The_tables_lines_follow_each_other_within_their_years()
    {
        static TransferYear Line(int year, int first, int months) => new() { Year = year, FirstMonth = first, Months = months };
        Rules(FundTable with { Years = [Line(2020, 1, 6), Line(2020, 8, 5)], TotalMonths = 11 }).ShouldBeEmpty("a year may be interrupted");
        Rules(FundTable with { Years = [Line(2020, 1, 6), Line(2020, 6, 5)], TotalMonths = 11 }).ShouldBe([ReasonCodes.YearLineInvalid]);
        Rules(FundTable with { Years = [Line(2020, 8, 6)], TotalMonths = 6 }).ShouldBe([ReasonCodes.YearLineInvalid]);
        Rules(FundTable with { Years = [Line(2026, 1, 4)], TotalMonths = 4 }).ShouldBe([ReasonCodes.TimeInFuture]);
    }

    [Fact]
    public void A_return_a_settlement_and_a_recall_give_their_reasons_in_words()
    {
        Rules(Bounced with { Reason = "  " }).ShouldBe([ReasonCodes.ReasonRequired]);
        Rules(Resolution with { Text = "  " }).ShouldBe([ReasonCodes.ReasonRequired]);
        Rules(WholeRecall with { Reason = "  " }).ShouldBe([ReasonCodes.ReasonRequired]);
    }

    private static IEnumerable<string> Rules(IPayload payload) => BusinessRules.Check(payload, new RuleContext(Journey.Registry, Now)).Select(r => r.Code);
}

using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using Shouldly;
using Xunit;
using static DataHub.UnitTests.Flows.Samples;

namespace DataHub.UnitTests.Flows;

public sealed class PensionFlowTests
{
    // Between Chengdu and Deyang the seeds move money; from Ziyang to Meishan they do not.
    private static Journey Applied => new(Chengdu, Deyang, Application);

    private static Journey LetterSent => Applied.Accept(Chengdu, Letter);

    private static Journey WithoutMoney => new Journey(Meishan, Ziyang, Application with { OldCity = Ziyang }).Accept(Meishan, Letter);

    [Fact]
    public void A_transfer_with_money_is_complete_when_table_and_money_agree()
    {
        var journey = Applied.ShouldBeIn(TransferFlow.Applied);
        journey.State.Clock!.ResponsibleCity.ShouldBe(Chengdu);
        journey.Accept(Chengdu, Letter).ShouldBeIn(TransferFlow.LetterSent);
        journey.State.Clock!.ResponsibleCity.ShouldBe(Deyang);
        journey.Accept(Deyang, Table).ShouldBeIn(TransferFlow.TableReceived).Refuse(Chengdu, Completion, ReasonCodes.MoneyOutstanding);
        journey.Accept(Deyang, Advice).ShouldBeIn(TransferFlow.Transferred);
        journey.State.Clock!.ResponsibleCity.ShouldBe(Chengdu);
        journey.Accept(Chengdu, Completion).ShouldBeIn(TransferFlow.Completed, final: true);
        journey.State.Outcome.ShouldBe(new Outcome("completed", 30_000, "B-1"));
        journey.State.Clock.ShouldBeNull();
        journey.Refuse(Chengdu, Completion, ReasonCodes.ExchangeFinished);
    }

    [Fact]
    public void Where_no_money_moves_the_table_alone_completes_the_transfer()
    {
        var journey = WithoutMoney.Accept(Ziyang, Table).ShouldBeIn(TransferFlow.Transferred)
            .Refuse(Meishan, Completion, ReasonCodes.CompletionAmountDiffers)
            .Accept(Meishan, Completion with { PostedFen = 0 });
        journey.State.Outcome.ShouldBe(new Outcome("completed", 0, "T-1"));
    }

    [Fact]
    public void A_remittance_where_no_money_moves_is_refused() =>
        WithoutMoney.Refuse(Ziyang, Advice, ReasonCodes.MoneyDoesNotMove);

    [Fact]
    public void Table_and_remittance_may_come_in_either_order()
    {
        var tableFirst = LetterSent.Accept(Deyang, Table).Accept(Deyang, Advice);
        var moneyFirst = LetterSent.Accept(Deyang, Advice).ShouldBeIn(TransferFlow.RemittanceReceived).Accept(Deyang, Table);
        WithoutMessages(moneyFirst.State.Facts).ShouldBe(WithoutMessages(tableFirst.State.Facts));
        (moneyFirst.State with { Facts = tableFirst.State.Facts }).ShouldBe(tableFirst.State);
    }

    [Fact]
    public void The_deadline_of_the_old_agency_runs_on_until_both_have_come()
    {
        var journey = LetterSent;
        var due = journey.State.Clock!.DueOn;
        journey.Now = Now.AddDays(5);
        journey.Accept(Deyang, Table).State.Clock!.DueOn.ShouldBe(due);
        journey.Accept(Deyang, Advice).State.Clock!.DueOn.ShouldBeGreaterThan(due);
    }

    [Fact]
    public void A_table_for_another_letter_is_refused() =>
        LetterSent.Refuse(Deyang, Table with { LetterNumber = "L-2" }, ReasonCodes.LetterNumberDiffers);

    [Fact]
    public void A_remittance_that_differs_from_the_table_is_refused_with_every_reason() => LetterSent
        .Accept(Deyang, Table)
        .Refuse(
            Deyang, Advice with { AmountFen = 29_999, TableNumber = "T-2", PayeeAccount = "6222-9999" },
            ReasonCodes.RemittanceAmountDiffers, ReasonCodes.TableNumberDiffers, ReasonCodes.RemittanceAccountDiffers);

    [Fact]
    public void A_table_that_differs_from_an_earlier_remittance_is_refused_with_every_reason() => LetterSent
        .Accept(Deyang, Advice)
        .Refuse(Deyang, Table with { TotalFen = 1, TableNumber = "T-2" }, ReasonCodes.RemittanceAmountDiffers, ReasonCodes.TableNumberDiffers);

    [Fact]
    public void A_second_table_and_a_second_remittance_of_the_same_number_are_refused()
    {
        LetterSent.Accept(Deyang, Table).Refuse(Deyang, Table, ReasonCodes.StepNotAllowed);
        LetterSent.Accept(Deyang, Advice).Refuse(Deyang, Advice, ReasonCodes.AdviceNumberTaken);
    }

    [Fact]
    public void A_completion_with_other_months_or_another_amount_is_refused() => LetterSent
        .Accept(Deyang, Table).Accept(Deyang, Advice)
        .Refuse(
            Chengdu, Completion with { JoinedMonths = 17, PostedFen = 1 }, ReasonCodes.CompletionMonthsDiffer, ReasonCodes.CompletionAmountDiffers);

    [Fact]
    public void Each_document_comes_from_its_own_agency() => Applied
        .Refuse(Deyang, Letter, ReasonCodes.SenderOutOfRole)
        .Refuse(Chengdu, Table, ReasonCodes.SenderOutOfRole)
        .Refuse(Chengdu, Advice, ReasonCodes.SenderOutOfRole)
        .Refuse(Deyang, Completion, ReasonCodes.SenderOutOfRole)
        .Refuse(Deyang, Table, ReasonCodes.StepNotAllowed)
        .Refuse(Chengdu, Completion, ReasonCodes.StepNotAllowed);

    [Fact]
    public void A_kind_without_a_transfer_rule_is_refused()
    {
        var message = Journey.Message("m-1", "510100-20260304-0000000001", Chengdu, Application with { ItemCode = "marriage.registration" });
        FlowEngine.Decide(null, message, Journey.Context(Deyang, null))
            .ShouldBeOfType<Decision.Refused>().Reasons.ShouldHaveSingleItem().Code.ShouldBe(ReasonCodes.UnknownItem);
    }

    [Fact]
    public void Months_that_the_new_city_already_holds_open_a_break_and_do_not_stop_the_transfer()
    {
        var held = Letter with { HeldPeriods = [new MonthSpan { From = "2020-11", To = "2021-02" }, new MonthSpan { From = "2030-01", To = "2030-12" }] };
        var journey = Applied.Accept(Chengdu, held).Accept(Deyang, Table).ShouldBeIn(TransferFlow.TableReceived);
        journey.Effects.ShouldContain(new Effect.OpenBreak(ReasonCodes.BreakOverlappingMonths, "重复缴费 4 个月; 2020-11–2021-02: 转入地已有 4 个月, 信息表 4 个月"));

        journey.Accept(Chengdu, Closure).ShouldBeIn("closed", final: true);
        journey.Effects.OfType<Effect.CloseBreak>().ShouldHaveSingleItem().Code.ShouldBe(ReasonCodes.BreakOverlappingMonths);
    }

    [Fact]
    public void Held_months_beside_the_tables_own_open_no_break()
    {
        var held = Letter with { HeldPeriods = [new MonthSpan { From = "2021-07", To = "2026-02" }, new MonthSpan { From = "2021-02", To = "2020-01" }] };
        Applied.Accept(Chengdu, held).Accept(Deyang, Table).Effects.ShouldBe([new Effect.Forward(Chengdu)]);
    }

    [Fact]
    public void A_transfer_is_withdrawn_or_returned_only_before_table_and_money()
    {
        Applied.Accept(Chengdu, Withdrawal).ShouldBeIn("withdrawn", final: true);
        LetterSent.Accept(Deyang, Samples.Return).ShouldBeIn("returned", final: true);
        LetterSent.Accept(Deyang, Table).Refuse(Chengdu, Withdrawal, ReasonCodes.StepNotAllowed).Refuse(Deyang, Samples.Return, ReasonCodes.StepNotAllowed);
    }

    [Fact]
    public void A_supplement_goes_back_to_the_letter() => LetterSent
        .Accept(Deyang, SupplementRequest).Refuse(Deyang, Table, ReasonCodes.StepNotAllowed)
        .Accept(Chengdu, Supplement).ShouldBeIn(TransferFlow.LetterSent).Accept(Deyang, Table);

    [Fact]
    public void A_revoked_transfer_starts_again_with_a_new_letter()
    {
        var journey = LetterSent.Accept(Deyang, Table).Accept(Deyang, Advice).Accept(Chengdu, Completion)
            .Refuse(Deyang, TakingBack, ReasonCodes.SenderOutOfRole)
            .Accept(Chengdu, TakingBack).Accept(Chengdu, Bounced).Accept(Chengdu, Reopening).ShouldBeIn(TransferFlow.Applied);
        journey.Accept(Chengdu, Letter with { LetterNumber = "L-2" })
            .Refuse(Deyang, Table, ReasonCodes.LetterNumberDiffers)
            .Accept(Deyang, Table with { LetterNumber = "L-2", TotalFen = 1 })
            .Accept(Deyang, Advice with { AmountFen = 1, AdviceNumber = "B-2" })
            .Accept(Chengdu, Completion with { PostedFen = 1 });
        journey.State.Outcome.ShouldBe(new Outcome("completed", 1, "B-2"));
    }

    private static Dictionary<string, string> WithoutMessages(IReadOnlyDictionary<string, string> facts) =>
        facts.Where(f => !f.Key.StartsWith(FactKeys.MessagePrefix, StringComparison.Ordinal)).ToDictionary();
}

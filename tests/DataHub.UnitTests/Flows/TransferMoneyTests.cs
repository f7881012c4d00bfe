using System.Globalization;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using Shouldly;
using Xunit;
using static DataHub.UnitTests.Flows.Samples;

namespace DataHub.UnitTests.Flows;

/// <summary>Payments in parts, late, returned, too much and too little; recalls. Money moves from Deyang to Chengdu.</summary>
public sealed class TransferMoneyTests
{
    private static Journey Asked => new Journey(Chengdu, Deyang, HousingApplication).Accept(Chengdu, FundLetter);

    private static Journey WithTable => Asked.Accept(Deyang, FundTable);

    private static Journey Paid => WithTable.Accept(Deyang, FundAdvice);

    [Fact]
    public void Split_payments_keep_the_case_waiting_until_their_sum_is_reached()
    {
        var journey = WithTable;
        var due = journey.State.Clock!.DueOn;
        journey.Accept(Deyang, Part(1, 10_000)).ShouldBeIn(TransferFlow.TableReceived).Refuse(Chengdu, FundCompletion, ReasonCodes.MoneyOutstanding);
        journey.Now = Now.AddDays(1);
        journey.Accept(Deyang, Part(2, 19_999)).ShouldBeIn(TransferFlow.TableReceived);
        journey.State.Clock!.DueOn.ShouldBe(due);
        journey.Accept(Deyang, FundAdvice with { AdviceNumber = "B-3", AmountFen = 1 }).ShouldBeIn(TransferFlow.Transferred);
        journey.Accept(Chengdu, FundCompletion with { Reference = "B-3" }).State.Outcome.ShouldBe(new Outcome("completed", 30_000, "B-3"));
    }

    [Fact]
    public void Parts_may_come_before_the_table() => Asked
        .Accept(Deyang, Part(1, 10_000)).ShouldBeIn(TransferFlow.RemittanceReceived)
        .Accept(Deyang, Part(2, 10_000)).ShouldBeIn(TransferFlow.RemittanceReceived)
        .Accept(Deyang, FundTable).ShouldBeIn(TransferFlow.TableReceived)
        .Accept(Deyang, Part(3, 10_000)).ShouldBeIn(TransferFlow.Transferred);

    [Fact]
    public void A_pension_is_paid_in_parts_like_any_other_kind()
    {
        var journey = new Journey(Chengdu, Deyang, Application).Accept(Chengdu, Letter)
            .Accept(Deyang, Table)
            .Accept(Deyang, Advice with { AmountFen = 12_000, Part = 1 }).ShouldBeIn(TransferFlow.TableReceived)
            .Accept(Deyang, Advice with { AdviceNumber = "B-2", AmountFen = 18_000, Part = 2 }).ShouldBeIn(TransferFlow.Transferred)
            .Refuse(Chengdu, Completion with { Reference = "B-1" }, ReasonCodes.CompletionReferenceDiffers)
            .Accept(Chengdu, Completion);
        journey.State.Outcome.ShouldBe(new Outcome("completed", 30_000, "B-2"));
    }

    [Fact]
    public void A_part_out_of_order_and_a_number_used_twice_are_refused() => WithTable
        .Refuse(Deyang, Part(2, 10_000), ReasonCodes.PartOutOfOrder)
        .Accept(Deyang, Part(1, 10_000))
        .Refuse(Deyang, Part(2, 10_000) with { AdviceNumber = "B-1" }, ReasonCodes.AdviceNumberTaken)
        .Accept(Deyang, Part(2, 10_000));

    [Fact]
    public void Too_little_without_a_part_number_is_a_wrong_amount()
    {
        WithTable.Refuse(Deyang, FundAdvice with { AmountFen = 29_999 }, ReasonCodes.RemittanceAmountDiffers);
        WithTable.Accept(Deyang, Part(1, 10_000)).Refuse(Deyang, FundAdvice with { AdviceNumber = "B-2", AmountFen = 19_999 }, ReasonCodes.RemittanceAmountDiffers);
        Asked.Accept(Deyang, FundAdvice with { AmountFen = 29_999 }).Refuse(Deyang, FundTable, ReasonCodes.RemittanceAmountDiffers);
    }

    [Fact]
    public void Money_that_comes_after_its_deadline_is_taken_and_counted_as_late()
    {
        var journey = WithTable.Accept(Deyang, Part(1, 10_000));
        journey.State.Facts.ContainsKey(FactKeys.LatePayments).ShouldBeFalse();
        // Due on Wednesday 11 March; that day itself is in time.
        journey.Now = Now.AddDays(7);
        journey.Accept(Deyang, Part(2, 10_000)).State.Facts.ContainsKey(FactKeys.LatePayments).ShouldBeFalse();
        journey.Now = Now.AddDays(8);
        journey.Accept(Deyang, Part(3, 10_000)).ShouldBeIn(TransferFlow.Transferred).State.Facts[FactKeys.LatePayments].ShouldBe("1");
    }

    [Fact]
    public void A_payment_that_the_bank_sent_back_is_paid_again_to_the_corrected_account()
    {
        var journey = Paid.Accept(Chengdu, Bounced).ShouldBeIn(TransferFlow.TableReceived);
        journey.State.Clock!.ResponsibleCity.ShouldBe(Deyang);
        journey.Accept(Chengdu, AccountCorrection("m-2", "6222-0099"))
            .Refuse(Deyang, FundAdvice with { AdviceNumber = "B-2" }, ReasonCodes.RemittanceAccountDiffers)
            .Refuse(Deyang, FundAdvice with { PayeeAccount = "6222-0099" }, ReasonCodes.AdviceNumberTaken)
            .Accept(Deyang, FundAdvice with { AdviceNumber = "B-2", PayeeAccount = "6222-0099" }).ShouldBeIn(TransferFlow.Transferred)
            .Accept(Chengdu, FundCompletion with { Reference = "B-2" });
        journey.State.Outcome.ShouldBe(new Outcome("completed", 30_000, "B-2"));
    }

    [Fact]
    public void A_payment_before_the_table_that_bounced_leaves_the_case_as_it_was_asked() =>
        Asked.Accept(Deyang, FundAdvice).Accept(Chengdu, Bounced).ShouldBeIn(TransferFlow.LetterSent).Accept(Deyang, FundTable).ShouldBeIn(TransferFlow.TableReceived);

    [Fact]
    public void The_account_of_an_application_without_a_letter_is_corrected_too()
    {
        var journey = new Journey(Chengdu, Deyang, MedicalApplication)
            .Accept(Chengdu, AccountCorrection("m-1", "6222-0099"))
            .Accept(Deyang, FundTable with { LetterNumber = null })
            .Refuse(Deyang, FundAdvice, ReasonCodes.RemittanceAccountDiffers)
            .Accept(Deyang, FundAdvice with { PayeeAccount = "6222-0099" });
        journey.State.Facts.ContainsKey(FactKeys.ReceivingAccount).ShouldBeFalse();
    }

    [Fact]
    public void The_account_is_not_changed_under_money_that_lies_on_it_nor_to_what_is_no_account()
    {
        Paid.Refuse(Chengdu, AccountCorrection("m-2", "6222-0099"), ReasonCodes.MoneyNotReturned);
        Asked.Refuse(Chengdu, AccountCorrection("m-2", "x y"), ReasonCodes.PatternMismatch);
        Asked.Refuse(Deyang, AccountCorrection("m-2", "6222-0099"), ReasonCodes.UnknownMessageReferred);
    }

    [Fact]
    public void A_return_names_a_payment_and_no_more_than_is_left_of_it() => Paid
        .Refuse(Chengdu, Bounced with { AdviceNumber = "B-9" }, ReasonCodes.UnknownAdvice)
        .Refuse(Chengdu, Bounced with { AmountFen = 30_001 }, ReasonCodes.ReturnExceedsPayment)
        .Accept(Chengdu, Bounced with { AmountFen = 20_000 })
        .Refuse(Chengdu, Bounced with { AmountFen = 10_000 }, ReasonCodes.ReturnNumberTaken)
        .Refuse(Chengdu, Bounced with { ReturnNumber = "TH-2", AmountFen = 10_001 }, ReasonCodes.ReturnExceedsPayment)
        .Accept(Chengdu, Bounced with { ReturnNumber = "TH-2", AmountFen = 10_000 }).ShouldBeIn(TransferFlow.TableReceived);

    [Fact]
    public void What_was_paid_too_much_is_a_break_with_both_amounts_until_it_went_back()
    {
        var journey = WithTable.Accept(Deyang, FundAdvice with { AmountFen = 30_500 }).ShouldBeIn(TransferFlow.Overpaid);
        journey.Effects.ShouldContain(new Effect.OpenBreak(ReasonCodes.BreakOverpaid, "信息表 30000 分, 已划转 30500 分, 多划 500 分"));
        journey.State.Clock!.ResponsibleCity.ShouldBe(Chengdu);
        journey.Refuse(Chengdu, FundCompletion, ReasonCodes.SurplusNotReturned).Refuse(Chengdu, FundCompletion with { PostedFen = 30_500 }, ReasonCodes.SurplusNotReturned);

        journey.Accept(Chengdu, Surplus("TH-1", "B-1", 200)).ShouldBeIn(TransferFlow.Overpaid);
        journey.Effects.ShouldContain(new Effect.OpenBreak(ReasonCodes.BreakOverpaid, "信息表 30000 分, 已划转 30300 分, 多划 300 分"));
        journey.Accept(Chengdu, Surplus("TH-2", "B-1", 300)).ShouldBeIn(TransferFlow.Transferred);
        journey.Effects.OfType<Effect.CloseBreak>().ShouldHaveSingleItem().Code.ShouldBe(ReasonCodes.BreakOverpaid);
        journey.Accept(Chengdu, FundCompletion).State.Outcome!.AmountFen.ShouldBe(30_000);
    }

    [Fact]
    public void A_second_payment_of_what_is_paid_already_is_not_lost() => Paid
        .Accept(Deyang, FundAdvice with { AdviceNumber = "B-2" }).ShouldBeIn(TransferFlow.Overpaid)
        .Accept(Deyang, Part(3, 1)).ShouldBeIn(TransferFlow.Overpaid)
        .Accept(Chengdu, Surplus("TH-1", "B-2", 30_000)).ShouldBeIn(TransferFlow.Overpaid)
        .Accept(Chengdu, Surplus("TH-2", "B-3", 1)).ShouldBeIn(TransferFlow.Transferred);

    [Fact]
    public void A_case_is_not_closed_over_money_that_was_not_returned() => WithTable
        .Accept(Deyang, Part(1, 10_000))
        .Refuse(Chengdu, Closure, ReasonCodes.MoneyNotReturned)
        .Accept(Chengdu, Surplus("TH-1", "B-1", 10_000) with { Cause = RemittanceReturnCause.Bounced })
        .Accept(Chengdu, Closure).ShouldBeIn("closed", final: true);

    [Fact]
    public void There_is_an_end_to_payments_so_that_facts_stay_small()
    {
        var journey = WithTable;
        for (var part = 1; part <= 30; part++)
            journey.Accept(Deyang, Part(part, 1));
        journey.Refuse(Deyang, FundAdvice with { AdviceNumber = "B-31", AmountFen = 29_970 }, ReasonCodes.TooManyPayments);
    }

    [Fact]
    public void A_recalled_table_is_awaited_again()
    {
        WithTable.Accept(Deyang, TableRecall).ShouldBeIn(TransferFlow.LetterSent)
            .Accept(Deyang, FundTable with { TableNumber = "T-2", PrincipalFen = 1, TotalFen = 1 })
            .Accept(Deyang, FundAdvice with { TableNumber = "T-2", AmountFen = 1 }).ShouldBeIn(TransferFlow.Transferred);
        Asked.Accept(Deyang, FundAdvice).Refuse(Deyang, TableRecall, ReasonCodes.NothingToRecall);
        Asked.Refuse(Deyang, TableRecall, ReasonCodes.StepNotAllowed);
    }

    [Fact]
    public void Money_under_a_recalled_table_stays_entered()
    {
        var journey = Paid.Accept(Deyang, TableRecall).ShouldBeIn(TransferFlow.RemittanceReceived)
            .Accept(Deyang, FundTable with { TableNumber = "T-2", PrincipalFen = 30_500, TotalFen = 30_500 }).ShouldBeIn(TransferFlow.TableReceived)
            .Accept(Deyang, Part(2, 500) with { TableNumber = "T-2" }).ShouldBeIn(TransferFlow.Transferred)
            .Accept(Chengdu, FundCompletion with { PostedFen = 30_500, Reference = "B-2" });
        journey.State.Outcome.ShouldBe(new Outcome("completed", 30_500, "B-2"));

        var smaller = Paid.Accept(Deyang, TableRecall).Accept(Deyang, FundTable with { TableNumber = "T-2", PrincipalFen = 29_000, TotalFen = 29_000 });
        smaller.ShouldBeIn(TransferFlow.Overpaid).Effects.OfType<Effect.OpenBreak>().ShouldHaveSingleItem().Code.ShouldBe(ReasonCodes.BreakOverpaid);
    }

    [Fact]
    public void A_transfer_sent_in_error_ends_only_when_all_its_money_went_back()
    {
        var journey = Paid.Accept(Deyang, WholeRecall).ShouldBeIn(TransferFlow.Recalled);
        journey.Effects.ShouldContain(new Effect.OpenBreak(ReasonCodes.BreakMoneyNotReturned, "应退回 30000 分"));
        journey.Refuse(Chengdu, Closure, ReasonCodes.MoneyNotReturned)
            .Refuse(Deyang, FundTable, ReasonCodes.StepNotAllowed)
            .Refuse(Deyang, Closure, ReasonCodes.StepNotAllowed)
            .Accept(Chengdu, Bounced with { Cause = RemittanceReturnCause.Recalled }).ShouldBeIn(TransferFlow.Recalled);
        journey.Effects.OfType<Effect.CloseBreak>().ShouldHaveSingleItem().Code.ShouldBe(ReasonCodes.BreakMoneyNotReturned);
        journey.Accept(Chengdu, Closure).ShouldBeIn("closed", final: true).State.Outcome.ShouldBe(new Outcome("closed", null, null));
    }

    [Fact]
    public void After_completion_the_new_city_revokes_and_returns_the_money()
    {
        var journey = Paid.Accept(Chengdu, FundCompletion)
            .Refuse(Deyang, WholeRecall, ReasonCodes.RecallAfterCompletion)
            .Accept(Chengdu, TakingBack).ShouldBeIn("revoked", final: true);
        journey.Effects.ShouldContain(new Effect.OpenBreak(ReasonCodes.BreakMoneyNotReturned, "应退回 30000 分"));
        journey.Refuse(Chengdu, Reopening, ReasonCodes.MoneyNotReturned)
            .Accept(Chengdu, Bounced with { Cause = RemittanceReturnCause.Recalled }).ShouldBeIn("revoked", final: true);
        journey.Effects.OfType<Effect.CloseBreak>().ShouldHaveSingleItem().Code.ShouldBe(ReasonCodes.BreakMoneyNotReturned);
        journey.State.Outcome.ShouldBe(new Outcome("revoked", null, null));
        journey.Accept(Chengdu, Reopening).ShouldBeIn(TransferFlow.Applied);
    }

    [Fact]
    public void A_reopened_application_without_a_letter_still_knows_its_account() => new Journey(Chengdu, Deyang, MedicalApplication)
        .Accept(Deyang, Samples.Return).Accept(Chengdu, Reopening).ShouldBeIn(TransferFlow.Requested)
        .Accept(Deyang, FundTable with { LetterNumber = null }).Accept(Deyang, FundAdvice).ShouldBeIn(TransferFlow.Transferred);

    [Fact]
    public void Months_paid_twice_are_settled_when_both_agencies_say_the_same()
    {
        var journey = Overlapping.Accept(Chengdu, Resolution).ShouldBeIn(TransferFlow.TableReceived);
        journey.Effects.ShouldBe([new Effect.Forward(Deyang)]);
        journey.Accept(Chengdu, Resolution).Effects.ShouldBe([new Effect.Forward(Deyang)], "one side alone settles nothing, however often");
        journey.Accept(Deyang, Resolution with { KeptBy = TransferSide.OldCity }).Effects.ShouldBe([new Effect.Forward(Chengdu)], "another view is a proposal of its own");
        journey.Accept(Chengdu, Resolution with { KeptBy = TransferSide.OldCity });
        journey.Effects.ShouldContain(new Effect.CloseBreak(ReasonCodes.BreakOverlappingMonths, "两地一致: 保留转出地 4 个月, 退还 1200 分"));
        journey.Refuse(Deyang, Resolution, ReasonCodes.NoOverlapOpen);
    }

    [Fact]
    public void Months_paid_twice_may_be_settled_after_completion() => Overlapping
        .Accept(Deyang, FundAdvice).Accept(Chengdu, FundCompletion)
        .Refuse(Deyang, Resolution with { Months = 3 }, ReasonCodes.OverlapMonthsDiffer)
        .Accept(Deyang, Resolution).ShouldBeIn(TransferFlow.Completed, final: true)
        .Accept(Chengdu, Resolution).ShouldBeIn(TransferFlow.Completed, final: true)
        .Refuse(Chengdu, Resolution, ReasonCodes.NoOverlapOpen);

    [Fact]
    public void Nothing_is_settled_where_no_month_was_paid_twice() => WithTable.Refuse(Chengdu, Resolution, ReasonCodes.NoOverlapOpen);

    [Fact]
    public void A_recalled_table_takes_its_overlap_along()
    {
        var journey = Overlapping.Accept(Deyang, TableRecall);
        journey.Effects.OfType<Effect.CloseBreak>().ShouldHaveSingleItem().Code.ShouldBe(ReasonCodes.BreakOverlappingMonths);
        journey.Accept(Deyang, FundTable with { TableNumber = "T-2" }).Effects.OfType<Effect.OpenBreak>().ShouldHaveSingleItem().Code.ShouldBe(ReasonCodes.BreakOverlappingMonths);
    }

    private static Journey Overlapping => new Journey(Chengdu, Deyang, HousingApplication)
        .Accept(Chengdu, FundLetter with { HeldPeriods = [new MonthSpan { From = "2020-11", To = "2021-02" }] })
        .Accept(Deyang, FundTable);

    private static TransferRemittanceAdvice Part(int part, long fen) =>
        FundAdvice with { AdviceNumber = "B-" + part.ToString(CultureInfo.InvariantCulture), Part = part, AmountFen = fen };

    private static TransferRemittanceReturn Surplus(string number, string advice, long fen) =>
        Bounced with { ReturnNumber = number, AdviceNumber = advice, AmountFen = fen, Cause = RemittanceReturnCause.Surplus };
}

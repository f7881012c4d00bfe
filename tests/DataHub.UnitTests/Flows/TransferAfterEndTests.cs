using System.Globalization;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using Shouldly;
using Xunit;
using static DataHub.UnitTests.Flows.Samples;

namespace DataHub.UnitTests.Flows;

/// <summary>Money that moves after a transfer has ended: a named break until both sides agree again.</summary>
public sealed class TransferAfterEndTests
{
    private static Journey Asked => new Journey(Chengdu, Deyang, HousingApplication).Accept(Chengdu, FundLetter);

    private static Journey Completed => Asked.Accept(Deyang, FundTable).Accept(Deyang, FundAdvice).Accept(Chengdu, FundCompletion);

    [Fact]
    public void What_is_paid_after_completion_is_told_and_named_with_both_sides_amounts_and_references_until_it_went_back()
    {
        var journey = Completed;
        var outcome = journey.State.Outcome;
        journey.Accept(Deyang, Late("B-2", 500)).ShouldBeIn(TransferFlow.Completed, final: true);
        journey.Effects.ShouldBe([Open("已办结: 转入地入账 30000 分 (B-1), 转出地净划转 30500 分, 最近一笔 B-2 500 分"), new Effect.Forward(Chengdu)]);
        journey.Accept(Chengdu, Back("TH-1", "B-2", 200)).Effects.ShouldContain(Open("已办结: 转入地入账 30000 分 (B-1), 转出地净划转 30300 分, 最近一笔 TH-1 200 分"));
        journey.Accept(Chengdu, Back("TH-2", "B-2", 300)).Effects.ShouldBe([Healed, new Effect.Forward(Deyang)]);
        journey.ShouldBeIn(TransferFlow.Completed, final: true).State.Outcome.ShouldBe(outcome);
    }

    [Fact]
    public void The_same_remittance_in_another_message_opens_nothing_more() => Completed
        .Accept(Deyang, Late("B-2", 500))
        .Refuse(Deyang, Late("B-2", 500), ReasonCodes.AdviceNumberTaken)
        .Refuse(Deyang, Late("B-1", 30_000), ReasonCodes.AdviceNumberTaken)
        .Refuse(Chengdu, Late("B-3", 500), ReasonCodes.SenderOutOfRole);

    [Fact]
    public void What_is_sent_back_after_completion_is_a_break_until_it_is_paid_again()
    {
        var journey = Completed.Accept(Chengdu, Back("TH-1", "B-1", 10_000));
        journey.Effects.ShouldContain(Open("已办结: 转入地入账 30000 分 (B-1), 转出地净划转 20000 分, 最近一笔 TH-1 10000 分"));
        journey.Accept(Deyang, Late("B-2", 10_000)).Effects.ShouldContain(Healed);
        journey.Refuse(Chengdu, Back("TH-1", "B-1", 1), ReasonCodes.ReturnNumberTaken)
            .Refuse(Chengdu, Back("TH-2", "B-9", 1), ReasonCodes.UnknownAdvice)
            .Refuse(Chengdu, Back("TH-2", "B-1", 20_001), ReasonCodes.ReturnExceedsPayment);
    }

    [Fact]
    public void A_revocation_asks_back_all_that_is_held_and_ends_the_smaller_break()
    {
        var journey = Completed.Accept(Deyang, Late("B-2", 500)).Accept(Chengdu, TakingBack);
        journey.Effects.OfType<Effect.CloseBreak>().ShouldHaveSingleItem().Code.ShouldBe(ReasonCodes.BreakMoneyAfterEnd);
        journey.Effects.ShouldContain(new Effect.OpenBreak(ReasonCodes.BreakMoneyNotReturned, "应退回 30500 分"));
        journey.Accept(Deyang, Late("B-3", 1)).Effects.ShouldContain(new Effect.OpenBreak(ReasonCodes.BreakMoneyNotReturned, "应退回 30501 分"));
        journey.Accept(Chengdu, Back("TH-1", "B-2", 200)).Effects.ShouldBe([new Effect.Forward(Deyang)]);
        journey.Accept(Chengdu, Back("TH-2", "B-2", 300)).Accept(Chengdu, Back("TH-3", "B-3", 1)).Accept(Chengdu, Back("TH-4", "B-1", 30_000));
        journey.Effects.OfType<Effect.CloseBreak>().ShouldHaveSingleItem().Code.ShouldBe(ReasonCodes.BreakMoneyNotReturned);
        journey.Accept(Chengdu, Reopening).ShouldBeIn(TransferFlow.Applied);
    }

    [Fact]
    public void A_case_that_ended_without_money_gives_back_what_comes_and_is_not_taken_up_again_before()
    {
        var journey = Asked.Accept(Deyang, Samples.Return).Accept(Deyang, FundAdvice).ShouldBeIn("returned", final: true);
        journey.Effects.ShouldContain(Open("已退回: 转入地入账 0 分, 转出地净划转 30000 分, 最近一笔 B-1 30000 分"));
        journey.Refuse(Chengdu, Reopening, ReasonCodes.MoneyNotReturned)
            .Accept(Chengdu, Back("TH-1", "B-1", 30_000)).Effects.ShouldContain(Healed);
        journey.State.Outcome.ShouldBe(new Outcome("returned", null, null));
        journey.Accept(Chengdu, Reopening).ShouldBeIn(TransferFlow.Applied);
    }

    [Fact]
    public void What_comes_after_a_recall_goes_back_with_the_rest() => Asked.Accept(Deyang, FundTable).Accept(Deyang, FundAdvice).Accept(Deyang, WholeRecall)
        .Accept(Deyang, Late("B-2", 500)).ShouldBeIn(TransferFlow.Recalled)
        .Accept(Chengdu, Back("TH-1", "B-1", 30_000))
        .Refuse(Chengdu, Closure, ReasonCodes.MoneyNotReturned)
        .Accept(Chengdu, Back("TH-2", "B-2", 500))
        .Accept(Chengdu, Closure).ShouldBeIn("closed", final: true);

    [Fact]
    public void Where_no_money_should_move_what_moves_after_the_end_is_named_too()
    {
        var journey = new Journey(Chengdu, Deyang, UnemploymentApplication).Accept(Deyang, Samples.Return).Accept(Deyang, FundAdvice);
        journey.Effects.OfType<Effect.OpenBreak>().ShouldHaveSingleItem().Code.ShouldBe(ReasonCodes.BreakMoneyAfterEnd);
    }

    [Fact]
    public void There_is_an_end_to_payments_after_the_end_as_well()
    {
        var journey = Completed;
        for (var i = 2; i <= 60; i++)
            journey.Accept(Deyang, Late("B-" + i.ToString(CultureInfo.InvariantCulture), 1));
        journey.Refuse(Deyang, Late("B-61", 1), ReasonCodes.TooManyPayments);
    }

    private static Effect.CloseBreak Healed => new(ReasonCodes.BreakMoneyAfterEnd, "款项与办结一致");

    private static Effect.OpenBreak Open(string detail) => new(ReasonCodes.BreakMoneyAfterEnd, detail);

    private static TransferRemittanceAdvice Late(string number, long fen) => FundAdvice with { AdviceNumber = number, AmountFen = fen, PaidAt = Now };

    private static TransferRemittanceReturn Back(string number, string advice, long fen) =>
        Bounced with { ReturnNumber = number, AdviceNumber = advice, AmountFen = fen, Cause = RemittanceReturnCause.Surplus };
}

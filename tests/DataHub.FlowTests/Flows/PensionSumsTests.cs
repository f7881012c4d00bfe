using DataHub.Adapters.Pipeline;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Storage;
using DataHub.UnitTests.Flows;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Flows;

/// <summary>转移接续 to the fen: Chengdu is the new city, Deyang the old one, and money moves between them.</summary>
public sealed class PensionSumsTests : PlayedCitiesTests
{
    [Fact]
    public async Task One_fen_amiss_is_refused_at_every_step_and_the_right_sum_is_reconciled()
    {
        var id = await OpenAsync(Samples.Letter);

        // Inside one message the city's own node sees it.
        await RefusedAtNodeAsync(Samples.Deyang, id, Samples.Table with { TotalFen = Samples.Table.TotalFen + 1 }, ReasonCodes.TotalAmountDiffers);
        await RefusedAtNodeAsync(Samples.Deyang, id, Samples.Table with { PooledFen = Samples.Table.PooledFen + 1 }, ReasonCodes.PooledAmountDiffers);
        await RefusedAtNodeAsync(Samples.Deyang, id, Samples.Table with { PersonalAccountFen = Samples.Table.PersonalAccountFen - 1 }, ReasonCodes.PersonalAmountDiffers);
        await journey.StepAsync(Samples.Deyang, id, Samples.Table);

        // Between messages the hub does.
        await journey.RefusedStepAsync(Samples.Deyang, id, Samples.Advice with { AmountFen = Samples.Advice.AmountFen - 1 }, ReasonCodes.RemittanceAmountDiffers);
        await journey.StepAsync(Samples.Deyang, id, Samples.Advice);
        await journey.RefusedStepAsync(Samples.Chengdu, id, Samples.Completion with { PostedFen = Samples.Completion.PostedFen - 1 }, ReasonCodes.CompletionAmountDiffers);
        await journey.RefusedStepAsync(Samples.Chengdu, id, Samples.Completion with { JoinedMonths = 17 }, ReasonCodes.CompletionMonthsDiffer);
        await journey.StepAsync(Samples.Chengdu, id, Samples.Completion);
        await journey.ReconciledAsync(id);

        var row = await journey.HubAsync(id);
        (row.State.Outcome!.Code, row.State.Outcome.AmountFen, row.State.Outcome.Reference).ShouldBe(("completed", 30_000, "B-1"));
        (await BreaksAsync(id)).ShouldBeEmpty();
    }

    [Fact]
    public async Task The_remittance_may_come_before_the_table_and_then_the_table_must_agree_with_it()
    {
        var id = await OpenAsync(Samples.Letter);
        await journey.StepAsync(Samples.Deyang, id, Samples.Advice with { AmountFen = 29_999 });
        await journey.RefusedStepAsync(Samples.Deyang, id, Samples.Table, ReasonCodes.RemittanceAmountDiffers);

        var right = await OpenAsync(Samples.Letter);
        await journey.StepAsync(Samples.Deyang, right, Samples.Advice);
        await journey.StepAsync(Samples.Deyang, right, Samples.Table);
        await journey.StepAsync(Samples.Chengdu, right, Samples.Completion);
        await journey.ReconciledAsync(right);
    }

    [Fact]
    public async Task Months_held_in_both_cities_open_a_break_that_stands_while_the_transfer_goes_on()
    {
        var id = await OpenAsync(Cases.LetterHolding("2021-05", "2021-12"));
        await journey.StepAsync(Samples.Deyang, id, Samples.Table);
        var standing = (await BreaksAsync(id)).ShouldHaveSingleItem();
        (standing.Code, standing.ClosedAt).ShouldBe((ReasonCodes.BreakOverlappingMonths, null));
        standing.Detail.ShouldContain("重复缴费 2 个月; 2021-05–2021-06: 转入地已有 2 个月, 信息表 2 个月");

        await journey.StepAsync(Samples.Deyang, id, Samples.Advice);
        await journey.StepAsync(Samples.Chengdu, id, Samples.Completion);
        await journey.ReconciledAsync(id);

        // Equal outcomes say nothing of the months: the two agencies' people have to settle them.
        (await BreaksAsync(id)).ShouldHaveSingleItem().ClosedAt.ShouldBeNull();
        await fixture.StopAsync();
        await fixture.StartAsync();
        (await BreaksAsync(id)).ShouldHaveSingleItem().ClosedAt.ShouldBeNull();
    }

    [Fact]
    public async Task The_break_is_resolved_when_the_transfer_is_closed()
    {
        var id = await OpenAsync(Cases.LetterHolding("2021-05", "2021-12"));
        await journey.StepAsync(Samples.Deyang, id, Samples.Table);
        await journey.StepAsync(Samples.Chengdu, id, Samples.Closure);
        await journey.ReconciledAsync(id);
        (await BreaksAsync(id)).ShouldHaveSingleItem().ClosedAt.ShouldNotBeNull();
        (await journey.HubAsync(id)).State.Outcome!.Code.ShouldBe("closed");
    }

    [Fact]
    public async Task Months_that_only_touch_are_no_overlap()
    {
        var id = await OpenAsync(Cases.LetterHolding("2021-07", "2021-12"));
        await journey.StepAsync(Samples.Deyang, id, Samples.Table);
        (await BreaksAsync(id)).ShouldBeEmpty();
    }

    private async Task<string> OpenAsync(PensionContactLetter letter)
    {
        var id = await journey.OpenAsync(Samples.Chengdu, Samples.Application with { CaseNumber = Cases.NewId() });
        await journey.StepAsync(Samples.Chengdu, id, letter);
        return id;
    }

    private async Task RefusedAtNodeAsync(string city, string exchangeId, IPayload payload, string code)
    {
        await journey.KnownAsync(city, exchangeId);
        var message = Cases.NewId();
        (await journey.SendAsync(city, exchangeId, payload, message)).ShouldBeOfType<IntakeOutcome.Refused>().Reasons.ShouldContain(r => r.Code == code);
        await journey.RefusalAsync(city, message, code);
    }

    private async Task<List<BreakRow>> BreaksAsync(string exchangeId) => await fixture.Host.Store.BreaksAsync(exchangeId, openOnly: false, 10, default);
}

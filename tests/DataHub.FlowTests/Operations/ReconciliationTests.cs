using DataHub.Adapters.Pipeline;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using DataHub.Core.Storage;
using DataHub.Host;
using DataHub.UnitTests.Flows;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Operations;

/// <summary>What the two sides hold is compared with the hub's outcome; a difference is named, and heals when it ends.</summary>
public sealed class ReconciliationTests : PlayedCitiesTests
{
    // Long enough for both sides to report on a busy machine: what comes later is a break of its own, beside those that are looked for.
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(4);

    private readonly TestBus bus = new();

    private protected override DataHubOptions Options(DataHubOptions options) => options with
    {
        Bus = bus.Wrap,
        Hub = options.Hub with { ReconcileWithin = Within, SweepEvery = TimeSpan.FromMilliseconds(50) },
    };

    [Fact]
    public async Task An_outcome_that_one_side_does_not_confirm_in_time_is_a_break_which_heals_when_the_side_confirms()
    {
        var down = true;
        fixture.Played[Samples.Chengdu].Answer = d => down && d.Type == MessageTypes.ServiceDecision ? new DeliveryOutcome.Transient("down", null) : journey.Honest(d);
        var id = await DecidedAsync();
        await HostFixture.UntilAsync(async () => (await BreaksAsync(id)).Any(b => b is { Code: ReasonCodes.BreakMissingAtSource, ClosedAt: null }), "the break is opened");
        (await BreaksAsync(id)).ShouldHaveSingleItem().Detail.ShouldBe(Samples.Chengdu);
        (await journey.HubAsync(id)).ReconciledAt.ShouldBeNull();

        down = false;
        await journey.ReconciledAsync(id);
        var healed = (await BreaksAsync(id)).ShouldHaveSingleItem();
        healed.ClosedAt.ShouldNotBeNull();
        healed.ClosedAt.Value.ShouldBeGreaterThan(healed.OpenedAt);
        (await fixture.Host.Store.BreaksAsync(null, openOnly: true, 10, default)).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("approved", 901L, "J510681-2026-000001", ReasonCodes.BreakAmountDiffers)]
    [InlineData("refused", 900L, "J510681-2026-000001", ReasonCodes.BreakOutcomeDiffers)]
    [InlineData("approved", 900L, "J510681-2026-000002", ReasonCodes.BreakDigestDiffers)]
    public async Task A_side_that_holds_something_else_is_named_by_what_differs_and_healed_by_an_equal_report(string code, long fen, string reference, string expected)
    {
        fixture.Played[Samples.Chengdu].Answer = d =>
            d.Type == MessageTypes.ServiceDecision ? new DeliveryOutcome.Held(new HeldOutcome(code, fen, reference)) : journey.Honest(d);
        var id = await DecidedAsync();
        await HostFixture.UntilAsync(async () => (await BreaksAsync(id)).Any(b => b.Code == expected && b.ClosedAt is null), $"the break {expected} is opened");
        (await BreaksAsync(id)).ShouldAllBe(b => b.Code == expected);
        (await journey.HubAsync(id)).ReconciledAt.ShouldBeNull();

        // Another exchange is not touched by it.
        await journey.GoodCaseAsync();
        (await journey.HubAsync(id)).ReconciledAt.ShouldBeNull();

        // The city puts its record right and reports again.
        var right = (await journey.HubAsync(id)).State.Outcome!;
        var number = (await fixture.Host.Store.LinkAsync(Samples.Chengdu, Nodes.Hub, default)).Sent + 1;
        await Conservation.SettledAsync(fixture.Host);
        var report = new HolderReport
        {
            Entries = [new HolderEntry { ExchangeId = id, MessageId = "m", Outcome = right.Code, AmountFen = right.AmountFen, OutcomeDigest = OutcomeText.Digest(id, right), HeldAt = TimeProvider.System.GetUtcNow() }],
        };
        var e = Forge.Signed(fixture.Host, Forge.Event(Samples.Chengdu, number, $"report-again-{number}", Nodes.NoExchange, report));
        await bus.InjectAsync(QueueNames.Intake(Samples.Chengdu), Forge.Frame(e));
        await journey.ReconciledAsync(id);
        (await BreaksAsync(id)).ShouldAllBe(b => b.ClosedAt != null);
    }

    private async Task<string> DecidedAsync()
    {
        var id = await journey.OpenAsync(Samples.Chengdu, Cases.Submission(fixture.Host.Registry));
        await journey.StepAsync(Samples.Deyang, id, Samples.Acceptance);
        await journey.StepAsync(Samples.Deyang, id, Samples.Approval);
        return id;
    }

    private async Task<List<BreakRow>> BreaksAsync(string exchangeId) => await fixture.Host.Store.BreaksAsync(exchangeId, openOnly: false, 10, default);
}

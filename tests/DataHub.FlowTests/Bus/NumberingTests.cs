using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Contracts.Payloads;
using DataHub.Core.Journal;
using DataHub.Core.Validation;
using DataHub.UnitTests.Flows;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Bus;

/// <summary>Gaps, repetitions and replays among a city's numbers, with really signed events on its queue.</summary>
public sealed class NumberingTests : IAsyncLifetime
{
    private readonly TestBus bus = new();
    private HostFixture fixture = null!;
    private Journey journey = null!;

    public async ValueTask InitializeAsync()
    {
        fixture = await HostFixture.WithPlayedCitiesAsync(o => o with { Bus = bus.Wrap });
        journey = new Journey(fixture);
    }

    public ValueTask DisposeAsync() => fixture.DisposeAsync();

    [Fact]
    public async Task After_a_gap_nothing_is_applied_until_the_missing_event_comes_and_then_all_in_order()
    {
        var events = Openers(4);
        await SendAsync(events[1]);
        await SendAsync(events[3], events[2]);
        await journey.GoodCaseAsync();
        (await ReceivedAsync()).ShouldBeEmpty();
        (await fixture.Host.Store.LinkAsync(Nodes.Hub, Samples.Meishan, default)).Received.ShouldBe(0);

        // The sender, told of no progress, sends everything again in order.
        await SendAsync([.. events]);
        await AppliedAsync(events[3]);
        (await ReceivedAsync()).Select(r => (r.MessageId, r.Sequence)).ShouldBe(events.Select(e => (e.Id, e.Sequence)));
    }

    [Fact]
    public async Task A_frame_that_comes_three_times_has_one_effect_and_one_receipt()
    {
        var events = Openers(2);
        for (var i = 0; i < 3; i++)
            await SendAsync([.. events]);
        await AppliedAsync(events[1]);
        await journey.GoodCaseAsync();
        (await ReceivedAsync()).Select(r => r.MessageId).ShouldBe(events.Select(e => e.Id));
        (await RefusedAsync()).ShouldBeEmpty();
        (await Conservation.JournalAsync(fixture.Host, Nodes.Hub, EntryKind.Sent)).Count(r => r.MessageId.StartsWith($"receipt-{Samples.Meishan}", StringComparison.Ordinal)).ShouldBe(1);
        await HostFixture.UntilAsync(() => fixture.Played[Samples.Deyang].Deliveries.Count(d => d.MessageId == events[1].Id) == 1, "the target has it");
    }

    [Fact]
    public async Task A_known_id_with_another_body_is_refused_and_journalled_and_never_merged()
    {
        var first = Openers(1)[0];
        await SendAsync(first);
        await AppliedAsync(first);

        // Under a new number of the sender's: refused with a receipt.
        var other = Cases.Submission(fixture.Host.Registry) with { CaseNumber = "other" };
        var replayed = Forge.Event(Samples.Meishan, 2, first.Id, first.ExchangeId, other);
        await SendAsync(replayed);
        await journey.RefusalAsync(Nodes.Hub, first.Id, ReasonCodes.ReplayedWithOtherBody);
        var receipt = (await fixture.Host.Store.ReceiptAsync(Nodes.Hub, Samples.Meishan, 2, default)).ShouldNotBeNull();
        ((HubReceipt)((ReadOutcome.Ok)PayloadReader.Read(receipt.Type, EventFormat.ReadElement(receipt.Body).Event!.Data.Span)).Payload).Entries[0].Verdict.ShouldBe(Verdict.Refused);

        // Under its old number: refused too.
        await SendAsync(replayed with { Sequence = 1 });
        await HostFixture.UntilAsync(async () => (await RefusedAsync()).Count == 2, "the second replay is journalled");

        // An old number with a message of another id.
        await SendAsync(Forge.Event(Samples.Meishan, 1, Cases.NewId(), Cases.ExchangeId(Samples.Meishan, 9), other));
        await Journey.RefusalAsync(fixture, Nodes.Hub, r => r.Sequence == 1 && r.MessageId != first.Id, ReasonCodes.SequenceReused);

        (await ReceivedAsync()).ShouldHaveSingleItem().MessageId.ShouldBe(first.Id);
        (await journey.HubAsync(first.ExchangeId)).State.Version.ShouldBe(1);
        await HostFixture.UntilAsync(() => !fixture.Played[Samples.Deyang].Deliveries.IsEmpty, "the target has the first");
        Journey.Payload(fixture.Played[Samples.Deyang].Deliveries.ShouldHaveSingleItem()).ShouldBeOfType<ServiceSubmission>().CaseNumber.ShouldNotBe("other");
        await journey.GoodCaseAsync();
    }

    [Fact]
    public async Task The_same_message_under_a_new_number_is_answered_again_and_has_no_second_effect()
    {
        var first = Openers(1)[0];
        await SendAsync(first);
        await AppliedAsync(first);
        await SendAsync(first with { Sequence = 2 });
        await HostFixture.UntilAsync(async () => await fixture.Host.Store.ReceiptAsync(Nodes.Hub, Samples.Meishan, 2, default) is not null, "a receipt covers the second number");
        (await journey.HubAsync(first.ExchangeId)).State.Version.ShouldBe(1);
        (await ReceivedAsync()).ShouldHaveSingleItem();
        await journey.GoodCaseAsync();
    }

    private List<CloudEvent> Openers(int count) =>
        [.. Enumerable.Range(1, count).Select(n => Forge.Event(Samples.Meishan, n, Cases.NewId(), Cases.ExchangeId(Samples.Meishan, n), Cases.Submission(fixture.Host.Registry)))];

    private Task SendAsync(params CloudEvent[] events) =>
        bus.InjectAsync(QueueNames.Intake(Samples.Meishan), Forge.Frame(events.Select(e => Forge.Signed(fixture.Host, e))));

    private Task AppliedAsync(CloudEvent e) => HostFixture.UntilAsync(async () => await journey.FindAsync(Nodes.Hub, e.ExchangeId) is not null, $"{e.Id} is applied");

    private async Task<List<JournalRow>> ReceivedAsync() => [.. (await Conservation.JournalAsync(fixture.Host, Nodes.Hub, EntryKind.Received)).Where(r => r.Sender == Samples.Meishan)];

    private async Task<List<JournalRow>> RefusedAsync() => await Conservation.JournalAsync(fixture.Host, Nodes.Hub, EntryKind.Refused);
}

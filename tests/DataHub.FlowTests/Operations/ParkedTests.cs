using DataHub.Adapters.Pipeline;
using DataHub.Contracts;
using DataHub.Core.Journal;
using DataHub.UnitTests.Flows;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Operations;

/// <summary>What cannot be worked waits for a person, with its cause, while everything else goes on.</summary>
public sealed class ParkedTests : IAsyncLifetime
{
    private HostFixture fixture = null!;
    private Journey journey = null!;

    public async ValueTask InitializeAsync()
    {
        fixture = await HostFixture.WithPlayedCitiesAsync(o => o with { Adapters = o.Adapters with { MaxAttempts = 3 } });
        journey = new Journey(fixture).HonestCities();
    }

    public ValueTask DisposeAsync() => fixture.DisposeAsync();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_delivery_that_the_city_cannot_take_is_parked_and_replayed(bool rejected)
    {
        var id = await journey.OpenAsync(Samples.Chengdu, Cases.Submission(fixture.Host.Registry));
        await journey.StepAsync(Samples.Deyang, id, Samples.Acceptance);
        DeliveryOutcome bad = rejected ? new DeliveryOutcome.Rejected("the city's system does not know the form") : new DeliveryOutcome.Transient("the city's system is down", null);
        fixture.Played[Samples.Chengdu].Answer = d => d.ExchangeId == id && d.Type == MessageTypes.ServiceDecision ? bad : journey.Honest(d);
        await journey.StepAsync(Samples.Deyang, id, Samples.Approval);

        await HostFixture.UntilAsync(async () => (await ParkedAsync()).Count > 0, "the delivery is parked");
        var parked = (await ParkedAsync()).ShouldHaveSingleItem();
        (parked.ExchangeId, parked.Row.Type, parked.Attempts).ShouldBe((id, MessageTypes.ServiceDecision, rejected ? 1 : 3));
        parked.ParkedCause.ShouldBe(rejected ? "the city's system does not know the form" : "the city's system is down");

        // It stays parked over a restart, and other cases of the same two cities go on.
        await fixture.StopAsync();
        await fixture.StartAsync();
        journey.HonestCities();
        var other = await journey.OpenAsync(Samples.Chengdu, Cases.Submission(fixture.Host.Registry));
        await journey.StepAsync(Samples.Deyang, other, Samples.Acceptance);
        await journey.StepAsync(Samples.Deyang, other, Samples.Approval);
        await journey.ReconciledAsync(other);
        (await ParkedAsync()).ShouldHaveSingleItem();
        (await journey.HubAsync(id)).ReconciledAt.ShouldBeNull();

        var node = fixture.Host.Adapters[Samples.Chengdu];
        (await node.ReplayParkedAsync(parked.Row.Number, parked.Position, "王主任", "表单已更新", default)).ShouldBeTrue();
        await journey.ReconciledAsync(id);
        (await ParkedAsync()).ShouldBeEmpty();
        (await node.ReplayParkedAsync(parked.Row.Number, parked.Position, "王主任", "再来一次", default)).ShouldBeFalse();
        var action = (await Conservation.JournalAsync(fixture.Host, Samples.Chengdu, EntryKind.Operator)).ShouldHaveSingleItem();
        (action.Sender, System.Text.Encoding.UTF8.GetString(action.Body)).ShouldBe(("王主任", "表单已更新"));
        fixture.Played[Samples.Chengdu].Deliveries.Count(d => d.ExchangeId == id && d.Type == MessageTypes.ServiceDecision).ShouldBe(1);
    }

    private async Task<List<Core.Storage.PendingDelivery>> ParkedAsync() => await fixture.Host.Store.ParkedDeliveriesAsync(Samples.Chengdu, default);
}

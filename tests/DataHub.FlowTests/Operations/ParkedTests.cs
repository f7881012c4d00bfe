using DataHub.Adapters.Pipeline;
using DataHub.Contracts;
using DataHub.Core.Journal;
using DataHub.Core.Storage;
using DataHub.FlowTests.Roles;
using DataHub.Host;
using DataHub.UnitTests.Flows;
using Microsoft.Data.Sqlite;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Operations;

/// <summary>What cannot be worked waits for a person, with its cause, while everything else goes on.</summary>
public sealed class ParkedTests : PlayedCitiesTests
{
    private protected override DataHubOptions Options(DataHubOptions options) => options with { Adapters = options.Adapters with { MaxAttempts = 3 } };

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

        await HostFixture.UntilAsync(async () =>
        {
            // Only a city that takes others shows that it is this message that fails.
            if (!rejected)
                await journey.StepAsync(Samples.Deyang, await journey.OpenAsync(Samples.Chengdu, Cases.Submission(fixture.Host.Registry)), Samples.Acceptance);
            return (await ParkedAsync()).Count > 0;
        }, "the delivery is parked");
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
        var request = new ReplayRequest("r-1", Samples.Chengdu, parked.Row.Number, parked.Position, "王主任", "表单已更新", TimeProvider.System.GetUtcNow());
        (await Task.WhenAll(node.ReplayAsync(request, default), node.ReplayAsync(request, default), node.ReplayAsync(request with { Id = "r-2" }, default)))
            .ShouldBe([ReplayOutcome.Worked, null, ReplayOutcome.NothingParked]);
        await journey.ReconciledAsync(id);
        (await ParkedAsync()).ShouldBeEmpty();
        var actions = await Conservation.JournalAsync(fixture.Host, Samples.Chengdu, EntryKind.Operator);
        actions.Select(a => (a.MessageId, a.Sender, System.Text.Encoding.UTF8.GetString(a.Body))).ShouldBe([(parked.Row.MessageId, "王主任", "表单已更新"), ("", "王主任", "表单已更新")]);
        (actions[0].Reasons, actions[1].Reasons!.Contains(ReasonCodes.NotFound, StringComparison.Ordinal)).ShouldBe((null, true));
        fixture.Played[Samples.Chengdu].Deliveries.Count(d => d.ExchangeId == id && d.Type == MessageTypes.ServiceDecision).ShouldBe(1);
    }

    [Fact]
    public async Task A_message_of_the_hub_that_an_earlier_version_could_not_read_is_listed_and_worked_again()
    {
        var id = await journey.OpenAsync(Samples.Chengdu, Cases.Submission(fixture.Host.Registry));
        await journey.StepAsync(Samples.Deyang, id, Samples.Acceptance);
        fixture.Played[Samples.Chengdu].Answer = d => d.Type == MessageTypes.ServiceDecision ? new DeliveryOutcome.Rejected("form") : journey.Honest(d);
        await journey.StepAsync(Samples.Deyang, id, Samples.Approval);
        await HostFixture.UntilAsync(async () => (await ParkedAsync()).Count > 0, "the decision has come");
        var row = (await ParkedAsync()).ShouldHaveSingleItem().Row;
        await LeaveUnreadAsync(id, row.Number);
        (await HostProgram.RunAsync(fixture.DataDirectory, new Dictionary<string, string>(), "parked", "--data", fixture.DataDirectory)).Text
            .ShouldBe($"{Samples.Chengdu} {row.Number}: {MessageTypes.ServiceDecision} {row.MessageId} of {id}: DH-1001\n");

        var node = fixture.Host.Adapters[Samples.Chengdu];
        var request = new ReplayRequest("r-1", Samples.Chengdu, row.Number, 0, "王主任", "已升级", TimeProvider.System.GetUtcNow());
        (await Task.WhenAll(node.ReplayAsync(request, default), node.ReplayAsync(request, default), node.ReplayAsync(request with { Id = "r-2" }, default)))
            .ShouldBe([ReplayOutcome.Worked, null, ReplayOutcome.NothingParked]);
        await journey.ReconciledAsync(id);
        (await fixture.Host.Store.ParkedAsync(Samples.Chengdu, default)).ShouldBeEmpty();
        (await fixture.Host.Store.ExchangesAsync(Samples.Chengdu, [id], default))[id].State.Outcome.ShouldNotBeNull();
        fixture.Played[Samples.Chengdu].Deliveries.Count(d => d.ExchangeId == id && d.Type == MessageTypes.ServiceDecision).ShouldBe(1);
        await journey.StepAsync(Samples.Chengdu, id, Samples.Delivery);
    }

    /// <summary>Leaves a message as a version that cannot read it does: parked, without effect on the city's view, and never delivered.</summary>
    private async Task LeaveUnreadAsync(string exchangeId, long number)
    {
        await fixture.StopAsync();
        await using (var db = new SqliteConnection($"Data Source={Path.Combine(fixture.DataDirectory, "datahub.db")};Pooling=False"))
        {
            await db.OpenAsync();
            await using var command = db.CreateCommand();
            command.CommandText = "DELETE FROM native_delivery WHERE journal_id = $row; UPDATE journal SET kind = 4, reasons = 'DH-1001' WHERE id = $row; INSERT INTO parked VALUES ($row); "
                + "UPDATE exchange SET state = 'accepted', outcome = NULL, outcome_digest = NULL WHERE node = 510100 AND exchange_id = $exchange";
            command.Parameters.AddWithValue("$row", (510100L << 40) | number);
            command.Parameters.AddWithValue("$exchange", exchangeId);
            await command.ExecuteNonQueryAsync();
        }

        await fixture.StartAsync();
        journey.HonestCities();
    }

    private async Task<List<PendingDelivery>> ParkedAsync() => await fixture.Host.Store.ParkedDeliveriesAsync(Samples.Chengdu, default);
}

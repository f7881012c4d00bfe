using DataHub.Contracts;
using DataHub.Core.Journal;
using DataHub.Core.Storage;
using DataHub.UnitTests.Flows;
using Microsoft.Data.Sqlite;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Bugs;

/// <summary>
/// A message whose exchange the hub could not read was refused, as if its sender were at fault; and the sender of a message
/// that was parked and replayed never heard of it, so that an outcome in it was never reconciled.
/// </summary>
public sealed class When_the_hub_parks_a_message : PlayedCitiesTests
{
    [Fact]
    public async Task It_waits_for_an_operator_and_its_replay_ends_as_if_nothing_had_happened()
    {
        var id = await AcceptedAsync();
        var parked = await ParkDecisionAsync(id);

        (await Conservation.JournalAsync(fixture.Host, Nodes.Hub, EntryKind.Refused)).ShouldBeEmpty();
        parked.Reasons!.ShouldContain(ReasonCodes.InternalFault);
        await journey.GoodCaseAsync();
        fixture.Played[Samples.Chengdu].Deliveries.ShouldNotContain(d => d.ExchangeId == id && d.Type == MessageTypes.ServiceDecision);
        await Conservation.SettledAsync(fixture.Host);
        await Conservation.HoldsAsync(fixture.Host);

        await SetFlowVersionAsync(id, 1);
        (await Task.WhenAll(ReplayAsync(parked, "r-1"), ReplayAsync(parked, "r-1"))).ShouldBe([ReplayOutcome.Worked, null]);
        await journey.ReconciledAsync(id);
        (await fixture.Host.Store.ParkedAsync(Nodes.Hub, default)).ShouldBeEmpty();
        var action = (await Conservation.JournalAsync(fixture.Host, Nodes.Hub, EntryKind.Operator)).ShouldHaveSingleItem();
        (action.Sender, System.Text.Encoding.UTF8.GetString(action.Body)).ShouldBe(("王主任", "数据已修复"));
        await journey.StepAsync(Samples.Chengdu, id, Samples.Delivery);
        (await JournalVerifier.VerifyAsync(fixture.Host.Store, fixture.Host.Keys.Ring, default)).ShouldAllBe(c => c.Faults.Count == 0);
    }

    [Fact]
    public async Task A_replay_that_is_refused_is_told_to_its_sender()
    {
        var id = await AcceptedAsync();
        var parked = await ParkDecisionAsync(id);
        await SetFlowVersionAsync(id, 1);
        await journey.StepAsync(Samples.Chengdu, id, Samples.Withdrawal);

        (await Task.WhenAll(ReplayAsync(parked, "r-1"), ReplayAsync(parked, "r-2"))).ShouldBe([ReplayOutcome.Refused, ReplayOutcome.NothingParked]);
        await journey.RefusalAsync(Nodes.Hub, parked.MessageId, ReasonCodes.ExchangeFinished);
        await HostFixture.UntilAsync(() => fixture.Played[Samples.Deyang].Refusals.Any(r => r.MessageId == parked.MessageId), "Deyang is told");
        await journey.ReconciledAsync(id);
        (await journey.HubAsync(id)).State.Outcome!.Code.ShouldBe("withdrawn");
    }

    [Fact]
    public async Task A_replay_that_meets_a_fault_leaves_the_message_parked_and_says_so()
    {
        var id = await AcceptedAsync();
        var parked = await ParkDecisionAsync(id);
        await SetAsync(id, "facts", "not what facts look like");
        await fixture.Host.Store.AskReplayAsync(Request(parked, "r-1"), default);
        await HostFixture.UntilAsync(async () => (await fixture.Host.Store.ReplayRequestAsync("r-1", default))!.Outcome == ReplayOutcome.Failed, "the hub gives the request up");
        (await fixture.Host.Store.ParkedAsync(Nodes.Hub, default)).ShouldHaveSingleItem().Number.ShouldBe(parked.Number);
        (await Conservation.JournalAsync(fixture.Host, Nodes.Hub, EntryKind.Operator)).ShouldHaveSingleItem().Reasons!.ShouldContain(ReasonCodes.InternalFault);

        await SetAsync(id, "facts", "{}");
        (await ReplayAsync(parked, "r-2")).ShouldBe(ReplayOutcome.ParkedAgain);
        (await fixture.Host.Store.ParkedAsync(Nodes.Hub, default)).ShouldHaveSingleItem().Number.ShouldBeGreaterThan(parked.Number);
    }

    private async Task<string> AcceptedAsync()
    {
        var id = await journey.OpenAsync(Samples.Chengdu, Cases.Submission(fixture.Host.Registry));
        await journey.StepAsync(Samples.Deyang, id, Samples.Acceptance);
        return id;
    }

    private async Task<JournalRow> ParkDecisionAsync(string id)
    {
        // The exchange is of a version of the flow that this program does not have.
        await SetFlowVersionAsync(id, 99);
        var message = Cases.NewId();
        await journey.SendAsync(Samples.Deyang, id, Samples.Approval, message);
        await HostFixture.UntilAsync(async () => (await fixture.Host.Store.ParkedAsync(Nodes.Hub, default)).Count == 1, "the decision is parked");
        var parked = (await fixture.Host.Store.ParkedAsync(Nodes.Hub, default)).Single();
        parked.MessageId.ShouldBe(message);
        return parked;
    }

    private Task<ReplayOutcome?> ReplayAsync(JournalRow parked, string request) => fixture.Host.Hub.ReplayAsync(Request(parked, request), default);

    private static ReplayRequest Request(JournalRow parked, string id) => new(id, Nodes.Hub, parked.Number, 0, "王主任", "数据已修复", TimeProvider.System.GetUtcNow());

    private Task SetFlowVersionAsync(string id, int version) => SetAsync(id, "flow_version", version);

    private async Task SetAsync(string id, string column, object value)
    {
        await fixture.StopAsync();
        await using (var db = new SqliteConnection($"Data Source={Path.Combine(fixture.DataDirectory, "datahub.db")};Pooling=False"))
        {
            await db.OpenAsync();
            await using var command = db.CreateCommand();
            command.CommandText = $"UPDATE exchange SET {column} = $value WHERE node = 0 AND exchange_id = $id";
            command.Parameters.AddWithValue("$value", value);
            command.Parameters.AddWithValue("$id", id);
            (await command.ExecuteNonQueryAsync()).ShouldBe(1);
        }

        await fixture.StartAsync();
        journey.HonestCities();
    }
}

using DataHub.Adapters.Pipeline;
using DataHub.Contracts;
using DataHub.Core.Journal;
using DataHub.Core.Storage;
using DataHub.FlowTests.Roles;
using DataHub.UnitTests.Flows;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Operations;

/// <summary>The embedded hub and the program that asks it, as a second process on the same folder, to work something again.</summary>
public sealed class ReplayBesideHubTests : PlayedCitiesTests
{
    [Fact]
    public async Task A_running_hub_carries_the_request_out_and_the_program_does_without_one()
    {
        var parked = await ParkAsync();
        (await ReplayAsync(parked, "--request", "r-1")).ShouldBe((0, "Request r-1.\nWorked again.\n", ""));
        await journey.ReconciledAsync(parked.ExchangeId);
        (await ReplayAsync(parked, "--request", "r-2")).ShouldBe((1, $"Request r-2.\nNothing is parked under {Samples.Chengdu} {parked.Row.Number}.\n", ""));
        (await ReplayAsync(parked, "--request", "r-1")).ShouldBe((0, "Request r-1.\nWorked again.\n", ""));

        var second = await ParkAsync();
        await fixture.StopAsync();
        (await ReplayAsync(second, "--request", "r-3")).ShouldBe((0, "Request r-3.\nWorked again.\n", ""));
        await fixture.StartAsync();
        journey.HonestCities();
        (await fixture.Host.Store.ParkedDeliveriesAsync(Samples.Chengdu, default)).ShouldBeEmpty();
        (await Conservation.JournalAsync(fixture.Host, Samples.Chengdu, EntryKind.Operator)).Select(r => r.Key.Split(':')[^1]).ShouldBe(["r-1", "r-2", "r-3"]);
    }

    private async Task<PendingDelivery> ParkAsync()
    {
        var id = await journey.OpenAsync(Samples.Chengdu, Cases.Submission(fixture.Host.Registry));
        await journey.StepAsync(Samples.Deyang, id, Samples.Acceptance);
        fixture.Played[Samples.Chengdu].Answer = d => d.Type == MessageTypes.ServiceDecision ? new DeliveryOutcome.Rejected("form") : journey.Honest(d);
        await journey.StepAsync(Samples.Deyang, id, Samples.Approval);
        await HostFixture.UntilAsync(async () => (await fixture.Host.Store.ParkedDeliveriesAsync(Samples.Chengdu, default)).Count > 0, "the delivery is parked");
        journey.HonestCities();
        return (await fixture.Host.Store.ParkedDeliveriesAsync(Samples.Chengdu, default)).ShouldHaveSingleItem();
    }

    private Task<(int Code, string Text, string Errors)> ReplayAsync(PendingDelivery parked, params string[] options) => HostProgram.RunAsync(fixture.DataDirectory, new Dictionary<string, string>(),
        ["replay", Samples.Chengdu, $"{parked.Row.Number}", "--position", $"{parked.Position}", "--operator", "王主任", "--reason", "表单已更新", "--data", fixture.DataDirectory, .. options]);
}

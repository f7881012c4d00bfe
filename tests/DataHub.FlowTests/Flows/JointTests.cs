using DataHub.Adapters.Pipeline;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using DataHub.Core.Journal;
using DataHub.UnitTests.Flows;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Flows;

/// <summary>多地联办 through the real host: Chengdu hands in the whole, Deyang and Meishan decide their parts.</summary>
public class JointTests : PlayedCitiesTests
{
    [Fact]
    public async Task One_application_becomes_a_part_per_city_and_completes_when_all_have_decided()
    {
        var (whole, parts) = await OpenAsync(Samples.Joint);
        (await journey.HubAsync(parts[0])).State.TargetCity.ShouldBe(Samples.Deyang);
        (await journey.HubAsync(parts[1])).State.TargetCity.ShouldBe(Samples.Meishan);
        await HostFixture.UntilAsync(() => Delivered<ServiceSubmission>(Samples.Deyang).Any() && Delivered<ServiceSubmission>(Samples.Meishan).Any(), "both cities get their parts");
        Delivered<ServiceSubmission>(Samples.Deyang).ShouldHaveSingleItem().Materials.Count.ShouldBe(3, "Deyang gets what its own part asks for");
        Delivered<ServiceSubmission>(Samples.Meishan).ShouldHaveSingleItem().Form!.Keys.ShouldBe(["bank"]);

        await DecideAsync(Samples.Deyang, parts[0], Samples.Approval);
        (await journey.HubAsync(whole)).State.State.ShouldBe(JointFlow.Handling);
        await DecideAsync(Samples.Meishan, parts[1], Samples.Approval);

        await journey.ReconciledAsync(whole);
        (await journey.HubAsync(whole)).State.Outcome!.Code.ShouldBe("completed");
        Delivered<JointCompletion>(Samples.Chengdu).ShouldHaveSingleItem().Parts.Select(p => p.ExchangeId).ShouldBe(parts);
        (await journey.FindAsync(Samples.Chengdu, whole))!.State.State.ShouldBe(JointFlow.Completed, "the city sees the whole's state");

        // Taken back by one city: told again, and held again by both.
        await journey.StepAsync(Samples.Deyang, parts[0], Samples.TakingBack);
        await HostFixture.UntilAsync(async () => (await journey.HubAsync(whole)).State.Outcome?.Code == "partially-completed", "the whole follows");
        await journey.ReconciledAsync(whole);
        await journey.StepAsync(Samples.Deyang, parts[0], Samples.Reopening);
        (await journey.HubAsync(whole)).State.State.ShouldBe(JointFlow.Handling);
    }

    [Fact]
    public async Task A_part_that_is_refused_at_its_opening_leaves_the_others_to_go_on()
    {
        // A theme's part whose item is not handled jointly.
        var (whole, parts) = await OpenAsync(Samples.Joint with
        {
            Parts = [Samples.Joint.Parts[0], Samples.Joint.Parts[1] with { ItemCode = "id-card.renewal" }],
            Form = new Dictionary<string, string> { ["childName"] = "张乐乐" },
        });
        await HostFixture.UntilAsync(() => fixture.Played[Samples.Chengdu].Refusals.Any(r => r.ExchangeId == parts[1]), "the city is told which part was refused");
        await DecideAsync(Samples.Deyang, parts[0], Samples.Approval);

        await journey.ReconciledAsync(whole);
        var told = Delivered<JointCompletion>(Samples.Chengdu).ShouldHaveSingleItem();
        told.Result.ShouldBe(JointResult.PartiallyCompleted);
        told.Parts[1].ShouldBe(new JointPartOutcome { Number = 2, ExchangeId = parts[1], Outcome = "not-opened", Reasons = ReasonCodes.ModeNotOffered });
    }

    [Fact]
    public async Task Taking_back_the_whole_takes_back_every_part_that_is_not_decided()
    {
        var (whole, parts) = await OpenAsync(Samples.Joint);
        await DecideAsync(Samples.Deyang, parts[0], Samples.Approval);
        await HostFixture.UntilAsync(async () => (await journey.FindAsync(Samples.Chengdu, parts[0]))?.State.Outcome is not null, "Chengdu knows of the decision");
        await journey.StepAsync(Samples.Chengdu, whole, Samples.Withdrawal);

        await journey.ReconciledAsync(whole);
        (await journey.HubAsync(whole)).State.Outcome!.Code.ShouldBe("partially-completed");
        (await journey.HubAsync(parts[0])).State.Outcome!.Code.ShouldBe("approved");
        (await journey.HubAsync(parts[1])).State.Outcome!.Code.ShouldBe("withdrawn");
        await journey.ReconciledAsync(parts[1]);
        Delivered<CaseWithdrawal>(Samples.Meishan).ShouldHaveSingleItem();
        Delivered<CaseWithdrawal>(Samples.Deyang).ShouldBeEmpty();
        fixture.Played[Samples.Chengdu].Refusals.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_whole_that_is_taken_back_before_any_decision_is_withdrawn()
    {
        var (whole, parts) = await OpenAsync(Samples.Joint);
        await journey.StepAsync(Samples.Chengdu, whole, Samples.Withdrawal);
        await journey.ReconciledAsync(whole);
        (await journey.HubAsync(whole)).State.Outcome!.Code.ShouldBe("withdrawn");
        foreach (var part in parts)
            await journey.ReconciledAsync(part);
    }

    [Fact]
    public async Task The_same_application_twice_opens_its_parts_once_even_after_a_restart()
    {
        var (whole, parts) = await OpenAsync(Samples.Joint, "J-1-01");
        (await journey.SendAsync(Samples.Chengdu, null, Samples.Joint, "J-1-01")).ShouldBeOfType<IntakeOutcome.Accepted>().Duplicate.ShouldBeTrue();
        await fixture.StopAsync();
        await fixture.StartAsync();
        journey.HonestCities();
        (await journey.SendAsync(Samples.Chengdu, null, Samples.Joint, "J-1-01")).ShouldBeOfType<IntakeOutcome.Accepted>().ExchangeId.ShouldBe(whole);
        await DecideAsync(Samples.Deyang, parts[0], Samples.Approval);
        await DecideAsync(Samples.Meishan, parts[1], Samples.Approval with { Result = DecisionResult.Refused, Reason = "不符合条件。", CertificateNumber = null });
        await journey.ReconciledAsync(whole);
        (await journey.HubAsync(whole)).State.Outcome!.Code.ShouldBe("partially-completed");
        (await Conservation.JournalAsync(fixture.Host, journey.HubOf(whole), EntryKind.Received)).Count(r => r.Type == MessageTypes.ServiceSubmission).ShouldBe(2);
    }

    [Fact]
    public async Task A_part_that_somebody_files_without_right_is_refused_and_changes_nothing()
    {
        var (whole, parts) = await OpenAsync(Samples.Joint);
        var part = JointSplit.Part(Samples.Joint, Samples.Joint.Parts[0], whole, fixture.Host.Registry);

        await RefusedAsync(Samples.Chengdu, part, ReasonCodes.PartTaken);
        await RefusedAsync(Samples.Ziyang, part, ReasonCodes.WholeOfOtherCity);
        await RefusedAsync(Samples.Chengdu, part with { Joint = part.Joint! with { WholeExchangeId = parts[0] } }, ReasonCodes.WholeUnknown);
        await RefusedAsync(Samples.Chengdu, part with { Joint = part.Joint! with { WholeExchangeId = Cases.ExchangeId(Samples.Chengdu, 99) } }, ReasonCodes.WholeUnknown);
        await RefusedAsync(Samples.Chengdu, part with { Joint = part.Joint! with { Number = 3, Count = 3 } }, ReasonCodes.PartNotAnnounced);

        // The numbers of parts are the node's own, and the completion is the hub's.
        (await journey.SendAsync(Samples.Chengdu, null, part, $"joint-{Samples.Chengdu}-1-1")).ShouldBeOfType<IntakeOutcome.Refused>();
        (await journey.SendAsync(Samples.Chengdu, whole, Samples.JointEnd)).ShouldBeOfType<IntakeOutcome.Refused>();
        JointParts.Of((await journey.HubAsync(whole)).State.Facts).ShouldAllBe(p => p.ExchangeId != null && p.Outcome == null);
    }

    [Fact]
    public async Task Where_the_whole_is_refused_its_parts_are_too()
    {
        var accepted = (await journey.SendAsync(Samples.Chengdu, null, Samples.Joint with { ItemCode = "birth.registration" })).ShouldBeOfType<IntakeOutcome.Accepted>();
        await HostFixture.UntilAsync(() => fixture.Played[Samples.Chengdu].Refusals.Count == 3, "the city is told of the whole and of each part");
        fixture.Played[Samples.Chengdu].Refusals.SelectMany(r => r.Reasons).Select(r => r.Code)
            .ShouldBe([ReasonCodes.UnknownItem, ReasonCodes.WholeUnknown, ReasonCodes.WholeUnknown], ignoreOrder: true);
        (await journey.FindAsync(journey.HubOf(accepted.ExchangeId), accepted.ExchangeId)).ShouldBeNull();
    }

    private async Task RefusedAsync(string city, ServiceSubmission part, string code)
    {
        var id = Cases.NewId();
        var accepted = (await journey.SendAsync(city, null, part, id)).ShouldBeOfType<IntakeOutcome.Accepted>();
        await journey.RefusalAsync(journey.HubOf(accepted.ExchangeId), id, code);
    }

    private protected async Task DecideAsync(string city, string part, ServiceDecision decision)
    {
        await journey.StepAsync(city, part, Samples.Acceptance);
        await journey.StepAsync(city, part, decision);
    }

    /// <summary>Opens a whole and waits until Chengdu's system was told of its parts. Returns their exchange ids.</summary>
    private protected async Task<(string Whole, string[] Parts)> OpenAsync(JointApplication application, string? messageId = null)
    {
        var whole = await journey.OpenAsync(Samples.Chengdu, application, messageId);
        string[] parts = [];
        await HostFixture.UntilAsync(() => (parts = [.. Told(whole)]).Length == application.Parts.Count, "the city is told of every part");
        await HostFixture.UntilAsync(async () => JointParts.Of((await journey.HubAsync(whole)).State.Facts).All(p => p.ExchangeId is not null), "every part has come");
        return (whole, parts);
    }

    private IEnumerable<string> Told(string whole) => fixture.Played[Samples.Chengdu].Deliveries
        .Select(d => (d.ExchangeId, Part: (Journey.Payload(d) as ServiceSubmission)?.Joint))
        .Where(d => d.Part?.WholeExchangeId == whole).OrderBy(d => d.Part!.Number).Select(d => d.ExchangeId);
}

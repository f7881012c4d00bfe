using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Journal;
using DataHub.UnitTests.Flows;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Flows;

/// <summary>Mutual recognition through the real host: Deyang and Meishan publish, Chengdu's doctor looks, chooses and decides.</summary>
public sealed class RecognitionTests : PlayedCitiesTests
{
    private static readonly Hospital OfMeishan = new() { Code = "H511400001", Name = "眉山市人民医院" };

    // The host's clock is today's: a consent must hold by it.
    private static readonly Consent Consent = Samples.Query.Consent with { ExpiresAt = new DateTimeOffset(2099, 1, 1, 0, 0, 0, TimeSpan.Zero) };
    private static readonly RecognitionSearch Search = Samples.Search with { Consent = Consent };
    private static readonly RecognitionQuery Query = Samples.Query with { Consent = Consent };

    [Fact]
    public async Task A_doctor_looks_chooses_one_of_the_list_and_gets_that_one()
    {
        await journey.OpenAsync(Samples.Deyang, Samples.Notice);
        await journey.OpenAsync(Samples.Meishan, Samples.Notice with { ResultId = "R-2", Hospital = OfMeishan, PerformedAt = Samples.Now.AddDays(-2) });
        await journey.OpenAsync(Samples.Meishan, Samples.Notice with { ResultId = "R-3", Hospital = OfMeishan, Patient = Samples.Citizen with { IdNumber = "510107199003071236", Sex = null } });

        var search = await journey.OpenAsync(Samples.Chengdu, Search);
        var list = await ListAsync(search);
        list.Entries.Select(e => e.ResultId).ShouldBe(["R-1", "R-2"], "newest first; another patient's is not among them");
        list.Entries.ShouldAllBe(e => e.Validity == ResultValidity.Expired, "it is months later");
        await journey.ReconciledAsync(search);
        (await Conservation.JournalAsync(fixture.Host, Nodes.Hub, EntryKind.Sent)).ShouldContain(r => r.MessageId == "list-" + search, "access is recorded");

        var query = await journey.OpenAsync(Samples.Chengdu, Query with { ResultId = "R-2" });
        (await journey.HubAsync(query)).State.TargetCity.ShouldBe(Samples.Meishan);
        await journey.StepAsync(Samples.Meishan, query, Samples.Result with { ResultId = "R-2", Hospital = OfMeishan });
        await journey.StepAsync(Samples.Chengdu, query, Samples.Recognised with { ResultId = "R-2" });
        await journey.ReconciledAsync(query);
        await HostFixture.UntilAsync(() => Delivered<RecognitionDecision>(Samples.Meishan).Any(), "the decision goes back to the publishing city");
    }

    [Fact]
    public async Task The_same_search_twice_gives_one_list_and_a_list_from_a_city_is_not_believed()
    {
        await journey.OpenAsync(Samples.Deyang, Samples.Notice);
        var search = await journey.OpenAsync(Samples.Chengdu, Search, "S-1-01");
        await ListAsync(search);
        await journey.SendAsync(Samples.Chengdu, null, Search, "S-1-01");
        await journey.GoodCaseAsync();
        Delivered<ResultList>(Samples.Chengdu).Count().ShouldBe(1);

        var forged = new ResultList { SearchNumber = "S-1", Entries = [], Completeness = ListCompleteness.Complete, NotCovered = 0, ListedAt = Samples.Now };
        (await journey.SendAsync(Samples.Chengdu, search, forged)).ShouldBeOfType<Adapters.Pipeline.IntakeOutcome.Refused>();
    }

    [Fact]
    public async Task Who_recognised_a_result_hears_of_its_revocation_and_the_break_stays_until_the_case_was_looked_at_again()
    {
        var notice = await journey.OpenAsync(Samples.Deyang, Samples.Notice);
        var query = await RecognisedAsync();

        await journey.StepAsync(Samples.Deyang, notice, Samples.Correction, "C-1");
        await BreaksAsync(query, ReasonCodes.BreakRecognisedResultChanged);
        await journey.RefusedStepAsync(Samples.Chengdu, notice, Samples.Acknowledgement with { MessageId = "C-1" }, ReasonCodes.ReassessmentRequired);
        await journey.StepAsync(Samples.Deyang, query, Samples.Result with { ResultDigest = Samples.Correction.CorrectedDigest });
        await journey.StepAsync(Samples.Chengdu, notice, Samples.Acknowledgement with { MessageId = "C-1", Reassessment = Reassessment.Unaffected });
        await BreaksAsync(query);
        await HostFixture.UntilAsync(() => Delivered<RecognitionResult>(Samples.Chengdu).Count() == 2, "the corrected version is delivered too");

        await journey.StepAsync(Samples.Deyang, notice, Samples.Revocation, "C-2");
        await BreaksAsync(query, ReasonCodes.BreakRecognisedResultChanged);
        await journey.StepAsync(Samples.Chengdu, query, Samples.TakingBack);
        await BreaksAsync(query);
    }

    [Fact]
    public async Task After_a_consent_was_taken_back_an_open_query_is_not_answered_any_more()
    {
        await journey.OpenAsync(Samples.Deyang, Samples.Notice);
        var query = await journey.OpenAsync(Samples.Chengdu, Query);
        var withdrawal = await journey.OpenAsync(Samples.Chengdu, Samples.ConsentBack);
        await journey.ReconciledAsync(withdrawal);

        // The same answer twice, which the hub refuses once; both cities hear once that the query is over, and hold that.
        var answer = Cases.NewId();
        await journey.SendAsync(Samples.Deyang, query, Samples.Result, answer);
        await journey.RefusalAsync(Nodes.Hub, answer, ReasonCodes.ConsentWithdrawn);
        await journey.SendAsync(Samples.Deyang, query, Samples.Result, answer);
        await journey.ReconciledAsync(query);
        await journey.RefusedStepAsync(Samples.Deyang, query, Samples.Result, ReasonCodes.ExchangeFinished);
        await journey.RefusedStepAsync(Samples.Chengdu, query, Samples.Withdrawal, ReasonCodes.ExchangeFinished);
        (await journey.HubAsync(query)).State.Outcome.ShouldBe(new Core.Flows.Outcome("withdrawn", null, null));
        foreach (var city in new[] { Samples.Chengdu, Samples.Deyang })
            Delivered<CaseWithdrawal>(city).ShouldHaveSingleItem(city);
        foreach (var asked in new IPayload[] { Query, Search })
        {
            var message = Cases.NewId();
            await journey.SendAsync(Samples.Chengdu, null, asked, message);
            await journey.RefusalAsync(Nodes.Hub, message, ReasonCodes.ConsentWithdrawn);
        }
    }

    private async Task<string> RecognisedAsync()
    {
        var query = await journey.OpenAsync(Samples.Chengdu, Query);
        await journey.StepAsync(Samples.Deyang, query, Samples.Result);
        await journey.StepAsync(Samples.Chengdu, query, Samples.Recognised);
        return query;
    }

    private async Task BreaksAsync(string exchange, params string[] codes) =>
        (await fixture.Host.Store.BreaksAsync(exchange, openOnly: true, 10, TestContext.Current.CancellationToken)).Select(b => b.Code).ShouldBe(codes);

    private async Task<ResultList> ListAsync(string search)
    {
        await HostFixture.UntilAsync(() => fixture.Played[Samples.Chengdu].Deliveries.Any(d => d.ExchangeId == search), "the list is delivered");
        return Delivered<ResultList>(Samples.Chengdu).Last();
    }
}

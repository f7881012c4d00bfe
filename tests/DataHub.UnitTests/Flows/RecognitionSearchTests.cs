using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using Shouldly;
using Xunit;
using static DataHub.UnitTests.Flows.Samples;

namespace DataHub.UnitTests.Flows;

public sealed class RecognitionSearchTests
{
    [Fact]
    public void A_search_is_final_at_once_and_answered_by_the_hub_alone()
    {
        var journey = new Journey(Chengdu, "", Search).ShouldBeIn(RecognitionSearchFlow.Listed, final: true);
        journey.Effects.ShouldHaveSingleItem().ShouldBe(new Effect.ListResults(Search));
        journey.State.Outcome.ShouldBe(new Outcome("listed", null, "S-1"));
        journey.State.Facts.Keys.ShouldBe([FactKeys.OutcomeMonth], "what was looked for stands in the journal only");
    }

    [Fact]
    public void A_search_for_an_unknown_item_or_from_another_citys_hospital_is_refused()
    {
        Codes(Search with { ItemCodes = ["lab.blood-count", "lab.none"] }).ShouldBe([ReasonCodes.UnknownItem]);
        Codes(Search with { Hospital = Notice.Hospital }).ShouldBe([ReasonCodes.HospitalNotOfCity]);
        Codes(Search with { Hospital = new Hospital { Code = "H0", Name = "某医院" } }).ShouldBe([ReasonCodes.UnknownHospital]);
    }

    [Fact]
    public void Only_results_of_other_cities_that_the_hospital_may_use_are_listed_and_the_rest_is_counted()
    {
        var list = ListOf(
            Published,
            Published with { ResultId = "R-2", City = Meishan, HospitalCode = "H511400001", Mark = "成眉HR" },
            Published with { ResultId = "R-3", City = Meishan, HospitalCode = "H511400003", Mark = "仁寿雁江HR" },
            Published with { ResultId = "R-4", Mark = "成眉试点HR" },
            Published with { ResultId = "R-5", City = Chengdu, HospitalCode = "H510100002" },
            Published with { ResultId = "R-6", Revoked = true });
        list.Entries.Select(e => e.ResultId).ShouldBe(["R-1", "R-2"]);
        list.NotCovered.ShouldBe(2, "one mark does not reach the asker, one has ended; own results and revoked ones are not counted");
        list.Completeness.ShouldBe(ListCompleteness.Complete);
        list.Entries[0].Hospital.ShouldBe(Notice.Hospital);
        (list.Entries[0].City, list.Entries[0].Mark, list.Entries[0].PerformedAt).ShouldBe((Deyang, "川HR", Now));
    }

    [Fact]
    public void An_expired_result_is_listed_with_a_warning()
    {
        // Blood counts are valid for 7 days; the seventh still counts.
        ListOf(Published with { PerformedAt = Now.AddDays(-7) }, Published with { PerformedAt = Now.AddDays(-8) })
            .Entries.Select(e => e.Validity).ShouldBe([ResultValidity.Valid, ResultValidity.Expired]);
    }

    [Fact]
    public void A_list_that_is_cut_says_so()
    {
        var many = Enumerable.Range(1, 51).Select(i => Published with { ResultId = $"R-{i}" }).ToArray();
        var list = ListOf(many);
        list.Entries.Count.ShouldBe(50);
        list.Completeness.ShouldBe(ListCompleteness.Truncated);
        ListOf(many[..50]).Completeness.ShouldBe(ListCompleteness.Complete);
    }

    [Fact]
    public void A_query_takes_the_chosen_result_and_no_other()
    {
        var older = Published with { ResultId = "R-0", PerformedAt = Now.AddDays(-3) };
        Choose(Query with { ResultId = "R-0" }, Published, older).ShouldBe(older);
        Choose(Query with { ResultId = "R-9" }, Published, older).ShouldBeNull("a result of another patient is not among these");
        Choose(Query, Published, older).ShouldBe(Published);
    }

    [Fact]
    public void A_query_without_a_choice_takes_the_newest_that_the_hospital_may_use()
    {
        var own = Published with { ResultId = "R-5", City = Chengdu, HospitalCode = "H510100002" };
        var uncovered = Published with { ResultId = "R-2", Mark = "成眉HR" };
        Choose(Query, own, uncovered, Published).ShouldBe(Published);
        Choose(Query, own, Published with { Revoked = true }, uncovered).ShouldBe(uncovered, "so that the refusal can say why");
        Choose(Query, own).ShouldBe(own);
        Choose(Query).ShouldBeNull();
    }

    [Fact]
    public void A_chosen_result_that_was_revoked_meanwhile_or_is_not_the_one_found_is_refused()
    {
        var chosen = Query with { ResultId = "R-1" };
        Refusals(chosen, Published with { Revoked = true }).ShouldBe([(ReasonCodes.ResultRevoked, "$.resultId")]);
        Refusals(chosen, Published with { ResultId = "R-2" }).ShouldBe([(ReasonCodes.NoSharedResult, "$.resultId")]);
        new Journey(Chengdu, Deyang, chosen, Published).ShouldBeIn(RecognitionUseFlow.Asked).State.Facts[FactKeys.ResultId].ShouldBe("R-1");
    }

    private static ResultList ListOf(params PublishedResult[] found) => RecognitionSearchFlow.ListFor(Search, found, Journey.Registry, Chengdu, Now);

    private static PublishedResult? Choose(RecognitionQuery query, params PublishedResult[] found) =>
        RecognitionSearchFlow.Choose(query, found, Journey.Registry, Chengdu, Now);

    private static IEnumerable<string> Codes(RecognitionSearch search) =>
        FlowEngine.Decide(null, Journey.Message("m-1", "510100-20260304-0000000001", Chengdu, search), Journey.Context("", null))
            .ShouldBeOfType<Decision.Refused>().Reasons.Select(r => r.Code);

    private static IEnumerable<(string, string)> Refusals(RecognitionQuery query, PublishedResult published) =>
        FlowEngine.Decide(null, Journey.Message("m-1", "510100-20260304-0000000001", Chengdu, query), Journey.Context(Deyang, published))
            .ShouldBeOfType<Decision.Refused>().Reasons.Select(r => (r.Code, r.Path));
}

using System.Text;
using DataHub.Contracts;
using DataHub.Core.Registry;
using DataHub.Core.Statistics;
using DataHub.Core.Storage;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Api;

public sealed class StatisticsTests(ApiHost api) : IClassFixture<ApiHost>
{
    private static int month = 201000;

    [Fact]
    public async Task Cases_worked_through_the_api_are_counted_for_both_cities_and_no_third()
    {
        for (var i = 0; i < SmallCells.DefaultThreshold; i++)
        {
            var submission = Events.Submission();
            var exchange = (await api.AsChengdu.SendAsync(submission)).Json["exchangeId"]!.GetValue<string>();
            await api.AsDeyang.GetWhenThereAsync("/v1/exchanges/" + exchange);
            (await api.AsDeyang.SendAsync(Events.Acceptance(exchange))).Status.ShouldBe(202);
        }

        await HostFixture.UntilAsync(async () => (await Total(api.AsDeyang, "/v1/statistics/steps")) is >= 10, "the acceptances are counted");
        (await Total(api.AsChengdu, "/v1/statistics/opened?groupBy=item,source,target"))!.Value.ShouldBeGreaterThanOrEqualTo(10);
        (await Total(api.AsMeishan, "/v1/statistics/opened")).ShouldBe(0);
        var steps = (await api.AsChengdu.GetAsync("/v1/statistics/steps?flow=service.online")).Json;
        var accept = steps["rows"]!.AsArray().ShouldHaveSingleItem()!;
        accept["group"]!.ToJsonString().ShouldBe("""{"flow":"service.online","step":"accept","source":"510100","target":"510600"}""");
        accept["rate"]!.GetValue<decimal>().ShouldBe(1);
        accept["medianDays"]!.GetValue<int>().ShouldBe(0);
    }

    [Fact]
    public async Task Small_counts_and_those_that_would_tell_them_are_left_out_of_json_and_csv()
    {
        var query = await CountedAsync(("approved", 40), ("refused", 12), ("withdrawn", 3));

        var json = (await api.AsChengdu.GetAsync("/v1/statistics/outcomes?groupBy=outcome&" + query)).Json;
        json["rows"]!.AsArray().Select(r => r!["count"]?.GetValue<long>()).ShouldBe([40, null, null]);
        json["rows"]![2]!["suppressed"]!.GetValue<bool>().ShouldBeTrue();
        json["total"]!["count"]!.GetValue<long>().ShouldBe(55);

        var bytes = await api.AsChengdu.Http.GetByteArrayAsync("/v1/statistics/outcomes.csv?groupBy=outcome,item&" + query, TestContext.Current.CancellationToken);
        bytes[..3].ShouldBe(Encoding.UTF8.GetPreamble());
        Encoding.UTF8.GetString(bytes[3..]).ShouldBe(
            "outcome,item,itemName,count,part,rate,medianDays,p90Days,averageScore,amountFen,suppressed\r\n"
            + "approved,id-card.renewal,居民身份证异地换领,40,,,,,,4000,\r\n"
            + "refused,id-card.renewal,居民身份证异地换领,,,,,,,,yes\r\n"
            + "withdrawn,id-card.renewal,居民身份证异地换领,,,,,,,,yes\r\n"
            + "total,,,55,,,,,,5500,\r\n");
    }

    [Fact]
    public async Task Csv_can_be_asked_for_by_the_accept_header()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/statistics/opened");
        request.Headers.Accept.ParseAdd("text/csv");
        using var response = await api.AsDeyang.Http.SendAsync(request, TestContext.Current.CancellationToken);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("text/csv");
    }

    [Fact]
    public async Task Of_all_cities_a_city_sees_totals_by_what_names_no_place_and_of_another_city_nothing()
    {
        var query = await CountedAsync(("approved", 40));
        (await api.AsMeishan.GetAsync("/v1/statistics/outcomes?city=all&" + query)).Json["total"]!["count"]!.GetValue<long>().ShouldBe(40);
        (await api.AsMeishan.GetAsync("/v1/statistics/outcomes?" + query)).Json["total"]!["count"]!.GetValue<long>().ShouldBe(0);
        (await api.AsMeishan.GetAsync("/v1/statistics/outcomes?city=510100&" + query)).ShouldBeProblem(403, ReasonCodes.NotAuthorised);
        foreach (var dimension in new[] { "source", "target" })
            (await api.AsMeishan.GetAsync($"/v1/statistics/outcomes?city=all&groupBy={dimension}&" + query)).ShouldBeProblem(403, ReasonCodes.NotAuthorised);
        (await api.AsMeishan.GetAsync("/v1/statistics/recognition?city=all&groupBy=hospital&" + query)).ShouldBeProblem(403, ReasonCodes.NotAuthorised);
    }

    [Theory]
    [InlineData("outcomes?from=2026-13", ReasonCodes.PatternMismatch, "from")]
    [InlineData("outcomes?to=x", ReasonCodes.PatternMismatch, "to")]
    [InlineData("outcomes?from=2026-03&to=2026-02", ReasonCodes.MonthsOutOfBounds, "from")]
    [InlineData("outcomes?from=2023-01&to=2026-01", ReasonCodes.MonthsOutOfBounds, "from")]
    [InlineData("outcomes?groupBy=patient", ReasonCodes.UnknownValue, "groupBy")]
    [InlineData("outcomes?groupBy=item,item", ReasonCodes.UnknownValue, "groupBy")]
    [InlineData("outcomes?flow=none", ReasonCodes.UnknownValue, "flow")]
    [InlineData("availability?on=2026-02-30", ReasonCodes.PatternMismatch, "on")]
    public async Task A_wrong_parameter_is_named(string query, string code, string parameter)
    {
        var answer = await api.AsChengdu.GetAsync("/v1/statistics/" + query);
        answer.ShouldBeProblem(400, code);
        answer.Paths.ShouldBe([parameter]);
    }

    [Fact]
    public async Task An_unknown_measure_is_not_found_and_nobody_asks_without_a_key()
    {
        (await api.AsChengdu.GetAsync("/v1/statistics/people")).ShouldBeProblem(404, ReasonCodes.NotFound);
        using var anyone = new ApiClient(api.Fixture.Client(), null);
        (await anyone.GetAsync("/v1/statistics/opened")).ShouldBeProblem(401, ReasonCodes.NotAuthenticated);
    }

    [Fact]
    public async Task Availability_gives_both_rates_for_all_cities_and_each()
    {
        var answer = (await api.AsChengdu.GetAsync("/v1/statistics/availability?on=2026-03-04")).Json;
        answer["crossCityGoal"]!.GetValue<decimal>().ShouldBe(0.3m);
        answer["rows"]!.AsArray().Count.ShouldBe(10);
        var on = new DateOnly(2026, 3, 4);
        var items = api.Fixture.Host.Registry.On(on).Items.Count(i => i.HighFrequency && i.InForce(on));
        answer["rows"]![0]!.ToJsonString().ShouldBe($$"""{"city":"all","highFrequency":true,"items":{{items}},"crossCity":{{items}},"online":{{items}},"crossCityRate":1,"onlineRate":1}""");
    }

    private static async Task<long?> Total(ApiClient client, string path) => (await client.GetAsync(path)).Json["total"]!["count"]?.GetValue<long>();

    /// <summary>Counts from Chengdu to Deyang in a month of their own, at 100 fen each.</summary>
    private async Task<string> CountedAsync(params (string Outcome, long Count)[] counts)
    {
        var own = Interlocked.Increment(ref month);
        var commit = new NodeCommit("000063");
        foreach (var (outcome, count) in counts)
            commit.Statistics.Add(new StatisticKey(Counters.Outcome, own, "service.online", "id-card.renewal", ApiHost.Chengdu, ApiHost.Deyang) { Detail = outcome, Variant = "online" }, count, count * 100);
        await api.Fixture.Host.Store.CommitAsync(commit, TestContext.Current.CancellationToken);
        return $"from={own / 100}-{own % 100:D2}&to={own / 100}-{own % 100:D2}";
    }
}

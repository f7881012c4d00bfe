using System.Net;
using System.Net.Http.Headers;
using DataHub.Contracts;
using DataHub.FlowTests.Api;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Materials;

public sealed class FetchingTests(ApiHost api) : IClassFixture<ApiHost>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_target_fetches_what_the_source_handed_in_byte_for_byte()
    {
        var file = TestFile.Pdf(2_200_000);
        await file.HandInAsync(api.AsChengdu);
        var id = await SubmittedAsync(file);

        var listed = await ListedAsync(id, file);
        listed["held"]!.GetValue<bool>().ShouldBeTrue();
        listed["code"]!.GetValue<string>().ShouldBe("id-card");
        listed["size"]!.GetValue<long>().ShouldBe(file.Bytes.Length);
        listed["city"]!.GetValue<string>().ShouldBe(ApiHost.Chengdu);
        using var fetched = await file.FetchAsync(api.AsDeyang, id);
        fetched.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await fetched.Content.ReadAsByteArrayAsync(Cancel)).ShouldBe(file.Bytes);
        fetched.Headers.ETag!.Tag.ShouldBe($"\"{file.Digest}\"");
        fetched.Headers.GetValues("X-Content-Type-Options").ShouldBe(["nosniff"]);
        fetched.Content.Headers.ContentType!.MediaType.ShouldBe("application/pdf");
        fetched.Content.Headers.ContentDisposition!.DispositionType.ShouldBe("attachment");
        fetched.Content.Headers.ContentDisposition.FileNameStar.ShouldBe("居民身份证.pdf");
        using var own = await file.FetchAsync(api.AsChengdu, id);
        own.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_part_of_a_file_can_be_fetched()
    {
        var file = TestFile.Pdf(2_200_000);
        await file.HandInAsync(api.AsChengdu);
        var id = await SubmittedAsync(file);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/exchanges/{id}/materials/{file.Digest}") { Headers = { Range = new RangeHeaderValue(1_048_570, 1_048_589) } };
        using var part = await api.AsDeyang.Http.SendAsync(request, Cancel);
        part.StatusCode.ShouldBe(HttpStatusCode.PartialContent);
        (await part.Content.ReadAsByteArrayAsync(Cancel)).ShouldBe(file.Bytes[1_048_570..1_048_590]);
    }

    [Fact]
    public async Task A_city_that_takes_no_part_gets_the_same_answer_as_for_what_is_not_there()
    {
        var file = TestFile.Pdf();
        await file.HandInAsync(api.AsChengdu);
        var id = await SubmittedAsync(file);
        string[] paths =
        [
            $"/v1/exchanges/{id}/materials",
            $"/v1/exchanges/{id}/materials/{file.Digest}",
            $"/v1/exchanges/{id}/materials/{new string('0', 64)}",
            $"/v1/exchanges/510100-20260101-9999999999/materials/{file.Digest}",
            $"/v1/exchanges/{id}/materials/..%2F..%2Fpasswd",
        ];
        var answers = new List<string>();
        foreach (var path in paths)
        {
            var answer = await api.AsMeishan.GetAsync(path);
            answer.ShouldBeProblem(404, ReasonCodes.NotFound);
            answers.Add(answer.Text);
        }

        answers.Distinct().Count().ShouldBe(1);
        (await api.AsDeyang.GetAsync($"/v1/exchanges/{id}/materials/{new string('0', 64)}")).Text.ShouldBe(answers[0]);
    }

    [Fact]
    public async Task To_name_a_digest_gives_no_right_to_a_file_that_another_city_handed_in()
    {
        var secret = TestFile.Pdf();
        await secret.HandInAsync(api.AsDeyang);
        var id = await SubmittedAsync(secret);
        (await ListedAsync(id, secret))["held"]!.GetValue<bool>().ShouldBeFalse();
        using var fetched = await secret.FetchAsync(api.AsChengdu, id);
        fetched.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_message_may_come_before_its_files()
    {
        var file = TestFile.Pdf();
        var id = await SubmittedAsync(file);
        (await ListedAsync(id, file))["held"]!.GetValue<bool>().ShouldBeFalse();
        using var early = await file.FetchAsync(api.AsDeyang, id);
        early.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        await file.HandInAsync(api.AsChengdu);
        (await ListedAsync(id, file))["held"]!.GetValue<bool>().ShouldBeTrue();
    }

    [Fact]
    public async Task A_result_file_is_fetched_by_the_source()
    {
        var result = TestFile.Pdf();
        var id = await SubmittedAsync(TestFile.Pdf());
        await result.HandInAsync(api.AsDeyang);
        (await api.AsDeyang.SendAsync(Events.Acceptance(id))).Status.ShouldBe(202);
        var decision = Events.Sample("service.decision.v1", "approved");
        decision["fileDigest"] = result.Digest;
        (await api.AsDeyang.SendAsync(Events.Of(MessageTypes.ServiceDecision, id, decision))).Status.ShouldBe(202);
        await HostFixture.UntilAsync(async () => (await ListedAsync(id, result, orNull: true))?["code"]?.GetValue<string>() == "result", "the decision is accepted");
        using var fetched = await result.FetchAsync(api.AsChengdu, id);
        (await fetched.Content.ReadAsByteArrayAsync(Cancel)).ShouldBe(result.Bytes);
    }

    [Fact]
    public async Task Every_fetch_and_every_attempt_is_recorded()
    {
        var file = TestFile.Pdf();
        await file.HandInAsync(api.AsChengdu);
        var id = await SubmittedAsync(file);
        (await file.FetchAsync(api.AsDeyang, id)).Dispose();
        (await file.FetchAsync(api.AsMeishan, id)).Dispose();
        (await api.Fixture.Host.Materials.Store.AccessesAsync(id, 10, Cancel)).Select(a => (a.City, a.Digest, a.Given))
            .ShouldBe([(ApiHost.Deyang, file.Digest, true), (ApiHost.Meishan, file.Digest, false)]);
    }

    /// <summary>Submits from Chengdu to Deyang, and waits until both know of it.</summary>
    private async Task<string> SubmittedAsync(TestFile file)
    {
        var id = await file.SubmittedAsync(api.AsChengdu);
        await api.AsDeyang.GetWhenThereAsync("/v1/exchanges/" + id);
        return id;
    }

    private async Task<System.Text.Json.Nodes.JsonNode> ListedAsync(string id, TestFile file, bool orNull = false)
    {
        var found = (await api.AsChengdu.GetAsync($"/v1/exchanges/{id}/materials")).Json["materials"]!.AsArray().FirstOrDefault(m => m!["digest"]!.GetValue<string>() == file.Digest);
        return orNull ? found! : found.ShouldNotBeNull();
    }
}

using System.Text;
using System.Text.Json.Nodes;
using DataHub.Adapters.Pipeline;
using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Core.Journal;
using DataHub.Host.Api;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Api;

public sealed class MessagesTests(ApiHost api) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task A_message_that_opens_an_exchange_is_taken_in_and_gets_its_number()
    {
        var answer = await api.AsChengdu.SendAsync(Events.Submission());

        answer.Status.ShouldBe(202, answer.Text);
        answer.Json["exchangeId"]!.GetValue<string>().ShouldMatch("^510100-[0-9]{8}-[0-9]{10}$");
        answer.Json["duplicate"]!.GetValue<bool>().ShouldBeFalse();
        answer.Headers.Location!.OriginalString.ShouldBe("/v1/exchanges/" + answer.Json["exchangeId"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_repetition_gets_the_same_answer_and_takes_no_second_effect()
    {
        var submission = Events.Submission();
        var first = await api.AsChengdu.SendAsync(submission);

        var again = await api.AsChengdu.SendAsync(submission);

        again.Status.ShouldBe(200, again.Text);
        again.Text.ShouldBe(first.Text.Replace("\"duplicate\":false", "\"duplicate\":true", StringComparison.Ordinal));
        (await api.Fixture.Host.Store.TimelineAsync(ApiHost.Chengdu, first.Json["exchangeId"]!.GetValue<string>(), default)).Count(r => r.Kind == EntryKind.Sent).ShouldBe(1);
    }

    [Fact]
    public async Task The_same_id_with_another_body_is_a_conflict_and_is_journalled()
    {
        var submission = Events.Submission();
        await api.AsChengdu.SendAsync(submission);
        submission["data"]!["caseNumber"] = "CD-OTHER-1";

        var answer = await api.AsChengdu.SendAsync(submission);

        answer.ShouldBeProblem(409, ReasonCodes.ReplayedWithOtherBody);
        answer.Paths.ShouldBe(["$.id"]);
        (await RefusalsOfAsync(submission.Id())).ShouldBe([ReasonCodes.ReplayedWithOtherBody]);
    }

    [Fact]
    public async Task Every_fault_of_the_attributes_is_told_at_once()
    {
        var bad = Events.Reminder("not-a-number").With("specversion", "0.3").With("id", "no spaces please").With("time", "yesterday").With("sequence", "7").With("subject", 5);
        bad.Remove("data");

        var answer = await api.AsChengdu.SendAsync(bad);

        answer.ShouldBeProblem(400, ReasonCodes.EnvelopeInvalid);
        answer.Paths.ShouldBe(["$.specversion", "$.id", "$.time", "$.sequence", "$.subject", "$.data", "$.exchangeid"], ignoreOrder: true);
    }

    [Fact]
    public async Task Faults_of_the_payload_are_found_by_their_path_in_the_event_and_quote_nothing()
    {
        var bad = Events.Submission();
        bad["data"]!["applicant"]!["idNumber"] = "510107199003071237";

        var answer = await api.AsChengdu.SendAsync(bad);

        answer.ShouldBeProblem(422, ReasonCodes.ResidentIdCheckDigit);
        answer.Paths.ShouldBe(["$.data.applicant.idNumber"]);
        answer.Text.ShouldNotContain("510107199003071237");
        (await RefusalsOfAsync(bad.Id())).ShouldBe([ReasonCodes.ResidentIdCheckDigit]);
    }

    [Theory]
    [InlineData("+00:06:00", ReasonCodes.EnvelopeTimeInFuture)]
    [InlineData("-31.00:00:00", ReasonCodes.EnvelopeTimeTooOld)]
    public async Task A_message_from_another_time_is_refused(string away, string code)
    {
        var time = TimeProvider.System.GetUtcNow() + TimeSpan.Parse(away.TrimStart('+'), System.Globalization.CultureInfo.InvariantCulture);

        var answer = await api.AsChengdu.SendAsync(Events.Submission().With("time", EventFormat.Time(time)));

        answer.ShouldBeProblem(400, code);
    }

    [Fact]
    public async Task A_city_speaks_for_itself_only()
    {
        (await api.AsChengdu.SendAsync(Events.Submission().With("sendercity", ApiHost.Deyang))).ShouldBeProblem(403, ReasonCodes.NotAuthorised);
        (await api.AsChengdu.SendAsync(Events.Submission().With("sendercity", ApiHost.Chengdu))).Status.ShouldBe(202);
    }

    [Fact]
    public async Task A_digest_is_held_against_the_data()
    {
        (await api.AsChengdu.SendAsync(Events.Submission().With("datadigest", new string('0', 64)))).ShouldBeProblem(400, ReasonCodes.DigestMismatch);
    }

    [Fact]
    public async Task The_hubs_own_messages_cannot_be_sent() =>
        (await api.AsChengdu.SendAsync(Events.Of(MessageTypes.HubReceipt, null, Events.Sample("service.acceptance.v1", "accepted")))).ShouldBeProblem(422, ReasonCodes.UnknownType);

    [Fact]
    public async Task A_step_of_an_exchange_that_the_city_has_no_part_in_is_refused()
    {
        var exchange = await api.AsChengdu.OpenAsync();

        var answer = await api.AsMeishan.SendAsync(Events.Reminder(exchange));

        answer.ShouldBeProblem(422, ReasonCodes.UnknownExchange);
        answer.Paths.ShouldBe(["$.exchangeid"]);
    }

    [Theory]
    [InlineData("{", 400, ReasonCodes.NotWellFormed)]
    [InlineData("[]", 400, ReasonCodes.WrongKind)]
    [InlineData("{} {}", 400, ReasonCodes.NotWellFormed)]
    [InlineData("{\"data\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}", 400, ReasonCodes.TooDeep)]
    public async Task A_body_that_is_no_event_is_refused(string body, int status, string code) =>
        (await api.AsChengdu.SendAsync(body, EventFormat.SingleMediaType, "/v1/messages")).ShouldBeProblem(status, code);

    [Fact]
    public async Task Bytes_that_are_not_text_are_refused()
    {
        var body = Events.Submission().With("subject", "X").ToJsonString();
        var bytes = Encoding.UTF8.GetBytes(body);
        bytes[body.IndexOf("\"X\"", StringComparison.Ordinal) + 1] = 0xFF;

        (await api.AsChengdu.SendAsync(bytes, EventFormat.SingleMediaType, "/v1/messages")).ShouldBeProblem(400, ReasonCodes.EncodingInvalid);
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_refused()
    {
        var single = Events.Submission().ToJsonString() + new string(' ', ClientEvent.MaxBytes);
        (await api.AsChengdu.SendAsync(single, EventFormat.SingleMediaType, "/v1/messages")).ShouldBeProblem(413, ReasonCodes.TooLarge);

        var batch = "[" + new string(' ', EventFormat.MaxBatchBytes - 1) + "]";
        (await api.AsChengdu.SendAsync(batch, EventFormat.BatchMediaType, "/v1/messages/batch")).ShouldBeProblem(413, ReasonCodes.TooLarge);
    }

    [Theory]
    [InlineData("application/json", "/v1/messages")]
    [InlineData(EventFormat.BatchMediaType, "/v1/messages")]
    [InlineData(EventFormat.SingleMediaType, "/v1/messages/batch")]
    public async Task Another_media_type_is_refused(string mediaType, string path) =>
        (await api.AsChengdu.SendAsync("{}", mediaType, path)).ShouldBeProblem(415, ReasonCodes.MediaTypeUnsupported);

    [Fact]
    public async Task Each_event_of_a_batch_has_an_outcome_of_its_own()
    {
        var (good, twice, wrongPayload, wrongAttribute) = (Events.Submission(), Events.Submission(), Events.Submission(), Events.Submission().With("time", "x"));
        wrongPayload["data"]!.AsObject().Remove("mode");
        var deep = JsonNode.Parse(new string('[', 60) + new string(']', 60));

        var answer = await api.AsChengdu.SendBatchAsync(good, wrongPayload, twice, JsonValue.Create(5), wrongAttribute, deep, twice.DeepClone());

        answer.Status.ShouldBe(207, answer.Text);
        var outcomes = answer.Json.AsArray();
        outcomes.Select(o => o!["index"]!.GetValue<int>()).ShouldBe(Enumerable.Range(0, 7));
        outcomes.Select(o => o!["status"]!.GetValue<int>()).ShouldBe([202, 422, 202, 400, 400, 400, 200], answer.Text);
        outcomes[1]!["messageId"]!.GetValue<string>().ShouldBe(wrongPayload.Id());
        outcomes[1]!["reasons"]![0]!["path"]!.GetValue<string>().ShouldBe("$.data.mode");
        outcomes[6]!["exchangeId"]!.GetValue<string>().ShouldBe(outcomes[2]!["exchangeId"]!.GetValue<string>());
        (await RefusalsOfAsync(wrongPayload.Id())).ShouldBe([ReasonCodes.RequiredMissing]);
    }

    [Fact]
    public async Task Events_of_one_exchange_keep_the_order_of_the_batch()
    {
        string[] exchanges = [await api.AsChengdu.OpenAsync(), await api.AsChengdu.OpenAsync(), await api.AsChengdu.OpenAsync()];
        // Every second event of an exchange takes longer to read, so that the one behind it would overtake it if it could.
        var events = Enumerable.Range(0, 120).Select(i => Events.Reminder(exchanges[i % 3]).ToJsonString()
            .Replace("\"data\":{", "\"data\":{" + new string(' ', i / 3 % 2 == 0 ? 60_000 : 0), StringComparison.Ordinal));

        var answer = await api.AsChengdu.SendAsync("[" + string.Join(',', events) + "]", EventFormat.BatchMediaType, "/v1/messages/batch");

        var outcomes = answer.Json.AsArray();
        outcomes.ShouldAllBe(o => o!["status"]!.GetValue<int>() == 202);
        foreach (var exchange in exchanges)
            outcomes.Where(o => o!["exchangeId"]!.GetValue<string>() == exchange).Select(o => o!["sequence"]!.GetValue<long>()).ShouldBeInOrder();
    }

    [Fact]
    public async Task A_batch_of_more_than_a_thousand_is_refused_whole()
    {
        var one = Events.Submission().ToJsonString();

        var answer = await api.AsChengdu.SendAsync("[" + string.Join(',', Enumerable.Repeat(one, 1001)) + "]", EventFormat.BatchMediaType, "/v1/messages/batch");

        answer.ShouldBeProblem(400, ReasonCodes.TooManyEntries);
        (await api.AsChengdu.SendAsync("[" + one + ",", EventFormat.BatchMediaType, "/v1/messages/batch")).ShouldBeProblem(400, ReasonCodes.NotWellFormed);
    }

    private async Task<IEnumerable<string>> RefusalsOfAsync(string messageId) =>
        (await api.Fixture.Host.Store.JournalAsync(ApiHost.Chengdu, 0, EntryKind.Refused, 1000, default)).Where(r => r.MessageId == messageId)
        .SelectMany(r => Core.Errors.ReasonList.Read(r.Reasons!)).Select(r => r.Code);
}

public sealed class ConditionTests
{
    [Fact]
    public async Task A_full_node_tells_when_to_come_again_and_nothing_overtakes()
    {
        await using var fixture = await HostFixture.WithPlayedCitiesAsync(o => o with { Adapters = new AdapterOptions { MaxBacklog = -1 } });
        using var client = new ApiClient(fixture.Client(), ApiKeys.Create(fixture.ApiKeysFile, ApiHost.Chengdu));

        var answer = await client.SendAsync(Events.Submission());
        answer.ShouldBeProblem(429, ReasonCodes.Overloaded);
        answer.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(2));

        const string Exchange = "510100-20260305-0000000001";
        var batch = await client.SendBatchAsync(Events.Reminder(Exchange), Events.Reminder(Exchange).With("time", "x"));
        batch.Json.AsArray().Select(o => (o!["status"]!.GetValue<int>(), o["retryAfter"]!.GetValue<int>())).ShouldBe([(429, 2), (429, 2)]);
    }

    [Fact]
    public async Task A_repetition_is_recognised_however_late_and_after_a_restart()
    {
        var clock = new ShiftedClock();
        await using var fixture = await HostFixture.WithPlayedCitiesAsync(o => o with { Time = clock });
        var key = ApiKeys.Create(fixture.ApiKeysFile, ApiHost.Chengdu);
        var submission = Events.Submission();
        Answer first;
        using (var client = new ApiClient(fixture.Client(), key))
            first = await client.SendAsync(submission);
        await fixture.StopAsync();
        clock.Shift = TimeSpan.FromDays(60);
        await fixture.StartAsync();

        using var later = new ApiClient(fixture.Client(), key);
        var again = await later.SendAsync(submission);

        again.Status.ShouldBe(200, again.Text);
        again.Json["exchangeId"]!.GetValue<string>().ShouldBe(first.Json["exchangeId"]!.GetValue<string>());
        (await later.SendAsync(Events.Submission().With("time", submission["time"]!.GetValue<string>()))).ShouldBeProblem(400, ReasonCodes.EnvelopeTimeTooOld);
    }

    [Fact]
    public async Task A_host_that_cannot_work_does_not_say_that_it_is_ready()
    {
        await using var fixture = await HostFixture.WithPlayedCitiesAsync();
        var host = fixture.Host;
        await fixture.StopAsync();
        File.WriteAllText(Path.Combine(fixture.DataDirectory, "datahub.db"), "This is no database." + new string('x', 5000));
        var http = new DefaultHttpContext { RequestServices = new ServiceCollection().AddLogging().BuildServiceProvider() };

        using var body = new MemoryStream();
        http.Response.Body = body;

        await (await new Health(host).ReadyAsync(default)).ExecuteAsync(http);

        http.Response.StatusCode.ShouldBe(503);
        System.Text.Encoding.UTF8.GetString(body.ToArray()).ShouldContain("the database cannot be read");
        (await new Health(host).ChecksAsync(default)).Where(c => c.Value != "ok").Select(c => c.Key).ShouldBe(["adapter:510100", "adapter:510600", "adapter:511400", "adapter:512000", "bus", "database"]);
    }

    private sealed class ShiftedClock : TimeProvider
    {
        public TimeSpan Shift { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Shift;
    }
}

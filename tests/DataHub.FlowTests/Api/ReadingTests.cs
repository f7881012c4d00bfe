using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Core.Journal;
using DataHub.Core.Signing;
using DataHub.Core.Storage;
using DataHub.Core.Storage.Sqlite;
using DataHub.Host.Api;
using DataHub.UnitTests;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Api;

public sealed class ReadingTests(ApiHost api) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task Two_cities_work_a_case_through_the_api_alone()
    {
        var submission = Events.Submission();
        var exchange = (await api.AsChengdu.SendAsync(submission)).Json["exchangeId"]!.GetValue<string>();
        var delivered = await EventAsync(api.AsDeyang, submission.Id());
        delivered["exchangeid"]!.GetValue<string>().ShouldBe(exchange);
        JsonNode.DeepEquals(delivered["data"], submission["data"]).ShouldBeTrue();

        var acceptance = Events.Acceptance(exchange);
        (await api.AsDeyang.SendAsync(acceptance)).Status.ShouldBe(202);
        await EventAsync(api.AsChengdu, acceptance.Id());

        var state = (await api.AsChengdu.GetAsync("/v1/exchanges/" + exchange)).Json;
        state["state"]!.GetValue<string>().ShouldBe("accepted");
        state["version"]!.GetValue<int>().ShouldBe(2);
        state["targetCity"]!.GetValue<string>().ShouldBe(ApiHost.Deyang);
        state["deadline"]!["responsibleCity"]!.GetValue<string>().ShouldBe(ApiHost.Deyang);
        (await api.AsDeyang.GetAsync("/v1/exchanges/" + exchange)).Json["state"]!.GetValue<string>().ShouldBe("accepted");
    }

    [Fact]
    public async Task A_city_learns_nothing_of_exchanges_that_it_has_no_part_in()
    {
        var exchange = await api.AsChengdu.OpenAsync();

        foreach (var path in new[] { $"/v1/exchanges/{exchange}", $"/v1/exchanges/{exchange}/timeline", "/v1/exchanges/510100-20200101-0000000001", "/v1/exchanges/x" })
            (await api.AsMeishan.GetAsync(path)).ShouldBeProblem(404, ReasonCodes.NotFound);
    }

    [Fact]
    public async Task The_timeline_tells_who_sent_what_and_what_the_hub_said_without_personal_data()
    {
        var submission = Events.Submission();
        var exchange = (await api.AsChengdu.SendAsync(submission)).Json["exchangeId"]!.GetValue<string>();
        await EventAsync(api.AsDeyang, submission.Id());
        var acceptance = Events.Acceptance(exchange);
        await api.AsDeyang.SendAsync(acceptance);
        await EventAsync(api.AsChengdu, acceptance.Id());
        var again = Events.Acceptance(exchange);
        await api.AsDeyang.SendAsync(again);
        await api.AsDeyang.GetWhenThereAsync("/v1/receipts/" + again.Id());

        var timeline = await api.AsDeyang.GetAsync($"/v1/exchanges/{exchange}/timeline");

        var entries = timeline.Json["entries"]!.AsArray();
        entries.Select(e => (Text(e, "messageId"), Text(e, "direction"), Text(e, "sender"), Text(e, "verdict"), Text(e, "state"))).ShouldBe(
        [
            (submission.Id(), "received", ApiHost.Chengdu, "accepted", "submitted"),
            (acceptance.Id(), "sent", ApiHost.Deyang, "accepted", "accepted"),
            (again.Id(), "sent", ApiHost.Deyang, "refused", null),
        ]);
        Text(entries[0], "digest").ShouldBe(SignedText.DigestOf(Encoding.UTF8.GetBytes(submission["data"]!.ToJsonString())));
        Text(entries[2]!["reasons"]![0], "code").ShouldBe(ReasonCodes.StepNotAllowed);
        var applicant = submission["data"]!["applicant"]!;
        timeline.Text.ShouldNotContain(Text(applicant, "idNumber")!);
        timeline.Text.ShouldNotContain(Text(applicant, "name")!);
    }

    [Fact]
    public async Task The_receipt_of_a_message_is_the_hubs_signed_word()
    {
        var submission = Events.Submission();
        await api.AsChengdu.SendAsync(submission);

        await api.AsChengdu.GetWhenThereAsync("/v1/receipts/" + submission.Id());
        var answer = await api.AsChengdu.GetAsync("/v1/receipts/" + submission.Id());

        Text(answer.Json["entry"], "verdict").ShouldBe("accepted");
        Text(answer.Json["entry"], "messageId").ShouldBe(submission.Id());
        // As it came over HTTP: an outsider checks it with the hub's public key alone.
        using var parsed = JsonDocument.Parse(answer.Text);
        var receipt = EventFormat.ReadElement(Encoding.UTF8.GetBytes(parsed.RootElement.GetProperty("receipt").GetRawText())).Event!;
        receipt.SenderCity.ShouldBe(Nodes.Hub);
        receipt.DataDigest.ShouldBe(SignedText.DigestOf(receipt.Data.Span));
        new SignatureVerifier(api.Fixture.Host.Keys.Ring).Verify(receipt).ShouldBeNull();
    }

    [Fact]
    public async Task No_receipt_is_found_for_a_message_that_the_city_has_not_sent()
    {
        var submission = Events.Submission();
        await api.AsChengdu.SendAsync(submission);

        foreach (var answer in new[] { await api.AsChengdu.GetAsync("/v1/receipts/never-sent"), await api.AsMeishan.GetAsync("/v1/receipts/" + submission.Id()) })
        {
            answer.ShouldBeProblem(404, ReasonCodes.NotFound);
            answer.Headers.RetryAfter.ShouldBeNull();
        }
    }

    [Fact]
    public async Task A_receipt_that_has_not_come_yet_is_to_be_asked_for_again()
    {
        var folder = Directory.CreateTempSubdirectory("datahub-test-").FullName;
        await using (var store = new SqliteNodeStore(Path.Combine(folder, "datahub.db")))
        {
            var commit = new NodeCommit(ApiHost.Chengdu);
            commit.Entries.Add(new JournalEntry
            {
                Kind = EntryKind.Sent,
                Key = ApiHost.Chengdu + ":M-1",
                MessageId = "M-1",
                Type = MessageTypes.CaseReminder,
                ExchangeId = "510100-20260305-0000000001",
                Sender = ApiHost.Chengdu,
                Sequence = 1,
                At = TimeProvider.System.GetUtcNow(),
                Body = "{}"u8.ToArray(),
            });
            await store.CommitAsync(commit, default);
            var http = new DefaultHttpContext { RequestServices = new ServiceCollection().AddLogging().BuildServiceProvider() };

            await (await new Receipts(store, HubShards.One).GetAsync(ApiHost.Chengdu, "M-1", default)).ExecuteAsync(http);

            http.Response.StatusCode.ShouldBe(404);
            http.Response.Headers.RetryAfter.ToString().ShouldBe("1");
        }

        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task The_feed_gives_each_event_once_in_order_whatever_the_size_of_its_pages()
    {
        List<string> exchanges = [];
        for (var i = 0; i < 13; i++)
            exchanges.Add(await api.AsChengdu.OpenAsync());
        // Two of a case: more of one day are refused.
        var reminders = exchanges.Concat(exchanges).Select(Events.Reminder).ToList();
        await api.AsChengdu.SendBatchAsync(reminders);
        foreach (var reminder in reminders)
            await EventAsync(api.AsDeyang, reminder.Id());

        List<string> seen = [];
        var (after, more) = ("", true);
        while (more)
        {
            var page = (await api.AsDeyang.GetAsync("/v1/outcomes?limit=7" + after)).Json;
            seen.AddRange(page["events"]!.AsArray().Select(e => Text(e, "id")!));
            page["events"]!.AsArray().Count.ShouldBeLessThanOrEqualTo(7);
            after = "&after=" + Text(page, "next");
            more = page["more"]!.GetValue<bool>();
        }

        seen.ShouldBeUnique();
        seen.Where(id => reminders.Exists(r => r.Id() == id)).ShouldBe(reminders.Select(r => r.Id()), ignoreOrder: true);
        // Of one case in the order in which they were sent.
        for (var i = 0; i < exchanges.Count; i++)
            seen.IndexOf(reminders[i].Id()).ShouldBeLessThan(seen.IndexOf(reminders[i + exchanges.Count].Id()));
    }

    [Theory]
    [InlineData("?after=x", ReasonCodes.BadCursor)]
    [InlineData("?after=%00%ff", ReasonCodes.BadCursor)]
    [InlineData("?after=MS41MTA2MDAuNQ", ReasonCodes.BadCursor)] // another city's
    [InlineData("?limit=0", ReasonCodes.NumberOutOfBounds)]
    [InlineData("?limit=201", ReasonCodes.NumberOutOfBounds)]
    [InlineData("?limit=ten", ReasonCodes.NumberOutOfBounds)]
    public async Task A_wrong_cursor_or_limit_is_refused(string query, string code) =>
        (await api.AsChengdu.GetAsync("/v1/outcomes" + query)).ShouldBeProblem(400, code);

    [Fact]
    public async Task A_path_that_is_not_there_is_answered_as_a_problem()
    {
        (await api.AsChengdu.GetAsync("/v1/nothing")).ShouldBeProblem(404, ReasonCodes.NotFound);
        (await api.AsChengdu.GetAsync("/v1/messages")).ShouldBeProblem(405, ReasonCodes.NotFound);
    }

    [Fact]
    public async Task Health_needs_no_key_and_names_every_part()
    {
        using var anyone = new ApiClient(api.Fixture.Client(), null);

        (await anyone.GetAsync("/health/live")).Status.ShouldBe(200);
        var ready = await anyone.GetAsync("/health/ready");

        ready.Status.ShouldBe(200, ready.Text);
        ready.Json["checks"]!.AsArray().ShouldAllBe(c => c!["since"]!.GetValue<DateTimeOffset>() <= TimeProvider.System.GetUtcNow() && c["sentence"] == null);
        ready.Json["checks"]!.AsArray().ToDictionary(c => c!["name"]!.GetValue<string>(), c => c!["state"]!.GetValue<string>(), StringComparer.Ordinal)
            .ShouldBe(new[] { "adapter:510100", "adapter:510600", "adapter:511400", "adapter:512000", "bus", "database", "hub" }.ToDictionary(k => k, _ => "ok"), ignoreOrder: true);
    }

    [Fact]
    public async Task The_openapi_document_is_the_one_committed()
    {
        using var anyone = new ApiClient(api.Fixture.Client(), null);

        var document = (await anyone.GetAsync("/openapi/v1.json")).Json.ToJsonString(new JsonSerializerOptions { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

        Repository.ShouldMatchSnapshot(document + "\n", "Clients of the cities are written against it: a change that breaks them needs /v2.", "contracts", "openapi", "datahub.v1.json");
    }

    private static string? Text(JsonNode? node, string name) => node![name]?.GetValue<string>();

    /// <summary>Reads the city's feed until an event of this id is there.</summary>
    private static async Task<JsonNode> EventAsync(ApiClient client, string id)
    {
        JsonNode? found = null;
        var after = "";
        await HostFixture.UntilAsync(async () =>
        {
            var page = (await client.GetAsync("/v1/outcomes" + after)).Json;
            after = "?after=" + page["next"]!.GetValue<string>();
            found ??= page["events"]!.AsArray().FirstOrDefault(e => e!["id"]!.GetValue<string>() == id);
            return found is not null;
        }, "the event " + id + " in the feed");
        return found!;
    }
}

using System.Text;
using System.Text.Json.Nodes;
using DataHub.Adapters.Chengdu;
using DataHub.Adapters.Pipeline;
using DataHub.Contracts;
using DataHub.Core.Errors;
using DataHub.Core.Native.Wire;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Adapters;

public sealed class ChengduAdapterTests
{
    private const string Submission = """
        {
          "businessType": "serviceSubmission", "serialNo": "CD-000001-01", "sendTime": "2026-11-20T08:59:58+08:00",
          "content": {
            "itemCode": "CD-MARRIAGE-RECORD", "handleMode": "ONLINE", "caseNo": "CD-000001",
            "applicant": { "fullName": "𠮷田·㛃", "certType": "ID_CARD", "certNo": "11010519491231002X", "gender": "FEMALE", "phone": null },
            "handleRegion": "510681", "formItems": [], "submitTime": "2026-11-20T08:59:00+08:00",
            "materials": [{ "materialCode": "id-card", "materialName": "身份证", "fileSha256": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "fileSize": 1024, "mimeType": "image/jpeg" }]
          }
        }
        """;

    private static readonly byte[] Sample = Encoding.UTF8.GetBytes(Submission);

    private static readonly Delivery Decision = new(
        "DY-9-03", MessageTypes.ServiceDecision, MemoryIntake.ExchangeId, "service.online", "decided", new DateTimeOffset(2026, 11, 20, 1, 0, 0, TimeSpan.Zero),
        """{"result":"approved","certificateNumber":"川2026-001","amountFen":12345,"decidedAt":"2026-11-20T09:00:00+08:00"}"""u8.ToArray());

    [Fact]
    public async Task A_submission_is_taken_in_and_answered_with_its_exchange_id()
    {
        await using var bench = await StartAsync();
        var (status, body, _) = await bench.PostAsync(ChengduAdapter.CasesPathOf("chengdu"), Sample);
        status.ShouldBe(200, body);
        var answer = JsonNode.Parse(body)!;
        ((string?)answer["status"]).ShouldBe("ACCEPTED");
        ((string?)answer["exchangeNo"]).ShouldBe(MemoryIntake.ExchangeId);
        var taken = bench.Intake.Taken.ShouldHaveSingleItem();
        taken.MessageId.ShouldBe("CD-000001-01");
        taken.Type.ShouldBe(MessageTypes.ServiceSubmission);
        taken.Native.ToArray().ShouldBe(Sample);
        var payload = JsonNode.Parse(taken.Data.Span)!;
        ((string?)payload["applicant"]!["name"]).ShouldBe("𠮷田·㛃");
        ((long?)payload["materials"]![0]!["size"]).ShouldBe(1024);
    }

    [Fact]
    public async Task A_repetition_gets_the_same_exchange_id_and_has_no_second_effect()
    {
        await using var bench = await StartAsync();
        await bench.PostAsync(ChengduAdapter.CasesPathOf("chengdu"), Sample);
        var (status, body, _) = await bench.PostAsync(ChengduAdapter.CasesPathOf("chengdu"), Sample);
        status.ShouldBe(200);
        ((string?)JsonNode.Parse(body)!["status"]).ShouldBe("DUPLICATE");
        ((string?)JsonNode.Parse(body)!["exchangeNo"]).ShouldBe(MemoryIntake.ExchangeId);
        bench.Intake.Taken.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_refusal_of_the_node_reaches_the_city_with_path_code_and_sentence()
    {
        await using var bench = await StartAsync();
        bench.Intake.Says = new IntakeOutcome.Refused([Reasons.Of(ReasonCodes.ResidentIdCheckDigit, "$.applicant.idNumber")]);
        var (status, body, _) = await bench.PostAsync(ChengduAdapter.CasesPathOf("chengdu"), Sample);
        status.ShouldBe(422);
        var error = JsonNode.Parse(body)!["errors"]![0]!;
        ((string?)error["code"]).ShouldBe(ReasonCodes.ResidentIdCheckDigit);
        ((string?)error["field"]).ShouldBe("$.applicant.idNumber");
        ((string?)error["message"]).ShouldNotBeNullOrEmpty();
    }

    [Fact]
    public async Task An_unmapped_code_is_refused_by_code_and_table_and_journalled_whole()
    {
        await using var bench = await StartAsync();
        var sample = Encoding.UTF8.GetBytes(Submission.Replace("\"ONLINE\"", "\"TELEPATHY\""));
        var (status, body, _) = await bench.PostAsync(ChengduAdapter.CasesPathOf("chengdu"), sample);
        status.ShouldBe(422);
        body.ShouldContain("TELEPATHY");
        var refused = bench.Intake.Refused.ShouldHaveSingleItem();
        refused.MessageId.ShouldBe("CD-000001-01");
        refused.Native.ShouldBe(sample);
        refused.Reasons.ShouldHaveSingleItem().Code.ShouldBe(ReasonCodes.UnmappedCode);
    }

    [Theory]
    [InlineData("another secret of the tests", AdapterBench.ApiKey, 0)]
    [InlineData(AdapterBench.Secret, "another-key", 0)]
    [InlineData(AdapterBench.Secret, AdapterBench.ApiKey, -301)]
    [InlineData(AdapterBench.Secret, AdapterBench.ApiKey, 301)]
    public async Task A_wrong_secret_key_or_time_is_refused_and_journalled(string secret, string key, int offset)
    {
        await using var bench = await StartAsync();
        var (status, body, _) = await bench.PostAsync(ChengduAdapter.CasesPathOf("chengdu"), Sample, secret, key, TimeSpan.FromSeconds(offset));
        status.ShouldBe(401);
        body.ShouldContain(ReasonCodes.NativeSignatureInvalid);
        bench.Intake.Refused.ShouldHaveSingleItem().Reasons.ShouldHaveSingleItem().Code.ShouldBe(ReasonCodes.NativeSignatureInvalid);
        bench.Intake.Taken.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(-299)]
    [InlineData(299)]
    public async Task A_clock_that_is_off_by_less_than_the_window_is_tolerated(int offset)
    {
        await using var bench = await StartAsync();
        (await bench.PostAsync(ChengduAdapter.CasesPathOf("chengdu"), Sample, clockOffset: TimeSpan.FromSeconds(offset))).Status.ShouldBe(200);
    }

    [Fact]
    public async Task A_changed_body_under_a_good_signature_is_refused()
    {
        await using var bench = await StartAsync();
        var timestamp = bench.Time.Now.ToUnixTimeSeconds().ToString();
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(bench.Url, ChengduAdapter.CasesPathOf("chengdu"))) { Content = new ByteArrayContent([.. Sample, (byte)' ']) };
        request.Headers.Add("X-Api-Key", AdapterBench.ApiKey);
        request.Headers.Add("X-Timestamp", timestamp);
        request.Headers.Add("X-Signature", AdapterBench.Signature(timestamp, Sample, AdapterBench.Secret));
        using var response = await http.SendAsync(request);
        ((int)response.StatusCode).ShouldBe(401);
    }

    [Fact]
    public async Task A_request_without_signature_is_refused_with_little_kept()
    {
        await using var bench = await StartAsync();
        var (status, _, _) = await bench.PostAsync(ChengduAdapter.CasesPathOf("chengdu"), new byte[100_000], signed: false);
        status.ShouldBe(401);
        var refused = bench.Intake.Refused.ShouldHaveSingleItem();
        refused.Reasons.ShouldHaveSingleItem().Code.ShouldBe(ReasonCodes.NotAuthenticated);
        refused.Native.Length.ShouldBe(BoundedBody.EvidenceBytes);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_body_over_256_KiB_is_refused_however_it_is_sent(bool chunked)
    {
        await using var bench = await StartAsync();
        var (status, body, _) = await bench.PostAsync(ChengduAdapter.CasesPathOf("chengdu"), new byte[BoundedBody.MaxBytes + 1], chunked: chunked);
        status.ShouldBe(413);
        body.ShouldContain(ReasonCodes.TooLarge);
        bench.Intake.Refused.ShouldHaveSingleItem().Native.Length.ShouldBeLessThanOrEqualTo(BoundedBody.EvidenceBytes);
    }

    [Theory]
    [InlineData("{\"serialNo\":")]
    [InlineData("[]")]
    [InlineData("{\"serialNo\":\"A\",\"serialNo\":\"B\"}")]
    [InlineData("{\"serialNo\":\"\\ud800\"}")]
    [InlineData("{\"list\":[{},\"text\"]}")]
    public async Task What_is_no_plain_JSON_object_is_refused_and_journalled(string body)
    {
        await using var bench = await StartAsync();
        (await bench.PostAsync(ChengduAdapter.CasesPathOf("chengdu"), Encoding.UTF8.GetBytes(body))).Status.ShouldBe(400);
        bench.Intake.Refused.ShouldHaveSingleItem().Reasons.ShouldHaveSingleItem().Message.ShouldNotContain("—");
    }

    [Fact]
    public async Task Deeply_nested_JSON_is_refused()
    {
        await using var bench = await StartAsync();
        var deep = string.Concat(Enumerable.Repeat("{\"a\":", 20_000)) + "1" + new string('}', 20_000);
        (await bench.PostAsync(ChengduAdapter.CasesPathOf("chengdu"), Encoding.UTF8.GetBytes(deep))).Status.ShouldBe(400);
        bench.Intake.Refused.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Where_the_journal_cannot_be_written_the_answer_is_busy_and_never_refused()
    {
        await using var bench = await StartAsync();
        bench.Intake.JournalIsGone = true;
        foreach (var body in new[] { Sample, "nonsense"u8.ToArray() })
        {
            var (status, answer, response) = await bench.PostAsync(ChengduAdapter.CasesPathOf("chengdu"), body);
            status.ShouldBe(503);
            answer.ShouldNotContain("510107");
            ((string?)JsonNode.Parse(answer)!["status"]).ShouldBe("BUSY");
            response.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(5));
        }
    }

    [Fact]
    public async Task A_delivery_is_signed_and_the_outcome_that_the_city_recorded_comes_back()
    {
        await using var city = await new CityDouble
        {
            Answer = CityDouble.Always(200, """{"serialNo":"DY-9-03","status":"HELD","outcome":"APPROVED","amount":"123.45","referenceNo":"川2026-001"}"""),
        }.StartAsync();
        await using var bench = await StartAsync(city.Url);
        var outcome = await bench.Adapter.DeliverAsync(Decision, default);
        outcome.ShouldBe(new DeliveryOutcome.Held(new HeldOutcome("approved", 12345, "川2026-001")));
        var (path, headers, body) = city.Requests.ShouldHaveSingleItem();
        path.ShouldBe("/webhooks/outcomes");
        headers["X-Signature"].ShouldBe(AdapterBench.Signature(headers["X-Timestamp"], body, AdapterBench.Secret));
        var native = JsonNode.Parse(body)!;
        ((string?)native["businessType"]).ShouldBe("serviceDecision");
        ((string?)native["exchangeNo"]).ShouldBe(MemoryIntake.ExchangeId);
        ((string?)native["content"]!["amount"]).ShouldBe("123.45");
    }

    [Fact]
    public async Task A_refusal_of_the_hub_is_told_to_the_city()
    {
        await using var city = await new CityDouble { Answer = CityDouble.Always(200, """{"serialNo":"CD-1","status":"HELD"}""") }.StartAsync();
        await using var bench = await StartAsync(city.Url);
        var notice = new RefusalNotice("CD-1", MessageTypes.ServiceSubmission, MemoryIntake.ExchangeId, [Reasons.Of(ReasonCodes.NoAgreement, "$")]);
        (await bench.Adapter.NotifyRefusalAsync(notice, default)).ShouldBe(new DeliveryOutcome.Held(null));
        var (path, _, body) = city.Requests.ShouldHaveSingleItem();
        path.ShouldBe("/webhooks/refusals");
        ((string?)JsonNode.Parse(body)!["errors"]![0]!["code"]).ShouldBe(ReasonCodes.NoAgreement);
    }

    [Theory]
    [InlineData(401)]
    [InlineData(302)]
    [InlineData(404)]
    public async Task A_refused_key_or_a_wrong_place_is_not_retried(int status)
    {
        await using var city = await new CityDouble { Answer = CityDouble.Always(status) }.StartAsync();
        await using var bench = await StartAsync(city.Url);
        (await bench.Adapter.DeliverAsync(Decision, default)).ShouldBe(new DeliveryOutcome.Rejected($"chengdu: HTTP {status}"));
        city.Requests.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_city_that_names_a_time_to_come_back_is_not_pressed()
    {
        await using var city = await new CityDouble { Answer = CityDouble.Always(503, retryAfter: "30") }.StartAsync();
        await using var bench = await StartAsync(city.Url);
        (await bench.Adapter.DeliverAsync(Decision, default)).ShouldBe(new DeliveryOutcome.Transient("chengdu: HTTP 503", TimeSpan.FromSeconds(30)));
        city.Requests.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData("""{"serialNo":"OTHER","status":"HELD"}""")]
    [InlineData("""{"serialNo":"DY-9-03","status":"PERHAPS"}""")]
    [InlineData("""{"serialNo":"DY-9-03","status":"REJECTED"}""")]
    [InlineData("thank you")]
    public async Task An_answer_that_proves_nothing_is_no_proof_of_delivery(string answer)
    {
        await using var city = await new CityDouble { Answer = CityDouble.Always(200, answer) }.StartAsync();
        await using var bench = await StartAsync(city.Url);
        (await bench.Adapter.DeliverAsync(Decision, default)).ShouldBeOfType<DeliveryOutcome.Rejected>();
    }

    [Fact]
    public async Task A_city_that_is_down_is_a_transient_fault_and_opens_the_breaker()
    {
        await using var bench = await StartAsync();
        for (var i = 0; i < 2; i++)
            (await bench.Adapter.DeliverAsync(Decision, default)).ShouldBeOfType<DeliveryOutcome.Transient>();
        ((ChengduAdapter)bench.Adapter).IsCircuitOpen.ShouldBeTrue();
        (await bench.Adapter.DeliverAsync(Decision, default)).ShouldBeOfType<DeliveryOutcome.Transient>().Why.ShouldBe("chengdu: circuit open");
    }

    [Fact]
    public async Task A_code_that_the_city_lacks_is_for_an_operator()
    {
        await using var bench = await StartAsync();
        var unknown = Decision with { Type = MessageTypes.CaseReturn, Data = """{"reasonCode":"no-such-reason","reason":"不符合","returnedAt":"2026-11-20T09:00:00+08:00"}"""u8.ToArray() };
        (await bench.Adapter.DeliverAsync(unknown, default)).ShouldBeOfType<DeliveryOutcome.Rejected>();
    }

    [Fact]
    public async Task The_documented_request_and_answer_are_taken()
    {
        var page = File.ReadAllText(Repository.PathTo("contracts", "native", "chengdu.md")).Split("```");
        await using var city = await new CityDouble { Answer = CityDouble.Always(200, page[5]["json".Length..]) }.StartAsync();
        await using var bench = await StartAsync(city.Url);
        var (status, body, _) = await bench.PostAsync(ChengduAdapter.CasesPathOf("chengdu"), Encoding.UTF8.GetBytes(page[1]["json".Length..]));
        status.ShouldBe(200, body);
        bench.Mapping.Acks.SubmitFromNative(Read(page[3]), out _).ShouldNotBeNull();
        (await bench.Adapter.DeliverAsync(Decision with { MessageId = "DY-000009-03" }, default)).ShouldBeOfType<DeliveryOutcome.Held>();

        static DataHub.Core.Native.NativeRecord Read(string block)
        {
            NativeJson.TryRead(Encoding.UTF8.GetBytes(block["json".Length..]), out var record, out _).ShouldBeTrue();
            return record!;
        }
    }

    private static Task<AdapterBench> StartAsync(Uri? city = null) => AdapterBench.StartAsync("chengdu", context => new ChengduAdapter(context), city);
}

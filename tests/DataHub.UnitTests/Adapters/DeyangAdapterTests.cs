using System.Text;
using System.Xml.Linq;
using DataHub.Adapters.Deyang;
using DataHub.Adapters.Pipeline;
using DataHub.Contracts;
using DataHub.Core.Errors;
using DataHub.Core.Native.Wire;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Adapters;

public sealed class DeyangAdapterTests
{
    private const string Message = """
        <通办申请>
          <报文头><业务类型>通办申请</业务类型><业务流水号>DY-000001-01</业务流水号><发送时间>2026年11月20日8时59分58秒</发送时间></报文头>
          <报文体>
            <事项编码>婚姻登记档案查询</事项编码><办理模式>MODE</办理模式><收件编号>DY-000001</收件编号>
            <办理地区划代码>510104</办理地区划代码>
            <申请人><姓名>𠮷田·㛃</姓名><证件类型>居民身份证</证件类型><证件号码>11010519491231002X</证件号码></申请人>
            <材料 数量="1">
              <项><材料编码>id-card</材料编码><材料名称>身份证 &amp; 复印件</材料名称><文件摘要>aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa</文件摘要><文件大小>1024</文件大小><文件格式>image/jpeg</文件格式></项>
            </材料>
            <申请时间>2026年11月20日8时59分00秒</申请时间>
          </报文体>
        </通办申请>
        """;

    private static readonly string Sample = Envelope(Message);

    private static readonly Delivery Decision = new(
        "CD-9-03", MessageTypes.ServiceDecision, MemoryIntake.ExchangeId, "service.online", "decided", new DateTimeOffset(2026, 11, 20, 1, 0, 0, TimeSpan.Zero),
        """{"result":"approved","certificateNumber":"川2026-001","amountFen":12345,"decidedAt":"2026-11-20T09:00:00+08:00"}"""u8.ToArray());

    [Fact]
    public async Task A_submission_is_taken_in_and_answered_with_its_exchange_id()
    {
        await using var bench = await StartAsync();
        var (status, body, response) = await PostAsync(bench, Sample);
        status.ShouldBe(200, body);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/soap+xml");
        Answer(body, "接收状态").ShouldBe("已接收");
        Answer(body, "办件编号").ShouldBe(MemoryIntake.ExchangeId);
        var taken = bench.Intake.Taken.ShouldHaveSingleItem();
        taken.MessageId.ShouldBe("DY-000001-01");
        var payload = System.Text.Json.Nodes.JsonNode.Parse(taken.Data.Span)!;
        ((string?)payload["applicant"]!["name"]).ShouldBe("𠮷田·㛃");
        ((string?)payload["submittedAt"]).ShouldBe("2026-11-20T08:59:00+08:00");
        ((string?)payload["materials"]![0]!["name"]).ShouldBe("身份证 & 复印件");
    }

    [Fact]
    public async Task A_repetition_gets_the_same_exchange_id_and_has_no_second_effect()
    {
        await using var bench = await StartAsync();
        await PostAsync(bench, Sample);
        var (_, body, _) = await PostAsync(bench, Sample);
        Answer(body, "接收状态").ShouldBe("重复报送");
        Answer(body, "办件编号").ShouldBe(MemoryIntake.ExchangeId);
        bench.Intake.Taken.Count.ShouldBe(1);
    }

    [Fact]
    public async Task What_was_understood_and_refused_is_answered_by_a_receipt_with_reasons()
    {
        await using var bench = await StartAsync();
        bench.Intake.Says = new IntakeOutcome.Refused([Reasons.Of(ReasonCodes.MaterialMissing, "$.materials")]);
        var (status, body, _) = await PostAsync(bench, Sample);
        status.ShouldBe(200);
        Answer(body, "接收状态").ShouldBe("不予接收");
        Answer(body, "原因代码").ShouldBe(ReasonCodes.MaterialMissing);
    }

    [Fact]
    public async Task An_unmapped_code_is_refused_and_journalled_whole()
    {
        await using var bench = await StartAsync();
        var sample = Sample.Replace("全程网办", "托梦办理");
        var (status, body, _) = await PostAsync(bench, sample);
        status.ShouldBe(200);
        Answer(body, "原因代码").ShouldBe(ReasonCodes.UnmappedCode);
        bench.Intake.Refused.ShouldHaveSingleItem().Native.ShouldBe(Encoding.UTF8.GetBytes(sample));
    }

    [Theory]
    [InlineData("2026年11月20日8时59分00秒</申请时间>", "2026年11月20日8时59分00秒</申请时间><申请时间>2026年11月20日8时59分00秒</申请时间>", true)]
    [InlineData("数量=\"1\"", "数量=\"2\"", true)]
    [InlineData("<业务类型>通办申请", "<业务类型>撤回", true)]
    [InlineData("</报文体>", "</报文体><报文尾/>", false)]
    [InlineData("<申请人>", "<申请人 序号=\"1\">", false)]
    public async Task What_departs_from_the_schema_is_refused(string original, string replacement, bool fault)
    {
        await using var bench = await StartAsync();
        var (status, body, _) = await PostAsync(bench, Sample.Replace(original, replacement));
        status.ShouldBe(fault ? 400 : 200, body);
        bench.Intake.Taken.ShouldBeEmpty();
        bench.Intake.Refused.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_schema_fault_that_the_mapping_does_not_see_names_its_place()
    {
        await using var bench = await StartAsync();
        var (_, body, _) = await PostAsync(bench, Sample.Replace("<申请人>", "<申请人 序号=\"1\">"));
        Answer(body, "原因代码").ShouldBe(ReasonCodes.SchemaInvalid);
        Answer(body, "字段").ShouldContain("申请人");
    }

    [Fact]
    public async Task A_DTD_is_refused_by_name_and_nothing_in_it_is_expanded()
    {
        var bomb = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\">" + string.Concat(Enumerable.Range(1, 9).Select(
            i => $"<!ENTITY {(char)('a' + i)} \"{string.Concat(Enumerable.Repeat($"&{(char)('a' + i - 1)};", 10))}\">")) + "]>";
        foreach (var dtd in new[]
        {
            "<!DOCTYPE x>", bomb, "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>", "<!DOCTYPE x SYSTEM \"http://127.0.0.1:1/x.dtd\">",
        })
        {
            await using var bench = await StartAsync();
            var (status, body, _) = await PostAsync(bench, dtd + Sample.Replace("DY-000001<", "&j;<"));
            status.ShouldBe(400);
            Fault(body).ShouldBe(("env:Sender", "dh:" + ReasonCodes.XmlForbidden));
            bench.Intake.Refused.ShouldHaveSingleItem().Reasons.ShouldHaveSingleItem().Code.ShouldBe(ReasonCodes.XmlForbidden);
        }
    }

    [Fact]
    public async Task Processing_instructions_deep_nesting_and_broken_XML_are_told_apart()
    {
        await using var bench = await StartAsync();
        var deep = string.Concat(Enumerable.Repeat("<a>", 30_000)) + string.Concat(Enumerable.Repeat("</a>", 30_000));
        foreach (var (xml, code) in new[]
        {
            ("<?run this?>" + Sample, ReasonCodes.XmlForbidden),
            (Envelope(deep), ReasonCodes.TooDeep),
            (Sample[..^5], ReasonCodes.NativeNotReadable),
            ("", ReasonCodes.NativeNotReadable),
            (Sample.Replace("DY-000001<", "&unknown;<"), ReasonCodes.NativeNotReadable),
        })
        {
            var (status, body, _) = await PostAsync(bench, xml);
            status.ShouldBe(400);
            Fault(body).ShouldBe(("env:Sender", "dh:" + code));
        }

        bench.Intake.Refused.Count.ShouldBe(5);
    }

    [Fact]
    public async Task Bytes_that_are_not_UTF_8_are_refused_whatever_the_declaration_says()
    {
        await using var bench = await StartAsync();
        byte[] sample = [.. "<?xml version=\"1.0\" encoding=\"GB18030\"?><a>"u8, 0xB3, 0xC9, .. "</a>"u8];
        var (status, body, _) = await bench.PostAsync(DeyangAdapter.ServicePathOf("deyang"), sample);
        status.ShouldBe(400);
        Fault(body).Subcode.ShouldBe("dh:" + ReasonCodes.EncodingInvalid);
    }

    [Fact]
    public async Task Other_SOAP_versions_and_headers_that_must_be_understood_have_their_own_faults()
    {
        await using var bench = await StartAsync();
        var old = Sample.Replace("http://www.w3.org/2003/05/soap-envelope", "http://schemas.xmlsoap.org/soap/envelope/");
        Fault((await PostAsync(bench, old)).Body).Code.ShouldBe("env:VersionMismatch");
        var header = Sample.Replace("<e:Body>", "<e:Header><t:Transaction xmlns:t=\"urn:t\" e:mustUnderstand=\"true\"/></e:Header><e:Body>");
        Fault((await PostAsync(bench, header)).Body).Code.ShouldBe("env:MustUnderstand");
        var optional = header.Replace(" e:mustUnderstand=\"true\"", "");
        (await PostAsync(bench, optional)).Status.ShouldBe(200);
    }

    [Fact]
    public async Task A_wrong_secret_an_oversize_body_and_an_unknown_operation_are_faults_and_journalled()
    {
        await using var bench = await StartAsync();
        var (status, body, _) = await bench.PostAsync(DeyangAdapter.ServicePathOf("deyang"), Encoding.UTF8.GetBytes(Sample), secret: "another secret of the tests");
        status.ShouldBe(401);
        Fault(body).Subcode.ShouldBe("dh:" + ReasonCodes.NativeSignatureInvalid);
        (status, body, _) = await bench.PostAsync(DeyangAdapter.ServicePathOf("deyang"), new byte[BoundedBody.MaxBytes + 1]);
        status.ShouldBe(413);
        Fault(body).Subcode.ShouldBe("dh:" + ReasonCodes.TooLarge);
        (status, body, _) = await PostAsync(bench, Sample.Replace("d:报送", "d:下发"));
        status.ShouldBe(400);
        Fault(body).Subcode.ShouldBe("dh:" + ReasonCodes.UnknownNativeKind);
        bench.Intake.Refused.Count.ShouldBe(3);
    }

    [Fact]
    public async Task A_busy_node_is_a_fault_of_the_receiver()
    {
        await using var bench = await StartAsync();
        bench.Intake.Says = new IntakeOutcome.Busy(TimeSpan.FromSeconds(7));
        var (status, body, response) = await PostAsync(bench, Sample);
        status.ShouldBe(503);
        Fault(body).Code.ShouldBe("env:Receiver");
        response.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(7));
    }

    [Fact]
    public async Task A_delivery_is_signed_and_the_outcome_that_the_city_recorded_comes_back()
    {
        await using var city = await new CityDouble
        {
            Answer = CityDouble.Always(200, Receipt("CD-9-03", "<d:结果代码>准予</d:结果代码><d:金额>123.45</d:金额><d:凭据编号>川2026-001</d:凭据编号>")),
        }.StartAsync();
        await using var bench = await StartAsync(city.Url);
        (await bench.Adapter.DeliverAsync(Decision, default)).ShouldBe(new DeliveryOutcome.Held(new HeldOutcome("approved", 12345, "川2026-001")));
        var (path, headers, body) = city.Requests.ShouldHaveSingleItem();
        path.ShouldBe("/service");
        headers["X-Signature"].ShouldBe(AdapterBench.Signature(headers["X-Timestamp"], body, AdapterBench.Secret));
        var text = Encoding.UTF8.GetString(body);
        text.ShouldContain("<办结时间>2026年11月20日9时00分00秒</办结时间>");
        var operation = XDocument.Parse(text).Descendants(DeyangXml.Deliver).Single();
        DeyangSchema.FirstFault(DeyangSchema.Compile(DeyangSchema.Build(bench.Mapping)), operation).ShouldBeNull();
    }

    [Fact]
    public async Task A_refusal_of_the_hub_is_told_to_the_city()
    {
        await using var city = await new CityDouble { Answer = CityDouble.Always(200, Receipt("DY-1", "")) }.StartAsync();
        await using var bench = await StartAsync(city.Url);
        var notice = new RefusalNotice("DY-1", MessageTypes.ServiceSubmission, MemoryIntake.ExchangeId, [Reasons.Of(ReasonCodes.NoAgreement, "$")]);
        (await bench.Adapter.NotifyRefusalAsync(notice, default)).ShouldBe(new DeliveryOutcome.Held(null));
        Encoding.UTF8.GetString(city.Requests.ShouldHaveSingleItem().Body).ShouldContain("退件通知");
    }

    [Theory]
    [InlineData("Receiver", 500, true)]
    [InlineData("Receiver", 200, true)]
    [InlineData("Sender", 500, false)]
    [InlineData("Sender", 400, false)]
    public async Task The_fault_code_and_not_the_status_tells_whether_to_try_again(string code, int status, bool transient)
    {
        var fault = $"""<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><e:Fault><e:Code><e:Value>e:{code}</e:Value></e:Code><e:Reason><e:Text xml:lang="zh">忙</e:Text></e:Reason></e:Fault></e:Body></e:Envelope>""";
        await using var city = await new CityDouble { Answer = CityDouble.Always(status, fault) }.StartAsync();
        await using var bench = await StartAsync(city.Url);
        var outcome = await bench.Adapter.DeliverAsync(Decision, default);
        (outcome is DeliveryOutcome.Transient).ShouldBe(transient);
        city.Requests.Count.ShouldBe(transient ? 2 : 1);
    }

    [Fact]
    public async Task A_city_that_does_not_answer_in_time_is_a_transient_fault()
    {
        await using var city = await new CityDouble { Answer = http => Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default) }.StartAsync();
        await using var bench = await StartAsync(city.Url);
        (await bench.Adapter.DeliverAsync(Decision, default)).ShouldBeOfType<DeliveryOutcome.Transient>().Why.ShouldContain("no answer");
    }

    [Fact]
    public async Task A_401_of_the_city_is_not_retried()
    {
        await using var city = await new CityDouble { Answer = CityDouble.Always(401) }.StartAsync();
        await using var bench = await StartAsync(city.Url);
        (await bench.Adapter.DeliverAsync(Decision, default)).ShouldBe(new DeliveryOutcome.Rejected("deyang: HTTP 401"));
        city.Requests.Count.ShouldBe(1);
    }

    [Fact]
    public async Task The_published_schema_is_the_one_in_force()
    {
        await using var bench = await StartAsync();
        var schema = DeyangSchema.Build(bench.Mapping);
        Repository.ShouldMatchSnapshot(schema + "\n", "Cities validate by this file.", "contracts", "native", "deyang.xsd");
        DeyangSchema.Compile(schema).Count.ShouldBe(1);
    }

    [Fact]
    public async Task The_documented_request_and_answer_are_taken()
    {
        var page = File.ReadAllText(Repository.PathTo("contracts", "native", "deyang.md")).Split("```");
        await using var city = await new CityDouble { Answer = CityDouble.Always(200, Envelope("").Replace("<d:报送></d:报送>", page[3]["xml".Length..])) }.StartAsync();
        await using var bench = await StartAsync(city.Url);
        var (status, body, _) = await PostAsync(bench, page[1]["xml".Length..].Trim());
        status.ShouldBe(200, body);
        Answer(body, "接收状态").ShouldBe("已接收");
        (await bench.Adapter.DeliverAsync(Decision, default) is DeliveryOutcome.Rejected { Why: var why } ? why : "").ShouldContain("another message");
    }

    private static Task<AdapterBench> StartAsync(Uri? city = null) => AdapterBench.StartAsync("deyang", context => new DeyangAdapter(context), city);

    private static Task<(int Status, string Body, HttpResponseMessage Response)> PostAsync(AdapterBench bench, string xml) =>
        bench.PostAsync(DeyangAdapter.ServicePathOf("deyang"), Encoding.UTF8.GetBytes(xml));

    private static string Envelope(string message) =>
        $"""<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:d="urn:deyang:datahub:v1"><e:Body><d:报送>{message.Replace("MODE", "全程网办").Replace("<通办申请>", "<通办申请 xmlns=\"urn:deyang:datahub:v1\">")}</d:报送></e:Body></e:Envelope>""";

    private static string Receipt(string messageId, string fields) =>
        $"""<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:d="urn:deyang:datahub:v1"><e:Body><d:下发回执><d:业务流水号>{messageId}</d:业务流水号><d:入库状态>已入库</d:入库状态>{fields}</d:下发回执></e:Body></e:Envelope>""";

    private static string Answer(string body, string field) =>
        XDocument.Parse(body).Descendants(DeyangXml.SubmitAnswer).Single().Descendants(DeyangXml.Namespace + field).First().Value;

    private static (string Code, string Subcode) Fault(string body)
    {
        var values = XDocument.Parse(body).Descendants(Soap.Namespace + "Value").Select(value => value.Value).ToList();
        return (values[0], values[1]);
    }
}

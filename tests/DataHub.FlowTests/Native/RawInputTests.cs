using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using DataHub.Adapters.Chengdu;
using DataHub.Adapters.Deyang;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Errors;
using DataHub.Core.Journal;
using DataHub.Core.Native;
using DataHub.Core.Native.Meishan;
using DataHub.Core.Native.Wire;
using DataHub.Core.Native.Ziyang;
using DataHub.Core.Registry;
using DataHub.Core.Validation;
using DataHub.Host.Demo;
using DataHub.UnitTests.Flows;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Native;

/// <summary>
/// Bad bytes on the cities' real interfaces of a running host with its simulated cities: each is answered and journalled
/// with its reason, and the samples' cases, run afterwards, all end as they should.
/// </summary>
public sealed class RawInputTests(RunningHub hub) : IClassFixture<RunningHub>
{
    [Theory]
    [InlineData("without headers", 401, ReasonCodes.NotAuthenticated)]
    [InlineData("signed with another secret", 401, ReasonCodes.NativeSignatureInvalid)]
    [InlineData("signed ten minutes ago", 401, ReasonCodes.NativeSignatureInvalid)]
    [InlineData("another body than was signed", 401, ReasonCodes.NativeSignatureInvalid)]
    [InlineData("300 KiB", 413, ReasonCodes.TooLarge)]
    [InlineData("a thousand levels", 400, ReasonCodes.TooDeep)]
    [InlineData("half of a body", 400, ReasonCodes.NotWellFormed)]
    [InlineData("not UTF-8", 400, ReasonCodes.EncodingInvalid)]
    public async Task Chengdus_interface_refuses_and_journals(string what, int status, string code)
    {
        var good = NativeJson.Write(hub.Record("chengdu", Cases.Submission(hub.Host.Registry), Cases.NewId("RAW")));
        var body = what switch
        {
            "300 KiB" => Encoding.UTF8.GetBytes($"{{\"a\":\"{new string('x', 300 * 1024)}\"}}"),
            "a thousand levels" => Forge.Nested(1000),
            "half of a body" => good[..(good.Length / 2)],
            "not UTF-8" => [.. "{\"a\":\""u8, 0xc3, 0x28, .. "\"}"u8],
            _ => good,
        };
        var secret = what == "signed with another secret" ? "a secret of somebody else" : null;
        var signed = what == "another body than was signed" ? [.. body, (byte)' '] : body;
        var (answered, text) = await hub.PostAsync(Samples.Chengdu, ChengduAdapter.CasesPathOf("chengdu"), body, signed, secret, what == "without headers", what == "signed ten minutes ago" ? -600 : 0);
        answered.ShouldBe(status, text);
        text.ShouldContain(code);
        var row = await Journey.RefusalAsync(hub.Fixture, Samples.Chengdu, r => body.AsSpan().StartsWith(r.Body), code);
        row.Body.Length.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Chengdus_repetitions_get_the_first_answer_and_another_body_under_the_same_number_is_refused()
    {
        var id = Cases.NewId("RAW");
        var submission = Cases.Submission(hub.Host.Registry);
        var body = NativeJson.Write(hub.Record("chengdu", submission, id));
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => hub.PostAsync(Samples.Chengdu, ChengduAdapter.CasesPathOf("chengdu"), body)));
        answers.ShouldAllBe(a => a.Status == 200);
        var exchange = (await Conservation.JournalAsync(hub.Host, Samples.Chengdu, EntryKind.Sent)).Single(r => r.MessageId == id).ExchangeId;
        answers.ShouldAllBe(a => a.Text.Contains(exchange, StringComparison.Ordinal));

        var other = NativeJson.Write(hub.Record("chengdu", submission with { CaseNumber = "other" }, id));
        var (status, text) = await hub.PostAsync(Samples.Chengdu, ChengduAdapter.CasesPathOf("chengdu"), other);
        status.ShouldBe(422, text);
        text.ShouldContain(ReasonCodes.ReplayedWithOtherBody);
        (await Journey.RefusalAsync(hub.Fixture, Samples.Chengdu, r => r.MessageId == id, ReasonCodes.ReplayedWithOtherBody)).Body.ShouldBe(other);
        await HostFixture.UntilAsync(async () => (await hub.Host.Store.ExchangesAsync(Nodes.Hub, [exchange], default)).Count == 1, "the hub has the case");
    }

    [Theory]
    [InlineData("a document type", ReasonCodes.XmlForbidden)]
    [InlineData("entities that multiply", ReasonCodes.XmlForbidden)]
    [InlineData("a file of the server", ReasonCodes.XmlForbidden)]
    [InlineData("a hundred levels", ReasonCodes.TooDeep)]
    [InlineData("half of a message", ReasonCodes.NativeNotReadable)]
    public async Task Deyangs_interface_answers_with_a_fault_and_journals(string what, string code)
    {
        var good = Encoding.UTF8.GetString(Soap.Write(DeyangXml.Message(DeyangXml.Submit, hub.Record("deyang", Cases.Submission(hub.Host.Registry, district: "510107"), Cases.NewId("RAW")), hub.Mapping("deyang").TypeField)));
        var declaration = good.IndexOf("?>", StringComparison.Ordinal) is >= 0 and var end ? end + 2 : 0;
        string With(string doctype) => good[..declaration] + doctype + good[declaration..];
        var bomb = string.Concat(Enumerable.Range(1, 9).Select(i => $"<!ENTITY l{i} \"{string.Concat(Enumerable.Repeat($"&l{i - 1};", 10))}\">"));
        var body = what switch
        {
            "a document type" => With("<!DOCTYPE a>"),
            "entities that multiply" => With($"<!DOCTYPE a [<!ENTITY l0 \"哈\">{bomb}]>"),
            "a file of the server" => With("<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/hostname\">]>"),
            "a hundred levels" => string.Concat(Enumerable.Repeat("<a>", 100)) + string.Concat(Enumerable.Repeat("</a>", 100)),
            _ => good[..(good.Length / 2)],
        };
        var bytes = Encoding.UTF8.GetBytes(body);
        var (status, text) = await hub.PostAsync(Samples.Deyang, DeyangAdapter.ServicePathOf("deyang"), bytes, mediaType: Soap.MediaType);
        status.ShouldBe(400, text);
        text.ShouldContain(code);
        (await Journey.RefusalAsync(hub.Fixture, Samples.Deyang, r => r.Body.AsSpan().SequenceEqual(bytes), code)).ShouldNotBeNull();
    }

    [Fact]
    public async Task Meishans_bad_rows_are_refused_alone_and_the_good_ones_of_the_same_look_are_taken()
    {
        using var database = MeishanTables.Open(Path.Combine(hub.Fixture.DataDirectory, "meishan-exchange.db"), null, hub.Mapping("meishan"));
        var submission = Cases.Submission(hub.Host.Registry, district: "510107");
        var (good, unmapped, digit, twice) = (Cases.NewId("RAW"), Cases.NewId("RAW"), Cases.NewId("RAW"), Cases.NewId("RAW"));
        NativeRecord[] records =
        [
            hub.Record("meishan", submission, good),
            RunningHub.Changed(hub.Record("meishan", submission, unmapped), "HANDLE_MODE", "9"),
            hub.Record("meishan", submission with { Applicant = submission.Applicant with { IdNumber = "110105194912310021" } }, digit),
            hub.Record("meishan", submission, twice),
            hub.Record("meishan", submission, twice),
            hub.Record("meishan", submission with { CaseNumber = "other" }, twice),
        ];
        var rows = await database.InsertAsync(database.Tables.Send, [.. records.Select(record => new MeishanEntry(Cases.NewId("RAW"), record))], TestContext.Current.CancellationToken);
        await Journey.RefusalAsync(hub.Fixture, Samples.Meishan, r => r.MessageId == unmapped, ReasonCodes.UnmappedCode);
        await Journey.RefusalAsync(hub.Fixture, Samples.Meishan, r => r.MessageId == digit, ReasonCodes.ResidentIdCheckDigit);
        await Journey.RefusalAsync(hub.Fixture, Samples.Meishan, r => r.MessageId == twice, ReasonCodes.ReplayedWithOtherBody);
        (await Conservation.JournalAsync(hub.Host, Samples.Meishan, EntryKind.Sent)).Count(r => r.MessageId == good || r.MessageId == twice).ShouldBe(2);

        IReadOnlyList<MeishanRow> acks = [];
        var keys = rows.Values.Select(id => id.ToString(CultureInfo.InvariantCulture)).ToList();
        await HostFixture.UntilAsync(async () => (acks = await database.ReadByKeyAsync(database.Tables.SendAck, keys, TestContext.Current.CancellationToken)).Count == 6, "every row has its answer");
        var statuses = acks.OrderBy(ack => long.Parse(ack.Key!, CultureInfo.InvariantCulture)).Select(ack => hub.Mapping("meishan").Acks.SubmitFromNative(ack.Record!, out _)!.Result);
        statuses.ShouldBe([SubmitResult.Accepted, SubmitResult.Refused, SubmitResult.Refused, SubmitResult.Accepted, SubmitResult.Duplicate, SubmitResult.Refused]);
    }

    [Theory]
    [InlineData("a trailer with another count", ReasonCodes.CsvTrailerCountDiffers)]
    [InlineData("a trailer one fen off", ReasonCodes.CsvTrailerAmountDiffers)]
    [InlineData("no trailer", ReasonCodes.CsvTrailerMissing)]
    [InlineData("a byte that is no GB18030", ReasonCodes.EncodingInvalid)]
    public async Task Ziyangs_bad_file_is_refused_whole_and_set_aside(string what, string code)
    {
        var folders = new ZiyangFolders(Path.Combine(hub.Fixture.DataDirectory, "ziyang"), hub.Mapping("ziyang"));
        var id = Cases.NewId("RAW");
        var good = folders.MessageFormat.Write([hub.Record("ziyang", Cases.Submission(hub.Host.Registry, district: "510107"), id)]);
        var text = Gb18030.Decode(good)!;
        byte[] file = what switch
        {
            "a trailer with another count" => Gb18030.Strict.GetBytes(text.Replace("合计,1,0.00", "合计,2,0.00", StringComparison.Ordinal)),
            "a trailer one fen off" => Gb18030.Strict.GetBytes(text.Replace("合计,1,0.00", "合计,1,0.01", StringComparison.Ordinal)),
            "no trailer" => Gb18030.Strict.GetBytes(text[..text.IndexOf("合计", StringComparison.Ordinal)]),
            _ => [.. good[..^20], 0xff, .. good[^20..]],
        };
        var name = $"RAW_{id}.csv";
        await folders.Out.PublishAsync(name, file, default);
        await Journey.RefusalAsync(hub.Fixture, Samples.Ziyang, r => r.Body.AsSpan().SequenceEqual(file), code);
        await HostFixture.UntilAsync(() => folders.Bad.Contains(name) && !folders.Out.Contains(name), "the file is set aside");
        Gb18030.Decode(await File.ReadAllBytesAsync(folders.Bad.PathOf(name + ".reason.txt"), TestContext.Current.CancellationToken))!.ShouldContain(code);
        (await Conservation.JournalAsync(hub.Host, Samples.Ziyang, EntryKind.Sent)).ShouldNotContain(r => r.MessageId == id);
    }

    [Fact]
    public async Task Ziyangs_half_written_file_waits_for_its_marker_and_is_then_taken_whole()
    {
        var folders = new ZiyangFolders(Path.Combine(hub.Fixture.DataDirectory, "ziyang"), hub.Mapping("ziyang"));
        var (id, next) = (Cases.NewId("RAW"), Cases.NewId("RAW"));
        byte[] FileOf(string message) => folders.MessageFormat.Write([hub.Record("ziyang", Cases.Submission(hub.Host.Registry, district: "510107"), message)]);
        var whole = FileOf(id);
        await folders.Out.WriteAsync($"RAW_{id}.csv", whole.AsMemory(0, whole.Length / 2), default);

        // A file written after it is taken in: the folder was looked at meanwhile.
        await folders.Out.PublishAsync($"RAW_{next}.csv", FileOf(next), default);
        await SentAsync(next);
        (await Conservation.JournalAsync(hub.Host, Samples.Ziyang)).ShouldNotContain(r => r.MessageId == id);
        await folders.Out.PublishAsync($"RAW_{id}.csv", whole, default);
        await SentAsync(id);

        // As after a crash between taking in and moving away: the rows are recognised.
        await folders.Out.PublishAsync($"RAW_{id}.csv", whole, default);
        await HostFixture.UntilAsync(() => !folders.Out.Contains($"RAW_{id}.csv"), "the repeated file is put away");
        (await Conservation.JournalAsync(hub.Host, Samples.Ziyang)).Count(r => r.MessageId == id).ShouldBe(1);
    }

    private Task SentAsync(string messageId) => HostFixture.UntilAsync(
        async () => (await Conservation.JournalAsync(hub.Host, Samples.Ziyang, EntryKind.Sent)).Any(r => r.MessageId == messageId), $"{messageId} is taken in");
}

/// <summary>
/// A host with its simulated cities for all tests of a class. When they are done, the samples are run on it: whatever
/// came before, every case must end as its list says, and nothing be lost.
/// </summary>
public sealed class RunningHub : IAsyncLifetime
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(30) };
    private readonly Dictionary<string, NativeMapping> mappings = [];

    internal HostFixture Fixture { get; private set; } = null!;

    internal Host.Roles.DataHubHost Host => Fixture.Host;

    public async ValueTask InitializeAsync()
    {
        Fixture = await HostFixture.WithSimulatorsAsync();
        foreach (var city in Host.Registry.Cities)
            mappings[city.Key] = NativeMapping.Load(RegistrySnapshot.FindSeeds(), city.Key, Host.Registry);
    }

    public NativeMapping Mapping(string city) => mappings[city];

    public NativeRecord Record(string city, IPayload payload, string messageId) =>
        mappings[city].ToNative(PayloadReader.TypeOf(payload), messageId, null, TimeProvider.System.GetUtcNow(), PayloadReader.Write(payload));

    public static NativeRecord Changed(NativeRecord record, string field, string value)
    {
        var changed = new NativeRecord();
        foreach (var (name, old) in record)
            changed.Add(name, name == field ? new NativeValue.Text(value) : old);
        changed.Text(field).ShouldBe(value);
        return changed;
    }

    /// <summary>Posts as the city's system would, with a signature made independently of the product's code.</summary>
    internal async Task<(int Status, string Text)> PostAsync(
        string city, string path, byte[] body, byte[]? signedBody = null, string? secret = null, bool unsigned = false, int clockSeconds = 0, string mediaType = "application/json")
    {
        var endpoint = Host.Cities[city].Endpoint;
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Host.Url, path)) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(mediaType, "utf-8");
        if (!unsigned)
        {
            var timestamp = TimeProvider.System.GetUtcNow().AddSeconds(clockSeconds).ToUnixTimeSeconds().ToString(System.Globalization.CultureInfo.InvariantCulture);
            request.Headers.Add("X-Api-Key", endpoint.ApiKey);
            request.Headers.Add("X-Timestamp", timestamp);
            request.Headers.Add("X-Signature", Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret ?? endpoint.Secret!), (byte[])[.. Encoding.UTF8.GetBytes(timestamp + "\n"), .. signedBody ?? body])));
        }

        using var response = await Http.SendAsync(request, TestContext.Current.CancellationToken);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            var runner = new DemoRunner(Host);
            var summary = await runner.RunAsync(new DemoPlan(0, 1, TimeProvider.System.GetUtcNow()), HostFixture.PlanEndsWithin, static _ => { }, CancellationToken.None);
            summary.Success.ShouldBeTrue(string.Join('\n', runner.Results.Where(r => r.Standing is CaseStanding.Open or CaseStanding.Unexpected).Select(r => $"{r.Case.CaseNumber} {r.Standing} {r.Why}")));
            await RefusalsStandAsync(runner.Results);
            await Conservation.SettledAsync(Host);
            await Conservation.HoldsAsync(Host);
            (await JournalVerifier.VerifyAsync(Host.Store, Host.Keys.Ring, CancellationToken.None)).ShouldAllBe(c => c.Faults.Count == 0);
        }
        finally
        {
            await Fixture.DisposeAsync();
        }
    }

    /// <summary>Every bad sample stands in a journal with the reason that its list names, in Chinese.</summary>
    private async Task RefusalsStandAsync(IReadOnlyList<CaseResult> results)
    {
        var refused = new List<JournalRow>();
        foreach (var node in Host.Registry.Cities.Select(c => c.Code).Append(Nodes.Hub))
            refused.AddRange(await Conservation.JournalAsync(Host, node, EntryKind.Refused));
        foreach (var r in results.Where(r => r.Standing == CaseStanding.Refused))
        {
            var code = ((DataHub.Simulators.Cases.Expectation.Refused)r.Case.Expected.Expectation).ReasonCode;
            refused.ShouldContain(row => row.Reasons!.Contains(code, StringComparison.Ordinal) && (row.MessageId.Length == 0 || row.MessageId.StartsWith(r.Case.CaseNumber, StringComparison.Ordinal)), $"{r.Case.CaseNumber} {code}");
        }

        refused.SelectMany(row => ReasonList.Read(row.Reasons!)).ShouldAllBe(reason => reason.Message.Any(c => c >= '\u4e00' && c <= '\u9fff'));
    }
}

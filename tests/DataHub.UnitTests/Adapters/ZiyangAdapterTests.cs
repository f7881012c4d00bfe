using System.Text;
using System.Text.Json.Nodes;
using DataHub.Adapters.Pipeline;
using DataHub.Adapters.Ziyang;
using DataHub.Contracts;
using DataHub.Core.Errors;
using DataHub.Core.Native;
using DataHub.Core.Native.Ziyang;
using DataHub.Simulators;
using DataHub.Simulators.Ziyang;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Adapters;

public sealed class ZiyangAdapterTests : IAsyncDisposable
{
    private readonly CityBench _bench = new("ziyang");
    private readonly ZiyangAdapter _adapter;
    private readonly ZiyangFrontEnd _city;
    private readonly ZiyangFolders _folders;

    public ZiyangAdapterTests()
    {
        _adapter = new ZiyangAdapter(_bench.Context(_bench.Root));
        _city = new ZiyangFrontEnd(_bench.Root, _bench.Mapping, CityBench.Poll, TimeProvider.System, NullLogger.Instance);
        _folders = new ZiyangFolders(_bench.Root, _bench.Mapping);
    }

    [Fact]
    public async Task A_submission_goes_through_out_and_its_exchange_id_comes_back_in_ack()
    {
        RunBoth();
        var sent = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => _city.SendAsync(CityBench.Submission($"ZY-{i}"), default)));
        sent.ShouldAllBe(outcome => outcome is PortOutcome.Accepted && ((PortOutcome.Accepted)outcome).ExchangeId == CityBench.Exchange);
        _bench.Intake.Taken.Count.ShouldBe(20);
        var data = JsonNode.Parse(_bench.Intake.Taken["ZY-7"].Data.Span)!;
        data["agent"]!["name"]!.GetValue<string>().ShouldBe("𠮷㛃䶮");
        data["materials"]![1]!["name"]!.GetValue<string>().ShouldBe("公司章程, 含“修正案”");
        await CityBench.Until(() => _folders.Ack.Ready().Count == 0);
        _folders.Out.Ready().ShouldBeEmpty();
        // Many messages share a file.
        Directory.GetFiles(_folders.Done.PathOf(""), "SB_*.csv").Count(file => !file.EndsWith(".ack.csv", StringComparison.Ordinal)).ShouldBeLessThan(20);
    }

    [Fact]
    public async Task A_delivery_returns_the_outcome_that_the_city_recorded_and_a_repetition_the_same()
    {
        RunBoth();
        var held = new DeliveryOutcome.Held(new HeldOutcome("approved", 900, "川510681-2026-000318"));
        (await _adapter.DeliverAsync(CityBench.Decision("D-1"), default)).ShouldBe(held);
        (await _adapter.DeliverAsync(CityBench.Decision("D-1"), default)).ShouldBe(held);
        JsonNode.Parse(_bench.Handled["D-1"])!["amountFen"]!.GetValue<long>().ShouldBe(900);
    }

    [Fact]
    public async Task A_refusal_by_the_hub_reaches_the_city_with_its_reasons()
    {
        RunBoth();
        var reasons = new[] { Reasons.Of(ReasonCodes.NoAgreement, "$"), Reasons.Of(ReasonCodes.UnknownItem, "$.itemCode", "x") };
        (await _adapter.NotifyRefusalAsync(new RefusalNotice("ZY-1", MessageTypes.ServiceSubmission, CityBench.Exchange, reasons), default))
            .ShouldBe(new DeliveryOutcome.Held(null));
        _bench.Refusals["ZY-1"].ShouldBe(reasons);
    }

    [Fact]
    public async Task A_city_that_is_down_is_waited_for_and_its_late_answer_is_kept()
    {
        _bench.Down = true;
        RunBoth();
        using var impatient = new CancellationTokenSource();
        var first = _adapter.DeliverAsync(CityBench.Decision("D-1"), impatient.Token);
        await CityBench.Until(() => _bench.Told > 0);
        await impatient.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(first);
        _bench.Down = false;
        await CityBench.Until(() => Directory.GetFiles(_folders.Done.PathOf(""), "JS_*.ack.csv").Length == 1);
        (await _adapter.DeliverAsync(CityBench.Decision("D-1"), default)).ShouldBeOfType<DeliveryOutcome.Held>();
        Directory.GetFiles(_folders.Done.PathOf(""), "JS_*.ack.csv").Length.ShouldBe(1);
    }

    [Fact]
    public async Task A_file_without_its_marker_waits()
    {
        _bench.Run(_adapter.RunAsync);
        var whole = File1("ZY-1");
        await _folders.Out.WriteAsync("A.csv", whole.AsMemory(0, whole.Length / 2), default);
        await _folders.Out.PublishAsync("B.csv", File1("ZY-2"), default);
        await CityBench.Until(() => _folders.Done.Contains("B.csv"));
        _folders.Out.Contains("A.csv").ShouldBeTrue();
        _bench.Intake.Refused.ShouldBeEmpty();
        await _folders.Out.PublishAsync("A.csv", whole, default);
        await CityBench.Until(() => _folders.Done.Contains("A.csv"));
        _bench.Intake.Taken.Keys.ShouldBe(["ZY-2", "ZY-1"]);
    }

    [Fact]
    public async Task A_file_that_comes_twice_is_recognised_by_its_rows_and_answered_alike()
    {
        _bench.Run(_adapter.RunAsync);
        await _folders.Out.PublishAsync("A.csv", File1("ZY-1"), default);
        var ack = ZiyangFolders.AckName("A.csv", File1("ZY-1"));
        await CityBench.Until(() => _folders.Ack.Contains(ack) && !_folders.Out.Contains("A.csv"));
        (await AckAsync("A.csv", File1("ZY-1"))).ShouldBe([(SubmitResult.Accepted, CityBench.Exchange)]);

        // As after a crash between taking in and moving the file away.
        await _folders.Out.PublishAsync("A.csv", File1("ZY-1"), default);
        await CityBench.Until(() => _bench.Intake.Duplicates == 1 && !_folders.Out.Contains("A.csv"));
        (await AckAsync("A.csv", File1("ZY-1"))).ShouldBe([(SubmitResult.Duplicate, CityBench.Exchange)]);

        await _folders.Out.PublishAsync("A.csv", File1("ZY-2"), default);
        await CityBench.Until(() => !_folders.Out.Contains("A.csv"));
        (await AckAsync("A.csv", File1("ZY-2"))).ShouldBe([(SubmitResult.Accepted, CityBench.Exchange)]);
        Directory.GetFiles(_folders.Done.PathOf(""), "A*.csv").Length.ShouldBe(2);
    }

    [Fact]
    public async Task A_file_with_a_wrong_trailer_is_refused_whole_journalled_and_set_aside()
    {
        _bench.Run(_adapter.RunAsync);
        var text = Gb18030.Decode(File1("ZY-1"))!;
        var wrong = Gb18030.Strict.GetBytes(text.Replace("合计,1,", "合计,2,", StringComparison.Ordinal));
        await _folders.Out.PublishAsync("A.csv", wrong, default);
        await CityBench.Until(() => _folders.Bad.Contains("A.csv"));
        _bench.Intake.Taken.ShouldBeEmpty();
        _bench.Intake.Refused.Single().Reasons.Single().Code.ShouldBe(ReasonCodes.CsvTrailerCountDiffers);
        Gb18030.Decode(await File.ReadAllBytesAsync(_folders.Bad.PathOf("A.csv.reason.txt")))!.ShouldContain(ReasonCodes.CsvTrailerCountDiffers);
        (await AckAsync("A.csv", wrong)).ShouldBe([(SubmitResult.Refused, null)]);
    }

    [Fact]
    public async Task A_row_with_an_unmapped_code_is_refused_alone()
    {
        _bench.Run(_adapter.RunAsync);
        var bad = Changed(_bench.Record(CityBench.Submission("ZY-2")), "事项编码", "没有的事项");
        var file = _folders.MessageFormat.Write([_bench.Record(CityBench.Submission("ZY-1")), bad, _bench.Record(CityBench.Submission("ZY-3"))]);
        await _folders.Out.PublishAsync("A.csv", file, default);
        await CityBench.Until(() => _folders.Done.Contains("A.csv"));
        (await AckAsync("A.csv", file)).Select(ack => ack.Result).ShouldBe([SubmitResult.Accepted, SubmitResult.Refused, SubmitResult.Accepted]);
        var refused = _bench.Intake.Refused.Single();
        refused.MessageId.ShouldBe("ZY-2");
        refused.Reasons.Single().Code.ShouldBe(ReasonCodes.UnmappedCode);
        refused.Reasons.Single().Message.ShouldContain("没有的事项");
    }

    [Fact]
    public async Task A_busy_node_is_waited_for()
    {
        _bench.Intake.BusyTimes = 5;
        _bench.Run(_adapter.RunAsync);
        await _folders.Out.PublishAsync("A.csv", File1("ZY-1"), default);
        await CityBench.Until(() => _folders.Done.Contains("A.csv"));
        (await AckAsync("A.csv", File1("ZY-1"))).ShouldBe([(SubmitResult.Accepted, CityBench.Exchange)]);
    }

    [Fact]
    public async Task A_sample_is_handed_over_byte_for_byte()
    {
        RunBoth();
        var sample = Encoding.UTF8.GetBytes("行号,流水号\r\n1,\xff\r\n");
        var refused = (await _city.SendRawAsync("ZY-1-01", sample.AsMemory()[..^3], default)).ShouldBeOfType<PortOutcome.Refused>();
        refused.Reasons.ShouldNotBeEmpty();
    }

    public async ValueTask DisposeAsync()
    {
        await _bench.DisposeAsync();
        _adapter.Dispose();
    }

    private void RunBoth()
    {
        _bench.Run(_adapter.RunAsync);
        _bench.Run(token => _city.RunAsync(_bench.Handlers, token));
    }

    private byte[] File1(string messageId) => _folders.MessageFormat.Write([_bench.Record(CityBench.Submission(messageId))]);

    private async Task<List<(SubmitResult Result, string? ExchangeId)>> AckAsync(string name, byte[] content)
    {
        var ack = await File.ReadAllBytesAsync(_folders.Ack.PathOf(ZiyangFolders.AckName(name, content)));
        return [.. _folders.SubmitAckFormat.Read(ack).ShouldBeOfType<ZiyangReadOutcome.Ok>().Rows
            .Select(row => _bench.Mapping.Acks.SubmitFromNative(row.Record!, out _)!)
            .Select(found => (found.Result, found.ExchangeId))];
    }

    private static NativeRecord Changed(NativeRecord record, string field, string value)
    {
        var changed = new NativeRecord();
        foreach (var (name, old) in record)
            changed.Add(name, name == field ? new NativeValue.Text(value) : old);
        return changed;
    }
}

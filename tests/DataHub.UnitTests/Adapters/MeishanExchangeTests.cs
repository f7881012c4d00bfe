using System.Text;
using System.Text.Json.Nodes;
using DataHub.Adapters.Meishan;
using DataHub.Adapters.Pipeline;
using DataHub.Contracts;
using DataHub.Core.Errors;
using DataHub.Core.Native;
using DataHub.Core.Native.Meishan;
using DataHub.Simulators;
using DataHub.Simulators.Meishan;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Adapters;

/// <summary>What Meishan's adapter and its city's system make of the exchange database, the same in every database it can be in.</summary>
public abstract class MeishanExchangeTests : IAsyncLifetime
{
    private MeishanFrontEnd _city = null!;

    /// <summary>Where a database of this test alone is; <paramref name="folder"/> ends with the test.</summary>
    protected abstract Task<CityEndpoint> DatabaseAsync(string folder);

    /// <summary>Runs a statement as the city's own system could, and gives the first number of its first row.</summary>
    protected abstract long? Run(string sql);

    private protected CityBench Bench { get; private set; } = null!;

    protected MeishanAdapter Adapter { get; private set; } = null!;

    protected IMeishanTables Tables { get; private set; } = null!;

    protected NativeMapping Mapping => Bench.Mapping;

    protected CityEndpoint Database { get; private set; } = null!;

    protected IMeishanTables Open() => MeishanTables.Open(Database.Path, Database.ConnectionString, Mapping);

    public async ValueTask InitializeAsync()
    {
        Bench = new CityBench("meishan");
        Database = await DatabaseAsync(Bench.Root);
        Adapter = new MeishanAdapter(Context());
        _city = new MeishanFrontEnd(Open(), Mapping, CityBench.Poll, TimeProvider.System, NullLogger.Instance);
        Tables = Open();
        (await Tables.ReadNewAsync(Tables.Tables.Send, 1, default)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_submission_is_taken_from_the_table_with_its_details_and_answered_there()
    {
        RunBoth();
        var sent = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => _city.SendAsync(CityBench.Submission($"MS-{i}"), default)));
        sent.ShouldAllBe(outcome => outcome is PortOutcome.Accepted && ((PortOutcome.Accepted)outcome).ExchangeId == CityBench.Exchange);
        var data = JsonNode.Parse(Bench.Intake.Taken["MS-7"].Data.Span)!;
        data["agent"]!["name"]!.GetValue<string>().ShouldBe("𠮷㛃䶮");
        data["materials"]!.AsArray().Count.ShouldBe(4);
        data["form"]!["registeredCapital"]!.GetValue<string>().ShouldBe("500");
        Encoding.UTF8.GetString(Bench.Intake.Taken["MS-7"].Native.Span).ShouldContain("MATERIAL[2].MAT_NAME=公司章程, 含“修正案”\n");
        Run("SELECT count(*) FROM T_SEND WHERE STATUS = 1").ShouldBe(50);

        // The city asks again as after a crash of its own: the same row, the same answer.
        (await _city.SendAsync(CityBench.Submission("MS-7"), default)).ShouldBe(new PortOutcome.Accepted(CityBench.Exchange));
        Run("SELECT count(*) FROM T_SEND").ShouldBe(50);
    }

    [Fact]
    public async Task A_row_that_a_crash_left_new_is_taken_in_again_as_a_repetition()
    {
        Bench.Run(Adapter.RunAsync);
        await WriteAsync("MS-1");
        await CityBench.Until(() => Run("SELECT STATUS FROM T_SEND") == MeishanTable.Done);
        Run("BEGIN; DELETE FROM T_SEND_ACK; UPDATE T_SEND SET STATUS = 0; COMMIT");
        await CityBench.Until(() => Run("SELECT STATUS FROM T_SEND") == MeishanTable.Done);
        Bench.Intake.Duplicates.ShouldBe(1);
        var ack = (await Tables.ReadByKeyAsync(Tables.Tables.SendAck, ["1"], default)).Single();
        Bench.Mapping.Acks.SubmitFromNative(ack.Record!, out _)!.Result.ShouldBe(SubmitResult.Duplicate);
    }

    [Fact]
    public async Task A_row_with_an_unmapped_code_is_refused_alone_and_says_why()
    {
        await WriteAsync("MS-1");
        Run("UPDATE T_SEND SET APP_SEX = 'X' WHERE SERIAL_NO = 'MS-1'");
        RunBoth();
        var good = await _city.SendAsync(CityBench.Submission("MS-2"), default);
        good.ShouldBeOfType<PortOutcome.Accepted>();
        var refused = (await _city.SendAsync(CityBench.Submission("MS-1"), default)).ShouldBeOfType<PortOutcome.Refused>();
        refused.Reasons.Single().Code.ShouldBe(ReasonCodes.UnmappedCode);
        Bench.Intake.Refused.Single().MessageId.ShouldBe("MS-1");
        Run("SELECT STATUS FROM T_SEND WHERE SERIAL_NO = 'MS-1'").ShouldBe(MeishanTable.Refused);
    }

    [Fact]
    public async Task A_row_whose_details_are_not_as_many_as_it_states_is_refused()
    {
        await WriteAsync("MS-1");
        Run("DELETE FROM T_SEND_MX WHERE LIST_NAME = 'MATERIAL' AND ROW_NO = 4");
        Bench.Run(Adapter.RunAsync);
        await CityBench.Until(() => Run("SELECT STATUS FROM T_SEND") == MeishanTable.Refused);
        Bench.Intake.Refused.Single().Reasons.Single().ShouldSatisfyAllConditions(
            reason => reason.Code.ShouldBe(ReasonCodes.NativeValueInvalid), reason => reason.Path.ShouldBe("MATERIAL"));
    }

    [Fact]
    public async Task A_delivery_returns_the_outcome_that_the_city_recorded_and_a_repetition_writes_no_second_row()
    {
        RunBoth();
        var held = new DeliveryOutcome.Held(new HeldOutcome("approved", 900, "川510681-2026-000318"));
        (await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Adapter.DeliverAsync(CityBench.Decision($"D-{i}"), default)))).ShouldAllBe(outcome => outcome == held);
        (await Adapter.DeliverAsync(CityBench.Decision("D-1"), default)).ShouldBe(held);
        Run("SELECT count(*) FROM T_RECV").ShouldBe(50);
        Bench.Told.ShouldBe(50);
        Run("SELECT CAST(AMOUNT AS bigint) FROM T_RECV WHERE SERIAL_NO = 'D-1'").ShouldBe(900);
    }

    [Fact]
    public async Task A_message_that_the_city_refused_is_a_new_row_when_it_is_delivered_again()
    {
        Bench.Run(Adapter.RunAsync);
        var first = Adapter.DeliverAsync(CityBench.Decision("D-1"), default);
        await CityBench.Until(() => Run("SELECT count(*) FROM T_RECV") == 1);
        var row = (await Tables.ReadNewAsync(Tables.Tables.Receive, 1, default)).Single();
        await Tables.AnswerAsync(Tables.Tables.Receive, Tables.Tables.ReceiveAck,
            [new MeishanAnswer(row.Id, MeishanTable.Refused, new MeishanEntry(row.Key!, Mapping.Acks.ToNative(new HeldAck("D-1", HeldResult.Rejected, null))))], default);
        (await first).ShouldBeOfType<DeliveryOutcome.Rejected>();

        // What was wrong at the city is mended.
        Bench.Run(token => _city.RunAsync(Bench.Handlers, token));
        (await Adapter.DeliverAsync(CityBench.Decision("D-1"), default)).ShouldBeOfType<DeliveryOutcome.Held>();
        Run("SELECT count(*) FROM T_RECV WHERE STATUS = 1").ShouldBe(1);
        Run($"SELECT STATUS FROM T_RECV WHERE ROW_KEY = '{row.Key}/refused-{row.Id}'").ShouldBe(MeishanTable.Refused);
        Run($"SELECT count(*) FROM T_RECV_ACK WHERE ROW_KEY LIKE '{row.Key}/refused-%'").ShouldBe(1);
    }

    [Theory]
    [InlineData("UPDATE T_SEND SET REMARK = '{long}' WHERE ROW_KEY = 'MS-1'", 20_000)]
    [InlineData("UPDATE T_SEND_MX SET COL_VALUE = '{long}' WHERE OWNER_ID = 1", 256 * 1024)]
    [InlineData("WITH RECURSIVE n (i) AS (SELECT 5 UNION ALL SELECT i + 1 FROM n WHERE i < 6000) INSERT INTO T_SEND_MX (OWNER_ID, LIST_NAME, ROW_NO, COL_NAME, COL_VALUE) SELECT 1, 'MATERIAL', i, 'MAT_NAME', '' FROM n", 256 * 1024)]
    public async Task A_row_that_is_too_large_is_refused_with_its_beginning_and_holds_up_no_other(string grow, int kept)
    {
        await WriteAsync("MS-1");
        await WriteAsync("MS-2");
        Run(grow.Replace("{long}", new string('字', 1_000_000), StringComparison.Ordinal));

        var rows = await Tables.ReadNewAsync(Tables.Tables.Send, 10, default);
        (rows[0].Record, rows[0].Reasons.Single().Code, rows[0].Native.Length <= kept).ShouldBe((null, ReasonCodes.TooLarge, true));
        Encoding.UTF8.GetString(rows[0].Native.Span).ShouldContain("SERIAL_NO=MS-1\n");
        rows[1].Record.ShouldNotBeNull();

        Bench.Run(Adapter.RunAsync);
        await CityBench.Until(() => Run("SELECT count(*) FROM T_SEND WHERE STATUS = 0") == 0);
        Run("SELECT STATUS FROM T_SEND WHERE ROW_KEY = 'MS-1'").ShouldBe(MeishanTable.Refused);
        Bench.Intake.Taken.ShouldContainKey("MS-2");
    }

    [Fact]
    public async Task A_city_that_is_down_leaves_the_row_and_answers_when_it_is_back()
    {
        Bench.Down = true;
        RunBoth();
        using var impatient = new CancellationTokenSource();
        var first = Adapter.DeliverAsync(CityBench.Decision("D-1"), impatient.Token);
        await CityBench.Until(() => Bench.Told > 0);
        await impatient.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(first);
        Bench.Down = false;
        (await Adapter.DeliverAsync(CityBench.Decision("D-1"), default)).ShouldBeOfType<DeliveryOutcome.Held>();
        Run("SELECT count(*) FROM T_RECV").ShouldBe(1);
    }

    [Fact]
    public async Task Nobody_at_theTables_is_a_transient_fault()
    {
        Bench.Run(Adapter.RunAsync);
        var context = Context();
        using var hasty = new MeishanAdapter(context with
        {
            Endpoint = context.Endpoint with { Resilience = context.Endpoint.Resilience with { AttemptTimeout = TimeSpan.FromMilliseconds(50) } },
        });
        (await hasty.DeliverAsync(CityBench.Decision("D-1"), default)).ShouldBeOfType<DeliveryOutcome.Transient>();
    }

    [Fact]
    public async Task A_refusal_by_the_hub_reaches_the_city_with_its_reasons()
    {
        RunBoth();
        var reasons = new[] { Reasons.Of(ReasonCodes.NoAgreement, "$"), Reasons.Of(ReasonCodes.UnknownItem, "$.itemCode", "x") };
        (await Adapter.NotifyRefusalAsync(new RefusalNotice("MS-1", MessageTypes.ServiceSubmission, CityBench.Exchange, reasons), default))
            .ShouldBe(new DeliveryOutcome.Held(null));
        Bench.Refusals["MS-1"].ShouldBe(reasons);
    }

    [Fact]
    public async Task A_sample_in_the_form_of_the_evidence_is_sent_as_a_row()
    {
        RunBoth();
        await _city.SendAsync(CityBench.Submission("MS-1"), default);
        var sample = Encoding.UTF8.GetString(Bench.Intake.Taken["MS-1"].Native.Span).Replace("SERIAL_NO=MS-1", "SERIAL_NO=MS-2", StringComparison.Ordinal);
        (await _city.SendRawAsync("MS-1-01", Encoding.UTF8.GetBytes(sample), default)).ShouldBeOfType<PortOutcome.Accepted>();
        Bench.Intake.Taken["MS-2"].Data.ToArray().ShouldBe(Bench.Intake.Taken["MS-1"].Data.ToArray());
    }

    [Fact]
    public async Task A_row_without_a_key_is_taken_in_as_any_other()
    {
        await WriteAsync("MS-1");
        Run("UPDATE T_SEND SET ROW_KEY = NULL");
        Bench.Run(Adapter.RunAsync);
        await CityBench.Until(() => Run("SELECT STATUS FROM T_SEND") == MeishanTable.Done);
        Bench.Intake.Taken.ShouldContainKey("MS-1");
    }

    [Fact]
    public async Task A_key_that_comes_twice_in_one_write_makes_one_row_with_its_details_once()
    {
        var record = Bench.Record(CityBench.Submission("MS-1"));
        var ids = await Tables.InsertAsync(Tables.Tables.Send, [new MeishanEntry("MS-1", record), new MeishanEntry("MS-1", record)], default);
        Run("SELECT count(*) FROM T_SEND").ShouldBe(1);
        ids["MS-1"].ShouldBe(Run("SELECT ID FROM T_SEND")!.Value);
        (await Tables.ReadNewAsync(Tables.Tables.Send, 10, default)).Single().Record.ShouldNotBeNull().Records("MATERIAL").Count.ShouldBe(4);
    }

    [Fact]
    public async Task Rows_are_read_oldest_first_and_no_more_than_asked_for()
    {
        for (var i = 1; i <= 5; i++)
            await WriteAsync($"MS-{i}");
        (await Tables.ReadNewAsync(Tables.Tables.Send, 3, default)).Select(row => row.Key).ShouldBe(["MS-1", "MS-2", "MS-3"]);
    }

    [Fact]
    public async Task A_number_that_the_city_wrote_wrongly_is_refused_with_a_reason()
    {
        await WriteAsync("MS-1");
        Run("UPDATE T_SEND SET BIZ_TYPE = 'x', AMOUNT = 'nine hundred'");
        Bench.Run(Adapter.RunAsync);
        await CityBench.Until(() => Run("SELECT STATUS FROM T_SEND") == MeishanTable.Refused);
        Encoding.UTF8.GetString((await Tables.ReadByKeyAsync(Tables.Tables.Send, ["MS-1"], default)).Single().Native.Span).ShouldContain("AMOUNT=nine hundred");
    }

    [Fact]
    public async Task A_text_that_no_table_can_hold_is_rejected_and_holds_up_no_other()
    {
        RunBoth();
        var bad = CityBench.Decision("D-1");
        bad = bad with { Data = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(bad.Data.Span).Replace("川", "\\u0000", StringComparison.Ordinal)) };
        var both = await Task.WhenAll(Adapter.DeliverAsync(bad, default), Adapter.DeliverAsync(CityBench.Decision("D-2"), default));
        both[0].ShouldBeOfType<DeliveryOutcome.Rejected>();
        both[1].ShouldBeOfType<DeliveryOutcome.Held>();
    }

    [Fact]
    public async Task A_database_made_before_the_mapping_table_grew_gets_the_new_columns()
    {
        await WriteAsync("MS-1");
        Run("ALTER TABLE T_SEND DROP COLUMN REMIND_TEXT");
        using var later = Open();
        (await later.ReadNewAsync(later.Tables.Send, 10, default)).Single().Key.ShouldBe("MS-1");
        Run("SELECT count(*) FROM T_SEND WHERE REMIND_TEXT IS NULL").ShouldBe(1);
    }

    public virtual async ValueTask DisposeAsync()
    {
        await Bench.StopAsync();
        Adapter.Dispose();
        _city.Dispose();
        Tables.Dispose();
        await Bench.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected void RunBoth()
    {
        Bench.Run(Adapter.RunAsync);
        Bench.Run(token => _city.RunAsync(Bench.Handlers, token));
    }

    private CityAdapterContext Context()
    {
        var context = Bench.Context("");
        return context with { Endpoint = context.Endpoint with { Path = Database.Path, ConnectionString = Database.ConnectionString } };
    }

    private Task WriteAsync(string messageId) =>
        Tables.InsertAsync(Tables.Tables.Send, [new MeishanEntry(messageId, Bench.Record(CityBench.Submission(messageId)))], default);
}

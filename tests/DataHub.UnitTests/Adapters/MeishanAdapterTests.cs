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
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Adapters;

public sealed class MeishanAdapterTests : IAsyncDisposable
{
    private readonly CityBench _bench = new("meishan");
    private readonly MeishanAdapter _adapter;
    private readonly MeishanFrontEnd _city;
    private readonly MeishanDatabase _database;
    private readonly string _path;

    public MeishanAdapterTests()
    {
        _path = Path.Combine(_bench.Root, "exchange.db");
        _adapter = new MeishanAdapter(_bench.Context(_path));
        _city = new MeishanFrontEnd(_path, _bench.Mapping, CityBench.Poll, TimeProvider.System, NullLogger.Instance);
        _database = new MeishanDatabase(_path, _bench.Mapping);
    }

    [Fact]
    public async Task A_submission_is_taken_from_the_table_with_its_details_and_answered_there()
    {
        RunBoth();
        var sent = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => _city.SendAsync(CityBench.Submission($"MS-{i}"), default)));
        sent.ShouldAllBe(outcome => outcome is PortOutcome.Accepted && ((PortOutcome.Accepted)outcome).ExchangeId == CityBench.Exchange);
        var data = JsonNode.Parse(_bench.Intake.Taken["MS-7"].Data.Span)!;
        data["agent"]!["name"]!.GetValue<string>().ShouldBe("𠮷㛃䶮");
        data["materials"]!.AsArray().Count.ShouldBe(4);
        data["form"]!["registeredCapital"]!.GetValue<string>().ShouldBe("500");
        Encoding.UTF8.GetString(_bench.Intake.Taken["MS-7"].Native.Span).ShouldContain("MATERIAL[2].MAT_NAME=公司章程, 含“修正案”\n");
        Scalar("SELECT count(*) FROM T_SEND WHERE STATUS = 1").ShouldBe(50);

        // The city asks again as after a crash of its own: the same row, the same answer.
        (await _city.SendAsync(CityBench.Submission("MS-7"), default)).ShouldBe(new PortOutcome.Accepted(CityBench.Exchange));
        Scalar("SELECT count(*) FROM T_SEND").ShouldBe(50);
    }

    [Fact]
    public async Task A_row_that_a_crash_left_new_is_taken_in_again_as_a_repetition()
    {
        _bench.Run(_adapter.RunAsync);
        _database.Write(connection => _database.Send.Insert(connection, _bench.Record(CityBench.Submission("MS-1")), "MS-1"));
        await CityBench.Until(() => Scalar("SELECT STATUS FROM T_SEND") == MeishanTable.Done);
        Execute("BEGIN IMMEDIATE; DELETE FROM T_SEND_ACK; UPDATE T_SEND SET STATUS = 0; COMMIT");
        await CityBench.Until(() => Scalar("SELECT STATUS FROM T_SEND") == MeishanTable.Done);
        _bench.Intake.Duplicates.ShouldBe(1);
        var ack = _database.Read(connection => _database.SendAck.ReadByKey(connection, ["1"])).Single();
        _bench.Mapping.Acks.SubmitFromNative(ack.Record!, out _)!.Result.ShouldBe(SubmitResult.Duplicate);
    }

    [Fact]
    public async Task A_row_with_an_unmapped_code_is_refused_alone_and_says_why()
    {
        RunBoth();
        _database.Write(connection =>
        {
            _database.Send.Insert(connection, _bench.Record(CityBench.Submission("MS-1")), "MS-1");
            Execute(connection, "UPDATE T_SEND SET APP_SEX = 'X' WHERE SERIAL_NO = 'MS-1'");
        });
        var good = await _city.SendAsync(CityBench.Submission("MS-2"), default);
        good.ShouldBeOfType<PortOutcome.Accepted>();
        var refused = (await _city.SendAsync(CityBench.Submission("MS-1"), default)).ShouldBeOfType<PortOutcome.Refused>();
        refused.Reasons.Single().Code.ShouldBe(ReasonCodes.UnmappedCode);
        _bench.Intake.Refused.Single().MessageId.ShouldBe("MS-1");
        Scalar("SELECT STATUS FROM T_SEND WHERE SERIAL_NO = 'MS-1'").ShouldBe(MeishanTable.Refused);
    }

    [Fact]
    public async Task A_row_whose_details_are_not_as_many_as_it_states_is_refused()
    {
        _database.Write(connection =>
        {
            _database.Send.Insert(connection, _bench.Record(CityBench.Submission("MS-1")), null);
            Execute(connection, "DELETE FROM T_SEND_MX WHERE LIST_NAME = 'MATERIAL' AND ROW_NO = 4");
        });
        _bench.Run(_adapter.RunAsync);
        await CityBench.Until(() => Scalar("SELECT STATUS FROM T_SEND") == MeishanTable.Refused);
        _bench.Intake.Refused.Single().Reasons.Single().ShouldSatisfyAllConditions(
            reason => reason.Code.ShouldBe(ReasonCodes.NativeValueInvalid), reason => reason.Path.ShouldBe("MATERIAL"));
    }

    [Fact]
    public async Task A_delivery_returns_the_outcome_that_the_city_recorded_and_a_repetition_writes_no_second_row()
    {
        RunBoth();
        var held = new DeliveryOutcome.Held(new HeldOutcome("approved", 900, "川510681-2026-000318"));
        (await Task.WhenAll(Enumerable.Range(0, 50).Select(i => _adapter.DeliverAsync(CityBench.Decision($"D-{i}"), default)))).ShouldAllBe(outcome => outcome == held);
        (await _adapter.DeliverAsync(CityBench.Decision("D-1"), default)).ShouldBe(held);
        Scalar("SELECT count(*) FROM T_RECV").ShouldBe(50);
        _bench.Told.ShouldBe(50);
        Scalar("SELECT AMOUNT FROM T_RECV WHERE SERIAL_NO = 'D-1'").ShouldBe(900);
    }

    [Fact]
    public async Task A_city_that_is_down_leaves_the_row_and_answers_when_it_is_back()
    {
        _bench.Down = true;
        RunBoth();
        using var impatient = new CancellationTokenSource();
        var first = _adapter.DeliverAsync(CityBench.Decision("D-1"), impatient.Token);
        await CityBench.Until(() => _bench.Told > 0);
        await impatient.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(first);
        _bench.Down = false;
        (await _adapter.DeliverAsync(CityBench.Decision("D-1"), default)).ShouldBeOfType<DeliveryOutcome.Held>();
        Scalar("SELECT count(*) FROM T_RECV").ShouldBe(1);
    }

    [Fact]
    public async Task Nobody_at_the_tables_is_a_transient_fault()
    {
        _bench.Run(_adapter.RunAsync);
        var context = _bench.Context(_path);
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
        (await _adapter.NotifyRefusalAsync(new RefusalNotice("MS-1", MessageTypes.ServiceSubmission, CityBench.Exchange, reasons), default))
            .ShouldBe(new DeliveryOutcome.Held(null));
        _bench.Refusals["MS-1"].ShouldBe(reasons);
    }

    [Fact]
    public async Task A_sample_in_the_form_of_the_evidence_is_sent_as_a_row()
    {
        RunBoth();
        await _city.SendAsync(CityBench.Submission("MS-1"), default);
        var sample = Encoding.UTF8.GetString(_bench.Intake.Taken["MS-1"].Native.Span).Replace("SERIAL_NO=MS-1", "SERIAL_NO=MS-2", StringComparison.Ordinal);
        (await _city.SendRawAsync("MS-1-01", Encoding.UTF8.GetBytes(sample), default)).ShouldBeOfType<PortOutcome.Accepted>();
        _bench.Intake.Taken["MS-2"].Data.ToArray().ShouldBe(_bench.Intake.Taken["MS-1"].Data.ToArray());
    }

    [Fact]
    public void The_committed_definition_of_the_tables_is_the_one_in_use() => Repository.ShouldMatchSnapshot(
        MeishanDatabase.Ddl(_bench.Mapping), "Meishan's team must be told of new columns.", "contracts", "native", "meishan.sql");

    public async ValueTask DisposeAsync()
    {
        await _bench.StopAsync();
        _adapter.Dispose();
        _city.Dispose();
        _database.Dispose();
        await _bench.DisposeAsync();
    }

    private void RunBoth()
    {
        _bench.Run(_adapter.RunAsync);
        _bench.Run(token => _city.RunAsync(_bench.Handlers, token));
    }

    private long Scalar(string sql) => _database.Read(connection =>
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    });

    private void Execute(string sql) => _database.Read(connection =>
    {
        Execute(connection, sql);
        return 0;
    });

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}

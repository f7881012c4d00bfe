using System.Collections.Concurrent;
using System.Diagnostics;
using DataHub.Contracts;
using DataHub.Core.Telemetry;
using DataHub.FlowTests.Api;
using DataHub.Host.Api;
using DataHub.UnitTests.Flows;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Telemetry;

/// <summary>Tests that listen to the whole process: hosts of other tests give exchanges the same numbers, so these run alone.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ListeningTests
{
    public const string Name = "listening to the process";
}

/// <summary>One trace per exchange, whoever works on it.</summary>
[Collection(ListeningTests.Name)]
public sealed class TraceTests : IDisposable
{
    private readonly ConcurrentQueue<Activity> spans = new();
    private readonly ActivityListener listener;

    public TraceTests()
    {
        listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == Signals.Name,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
    }

    public void Dispose() => listener.Dispose();

    [Fact]
    public async Task An_exchange_is_one_trace_from_the_first_native_request_to_the_reconciled_outcome()
    {
        await using var fixture = await HostFixture.WithPlayedCitiesAsync();
        var id = await new Journey(fixture).GoodCaseAsync();
        await HostFixture.UntilAsync(() => Of(id).Any(s => s.OperationName == ExchangeTrace.Reconcile), "the reconciliation is traced");

        Of(id).ShouldAllBe(s => s.TraceId == ExchangeTrace.IdOf(id) && s.ParentSpanId == ExchangeTrace.ContextOf(id).SpanId);
        spans.Where(s => s.TraceId == ExchangeTrace.IdOf(id)).ShouldAllBe(s => Equals(s.GetTagItem("datahub.exchange.id"), id));
        string[] sides = [Samples.Chengdu, Samples.Deyang];
        foreach (var (name, nodes) in new[] { (ExchangeTrace.TakeIn, sides), (ExchangeTrace.Deliver, sides), (ExchangeTrace.Report, sides), (ExchangeTrace.Decide, [Nodes.Hub]), (ExchangeTrace.Whole, [Nodes.Hub]) })
            Of(id).Where(s => s.OperationName == name).Select(s => (string?)s.GetTagItem("datahub.node")).Distinct().Order(StringComparer.Ordinal).ShouldBe(nodes, ignoreOrder: false, name);
        foreach (var type in new[] { MessageTypes.ServiceSubmission, MessageTypes.ServiceAcceptance, MessageTypes.ServiceDecision, MessageTypes.ServiceDelivery })
        {
            foreach (var name in new[] { ExchangeTrace.TakeIn, ExchangeTrace.Decide, ExchangeTrace.Deliver })
                Of(id).Count(s => s.OperationName == name && Equals(s.GetTagItem("datahub.message.type"), type)).ShouldBe(1, $"{name} {type}");
        }

        Of(id).ShouldAllBe(s => s.Duration >= TimeSpan.Zero && s.Status != ActivityStatusCode.Error);
    }

    [Fact]
    public async Task A_refused_message_is_a_span_of_its_exchange_with_the_codes()
    {
        await using var fixture = await HostFixture.WithPlayedCitiesAsync();
        var journey = new Journey(fixture).HonestCities();
        var id = await journey.OpenAsync(Samples.Chengdu, Cases.Submission(fixture.Host.Registry));
        await journey.RefusedStepAsync(Samples.Deyang, id, Samples.Approval, ReasonCodes.NotInstant);

        var refused = Of(id).Where(s => s.OperationName == ExchangeTrace.Decide && s.Status == ActivityStatusCode.Error).ShouldHaveSingleItem();
        refused.GetTagItem("datahub.result").ShouldBe("refused");
        refused.GetTagItem("datahub.reasons").ShouldBe(ReasonCodes.NotInstant);
    }

    [Fact]
    public async Task The_trace_of_a_caller_is_linked()
    {
        await using var fixture = await HostFixture.WithPlayedCitiesAsync();
        using var client = new ApiClient(fixture.Client(), ApiKeys.Create(fixture.ApiKeysFile, Samples.Chengdu));
        var caller = new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded);
        client.Http.DefaultRequestHeaders.Add("traceparent", $"00-{caller.TraceId}-{caller.SpanId}-01");
        var id = await client.OpenAsync();

        var link = Of(id).Single(s => s.OperationName == ExchangeTrace.TakeIn).Links.ShouldHaveSingleItem();
        (link.Context.TraceId, link.Context.SpanId).ShouldBe((caller.TraceId, caller.SpanId));
    }

    [Fact]
    public void Every_process_derives_the_same_ids_and_exchanges_never_share_them()
    {
        var context = ExchangeTrace.ContextOf("510100-20261122-0000000001");
        context.TraceId.ToHexString().ShouldBe("8223ea7a9c0ccb39f48a1df9ce9e2c18");
        context.SpanId.ToHexString().ShouldBe("9adfb3bf94905b19");
        context.IsRemote.ShouldBeFalse();
        ExchangeTrace.IdOf("510100-20261122-0000000002").ShouldNotBe(context.TraceId);
    }

    [Fact]
    public void What_belongs_to_no_exchange_makes_no_span()
    {
        ExchangeTrace.Start(ExchangeTrace.Decide, ActivityKind.Consumer, new TracedMessage(Nodes.Hub, Samples.Chengdu, Nodes.NoExchange, "m", MessageTypes.HolderReport)).ShouldBeNull();
        ExchangeTrace.Start(ExchangeTrace.Decide, ActivityKind.Consumer, new TracedMessage(Nodes.Hub, Samples.Chengdu, "", "m", MessageTypes.HolderReport)).ShouldBeNull();
    }

    private List<Activity> Of(string exchangeId) => [.. spans.Where(s => Equals(s.GetTagItem("datahub.exchange.id"), exchangeId))];
}

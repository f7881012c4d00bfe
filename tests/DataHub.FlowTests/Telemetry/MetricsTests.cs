using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using DataHub.Adapters.Pipeline;
using DataHub.Contracts;
using DataHub.Core.Telemetry;
using DataHub.UnitTests.Flows;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Telemetry;

/// <summary>What the nodes count.</summary>
[Collection(ListeningTests.Name)]
public sealed class MetricsTests : IDisposable
{
    private readonly ConcurrentQueue<Taken> taken = new();
    private readonly MeterListener listener = new();

    public MetricsTests()
    {
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Name == Signals.Name)
                l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((i, value, tags, _) => taken.Enqueue(Taken.Of(i, value, tags)));
        listener.SetMeasurementEventCallback<int>((i, value, tags, _) => taken.Enqueue(Taken.Of(i, value, tags)));
        listener.SetMeasurementEventCallback<double>((i, value, tags, _) => taken.Enqueue(Taken.Of(i, value, tags)));
        listener.Start();
    }

    public void Dispose() => listener.Dispose();

    [Fact]
    public async Task Every_message_is_counted_once_where_it_is_taken_in_and_once_at_the_hub()
    {
        await using var fixture = await HostFixture.WithPlayedCitiesAsync();
        var id = await new Journey(fixture).GoodCaseAsync();

        Sum("datahub.messages.taken_in", ("node", Samples.Chengdu), ("city", Samples.Chengdu), ("type", "service.submission.v1")).ShouldBe(1);
        Sum("datahub.messages.taken_in", ("node", Samples.Deyang), ("city", Samples.Deyang)).ShouldBe(2);
        await HostFixture.UntilAsync(() => Sum("datahub.messages.taken_in", ("node", Nodes.Hub)) == 4, "the hub counts four messages");
        await HostFixture.UntilAsync(() => Sum("datahub.exchanges.reconciled", ("source", Samples.Chengdu), ("target", Samples.Deyang)) == 1, "the reconciliation is counted");
        Sum("datahub.exchanges.closed", ("flow", "service.online")).ShouldBe(1);
        Sum("datahub.messages.refused").ShouldBe(0);
        taken.Count(t => t.Name == "datahub.commit.duration" && t.Value > 0).ShouldBe(taken.Count(t => t.Name == "datahub.commit.entries"));

        // No label tells one exchange, message or person from another.
        taken.SelectMany(t => t.Tags.Keys).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ShouldBe(["city", "flow", "node", "source", "target", "type"], ignoreOrder: false);
        taken.SelectMany(t => t.Tags.Values).ShouldNotContain(v => v == id || v.StartsWith("T-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Repetitions_and_refusals_are_counted_and_an_unknown_type_gets_no_label_of_its_own()
    {
        await using var fixture = await HostFixture.WithPlayedCitiesAsync();
        var journey = new Journey(fixture).HonestCities();
        var submission = Cases.Submission(fixture.Host.Registry);
        await journey.OpenAsync(Samples.Chengdu, submission, "M-1");
        (await journey.SendAsync(Samples.Chengdu, null, submission, "M-1")).ShouldBeOfType<IntakeOutcome.Accepted>().Duplicate.ShouldBeTrue();
        (await fixture.Played[Samples.Chengdu].Intake.TakeInAsync(new NativeIntake("M-2", "张晓明", null, "{}"u8.ToArray(), "x"u8.ToArray()), default)).ShouldBeOfType<IntakeOutcome.Refused>();

        Sum("datahub.messages.duplicates", ("node", Samples.Chengdu), ("type", "service.submission.v1")).ShouldBe(1);
        Sum("datahub.messages.refused", ("node", Samples.Chengdu), ("type", "other")).ShouldBe(1);
    }

    [Fact]
    public async Task Gauges_show_what_waits_while_a_node_runs_and_nothing_after_it()
    {
        await using var fixture = await HostFixture.WithPlayedCitiesAsync();
        var journey = new Journey(fixture).HonestCities();
        fixture.Played[Samples.Deyang].Answer = static _ => new DeliveryOutcome.Rejected("not today");
        var id = await journey.OpenAsync(Samples.Chengdu, Cases.Submission(fixture.Host.Registry));
        await journey.KnownAsync(Samples.Deyang, id);

        await HostFixture.UntilAsync(() => Observe("datahub.deliveries.parked", ("city", Samples.Deyang)) == 1, "the parked delivery is shown");
        await HostFixture.UntilAsync(() => Observe("datahub.deliveries.waiting", ("city", Samples.Deyang)) == 0, "none waits");
        Observe("datahub.node.held", ("node", Nodes.Hub)).ShouldBe(1);
        Observe("datahub.node.healthy", ("node", Samples.Chengdu)).ShouldBe(1);
        await HostFixture.UntilAsync(() => Observe("datahub.link.backlog", ("node", Nodes.Hub), ("peer", Samples.Deyang)) == 0, "the link is empty");
        Observe("datahub.link.oldest", ("node", Nodes.Hub), ("peer", Samples.Deyang)).ShouldBe(0);

        await fixture.StopAsync();
        Observe("datahub.node.held").ShouldBe(0);
        taken.ShouldBeEmpty();
    }

    private double Sum(string name, params (string Key, string Value)[] tags) => taken.Where(t => t.Is(name, tags)).Sum(t => t.Value);

    private double Observe(string name, params (string Key, string Value)[] tags)
    {
        taken.Clear();
        listener.RecordObservableInstruments();
        return Sum(name, tags);
    }

    private sealed record Taken(string Name, double Value, Dictionary<string, string> Tags)
    {
        public static Taken Of(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var labels = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var (key, label) in tags)
                labels.Add(key, label?.ToString() ?? "");
            return new Taken(instrument.Name, value, labels);
        }

        public bool Is(string name, (string Key, string Value)[] tags) => Name == name && tags.All(t => Tags.GetValueOrDefault(t.Key) == t.Value);
    }
}

using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using DataHub.Core.Telemetry;
using DataHub.Host.Demo;
using DataHub.Host.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Telemetry;

/// <summary>What the log says, and what it must not.</summary>
public sealed partial class LogTests
{
    private const string Exchange = "510100-20261122-0000000001";

    [Fact]
    public async Task Whatever_the_samples_do_their_names_and_numbers_never_stand_in_the_log()
    {
        using var log = new LogReader();
        await using var fixture = await HostFixture.WithSimulatorsAsync(o => o with { LogLevel = LogLevel.Debug, Logging = l => l.ClearProviders().AddProvider(log) });
        var summary = await new DemoRunner(fixture.Host).RunAsync(new DemoPlan(Cases: 0, Seed: 7, TimeProvider.System.GetUtcNow()), HostFixture.PlanEndsWithin, static _ => { }, TestContext.Current.CancellationToken);
        summary.Open.ShouldBe(0);

        var personal = fixture.Host.Samples.All.SelectMany(s => PersonalIn(s.Template)).ToHashSet(StringComparer.Ordinal);
        personal.Count.ShouldBeGreaterThan(40);
        log.Lines.Count.ShouldBeGreaterThan(100);
        log.Lines.Count(l => l.Contains("DataHub.", StringComparison.Ordinal)).ShouldBeGreaterThan(0);
        log.Lines.Where(line => personal.Any(p => line.Contains(p, StringComparison.Ordinal))).ShouldBeEmpty();
    }

    [Fact]
    public void A_record_is_one_line_of_JSON_with_what_it_is_made_of_and_the_trace_of_its_exchange()
    {
        var line = Write("Message {MessageId} of {ExchangeId} to {City} was \"parked\"\n{Time}", ["M-1", Exchange, "510600", 3], null);

        line.TrimEnd('\n').ShouldNotContain("\n");
        var record = JsonNode.Parse(line)!.AsObject();
        record.ToDictionary(m => m.Key, m => m.Value!.ToString(), StringComparer.Ordinal).ShouldBe(new Dictionary<string, string>
        {
            ["time"] = "2026-11-22T01:02:03.0000000Z",
            ["level"] = "warn",
            ["category"] = "DataHub.Some",
            ["message"] = $"Message M-1 of {Exchange} to 510600 was \"parked\"\n3",
            ["messageId"] = "M-1",
            ["exchangeId"] = Exchange,
            ["city"] = "510600",
            ["time_"] = "3",
            ["traceId"] = ExchangeTrace.IdOf(Exchange).ToHexString(),
        }, ignoreOrder: true);
    }

    [Fact]
    public void Of_an_exception_the_type_and_the_place_are_written_but_not_the_message()
    {
        Exception fault;
        try
        {
            throw new InvalidOperationException("张晓明 510107199003071236", new FormatException("13800001234"));
        }
        catch (InvalidOperationException e)
        {
            fault = e;
        }

        var record = JsonNode.Parse(Write("It failed", [], fault))!;

        record["exception"]!.AsArray().Select(e => e!["type"]!.GetValue<string>()).ShouldBe(["System.InvalidOperationException", "System.FormatException"]);
        record["exception"]![0]!["at"]!.GetValue<string>().ShouldContain(nameof(Of_an_exception_the_type_and_the_place_are_written_but_not_the_message));
        record.ToJsonString().ShouldNotContain("1380000");
        record.ToString().ShouldNotContain("张晓明");
    }

    private static string Write(string template, object[] values, Exception? fault)
    {
        using var text = new StringWriter();
        var formatter = new JsonLogFormatter(new StoppedClock());
        var capture = new Capture((state, format) => formatter.Write(
            new LogEntry<IReadOnlyList<KeyValuePair<string, object?>>>(LogLevel.Warning, "DataHub.Some", default, state, fault, (_, e) => format(e)), null, text));
#pragma warning disable CA2254 // The template is what the test is about.
        capture.LogWarning(fault, template, values);
#pragma warning restore CA2254
        return text.ToString();
    }

    // Persons' data in the samples' four forms: id numbers, telephone numbers, and the names that stand in name fields.
    private static IEnumerable<string> PersonalIn(ReadOnlyMemory<byte> template)
    {
        Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
        foreach (var text in new[] { Encoding.UTF8.GetString(template.Span), Encoding.GetEncoding("GB18030").GetString(template.Span) })
        {
            foreach (Match match in Numbers().Matches(text))
                yield return match.Value;
            foreach (Match match in Names().Matches(text))
                yield return match.Value;
        }
    }

    [GeneratedRegex(@"(?<![0-9A-Za-z])(\d{17}[\dXx]|\d{15}|1[3-9]\d{9})(?![0-9A-Za-z])")]
    private static partial Regex Numbers();

    [GeneratedRegex(@"样本[甲乙丙丁戊己庚辛壬癸]+\w*|样本\w{1,6}")]
    private static partial Regex Names();

    private sealed class Capture(Action<IReadOnlyList<KeyValuePair<string, object?>>, Func<Exception?, string>> write) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            write((IReadOnlyList<KeyValuePair<string, object?>>)state!, e => formatter(state, e));
    }

    private sealed class StoppedClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2026, 11, 22, 1, 2, 3, TimeSpan.Zero);
    }
}

using System.Collections.Concurrent;
using DataHub.Host.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Shouldly;
using Xunit;

namespace DataHub.FlowTests.Telemetry;

/// <summary>What reaches a collector, and that nothing depends on one.</summary>
[Collection(ListeningTests.Name)]
public sealed class ExportTests
{
    [Fact]
    public async Task Spans_and_metrics_of_an_exchange_reach_the_collector_as_protobuf()
    {
        var posts = new ConcurrentQueue<(string Path, string? MediaType, byte[] Body)>();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var collector = builder.Build();
        collector.MapPost("/v1/{signal}", async (HttpRequest request) =>
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body);
            posts.Enqueue((request.Path, request.ContentType, body.ToArray()));
        });
        await collector.StartAsync(TestContext.Current.CancellationToken);

        await using var fixture = await HostFixture.WithPlayedCitiesAsync(o => o with
        {
            Instance = "test-instance",
            Telemetry = new TelemetryOptions { OtlpEndpoint = collector.Urls.First(), Protocol = OtlpProtocol.HttpProtobuf, MetricsEvery = TimeSpan.FromMilliseconds(200) },
        });
        await new Journey(fixture).GoodCaseAsync();

        await HostFixture.UntilAsync(() => Has("/v1/traces", "take in") && Has("/v1/traces", "reconcile") && Has("/v1/metrics", "datahub.exchanges.reconciled"), "spans and metrics arrive");
        posts.ShouldAllBe(p => p.MediaType == "application/x-protobuf" && p.Body.Length > 0);
        Has("/v1/traces", "test-instance").ShouldBeTrue();

        bool Has(string path, string text) => posts.Any(p => p.Path == path && p.Body.AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(text)) >= 0);
    }

    [Fact]
    public async Task An_exchange_completes_although_the_collector_is_not_there()
    {
        await using var fixture = await HostFixture.WithPlayedCitiesAsync(o => o with
        {
            // Port 9 of this machine: nobody answers.
            Telemetry = new TelemetryOptions { OtlpEndpoint = "http://127.0.0.1:9", MetricsEvery = TimeSpan.FromMilliseconds(200) },
        });

        await new Journey(fixture).GoodCaseAsync();
    }

    [Fact]
    public void Settings_that_cannot_be_used_are_named()
    {
        new TelemetryOptions { OtlpEndpoint = "collector:4317", SampleRatio = double.NaN }.Faults().Count().ShouldBe(2);
        new TelemetryOptions { OtlpEndpoint = "http://collector:4317", SampleRatio = 0 }.Faults().ShouldBeEmpty();
    }
}

using System.Diagnostics;
using System.Reflection;
using DataHub.Core.Telemetry;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace DataHub.Host.Telemetry;

/// <summary>
/// Sends spans and metrics to an OTLP collector, from queues of its own: where the collector is slow or down, what does
/// not fit is dropped and the exchange goes on.
/// </summary>
internal sealed class OtlpExport : IDisposable
{
    /// <summary>Spans that wait for export; some seconds of full traffic.</summary>
    private const int SpansWaiting = 32 * 1024;

    private const int ExportTimeoutMs = 3000;
    private const int StopTimeoutMs = 2000;

    private readonly TracerProvider traces;
    private readonly MeterProvider metrics;

    private OtlpExport(TracerProvider traces, MeterProvider metrics)
    {
        this.traces = traces;
        this.metrics = metrics;
    }

    /// <summary>Null where no endpoint is set.</summary>
    /// <param name="instance">Name of this process among all.</param>
    public static OtlpExport? Start(TelemetryOptions options, string instance)
    {
        if (options.OtlpEndpoint is not { } endpoint)
            return null;
        var service = ResourceBuilder.CreateEmpty().AddService("datahub", serviceVersion: typeof(OtlpExport).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion,
            autoGenerateServiceInstanceId: false, serviceInstanceId: instance);
        var tracing = Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(service)
            .AddSource(Signals.Name)
            // Not "parent based": the parent is derived from the exchange and was sampled by nobody.
            .SetSampler(new TraceIdRatioBasedSampler(options.SampleRatio))
            .AddOtlpExporter(o =>
            {
                Configure(o, options.Protocol, endpoint, "v1/traces");
                o.BatchExportProcessorOptions = new BatchExportProcessorOptions<Activity> { MaxQueueSize = SpansWaiting, MaxExportBatchSize = 2048, ScheduledDelayMilliseconds = 1000, ExporterTimeoutMilliseconds = ExportTimeoutMs };
            })
            .Build();
        var metering = Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(service)
            .AddMeter(Signals.Name, "System.Runtime")
            .AddOtlpExporter((o, reader) =>
            {
                Configure(o, options.Protocol, endpoint, "v1/metrics");
                reader.PeriodicExportingMetricReaderOptions = new PeriodicExportingMetricReaderOptions { ExportIntervalMilliseconds = (int)options.MetricsEvery.TotalMilliseconds, ExportTimeoutMilliseconds = ExportTimeoutMs };
            })
            .Build();
        return new OtlpExport(tracing, metering);
    }

    private static void Configure(OtlpExporterOptions exporter, OtlpProtocol protocol, string endpoint, string path)
    {
        // An address that is set in code is taken as it is, without the path of the signal.
        exporter.Protocol = protocol == OtlpProtocol.Grpc ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
        exporter.Endpoint = new Uri(protocol == OtlpProtocol.Grpc ? endpoint : endpoint.TrimEnd('/') + "/" + path);
        exporter.TimeoutMilliseconds = ExportTimeoutMs;
    }

    public void Dispose()
    {
        // What is left goes out if the collector is there; stopping does not wait for one that is not.
        traces.Shutdown(StopTimeoutMs);
        metrics.Shutdown(StopTimeoutMs);
        traces.Dispose();
        metrics.Dispose();
    }
}

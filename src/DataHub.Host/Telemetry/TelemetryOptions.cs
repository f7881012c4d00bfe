namespace DataHub.Host.Telemetry;

/// <summary>How the collector is spoken to.</summary>
public enum OtlpProtocol
{
    /// <summary>OTLP over gRPC, usually port 4317.</summary>
    Grpc,

    /// <summary>OTLP over HTTP with protobuf bodies, usually port 4318.</summary>
    HttpProtobuf,
}

/// <summary>How log records are written.</summary>
public enum LogFormat
{
    /// <summary>One line of text per record.</summary>
    Text,

    /// <summary>One JSON object per record and line.</summary>
    Json,
}

/// <summary>What leaves the process about its own working; see docs/configuration.md.</summary>
public sealed record TelemetryOptions
{
    /// <summary>Base address of an OTLP collector; null: nothing is exported, and nothing is gathered.</summary>
    public string? OtlpEndpoint { get; init; }

    public OtlpProtocol Protocol { get; init; } = OtlpProtocol.Grpc;

    /// <summary>Part of the exchanges that are traced, 0 to 1. Decided by the exchange's id, so alike in all processes.</summary>
    public double SampleRatio { get; init; } = 1;

    /// <summary>Pause between two exports of the metrics.</summary>
    public TimeSpan MetricsEvery { get; init; } = TimeSpan.FromSeconds(15);

    public LogFormat LogFormat { get; init; }

    /// <summary>Every fault of these settings, each with what to set instead.</summary>
    public IEnumerable<string> Faults()
    {
        if (OtlpEndpoint is not null && (!Uri.TryCreate(OtlpEndpoint, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https")))
            yield return $"--otlp-endpoint '{OtlpEndpoint}' is not an http address; set for example http://127.0.0.1:4317.";
        if (!(SampleRatio is >= 0 and <= 1))
            yield return "--otlp-sample takes a number from 0 to 1.";
        if (MetricsEvery < TimeSpan.FromMilliseconds(100))
            yield return "MetricsEvery must be 100 milliseconds or more.";
    }
}

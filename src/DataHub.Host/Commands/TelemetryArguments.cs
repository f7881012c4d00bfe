using System.CommandLine;
using System.Globalization;
using DataHub.Host.Telemetry;

namespace DataHub.Host.Commands;

/// <summary>The command line's part on telemetry. What is not given is taken from OpenTelemetry's own variables.</summary>
internal sealed class TelemetryArguments
{
    private readonly Option<string?> endpoint = new("--otlp-endpoint")
    {
        Description = "OTLP collector, such as http://127.0.0.1:4317; or the variable OTEL_EXPORTER_OTLP_ENDPOINT",
        DefaultValueFactory = _ => Variable("OTEL_EXPORTER_OTLP_ENDPOINT"),
        Recursive = true,
    };

    private readonly Option<string> protocol = new("--otlp-protocol")
    {
        Description = "grpc or http/protobuf; or the variable OTEL_EXPORTER_OTLP_PROTOCOL",
        DefaultValueFactory = _ => Variable("OTEL_EXPORTER_OTLP_PROTOCOL") ?? Grpc,
        Recursive = true,
    };

    private readonly Option<double> sample = new("--otlp-sample")
    {
        Description = "Part of the exchanges that are traced, 0 to 1; or the variable OTEL_TRACES_SAMPLER_ARG",
        DefaultValueFactory = _ => Variable("OTEL_TRACES_SAMPLER_ARG") is { } text ? double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var ratio) ? ratio : double.NaN : 1,
        Recursive = true,
    };

    private readonly Option<string> logFormat = new("--log-format")
    {
        Description = "text or json; or the variable DATAHUB_LOG_FORMAT",
        DefaultValueFactory = _ => HostSettings.OfVariable("LOG_FORMAT") ?? Text,
        Recursive = true,
    };

    private readonly Option<LogLevel> logLevel = new("--log-level")
    {
        Description = "Lowest level that is logged; or the variable DATAHUB_LOG_LEVEL",
        DefaultValueFactory = _ => Enum.TryParse<LogLevel>(HostSettings.OfVariable("LOG_LEVEL"), ignoreCase: true, out var level) ? level : LogLevel.Warning,
        Recursive = true,
    };

    private const string Grpc = "grpc";
    private const string HttpProtobuf = "http/protobuf";
    private const string Text = "text";
    private const string Json = "json";

    public IEnumerable<Option> All => [endpoint, protocol, sample, logFormat, logLevel];

    /// <exception cref="HostRefusedException">A value is none of those that can be chosen.</exception>
    public (TelemetryOptions Telemetry, LogLevel Level) Read(ParseResult parsed) => (new TelemetryOptions
    {
        OtlpEndpoint = parsed.GetValue(endpoint),
        Protocol = Choose(parsed, protocol, (Grpc, OtlpProtocol.Grpc), (HttpProtobuf, OtlpProtocol.HttpProtobuf)),
        SampleRatio = parsed.GetValue(sample),
        LogFormat = Choose(parsed, logFormat, (Text, LogFormat.Text), (Json, LogFormat.Json)),
    }, parsed.GetValue(logLevel));

    private static T Choose<T>(ParseResult parsed, Option<string> option, params (string Name, T Value)[] choices)
    {
        var given = parsed.GetValue(option);
        foreach (var (name, value) in choices)
        {
            if (name == given)
                return value;
        }

        throw new HostRefusedException($"{option.Name} '{given}' is not known; set {string.Join(" or ", choices.Select(c => c.Name))}.");
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}

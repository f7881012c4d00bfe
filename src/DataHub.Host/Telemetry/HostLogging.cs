using Microsoft.Extensions.Logging.Console;

namespace DataHub.Host.Telemetry;

/// <summary>The host's log, in every role.</summary>
internal static class HostLogging
{
    public static void Configure(ILoggingBuilder logging, DataHubOptions options)
    {
        logging.ClearProviders().SetMinimumLevel(options.LogLevel);
        logging.Services.AddSingleton(options.Time);
        if (options.Telemetry.LogFormat == LogFormat.Json)
            logging.AddConsole(o => o.FormatterName = JsonLogFormatter.FormatterName).AddConsoleFormatter<JsonLogFormatter, ConsoleFormatterOptions>();
        else
            logging.AddSimpleConsole(o => o.SingleLine = true);

        // To standard error: standard output belongs to what was asked for (tables, JSON).
        logging.Services.Configure<ConsoleLoggerOptions>(o => o.LogToStandardErrorThreshold = LogLevel.Trace);
        // A start that fails says why once, in a sentence; the framework would add the stack.
        logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        // A frame that goes back to its queue when a node changes hands is no fault; those that are, the bus names by itself.
        logging.AddFilter("MassTransit", LogLevel.None);
        options.Logging(logging);
    }
}

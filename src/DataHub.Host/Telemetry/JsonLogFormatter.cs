using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using DataHub.Contracts.Envelope;
using DataHub.Core.Telemetry;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace DataHub.Host.Telemetry;

/// <summary>
/// One JSON object per log record and line. A record that names an exchange carries the exchange's trace id. Of an
/// exception the type and the place are written, never its message: that may quote what was sent.
/// </summary>
internal sealed class JsonLogFormatter(TimeProvider time) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "datahub-json";

    private const string Template = "{OriginalFormat}";
    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        ArgumentNullException.ThrowIfNull(textWriter);
        var line = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(line, Writing))
        {
            json.WriteStartObject();
            json.WriteString("time", EventFormat.Time(time.GetUtcNow()));
            json.WriteString("level", LevelOf(logEntry.LogLevel));
            json.WriteString("category", logEntry.Category);
            json.WriteString("message", logEntry.Formatter(logEntry.State, null));
            var exchange = WriteState(json, logEntry.State as IEnumerable<KeyValuePair<string, object?>>);
            if (exchange is not null)
                json.WriteString("traceId", ExchangeTrace.IdOf(exchange).ToHexString());
            else if (Activity.Current is { IdFormat: ActivityIdFormat.W3C } current)
                json.WriteString("traceId", current.TraceId.ToHexString());
            if (logEntry.Exception is { } fault)
                WriteFault(json, fault);
            json.WriteEndObject();
        }

        textWriter.Write(Encoding.UTF8.GetString(line.WrittenSpan));
        textWriter.Write('\n');
    }

    // What the record was made of, under the names of its template: exchangeId, messageId, city …
    private static string? WriteState(Utf8JsonWriter json, IEnumerable<KeyValuePair<string, object?>>? state)
    {
        string? exchange = null;
        foreach (var (name, value) in state ?? [])
        {
            if (name == Template || name.Length == 0)
                continue;
            var text = value is IFormattable formattable ? formattable.ToString(null, CultureInfo.InvariantCulture) : value?.ToString();
            if (name == "ExchangeId")
                exchange = text;
            json.WriteString(NameOf(name), text);
        }

        return exchange;
    }

    // The record's own members keep their names.
    private static string NameOf(string name)
    {
        var camel = char.ToLowerInvariant(name[0]) + name[1..];
        return camel is "time" or "level" or "category" or "message" or "traceId" or "exception" ? camel + "_" : camel;
    }

    private static void WriteFault(Utf8JsonWriter json, Exception fault)
    {
        json.WriteStartArray("exception");
        for (var e = fault; e is not null; e = e.InnerException)
        {
            json.WriteStartObject();
            json.WriteString("type", e.GetType().FullName);
            json.WriteString("at", e.StackTrace);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static string LevelOf(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        LogLevel.Error => "error",
        _ => "fatal",
    };
}

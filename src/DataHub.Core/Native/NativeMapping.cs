using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using DataHub.Contracts;
using DataHub.Core.Registry;

namespace DataHub.Core.Native;

/// <summary>
/// Translates between the hub's payloads and one city's own records, by the city's table <c>seeds/mapping/&lt;city&gt;.csv</c>
/// and its code tables. Immutable; for any thread.
/// </summary>
public sealed class NativeMapping
{
    /// <summary>Entries of one list that are read at most; the contracts allow fewer.</summary>
    public const int MaxEntries = 1000;

    private const string SubmitAckName = "@submit-ack";
    private const string HeldAckName = "@held-ack";

    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly IReadOnlyDictionary<string, MessageMap> maps;
    private readonly Dictionary<string, MessageMap> mapsByNativeType;
    private readonly Dictionary<string, NativeShape> shapes;
    private readonly MapLeaf typeField;
    private readonly MapLeaf messageIdField;

    private NativeMapping(City city, IReadOnlyDictionary<string, MessageMap> maps)
    {
        City = city;
        this.maps = maps;
        var messages = maps.Values.Where(m => !m.Type.StartsWith('@')).ToList();
        typeField = messages[0].Header["@type"];
        messageIdField = messages[0].Header["@messageId"];
        mapsByNativeType = messages.ToDictionary(NativeType);
        shapes = messages.ToDictionary(m => m.Type, m => new NativeShape(m.Type, NativeType(m), m.Fields));
        Acks = new NativeAck(maps[SubmitAckName], maps[HeldAckName]);
    }

    public City City { get; }

    /// <summary>The city's words for acknowledgements.</summary>
    public NativeAck Acks { get; }

    /// <summary>The native layout of every message type.</summary>
    public IReadOnlyCollection<NativeShape> Shapes => shapes.Values;

    /// <summary>Name of the top-level native field that holds the message type; a path with <c>.</c> where it lies deeper.</summary>
    public string TypeField => typeField.NativeName;

    /// <summary>Name of the native field that holds the message's own number; a path with <c>.</c> where it lies deeper.</summary>
    public string MessageIdField => messageIdField.NativeName;

    /// <exception cref="SeedException">Lists every fault of the table with its line.</exception>
    public static NativeMapping Load(string seedsDir, string cityKey, RegistrySnapshot registry)
    {
        var folder = new SeedFolder(seedsDir);
        var file = $"mapping/{cityKey}.csv";
        if (registry.CityByKey(cityKey) is not { } city)
            throw new SeedException([new SeedFault("cities.csv", 0, $"there is no city {cityKey}")]);

        var read = new MappingReader(folder, cityKey, city.Code, registry.Codes).Read();
        foreach (var missing in new[] { SubmitAckName, HeldAckName }.Where(n => !read.ContainsKey(n)))
            folder.Fault(file, 0, $"the message {missing} is missing");
        var messages = read.Values.Where(m => !m.Type.StartsWith('@')).ToList();
        if (messages.Count == 0)
            folder.Fault(file, 0, "there are no messages");
        foreach (var differing in messages.Where(m => m.Header.Any(h => messages[0].Header.GetValueOrDefault(h.Key)?.NativeName != h.Value.NativeName)))
            folder.Fault(file, 0, $"{differing.Type} has its header in other fields than {messages[0].Type}");
        return folder.Faults.Count == 0 ? new NativeMapping(city, read) : throw new SeedException(folder.Faults);
    }

    /// <summary>The native layout of one message type.</summary>
    /// <exception cref="NativeMappingException">The table does not have the type.</exception>
    public NativeShape Shape(string type) => shapes.GetValueOrDefault(type) ?? throw NoType(type);

    /// <summary>The native layout by the city's own code of the message type; null where it is not known.</summary>
    public NativeShape? ShapeOfNativeType(string nativeType) =>
        mapsByNativeType.TryGetValue(nativeType, out var map) ? shapes[map.Type] : null;

    /// <summary>Reads a city's record. Collects every unmapped code (with its table), missing field, unknown field and bad value.</summary>
    public NativeReadOutcome ToCanonical(NativeRecord native)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using var json = new Utf8JsonWriter(buffer, Plain);
        var reader = new RecordReader(json);

        var type = reader.Read(native, typeField);
        var messageId = Matching(reader, reader.Read(native, messageIdField), messageIdField, NativePatterns.Identifier());
        if (type is null || !maps.TryGetValue(MessageTypes.Prefix + type, out var map))
            return new NativeReadOutcome.Refused(messageId, reader.Reasons);

        reader.CheckFields(native, map.Fields);
        var exchangeIdField = map.Header["@exchangeId"];
        var exchangeId = Matching(reader, reader.Read(native, exchangeIdField), exchangeIdField, NativePatterns.ExchangeId());
        var sentAt = reader.Read(native, map.Header["@sentAt"]);
        reader.WriteObject(native, map.Body);
        if (reader.Reasons.Count > 0)
            return new NativeReadOutcome.Refused(messageId, reader.Reasons);

        json.Flush();
        DateTimeOffset? sent = sentAt is null ? null : DateTimeOffset.Parse(sentAt, CultureInfo.InvariantCulture);
        return new NativeReadOutcome.Ok(new NativeMessage(map.Type, messageId!, exchangeId, sent, buffer.WrittenMemory));
    }

    /// <summary>Puts a validated payload into the city's words.</summary>
    /// <param name="type">A name of <see cref="MessageTypes"/>.</param>
    /// <param name="data">The payload's UTF-8 JSON.</param>
    /// <exception cref="NativeMappingException">The seeds lack a code or a row that the payload needs.</exception>
    public NativeRecord ToNative(string type, string messageId, string? exchangeId, DateTimeOffset time, ReadOnlyMemory<byte> data)
    {
        if (type.StartsWith('@') || !maps.TryGetValue(type, out var map))
            throw NoType(type);

        var record = new NativeRecord();
        var writer = new RecordWriter(type);
        writer.WriteText(type[MessageTypes.Prefix.Length..], map.Header["@type"], record, "@type");
        writer.WriteText(messageId, map.Header["@messageId"], record, "@messageId");
        if (exchangeId is not null)
            writer.WriteText(exchangeId, map.Header["@exchangeId"], record, "@exchangeId");
        writer.WriteText(Rfc3339(time), map.Header["@sentAt"], record, "@sentAt");
        using var json = JsonDocument.Parse(data);
        writer.WriteObject(json.RootElement, map.Body, record, "$");
        return record;
    }

    /// <summary>A moment as the city's own system writes it in a message's header.</summary>
    public string TimeText(DateTimeOffset moment) => mapsByNativeType.Values.First().Header["@sentAt"].Convert.Write(Rfc3339(moment))!;

    private static string Rfc3339(DateTimeOffset moment) =>
        moment.ToOffset(TimeSpan.FromHours(8)).ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz", CultureInfo.InvariantCulture);

    private static string NativeType(MessageMap map) => map.Header["@type"].Convert.Write(map.Type[MessageTypes.Prefix.Length..])!;

    private static string? Matching(RecordReader reader, string? value, MapLeaf leaf, Regex pattern)
    {
        if (value is null || NativePatterns.IsWhole(pattern, value))
            return value;
        reader.Fault(ReasonCodes.NativeValueInvalid, leaf.NativeName, leaf.Name == "@exchangeId" ? "办件编号" : "1至64位的字母、数字和 . _ : -");
        return null;
    }

    private NativeMappingException NoType(string type) => new($"{City.Key}: the mapping table has no message {type}");
}

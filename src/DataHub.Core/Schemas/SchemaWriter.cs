using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Core.Validation;

namespace DataHub.Core.Schemas;

/// <summary>
/// Writes the JSON Schemas (2020-12) of <c>contracts/schemas</c>. They come from the same <see cref="Shape"/> that
/// <see cref="PayloadReader"/> enforces.
/// </summary>
public static class SchemaWriter
{
    public const string EnvelopeFile = "cloudevent.schema.json";
    private const string Dialect = "https://json-schema.org/draft/2020-12/schema";

    private static readonly JsonSerializerOptions Format = new()
    {
        WriteIndented = true,
        IndentSize = 2,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Name of a message in <c>contracts/</c>: its wire name without the common prefix.</summary>
    public static string ShortName(string type) => type[MessageTypes.Prefix.Length..];

    /// <summary>Every schema by file name, in the order of the names.</summary>
    /// <exception cref="FileNotFoundException">The contracts' documentation file does not lie beside the assembly.</exception>
    public static IReadOnlyDictionary<string, string> All()
    {
        var docs = ContractDocs.Load();
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal) { [EnvelopeFile] = Text(Envelope()) };
        foreach (var (type, shape) in Shape.ByName)
            files.Add(ShortName(type) + ".schema.json", Text(Payload(type, shape, docs)));
        return files;
    }

    private static string Text(JsonObject schema) => schema.ToJsonString(Format) + "\n";

    private static JsonObject Payload(string type, Shape shape, ContractDocs docs)
    {
        var definitions = new SortedDictionary<string, JsonObject>(StringComparer.Ordinal);
        var schema = new JsonObject
        {
            ["$schema"] = Dialect,
            ["$id"] = "urn:datahub:schema:" + ShortName(type),
            ["title"] = type,
        };
        foreach (var (name, node) in Object(shape, docs, definitions).ToList())
            schema[name] = node!.DeepClone();
        if (definitions.Count > 0)
            schema["$defs"] = new JsonObject(definitions.Select(pair => KeyValuePair.Create<string, JsonNode?>(pair.Key, pair.Value)));
        return schema;
    }

    private static JsonObject Object(Shape shape, ContractDocs docs, SortedDictionary<string, JsonObject> definitions)
    {
        var properties = new JsonObject();
        foreach (var member in shape.Members)
        {
            var value = Value(member.Shape, docs, definitions);
            if (docs.Of(shape.Type!, member.Name) is { } description)
                value.Insert(0, "description", description);
            properties[member.Name] = value;
        }

        var schema = new JsonObject();
        if (docs.Of(shape.Type!) is { } summary)
            schema["description"] = summary;
        schema["type"] = "object";
        schema["properties"] = properties;
        schema["required"] = new JsonArray([.. shape.Members.Where(member => member.Required).Select(member => JsonValue.Create(member.Name))]);
        schema["additionalProperties"] = false;
        return schema;
    }

    private static JsonObject Value(Shape shape, ContractDocs docs, SortedDictionary<string, JsonObject> definitions) => shape.Kind switch
    {
        ShapeKind.Object => Reference(shape, docs, definitions),
        ShapeKind.List => new JsonObject
        {
            ["type"] = "array",
            ["items"] = Value(shape.Entry!, docs, definitions),
            ["minItems"] = shape.Min,
            ["maxItems"] = shape.Max,
        },
        ShapeKind.Map => new JsonObject
        {
            ["type"] = "object",
            ["patternProperties"] = new JsonObject { [Patterns.Identifier] = Value(shape.Entry!, docs, definitions) },
            ["additionalProperties"] = false,
            ["minProperties"] = shape.Min,
            ["maxProperties"] = shape.Max,
        },
        ShapeKind.Text => TextValue(shape),
        ShapeKind.Choice => new JsonObject
        {
            ["type"] = "string",
            ["enum"] = new JsonArray([.. shape.Choices.Select(choice => JsonValue.Create(choice))]),
        },
        ShapeKind.Whole => new JsonObject { ["type"] = "integer", ["minimum"] = shape.Min, ["maximum"] = shape.Max },
        ShapeKind.Flag => new JsonObject { ["type"] = "boolean" },
        _ => throw new ArgumentOutOfRangeException(nameof(shape)),
    };

    private static JsonObject Reference(Shape shape, ContractDocs docs, SortedDictionary<string, JsonObject> definitions)
    {
        if (!definitions.ContainsKey(shape.Type!.Name))
            definitions[shape.Type.Name] = Object(shape, docs, definitions);
        return new JsonObject { ["$ref"] = "#/$defs/" + shape.Type.Name };
    }

    private static JsonObject TextValue(Shape shape)
    {
        var schema = new JsonObject { ["type"] = "string" };
        if (shape.Bounded)
        {
            schema["minLength"] = shape.Min;
            schema["maxLength"] = shape.Max;
        }

        if (shape.Pattern is not null)
            schema["pattern"] = shape.Pattern;
        return schema;
    }

    private static JsonObject Envelope()
    {
        const string positive = "^[1-9][0-9]{0,17}$";
        var properties = new JsonObject
        {
            ["specversion"] = new JsonObject { ["const"] = "1.0" },
            ["id"] = Attribute("Unique per sender for all time: the key by which repetitions are recognised.", Patterns.Identifier),
            ["source"] = new JsonObject { ["description"] = "URI reference of the sending system.", ["type"] = "string", ["minLength"] = 1, ["maxLength"] = 128 },
            ["type"] = new JsonObject
            {
                ["description"] = "The message's versioned name.",
                ["enum"] = new JsonArray([.. Shape.ByName.Keys.Order(StringComparer.Ordinal).Select(name => JsonValue.Create(name))]),
            },
            ["time"] = Attribute("When the sender made the event.", Patterns.DateTime),
            ["datacontenttype"] = new JsonObject { ["const"] = "application/json" },
            ["exchangeid"] = Attribute("办件编号: city, date and ten digits, given by the source city's node.", Patterns.ExchangeId),
            ["sequence"] = Attribute("Number among all that the sender sent to the hub, from 1, without gaps; a string, as CloudEvents integers end at 2^31 - 1.", positive),
            ["sendercity"] = Attribute("GB/T 2260 code of the sending city; 000000 is the hub.", Patterns.CityCode),
            ["targetcity"] = Attribute("City that the sender addresses; absent where the hub has to find it.", Patterns.CityCode),
            ["datadigest"] = Attribute("SHA-256 of the bytes of data, lower-case hexadecimal.", Patterns.Sha256),
            ["signature"] = new JsonObject { ["description"] = "Batch signature with this event's inclusion proof.", ["type"] = "string", ["minLength"] = 1, ["maxLength"] = 4096 },
            ["deliverysequence"] = Attribute("Set by the hub, outside the signature: number on the link from hub to city.", positive),
            ["hubstate"] = new JsonObject { ["description"] = "Set by the hub, outside the signature: the exchange's state after this message.", ["type"] = "string", ["minLength"] = 1, ["maxLength"] = 128 },
            ["hubversion"] = new JsonObject { ["description"] = "Set by the hub, outside the signature: version of that state.", ["type"] = "integer", ["minimum"] = 1, ["maximum"] = int.MaxValue },
            ["flow"] = new JsonObject { ["description"] = "Set by the hub, outside the signature: the flow's code.", ["type"] = "string", ["minLength"] = 1, ["maxLength"] = 128 },
            ["data"] = new JsonObject { ["description"] = "The payload; its schema is the one named after type.", ["type"] = "object" },
        };
        return new JsonObject
        {
            ["$schema"] = Dialect,
            ["$id"] = "urn:datahub:schema:cloudevent",
            ["title"] = "CloudEvents 1.0 envelope, structured JSON (" + EventFormat.SingleMediaType + ")",
            ["type"] = "object",
            ["properties"] = properties,
            ["required"] = new JsonArray("specversion", "id", "source", "type", "time", "exchangeid", "sequence", "sendercity", "datadigest", "data"),
            ["additionalProperties"] = false,
        };
    }

    private static JsonObject Attribute(string description, string pattern) =>
        new() { ["description"] = description, ["type"] = "string", ["pattern"] = pattern };
}

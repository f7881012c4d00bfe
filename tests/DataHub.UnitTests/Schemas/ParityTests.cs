using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Core.Schemas;
using DataHub.Core.Validation;
using NJsonSchema;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Schemas;

/// <summary>
/// Reader and schemas give one verdict: over the committed samples, and over mutations of the valid ones. NJsonSchema
/// knows drafts before 2020-12, so definitions are renamed for it, and where it is known to differ from the standard (1.0 is a whole
/// number) it is not asked.
/// </summary>
public sealed class ParityTests
{
    private const string Envelope = "cloudevent";

    public static TheoryData<string> Messages => [.. Shape.ByName.Keys.Select(SchemaWriter.ShortName).Order(StringComparer.Ordinal)];

    public static TheoryData<string> MessagesAndEnvelope => [Envelope, .. Shape.ByName.Keys.Select(SchemaWriter.ShortName).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(MessagesAndEnvelope))]
    public async Task Every_message_has_samples_and_reader_and_schema_agree_on_each(string message)
    {
        var schema = await SchemaOf(message);
        Samples(message, "valid").Count.ShouldBeGreaterThanOrEqualTo(2);
        Samples(message, "invalid").Count.ShouldBeGreaterThanOrEqualTo(4);
        foreach (var verdict in new[] { "valid", "invalid" })
        {
            foreach (var (name, json) in Samples(message, verdict))
            {
                Accepts(message, json).ShouldBe(verdict == "valid", $"reader on {message}/{verdict}/{name}");
                if (!HasUnusualNumber(json))
                    (schema.Validate(json).Count == 0).ShouldBe(verdict == "valid", $"schema on {message}/{verdict}/{name}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Messages))]
    public async Task Reader_and_schema_agree_on_every_mutation_of_the_valid_samples(string message)
    {
        var schema = await SchemaOf(message);
        var mutations = Samples(message, "valid").SelectMany(sample => Mutations(sample.Json)).ToList();
        mutations.Count.ShouldBeGreaterThan(5);
        mutations.Count(mutation => !Accepts(message, mutation)).ShouldBeGreaterThan(5);

        foreach (var mutation in mutations.Where(mutation => !HasUnusualNumber(mutation)))
            Accepts(message, mutation).ShouldBe(schema.Validate(mutation).Count == 0, mutation);
    }

    [Theory]
    [MemberData(nameof(Messages))]
    public void What_is_read_is_written_with_the_same_meaning(string message)
    {
        foreach (var (name, json) in Samples(message, "valid"))
        {
            var payload = PayloadReader.Read(MessageTypes.Prefix + message, Encoding.UTF8.GetBytes(json)).ShouldBeOfType<ReadOutcome.Ok>().Payload;
            var written = PayloadReader.Write(payload);

            PayloadReader.TypeOf(payload).ShouldBe(MessageTypes.Prefix + message);
            var again = PayloadReader.Read(MessageTypes.Prefix + message, written).ShouldBeOfType<ReadOutcome.Ok>().Payload;
            PayloadReader.Write(again).ShouldBe(written, name);
            JsonNode.Parse(written)!.AsObject().Select(member => member.Key).ShouldBe(JsonNode.Parse(json)!.AsObject().Select(member => member.Key), ignoreOrder: true);
        }
    }

    private static bool Accepts(string message, string json)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        return message == Envelope
            ? EventFormat.ReadElement(bytes) is { Fault: null, Event: { } read } && Shape.ByName.ContainsKey(read.Type)
            : PayloadReader.Read(MessageTypes.Prefix + message, bytes) is ReadOutcome.Ok;
    }

    // Each value of the document, one at a time: removed, nulled, of another kind, too long, out of range, with an unknown neighbour.
    private static IEnumerable<string> Mutations(string json)
    {
        foreach (var path in Paths(JsonNode.Parse(json)!, []))
        {
            foreach (var change in Changes)
            {
                var root = JsonNode.Parse(json)!;
                var parent = path[..^1].Aggregate(root, (node, key) => key is int index ? node[index]! : node[(string)key]!);
                if (change(parent, path[^1]))
                    yield return root.ToJsonString();
            }
        }
    }

    private static readonly Func<JsonNode, object, bool>[] Changes =
    [
        (parent, key) => parent is JsonObject members && members.Remove((string)key),
        (parent, key) => Set(parent, key, null),
        (parent, key) => Set(parent, key, JsonValue.Create(true)),
        (parent, key) => Set(parent, key, JsonValue.Create(-1)),
        (parent, key) => Set(parent, key, JsonValue.Create(13)),
        (parent, key) => Set(parent, key, JsonValue.Create(2.5)),
        (parent, key) => Set(parent, key, JsonValue.Create(900_000_000_000_000)),
        (parent, key) => Set(parent, key, JsonValue.Create("")),
        (parent, key) => Set(parent, key, JsonValue.Create("x")),
        (parent, key) => Set(parent, key, JsonValue.Create("中文")),
        (parent, key) => Set(parent, key, JsonValue.Create("2026-02-29")),
        (parent, key) => Set(parent, key, JsonValue.Create(new string('a', 501))),
        (parent, key) => Set(parent, key, JsonValue.Create(Text(parent, key) + "\n")),
        (parent, key) => Set(parent, key, JsonValue.Create(" " + Text(parent, key))),
        (parent, key) => Set(parent, key, new JsonObject()),
        (parent, key) => Set(parent, key, new JsonArray()),
        (parent, key) => Set(parent, key, new JsonArray([.. Enumerable.Range(0, 101).Select(number => JsonValue.Create(number))])),
        (parent, _) => Set(parent, "unknownMember", JsonValue.Create(1)),
    ];

    private static bool Set(JsonNode parent, object key, JsonNode? value)
    {
        if (parent is JsonArray list && key is int index)
            list[index] = value;
        else if (parent is JsonObject members && key is string name)
            members[name] = value;
        else
            return false;
        return true;
    }

    private static string Text(JsonNode parent, object key) =>
        (key is int index ? parent[index] : parent[(string)key]) is JsonValue value && value.TryGetValue<string>(out var text) ? text : "";

    private static IEnumerable<object[]> Paths(JsonNode node, object[] path)
    {
        var children = node switch
        {
            JsonObject members => members.Select(member => ((object)member.Key, member.Value)),
            JsonArray list => list.Select((entry, index) => ((object)index, entry)),
            _ => [],
        };
        foreach (var (key, child) in children)
        {
            object[] here = [.. path, key];
            yield return here;
            foreach (var deeper in child is null ? [] : Paths(child, here))
                yield return deeper;
        }
    }

    // NJsonSchema takes 1.0 for a fraction, where the standard takes it for a whole number.
    private static bool HasUnusualNumber(string json) => Numbers(JsonDocument.Parse(json).RootElement)
        .Any(number => number.AsSpan().IndexOfAny('.', 'e', 'E') >= 0 && double.IsInteger(double.Parse(number)));

    private static IEnumerable<string> Numbers(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(member => Numbers(member.Value)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(Numbers),
        JsonValueKind.Number => [element.GetRawText()],
        _ => [],
    };

    private static List<(string Name, string Json)> Samples(string message, string verdict) =>
        [.. Directory.GetFiles(Repository.PathTo("contracts", "samples", message, verdict), "*.json")
            .Order(StringComparer.Ordinal)
            .Select(path => (Path.GetFileName(path), File.ReadAllText(path)))];

    private static Task<JsonSchema> SchemaOf(string message) => JsonSchema.FromJsonAsync(SchemaWriter.All()[message + ".schema.json"]
        .Replace("$defs", "definitions", StringComparison.Ordinal)
        .Replace("\"const\": \"1.0\"", "\"enum\": [\"1.0\"]", StringComparison.Ordinal)
        // The end of a pattern means the end of the text, as in ECMA-262; .NET's `$` lets a line feed follow.
        .Replace("$\"", "\\\\z\"", StringComparison.Ordinal));
}

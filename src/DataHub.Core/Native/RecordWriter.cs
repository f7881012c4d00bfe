using System.Text.Json;

namespace DataHub.Core.Native;

/// <summary>Puts a payload's JSON into a city's words. What has no counterpart is a fault of the seeds and is thrown.</summary>
internal sealed class RecordWriter(string type)
{
    public void WriteObject(JsonElement source, MapObject map, NativeRecord scope, string path)
    {
        if (source.ValueKind != JsonValueKind.Object)
            throw Fault(path, "is no object");

        foreach (var property in source.EnumerateObject())
        {
            if (!map.Members.Any(m => property.NameEquals(m.Name)))
                throw Fault(path, "has a member that the mapping table does not know");
        }

        // In the table's order, whatever the order in the JSON: a city's columns and elements have a fixed one.
        foreach (var member in map.Members)
        {
            if (source.TryGetProperty(member.Name, out var value))
                WriteMember(value, member, scope, path + "." + member.Name);
        }
    }

    public void WriteText(string text, MapLeaf leaf, NativeRecord scope, string path) =>
        Place(scope, leaf.Native, new NativeValue.Text(Converted(text, leaf, path)), path);

    private void WriteMember(JsonElement value, MapNode member, NativeRecord scope, string path)
    {
        switch (member)
        {
            case MapLeaf { Convert.IsTextList: true } texts:
                Place(scope, texts.Native, new NativeValue.Texts([.. Elements(value, path).Select(e => Converted(Scalar(e, path), texts, path))]), path);
                break;
            case MapLeaf leaf:
                WriteText(Scalar(value, path), leaf, scope, path);
                break;
            case MapObject nested:
                WriteObject(value, nested, scope, path);
                break;
            case MapList list:
                Place(scope, list.Native, new NativeValue.Records([.. Elements(value, path).Select(e => Entry(e, list.Element, path))]), path);
                break;
            case MapPairs pairs:
                Place(scope, pairs.Native, new NativeValue.Records([.. Pairs(value, pairs, path)]), path);
                break;
        }
    }

    private NativeRecord Entry(JsonElement element, MapObject map, string path)
    {
        var record = new NativeRecord();
        WriteObject(element, map, record, path + "[]");
        return record;
    }

    private IEnumerable<NativeRecord> Pairs(JsonElement value, MapPairs pairs, string path)
    {
        if (value.ValueKind != JsonValueKind.Object)
            throw Fault(path, "is no object");
        foreach (var property in value.EnumerateObject())
        {
            var record = new NativeRecord();
            WriteText(property.Name, pairs.Key, record, path);
            WriteText(Scalar(property.Value, path), pairs.Value, record, path);
            yield return record;
        }
    }

    private void Place(NativeRecord scope, string[] native, NativeValue value, string path)
    {
        foreach (var name in native.AsSpan(0, native.Length - 1))
        {
            if (!scope.Has(name, out var there))
                scope.Add(name, there = new NativeValue.Record(new NativeRecord()));
            scope = there is NativeValue.Record nested ? nested.Value : throw Fault(path, "lies in a native field that is no record");
        }

        if (!scope.TryAdd(native[^1], value))
            throw Fault(path, "stands twice");
    }

    private string Converted(string text, MapLeaf leaf, string path) =>
        leaf.Convert.Write(text) ?? throw Fault(path, leaf.Convert.Table is { } table ? $"has a code that the table {table} does not map" : $"cannot be written as {leaf.Convert.Name}");

    private JsonElement.ArrayEnumerator Elements(JsonElement value, string path) =>
        value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : throw Fault(path, "is no list");

    private string Scalar(JsonElement value, string path) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.GetRawText(),
        _ => throw Fault(path, "is no single value"),
    };

    private NativeMappingException Fault(string path, string what) => new($"{type}: {path} {what}");
}

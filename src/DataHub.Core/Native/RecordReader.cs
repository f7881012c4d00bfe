using System.Globalization;
using System.Text.Json;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Validation;

namespace DataHub.Core.Native;

/// <summary>One reading of a native record: writes the payload's JSON and collects everything that is wrong.</summary>
internal sealed class RecordReader(Utf8JsonWriter json)
{
    private readonly List<Reason> reasons = [];

    public IReadOnlyList<Reason> Reasons => reasons;

    /// <summary>Refuses fields that the table does not know: what is not mapped would be lost in silence.</summary>
    public void CheckFields(NativeRecord record, IReadOnlyList<NativeField> fields, string prefix = "")
    {
        foreach (var (name, value) in record)
        {
            var field = fields.FirstOrDefault(f => f.Name == name);
            switch (field?.Kind, value)
            {
                case (null, _):
                    Fault(ReasonCodes.UnknownMember, prefix + Shown(name));
                    break;
                case (NativeKind.Text, NativeValue.Text) or (NativeKind.Texts, NativeValue.Texts):
                    break;
                case (NativeKind.Record, NativeValue.Record nested):
                    CheckFields(nested.Value, field.Fields, $"{prefix}{name}.");
                    break;
                case (NativeKind.Records, NativeValue.Records list):
                    for (var i = 0; i < Math.Min(list.Values.Count, NativeMapping.MaxEntries); i++)
                        CheckFields(list.Values[i], field.Fields, $"{prefix}{name}[{i}].");
                    break;
                default:
                    Fault(ReasonCodes.NativeValueInvalid, prefix + name, Expected(field!.Kind));
                    break;
            }
        }
    }

    /// <summary>The hub's text of one value; null where it is absent or wrong.</summary>
    /// <param name="prefix">Where the record stands in the message, in native names, such as <c>materials[2].</c>.</param>
    public string? Read(NativeRecord scope, MapLeaf leaf, string prefix = "")
    {
        if (Find(scope, leaf) is { } text)
            return Converted(text, leaf, prefix + leaf.NativeName);
        if (leaf.Need == Need.No)
            return null;
        if (leaf.Convert.KeepsEmpty)
            return "";
        Fault(ReasonCodes.NativeFieldMissing, prefix + leaf.NativeName);
        return null;
    }

    public void WriteObject(NativeRecord scope, MapObject map, string prefix = "")
    {
        json.WriteStartObject();
        foreach (var member in map.Members)
        {
            switch (member)
            {
                case MapLeaf { Convert.IsTextList: true } texts:
                    WriteTexts(scope, texts, prefix + texts.NativeName);
                    break;
                case MapLeaf leaf:
                    WriteLeaf(scope, map, leaf, prefix);
                    break;
                case MapObject nested when nested.Required || IsPresent(scope, nested):
                    json.WritePropertyName(nested.Name);
                    WriteObject(scope, nested, prefix);
                    break;
                case MapList list when Entries(scope, list.Native, list.Required, prefix) is { } entries:
                    json.WriteStartArray(list.Name);
                    for (var i = 0; i < entries.Count; i++)
                        WriteObject(entries[i], list.Element, EntryPrefix(prefix, list.Native, i));
                    json.WriteEndArray();
                    break;
                case MapPairs pairs when Entries(scope, pairs.Native, pairs.Required, prefix) is { } entries:
                    WritePairs(entries, pairs, prefix);
                    break;
            }
        }

        json.WriteEndObject();
    }

    public void Fault(string code, string path, params object[] args)
    {
        if (reasons.Count < Errors.Reasons.MaxCount)
            reasons.Add(Errors.Reasons.Of(code, path, args));
    }

    private void WriteLeaf(NativeRecord scope, MapObject owner, MapLeaf leaf, string prefix)
    {
        var value = leaf.Convert.Name == "original-id" && Find(scope, leaf) is null ? FirstGenerationId(scope, owner) : Read(scope, leaf, prefix);
        if (value is null)
            return;
        if (leaf == owner.IdNumber && FirstGenerationId(scope, owner) is { } old)
            value = Identifiers.UpgradeResidentId(old)!;
        if (leaf.Convert.Number)
            json.WriteNumber(leaf.Name, long.Parse(value, CultureInfo.InvariantCulture));
        else if (leaf.Convert.IsFlag)
            json.WriteBoolean(leaf.Name, value == "true");
        else
            json.WriteString(leaf.Name, value);
    }

    private void WriteTexts(NativeRecord scope, MapLeaf leaf, string path)
    {
        if ((Find(scope, leaf.Native) as NativeValue.Texts)?.Values is not { } texts)
        {
            if (leaf.Need == Need.No)
                return;
            texts = [];
        }

        if (texts.Count > NativeMapping.MaxEntries)
        {
            Fault(ReasonCodes.TooManyEntries, path, NativeMapping.MaxEntries);
            return;
        }

        json.WriteStartArray(leaf.Name);
        for (var i = 0; i < texts.Count; i++)
        {
            if (Converted(texts[i], leaf, $"{path}[{i}]") is { } value)
                json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }

    private void WritePairs(IReadOnlyList<NativeRecord> entries, MapPairs pairs, string prefix)
    {
        var keys = new HashSet<string>(StringComparer.Ordinal);
        json.WriteStartObject(pairs.Name);
        for (var i = 0; i < entries.Count; i++)
        {
            var entryPrefix = EntryPrefix(prefix, pairs.Native, i);
            var key = Read(entries[i], pairs.Key, entryPrefix);
            var value = Read(entries[i], pairs.Value, entryPrefix);
            if (key is not null && !keys.Add(key))
                Fault(ReasonCodes.DuplicateMember, entryPrefix + pairs.Key.NativeName);
            else if (key is not null && value is not null)
                json.WriteString(key, value);
        }

        json.WriteEndObject();
    }

    private IReadOnlyList<NativeRecord>? Entries(NativeRecord scope, string[] native, bool required, string prefix)
    {
        // Rows and packed text cannot tell an empty list from an absent one: a required list that is absent is empty.
        var entries = (Find(scope, native) as NativeValue.Records)?.Values ?? (required ? [] : null);
        if (entries is null || entries.Count <= NativeMapping.MaxEntries)
            return entries;
        Fault(ReasonCodes.TooManyEntries, prefix + string.Join('.', native), NativeMapping.MaxEntries);
        return null;
    }

    private static string EntryPrefix(string prefix, string[] native, int index) => $"{prefix}{string.Join('.', native)}[{index}].";

    private string? Converted(string text, MapLeaf leaf, string path)
    {
        var (value, fault) = IsPlain(text) ? leaf.Convert.Read(text) : ("", ConvertFault.Invalid);
        switch (fault)
        {
            case ConvertFault.None:
                return value;
            case ConvertFault.UnmappedCode:
                Fault(ReasonCodes.UnmappedCode, path, Shown(text), leaf.Convert.Table!);
                return null;
            default:
                Fault(ReasonCodes.NativeValueInvalid, path, leaf.Convert.Expected);
                return null;
        }
    }

    /// <summary>The person's 15-digit number, where the city's system still holds one. One that cannot be upgraded is left to validation.</summary>
    private static string? FirstGenerationId(NativeRecord scope, MapObject person) =>
        person is { IdNumber: { } number, IdType: { } type }
        && Find(scope, number) is { } text && Identifiers.UpgradeResidentId(text) is not null
        && Find(scope, type) is { } code && type.Convert.Read(code).Value == "resident-id"
            ? text
            : null;

    private static bool IsPresent(NativeRecord scope, MapObject map) => map.Members.Any(m => m switch
    {
        MapLeaf { Convert.IsTextList: true } texts => Find(scope, texts.Native) is not null,
        MapLeaf leaf => Find(scope, leaf) is not null,
        MapObject nested => IsPresent(scope, nested),
        MapList list => Find(scope, list.Native) is not null,
        MapPairs pairs => Find(scope, pairs.Native) is not null,
        _ => false,
    });

    private static string? Find(NativeRecord scope, MapLeaf leaf) =>
        Find(scope, leaf.Native) is NativeValue.Text { Value: var text } && (text.Length > 0 || leaf.Convert.KeepsEmpty) ? text : null;

    private static NativeValue? Find(NativeRecord scope, string[] path)
    {
        for (var i = 0; i < path.Length - 1; i++)
        {
            if (scope.Record(path[i]) is not { } nested)
                return null;
            scope = nested;
        }

        return scope[path[^1]];
    }

    /// <summary>Whole characters only, no control characters but line breaks and tabs: what every city's encoding can carry.</summary>
    private static bool IsPlain(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                i++;
            else if (char.IsSurrogate(text[i]) || (char.IsControl(text[i]) && text[i] is not ('\t' or '\n' or '\r')) || text[i] >= '\uFFFE')
                return false;
        }

        return true;
    }

    /// <summary>A code or a name as a sentence may show it: short, and never what looks like a person's number.</summary>
    private static string Shown(string text) =>
        text.Length <= 32 && IsPlain(text) && text.Count(char.IsAsciiDigit) < 11 ? text : "***";

    private static string Expected(NativeKind kind) => kind switch
    {
        NativeKind.Text => "单个值",
        NativeKind.Record => "一组字段",
        _ => "列表",
    };
}

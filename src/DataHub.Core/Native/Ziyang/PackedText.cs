using System.Text;

namespace DataHub.Core.Native.Ziyang;

/// <summary>
/// A list or a record in one cell: fields <c>name=value</c> parted by <c>;</c>, entries parted by <c>|</c>. The four
/// signs and line ends are written with a backslash, an empty text as <c>\e</c>, an empty list as <c>无</c>.
/// </summary>
public static class PackedText
{
    private const string None = "无";
    private const int MaxEntries = 1000;

    public static string Pack(NativeValue value)
    {
        var text = new StringBuilder();
        switch (value)
        {
            case NativeValue.Text plain:
                return plain.Value;
            case NativeValue.Record record:
                AppendRecord(text, record.Value);
                break;
            case NativeValue.Records list:
                Join(text, '|', list.Values, AppendRecord);
                break;
            case NativeValue.Texts list:
                Join(text, '|', list.Values, AppendText);
                break;
        }

        return text.Length == 0 ? None : text.Equals(None) ? "\\" + None : text.ToString();
    }

    /// <summary>Null where the cell does not hold what <paramref name="kind"/> says.</summary>
    public static NativeValue? Unpack(string cell, NativeKind kind)
    {
        if (kind == NativeKind.Text)
            return new NativeValue.Text(cell);
        var entries = cell == None ? [] : Split(cell, '|');
        if (entries is null || entries.Count > MaxEntries)
            return null;
        if (kind == NativeKind.Texts)
            return All(entries, Unescape) is { } texts ? new NativeValue.Texts(texts) : null;
        if (kind == NativeKind.Record && cell == None)
            return new NativeValue.Record([]);
        if (All(entries, ReadRecord) is not { } records)
            return null;
        if (kind == NativeKind.Records)
            return new NativeValue.Records(records);
        return records.Count == 1 ? new NativeValue.Record(records[0]) : null;
    }

    private static void AppendRecord(StringBuilder text, NativeRecord record) =>
        Join(text, ';', record, static (text, field) =>
        {
            AppendText(text, field.Key);
            text.Append('=');
            // The contracts nest no list within a list's entry, so an entry's fields are plain texts.
            AppendText(text, field.Value is NativeValue.Text plain
                ? plain.Value
                : throw new NotSupportedException($"Field {field.Key} is nested too deep for a packed cell."));
        });

    private static void AppendText(StringBuilder text, string value)
    {
        if (value.Length == 0)
            text.Append("\\e");
        foreach (var c in value)
        {
            _ = c switch
            {
                '\\' or ';' or '|' or '=' => text.Append('\\').Append(c),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                _ => text.Append(c),
            };
        }
    }

    private static void Join<T>(StringBuilder text, char separator, IEnumerable<T> entries, Action<StringBuilder, T> append)
    {
        var first = true;
        foreach (var entry in entries)
        {
            if (!first)
                text.Append(separator);
            first = false;
            append(text, entry);
        }
    }

    private static NativeRecord? ReadRecord(string entry)
    {
        var record = new NativeRecord();
        foreach (var field in Split(entry, ';') ?? [])
        {
            if (Split(field, '=') is not [var name, var value] || Unescape(name) is not { } key || Unescape(value) is not { } plain
                || !record.TryAdd(key, new NativeValue.Text(plain)))
                return null;
        }

        return record.Count == 0 ? null : record;
    }

    /// <summary>Parts at unescaped separators; escapes stay as they are. Null where the text ends within an escape.</summary>
    private static List<string>? Split(string text, char separator)
    {
        var parts = new List<string>();
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\')
            {
                if (++i == text.Length)
                    return null;
            }
            else if (text[i] == separator)
            {
                parts.Add(text[start..i]);
                start = i + 1;
            }
        }

        parts.Add(text[start..]);
        return parts;
    }

    private static string? Unescape(string text)
    {
        if (text.Length == 0)
            return null;
        if (text == "\\e")
            return "";
        var plain = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                // A separator of another level that stands bare was not written by this rule.
                if (text[i] is ';' or '|' or '=')
                    return null;
                plain.Append(text[i]);
                continue;
            }

            char? c = ++i < text.Length ? text[i] switch
            {
                '\\' or ';' or '|' or '=' or '无' => text[i],
                'n' => '\n',
                'r' => '\r',
                _ => null,
            } : null;
            if (c is null)
                return null;
            plain.Append(c);
        }

        return plain.ToString();
    }

    private static List<T>? All<T>(List<string> entries, Func<string, T?> read)
        where T : class
    {
        var all = new List<T>(entries.Count);
        foreach (var entry in entries)
        {
            if (read(entry) is not { } value)
                return null;
            all.Add(value);
        }

        return all;
    }
}

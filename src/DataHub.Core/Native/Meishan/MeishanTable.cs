using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Errors;

namespace DataHub.Core.Native.Meishan;

/// <summary>A row as it stands in a table with its details.</summary>
/// <param name="Key">The row's ROW_KEY, where its writer set one.</param>
/// <param name="Record">Null where the row could not be read; <paramref name="Reasons"/> then says why.</param>
/// <param name="Native">The row and its details as text, one <c>COLUMN=value</c> a line: evidence of what was written.</param>
public sealed record MeishanRow(long Id, string? Key, NativeRecord? Record, IReadOnlyList<Reason> Reasons, ReadOnlyMemory<byte> Native);

/// <summary>A row to be written: STATUS 0, and <paramref name="Key"/> as its ROW_KEY.</summary>
public sealed record MeishanEntry(string Key, NativeRecord Record);

/// <summary>The answer to a row, and the STATUS that the row has with it.</summary>
public sealed record MeishanAnswer(long RowId, int Status, MeishanEntry Entry);

/// <summary>One field of one entry of a list.</summary>
internal readonly record struct MeishanDetail(long Owner, string List, int Row, string Name, string Value);

/// <summary>
/// What stands in one table of the exchange database with its detail table <c>{name}_MX</c>, whichever database that is.
/// Fields of the mapping table are columns; a field that is a list or a record holds the number of its entries, which stand
/// in the detail table.
/// </summary>
public sealed partial class MeishanTable
{
    public const int New = 0;
    public const int Done = 1;
    public const int Refused = 2;

    /// <summary>Gives a row another key, so that its own is free: the new one holds the row's ID, which no other has.</summary>
    internal const string SetAside = "ROW_KEY = ROW_KEY || '/refused-' || ID";

    private const int MaxDetails = 5_000;
    private const int MaxRowText = 256 * 1024;

    /// <summary>Characters that are kept of each column of a row that is too large.</summary>
    private const int KeptOfColumn = 1024;

    private const string TextOfList = "VALUE";

    private readonly Dictionary<string, NativeField> _fields = new(StringComparer.Ordinal);
    private readonly List<string> _columns;

    internal MeishanTable(string name, IEnumerable<NativeField> fields)
    {
        Name = name;
        foreach (var field in fields)
        {
            // Column names go into SQL text.
            if (!field.Name.All(static c => c is (>= 'A' and <= 'Z') or (>= '0' and <= '9') or '_') || field.Name is "ID" or "ROW_KEY" or "STATUS")
                throw new ArgumentException($"{field.Name} cannot be a column of {name}.", nameof(fields));
            if (!_fields.TryAdd(field.Name, field) && _fields[field.Name].Kind != field.Kind)
                throw new ArgumentException($"Column {field.Name} of {name} is mapped to more than one kind.", nameof(fields));
        }

        _columns = [.. _fields.Keys];
    }

    internal string Name { get; }

    internal IReadOnlyList<string> Columns => _columns;

    internal IEnumerable<NativeField> Fields => _fields.Values;

    /// <summary>
    /// Reads ID, ROW_KEY, whether a row is too large, and the columns; of a row that is too large only the beginning of each, so that
    /// nobody's memory depends on what was written. In the words of every database.
    /// </summary>
    /// <param name="name">The table's name in the database.</param>
    /// <param name="which">Condition, order and bound of the rows.</param>
    /// <param name="isText">True for a column that holds text of any length.</param>
    internal string SelectRows(string name, string which, Func<NativeField, bool> isText)
    {
        var size = string.Join(" + ", Fields.Where(isText).Select(field => $"coalesce(octet_length({field.Name}), 0)"));
        var columns = string.Join(", ", Fields.Select(field => isText(field) ? $"CASE WHEN TOO_LARGE THEN substr({field.Name}, 1, {KeptOfColumn}) ELSE {field.Name} END" : field.Name));
        return string.Create(CultureInfo.InvariantCulture, $"SELECT ID, ROW_KEY, TOO_LARGE, {columns} FROM (SELECT *, {size} > {MaxRowText} AS TOO_LARGE FROM {name} WHERE {which}) AS found ORDER BY ID");
    }

    /// <summary>Reads the details of some rows; of each row one more than it may have, in number or in text.</summary>
    /// <param name="name">The detail table's name in the database.</param>
    internal static string SelectDetails(string name, string owners) => string.Create(CultureInfo.InvariantCulture,
        $"""
        SELECT OWNER_ID, substr(LIST_NAME, 1, {MaxRowText + 1}), ROW_NO, substr(COL_NAME, 1, {MaxRowText + 1}), substr(COL_VALUE, 1, {MaxRowText + 1})
        FROM (SELECT *, row_number() OVER up_to AS NTH, sum(octet_length(LIST_NAME) + octet_length(COL_NAME) + octet_length(COL_VALUE)) OVER up_to AS SO_FAR
              FROM {name} WHERE {owners} WINDOW up_to AS (PARTITION BY OWNER_ID ORDER BY ROW_NO, MX_ID ROWS UNBOUNDED PRECEDING)) AS found
        WHERE NTH <= {MaxDetails + 1} AND SO_FAR - octet_length(LIST_NAME) - octet_length(COL_NAME) - octet_length(COL_VALUE) <= {MaxRowText}
        ORDER BY OWNER_ID, ROW_NO, MX_ID
        """);

    /// <summary>
    /// A row as a person wrote it: UTF-8 lines <c>COLUMN=value</c>, entries of lists as <c>LIST[1].COLUMN=value</c>, the form
    /// in which rows are kept as evidence. Lines of any other form and unknown columns are left out.
    /// </summary>
    public NativeRecord ReadSample(ReadOnlySpan<byte> sample)
    {
        var values = new string?[_columns.Count];
        var details = new List<MeishanDetail>();
        foreach (var line in Encoding.UTF8.GetString(sample).Split('\n', StringSplitOptions.TrimEntries))
        {
            var parts = line.Split('=', 2);
            if (parts.Length == 2 && _columns.IndexOf(parts[0]) is >= 0 and var column)
                values[column] = parts[1];
            else if (parts.Length == 2 && DetailName.Match(parts[0]) is { Success: true } match)
                details.Add(new MeishanDetail(0, match.Groups[1].Value, int.Parse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture), match.Groups[3].Value, parts[1]));
        }

        return ToRow(0, null, tooLarge: false, values, details).Record ?? [];
    }

    /// <summary>False for a record with U+0000 in a text, which not every database can store.</summary>
    public static bool CanHold(NativeRecord record) =>
        record.All(field => field.Value is NativeValue.Text text ? !text.Value.Contains('\0') : Details(0, field.Key, field.Value).All(detail => !detail.Value.Contains('\0')));

    /// <summary>What stands in the columns of a record's row.</summary>
    /// <exception cref="ArgumentException">The record has a field that is no column.</exception>
    internal IEnumerable<(string Column, object Value)> ValuesOf(NativeRecord record)
    {
        foreach (var (name, value) in record)
        {
            if (!_fields.ContainsKey(name))
                throw new ArgumentException($"{Name} has no column {name}.", nameof(record));
            yield return (name, value switch
            {
                NativeValue.Text text => text.Value,
                NativeValue.Record => 1,
                NativeValue.Records list => list.Values.Count,
                NativeValue.Texts list => list.Values.Count,
                _ => throw new ArgumentException($"Field {name} has no form in a table.", nameof(record)),
            });
        }
    }

    /// <summary>The detail rows of a record's lists.</summary>
    internal static IEnumerable<MeishanDetail> DetailsOf(long owner, NativeRecord record) => record.SelectMany(field => Details(owner, field.Key, field.Value));

    private static IEnumerable<MeishanDetail> Details(long owner, string list, NativeValue value) => value switch
    {
        NativeValue.Record record => Entry(owner, list, 1, record.Value),
        NativeValue.Records records => records.Values.SelectMany((entry, i) => Entry(owner, list, i + 1, entry)),
        NativeValue.Texts texts => texts.Values.Select((text, i) => new MeishanDetail(owner, list, i + 1, TextOfList, text)),
        _ => [],
    };

    private static IEnumerable<MeishanDetail> Entry(long owner, string list, int row, NativeRecord entry) =>
        entry.Select(field => new MeishanDetail(owner, list, row, field.Key, field.Value is NativeValue.Text text
            ? text.Value
            // The contracts nest no list within a list's entry.
            : throw new NotSupportedException($"Field {field.Key} is nested too deep for a detail row.")));

    internal MeishanRow ToRow(long id, string? key, bool tooLarge, string?[] values, IEnumerable<MeishanDetail> all)
    {
        var details = all.Take(MaxDetails + 1).ToList();
        var native = NativeText(values, details);
        if (tooLarge || native.Length > MaxRowText || details.Count > MaxDetails)
            return new MeishanRow(id, key, null, [Reasons.Of(ReasonCodes.TooLarge, "$", MaxRowText)], native.AsMemory(0, Math.Min(native.Length, MaxRowText)));
        var record = new NativeRecord();
        var reasons = new List<Reason>();
        for (var i = 0; i < values.Length; i++)
        {
            if (values[i] is not { } text)
                continue;
            var field = _fields[_columns[i]];
            var value = field.Kind == NativeKind.Text
                ? new NativeValue.Text(text)
                : FromDetails(field.Kind, text, details.Where(detail => detail.List == field.Name));
            if (value is null)
                reasons.Add(Reasons.Of(ReasonCodes.NativeValueInvalid, field.Name, "与明细行数相同的数"));
            else
                record.Add(field.Name, value);
        }

        return reasons.Count > 0 ? new MeishanRow(id, key, null, reasons, native) : new MeishanRow(id, key, record, [], native);
    }

    /// <summary>Null where the details are not as many as the column states, or not numbered from 1 without gaps.</summary>
    private static NativeValue? FromDetails(NativeKind kind, string stated, IEnumerable<MeishanDetail> details)
    {
        var entries = details.GroupBy(detail => detail.Row).ToList();
        // A record may be empty, and an empty one has no details.
        if (kind == NativeKind.Record && stated == "1" && entries.Count == 0)
            return new NativeValue.Record([]);
        if (stated != entries.Count.ToString(CultureInfo.InvariantCulture) || entries.Where((entry, i) => entry.Key != i + 1).Any())
            return null;
        if (kind == NativeKind.Texts)
            return entries.All(entry => entry.Count() == 1) ? new NativeValue.Texts([.. entries.Select(entry => entry.First().Value)]) : null;
        var records = new List<NativeRecord>();
        foreach (var entry in entries)
        {
            var record = new NativeRecord();
            foreach (var detail in entry)
            {
                if (!record.TryAdd(detail.Name, new NativeValue.Text(detail.Value)))
                    return null;
            }

            records.Add(record);
        }

        if (kind == NativeKind.Records)
            return new NativeValue.Records(records);
        return records.Count == 1 ? new NativeValue.Record(records[0]) : null;
    }

    private byte[] NativeText(string?[] values, List<MeishanDetail> details)
    {
        var text = new StringBuilder();
        for (var i = 0; i < values.Length; i++)
        {
            if (values[i] is { } value && text.Length <= MaxRowText)
                text.Append(_columns[i]).Append('=').Append(value.AsSpan(0, Math.Min(value.Length, MaxRowText))).Append('\n');
        }

        foreach (var detail in details.TakeWhile(_ => text.Length <= MaxRowText))
            text.Append($"{detail.List}[{detail.Row}].{detail.Name}=").Append(detail.Value.AsSpan(0, Math.Min(detail.Value.Length, MaxRowText))).Append('\n');
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    [GeneratedRegex(@"^([A-Z0-9_]+)\[([0-9]{1,4})\]\.([A-Z0-9_]+)\z", RegexOptions.CultureInvariant)]
    private static partial Regex DetailName { get; }

}

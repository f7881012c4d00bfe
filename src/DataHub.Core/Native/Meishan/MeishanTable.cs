using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Errors;
using Microsoft.Data.Sqlite;

namespace DataHub.Core.Native.Meishan;

/// <summary>A row as it stands in a table with its details.</summary>
/// <param name="Key">The row's ROW_KEY, where its writer set one.</param>
/// <param name="Record">Null where the row could not be read; <paramref name="Reasons"/> then says why.</param>
/// <param name="Native">The row and its details as text, one <c>COLUMN=value</c> a line: evidence of what was written.</param>
public sealed record MeishanRow(long Id, string? Key, NativeRecord? Record, IReadOnlyList<Reason> Reasons, ReadOnlyMemory<byte> Native);

/// <summary>
/// One table of the exchange database with its detail table <c>{name}_MX</c>. Fields of the mapping table are columns; a
/// field that is a list or a record holds the number of its entries, which stand in the detail table.
/// </summary>
public sealed partial class MeishanTable
{
    public const int New = 0;
    public const int Done = 1;
    public const int Refused = 2;

    private const int MaxDetails = 5_000;
    private const int MaxRowText = 256 * 1024;
    private const string TextOfList = "VALUE";

    private readonly Dictionary<string, NativeField> _fields = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> _inserts = new(StringComparer.Ordinal);
    private readonly string _name;
    private readonly string _select;
    private readonly List<string> _columns;

    internal MeishanTable(string name, IEnumerable<NativeField> fields)
    {
        _name = name;
        foreach (var field in fields)
        {
            // Column names go into SQL text.
            if (!field.Name.All(static c => c is (>= 'A' and <= 'Z') or (>= '0' and <= '9') or '_') || field.Name is "ID" or "ROW_KEY" or "STATUS")
                throw new ArgumentException($"{field.Name} cannot be a column of {name}.", nameof(fields));
            if (!_fields.TryAdd(field.Name, field) && _fields[field.Name].Kind != field.Kind)
                throw new ArgumentException($"Column {field.Name} of {name} is mapped to more than one kind.", nameof(fields));
        }

        _columns = [.. _fields.Keys];
        _select = $"SELECT ID, ROW_KEY, {string.Join(", ", _columns)} FROM {name}";
    }

    /// <summary>
    /// A row as a person wrote it: UTF-8 lines <c>COLUMN=value</c>, entries of lists as <c>LIST[1].COLUMN=value</c>, the form
    /// in which rows are kept as evidence. Lines of any other form and unknown columns are left out.
    /// </summary>
    public NativeRecord ReadSample(ReadOnlySpan<byte> sample)
    {
        var values = new string?[_columns.Count];
        var details = new List<Detail>();
        foreach (var line in Encoding.UTF8.GetString(sample).Split('\n', StringSplitOptions.TrimEntries))
        {
            var parts = line.Split('=', 2);
            if (parts.Length == 2 && _columns.IndexOf(parts[0]) is >= 0 and var column)
                values[column] = parts[1];
            else if (parts.Length == 2 && DetailName.Match(parts[0]) is { Success: true } match)
                details.Add(new Detail(0, match.Groups[1].Value, int.Parse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture), match.Groups[3].Value, parts[1]));
        }

        return ToRow(0, null, values, details).Record ?? [];
    }

    internal string Ddl()
    {
        var ddl = new StringBuilder();
        ddl.Append($"CREATE TABLE IF NOT EXISTS {_name} (\n  {"ID",-28} INTEGER PRIMARY KEY AUTOINCREMENT,\n  {"ROW_KEY",-28} TEXT UNIQUE,\n");
        foreach (var field in _fields.Values)
            ddl.Append($"  {field.Name,-28} {TypeOf(field)},\n");
        ddl.Append($"  {"STATUS",-28} INTEGER NOT NULL DEFAULT 0 CHECK (STATUS IN (0, 1, 2))\n);\n");
        ddl.Append($"CREATE INDEX IF NOT EXISTS IX_{_name}_NEW ON {_name} (ID) WHERE STATUS = 0;\n");
        ddl.Append(
            $"""
            CREATE TABLE IF NOT EXISTS {_name}_MX (
              MX_ID     INTEGER PRIMARY KEY AUTOINCREMENT,
              OWNER_ID  INTEGER NOT NULL,
              LIST_NAME TEXT NOT NULL,
              ROW_NO    INTEGER NOT NULL,
              COL_NAME  TEXT NOT NULL,
              COL_VALUE TEXT NOT NULL
            );
            CREATE INDEX IF NOT EXISTS IX_{_name}_MX ON {_name}_MX (OWNER_ID);

            """);
        return ddl.ToString();
    }

    /// <summary>A mapping table that has grown since the file was made brings its new columns along.</summary>
    internal void AddNewColumns(SqliteConnection connection)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        using (var columns = MeishanDatabase.Command(connection, $"SELECT name FROM pragma_table_info('{_name}')"))
        using (var reader = columns.ExecuteReader())
        {
            while (reader.Read())
                known.Add(reader.GetString(0));
        }

        foreach (var field in _fields.Values.Where(field => !known.Contains(field.Name)))
        {
            using var add = MeishanDatabase.Command(connection, $"ALTER TABLE {_name} ADD COLUMN {field.Name} {TypeOf(field)}");
            add.ExecuteNonQuery();
        }
    }

    /// <summary>Writes a row with STATUS 0; a key that is there already leaves the first row as it is.</summary>
    /// <returns>The id of the row that now has the key.</returns>
    /// <exception cref="ArgumentException">The record has a field that is no column.</exception>
    public long Insert(SqliteConnection connection, NativeRecord record, string? key)
    {
        if (record.Names.FirstOrDefault(name => !_fields.ContainsKey(name)) is { } unknown)
            throw new ArgumentException($"{_name} has no column {unknown}.", nameof(record));
        var sql = _inserts.GetOrAdd(string.Join(',', record.Names), names =>
            $"INSERT INTO {_name} (ROW_KEY, {names}) VALUES (@ROW_KEY, {string.Join(',', names.Split(',').Select(name => "@" + name))}) ON CONFLICT (ROW_KEY) DO NOTHING RETURNING ID");
        using var insert = MeishanDatabase.Command(connection, sql, ("@ROW_KEY", key));
        foreach (var (name, value) in record)
            insert.Parameters.AddWithValue("@" + name, ColumnValue(value));
        if (insert.ExecuteScalar() is long id)
        {
            InsertDetails(connection, id, record);
            return id;
        }

        using var existing = MeishanDatabase.Command(connection, $"SELECT ID FROM {_name} WHERE ROW_KEY = @key", ("@key", key));
        return (long)existing.ExecuteScalar()!;
    }

    /// <summary>Rows with STATUS 0, oldest first.</summary>
    public IReadOnlyList<MeishanRow> ReadNew(SqliteConnection connection, int limit) =>
        Read(connection, _select + " WHERE STATUS = 0 ORDER BY ID LIMIT @limit", ("@limit", limit));

    public IReadOnlyList<MeishanRow> ReadByKey(SqliteConnection connection, IEnumerable<string> keys) =>
        Read(connection, _select + " WHERE ROW_KEY IN (SELECT value FROM json_each(@keys))", ("@keys", System.Text.Json.JsonSerializer.Serialize(keys)));

    public void SetStatus(SqliteConnection connection, long id, int status)
    {
        using var update = MeishanDatabase.Command(connection, $"UPDATE {_name} SET STATUS = @status WHERE ID = @id", ("@status", status), ("@id", id));
        update.ExecuteNonQuery();
    }

    private static string TypeOf(NativeField field) =>
        field.Kind != NativeKind.Text || field.Convert is "integer" or "fen-integer" ? "INTEGER" : "TEXT";

    private static object ColumnValue(NativeValue value) => value switch
    {
        NativeValue.Text text => text.Value,
        NativeValue.Record => 1,
        NativeValue.Records list => list.Values.Count,
        NativeValue.Texts list => list.Values.Count,
        _ => throw new ArgumentOutOfRangeException(nameof(value)),
    };

    private void InsertDetails(SqliteConnection connection, long owner, NativeRecord record)
    {
        if (record.All(field => field.Value is NativeValue.Text))
            return;
        using var insert = MeishanDatabase.Command(
            connection,
            $"INSERT INTO {_name}_MX (OWNER_ID, LIST_NAME, ROW_NO, COL_NAME, COL_VALUE) VALUES (@owner, @list, @row, @name, @value)",
            ("@owner", owner), ("@list", ""), ("@row", 0), ("@name", ""), ("@value", ""));
        foreach (var (list, row, name, value) in record.SelectMany(field => Details(field.Key, field.Value)))
        {
            insert.Parameters["@list"].Value = list;
            insert.Parameters["@row"].Value = row;
            insert.Parameters["@name"].Value = name;
            insert.Parameters["@value"].Value = value;
            insert.ExecuteNonQuery();
        }
    }

    private static IEnumerable<(string List, int Row, string Name, string Value)> Details(string list, NativeValue value) => value switch
    {
        NativeValue.Record record => Entry(list, 1, record.Value),
        NativeValue.Records records => records.Values.SelectMany((entry, i) => Entry(list, i + 1, entry)),
        NativeValue.Texts texts => texts.Values.Select((text, i) => (list, i + 1, TextOfList, text)),
        _ => [],
    };

    private static IEnumerable<(string List, int Row, string Name, string Value)> Entry(string list, int row, NativeRecord entry) =>
        entry.Select(field => (list, row, field.Key, field.Value is NativeValue.Text text
            ? text.Value
            // The contracts nest no list within a list's entry.
            : throw new NotSupportedException($"Field {field.Key} is nested too deep for a detail row.")));

    private List<MeishanRow> Read(SqliteConnection connection, string sql, (string Name, object? Value) parameter)
    {
        var found = new List<(long Id, string? Key, string?[] Values)>();
        using (var select = MeishanDatabase.Command(connection, sql, parameter))
        using (var reader = select.ExecuteReader())
        {
            while (reader.Read())
            {
                var values = new string?[_columns.Count];
                for (var i = 0; i < values.Length; i++)
                    values[i] = reader.IsDBNull(i + 2) ? null : Convert.ToString(reader.GetValue(i + 2), CultureInfo.InvariantCulture);
                found.Add((reader.GetInt64(0), reader.IsDBNull(1) ? null : reader.GetString(1), values));
            }
        }

        if (found.Count == 0)
            return [];
        var details = ReadDetails(connection, found.Select(row => row.Id));
        return [.. found.Select(row => ToRow(row.Id, row.Key, row.Values, details[row.Id]))];
    }

    private ILookup<long, Detail> ReadDetails(SqliteConnection connection, IEnumerable<long> owners)
    {
        using var select = MeishanDatabase.Command(
            connection,
            $"SELECT OWNER_ID, LIST_NAME, ROW_NO, COL_NAME, COL_VALUE FROM {_name}_MX WHERE OWNER_ID IN (SELECT value FROM json_each(@ids)) ORDER BY OWNER_ID, ROW_NO, MX_ID",
            ("@ids", "[" + string.Join(',', owners.Select(id => id.ToString(CultureInfo.InvariantCulture))) + "]"));
        using var reader = select.ExecuteReader();
        var details = new List<Detail>();
        while (reader.Read())
            details.Add(new Detail(reader.GetInt64(0), reader.GetString(1), reader.GetInt32(2), reader.GetString(3), reader.GetString(4)));
        return details.ToLookup(detail => detail.Owner);
    }

    private MeishanRow ToRow(long id, string? key, string?[] values, IEnumerable<Detail> all)
    {
        var details = all.Take(MaxDetails + 1).ToList();
        var native = NativeText(values, details);
        if (native.Length > MaxRowText || details.Count > MaxDetails)
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
    private static NativeValue? FromDetails(NativeKind kind, string stated, IEnumerable<Detail> details)
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

    private byte[] NativeText(string?[] values, List<Detail> details)
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

    private sealed record Detail(long Owner, string List, int Row, string Name, string Value);
}

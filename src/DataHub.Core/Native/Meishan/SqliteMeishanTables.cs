using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace DataHub.Core.Native.Meishan;

/// <summary>The exchange database as a SQLite file, which the city's system and the hub share on one machine. Calls take turns.</summary>
public sealed class SqliteMeishanTables : IMeishanTables
{
    private readonly ConcurrentDictionary<(string Table, string Columns), string> _inserts = new();
    private readonly SqliteConnection _connection;
    private readonly Lock _turn = new();

    public SqliteMeishanTables(string path, NativeMapping mapping)
    {
        Tables = new MeishanTableSet(mapping);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        _connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = 10 }.ToString());
        _connection.Open();
        using (var setUp = Command("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=10000;"))
            setUp.ExecuteNonQuery();
        Write(() =>
        {
            using (var create = Command(Ddl(mapping)))
                create.ExecuteNonQuery();
            foreach (var table in Tables.All)
                AddNewColumns(table);
        });
    }

    public MeishanTableSet Tables { get; }

    /// <summary>The definition of the tables, committed as contracts/native/meishan.sql.</summary>
    public static string Ddl(NativeMapping mapping) =>
        "-- Exchange database (前置库) between Meishan's system and the hub, SQLite. meishan.md says what each column means.\n\n" + new MeishanTableSet(mapping).Ddl(Ddl);

    public Task<IReadOnlyDictionary<string, long>> InsertAsync(MeishanTable table, IReadOnlyList<MeishanEntry> entries, CancellationToken cancellationToken)
    {
        var ids = new Dictionary<string, long>(StringComparer.Ordinal);
        Write(() =>
        {
            foreach (var entry in entries)
                ids[entry.Key] = Insert(table, entry);
        });
        return Task.FromResult<IReadOnlyDictionary<string, long>>(ids);
    }

    public Task<IReadOnlyList<MeishanRow>> ReadNewAsync(MeishanTable table, int limit, CancellationToken cancellationToken) =>
        Task.FromResult(Read(table, "STATUS = 0 ORDER BY ID LIMIT @limit", ("@limit", limit)));

    public Task<IReadOnlyList<MeishanRow>> ReadByKeyAsync(MeishanTable table, IReadOnlyCollection<string> keys, CancellationToken cancellationToken) =>
        Task.FromResult(Read(table, "ROW_KEY IN (SELECT value FROM json_each(@keys))", ("@keys", JsonSerializer.Serialize(keys))));

    public Task AnswerAsync(MeishanTable asked, MeishanTable answers, IReadOnlyList<MeishanAnswer> given, CancellationToken cancellationToken)
    {
        Write(() =>
        {
            using var update = Command($"UPDATE {asked.Name} SET STATUS = @status WHERE ID = @id", ("@status", 0), ("@id", 0L));
            foreach (var answer in given)
            {
                Insert(answers, answer.Entry);
                update.Parameters["@status"].Value = answer.Status;
                update.Parameters["@id"].Value = answer.RowId;
                update.ExecuteNonQuery();
            }
        });
        return Task.CompletedTask;
    }

    public Task SetAsideAsync(MeishanTable asked, MeishanTable answers, IReadOnlyCollection<string> keys, CancellationToken cancellationToken)
    {
        Write(() =>
        {
            foreach (var table in (MeishanTable[])[asked, answers])
            {
                using var update = Command($"UPDATE {table.Name} SET {MeishanTable.SetAside} WHERE ROW_KEY IN (SELECT value FROM json_each(@keys))", ("@keys", JsonSerializer.Serialize(keys)));
                update.ExecuteNonQuery();
            }
        });
        return Task.CompletedTask;
    }

    public void Dispose() => _connection.Dispose();

    private static string Ddl(MeishanTable table)
    {
        var ddl = new StringBuilder();
        ddl.Append($"CREATE TABLE IF NOT EXISTS {table.Name} (\n  {"ID",-28} INTEGER PRIMARY KEY AUTOINCREMENT,\n  {"ROW_KEY",-28} TEXT UNIQUE,\n");
        foreach (var field in table.Fields)
            ddl.Append($"  {field.Name,-28} {TypeOf(field)},\n");
        ddl.Append($"  {"STATUS",-28} INTEGER NOT NULL DEFAULT 0 CHECK (STATUS IN (0, 1, 2))\n);\n");
        ddl.Append($"CREATE INDEX IF NOT EXISTS IX_{table.Name}_NEW ON {table.Name} (ID) WHERE STATUS = 0;\n");
        ddl.Append(
            $"""
            CREATE TABLE IF NOT EXISTS {table.Name}_MX (
              MX_ID     INTEGER PRIMARY KEY AUTOINCREMENT,
              OWNER_ID  INTEGER NOT NULL,
              LIST_NAME TEXT NOT NULL,
              ROW_NO    INTEGER NOT NULL,
              COL_NAME  TEXT NOT NULL,
              COL_VALUE TEXT NOT NULL
            );
            CREATE INDEX IF NOT EXISTS IX_{table.Name}_MX ON {table.Name}_MX (OWNER_ID);

            """);
        return ddl.ToString();
    }

    private static string TypeOf(NativeField field) =>
        field.Kind != NativeKind.Text || field.Convert is "integer" or "fen-integer" ? "INTEGER" : "TEXT";

    private void Write(Action write)
    {
        lock (_turn)
        {
            // Immediate: a transaction that first reads and then writes could otherwise find the file taken half-way.
            using var transaction = _connection.BeginTransaction(deferred: false);
            write();
            transaction.Commit();
        }
    }

    private SqliteCommand Command(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
            command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        return command;
    }

    /// <summary>A mapping table that has grown since the file was made brings its new columns along.</summary>
    private void AddNewColumns(MeishanTable table)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        using (var columns = Command($"SELECT name FROM pragma_table_info('{table.Name}')"))
        using (var reader = columns.ExecuteReader())
        {
            while (reader.Read())
                known.Add(reader.GetString(0));
        }

        foreach (var field in table.Fields.Where(field => !known.Contains(field.Name)))
        {
            using var add = Command($"ALTER TABLE {table.Name} ADD COLUMN {field.Name} {TypeOf(field)}");
            add.ExecuteNonQuery();
        }
    }

    private long Insert(MeishanTable table, MeishanEntry entry)
    {
        var values = table.ValuesOf(entry.Record).ToList();
        var sql = _inserts.GetOrAdd((table.Name, string.Join(", ", values.Select(value => value.Column))), static insert =>
            $"INSERT INTO {insert.Table} (ROW_KEY, {insert.Columns}) VALUES (@ROW_KEY, @{insert.Columns.Replace(" ", " @", StringComparison.Ordinal)}) ON CONFLICT (ROW_KEY) DO NOTHING RETURNING ID");
        using var command = Command(sql, ("@ROW_KEY", entry.Key));
        foreach (var (column, value) in values)
            command.Parameters.AddWithValue("@" + column, value);
        if (command.ExecuteScalar() is long id)
        {
            InsertDetails(table, MeishanTable.DetailsOf(id, entry.Record).ToList());
            return id;
        }

        using var existing = Command($"SELECT ID FROM {table.Name} WHERE ROW_KEY = @key", ("@key", entry.Key));
        return (long)existing.ExecuteScalar()!;
    }

    private void InsertDetails(MeishanTable table, List<MeishanDetail> details)
    {
        if (details.Count == 0)
            return;
        using var insert = Command(
            $"INSERT INTO {table.Name}_MX (OWNER_ID, LIST_NAME, ROW_NO, COL_NAME, COL_VALUE) VALUES (@owner, @list, @row, @name, @value)",
            ("@owner", details[0].Owner), ("@list", ""), ("@row", 0), ("@name", ""), ("@value", ""));
        foreach (var detail in details)
        {
            insert.Parameters["@list"].Value = detail.List;
            insert.Parameters["@row"].Value = detail.Row;
            insert.Parameters["@name"].Value = detail.Name;
            insert.Parameters["@value"].Value = detail.Value;
            insert.ExecuteNonQuery();
        }
    }

    private IReadOnlyList<MeishanRow> Read(MeishanTable table, string which, (string Name, object? Value) parameter)
    {
        lock (_turn)
        {
            var found = new List<(long Id, string? Key, bool TooLarge, string?[] Values)>();
            using (var select = Command(table.SelectRows(table.Name, which, static _ => true), parameter))
            using (var reader = select.ExecuteReader())
            {
                while (reader.Read())
                {
                    var values = new string?[table.Columns.Count];
                    for (var i = 0; i < values.Length; i++)
                        values[i] = reader.IsDBNull(i + 3) ? null : Convert.ToString(reader.GetValue(i + 3), CultureInfo.InvariantCulture);
                    found.Add((reader.GetInt64(0), reader.IsDBNull(1) ? null : reader.GetString(1), reader.GetBoolean(2), values));
                }
            }

            if (found.Count == 0)
                return [];
            var details = ReadDetails(table, found.Select(row => row.Id));
            return [.. found.Select(row => table.ToRow(row.Id, row.Key, row.TooLarge, row.Values, details[row.Id]))];
        }
    }

    private ILookup<long, MeishanDetail> ReadDetails(MeishanTable table, IEnumerable<long> owners)
    {
        using var select = Command(
            MeishanTable.SelectDetails(table.Name + "_MX", "OWNER_ID IN (SELECT value FROM json_each(@ids))"),
            ("@ids", "[" + string.Join(',', owners.Select(id => id.ToString(CultureInfo.InvariantCulture))) + "]"));
        using var reader = select.ExecuteReader();
        var details = new List<MeishanDetail>();
        while (reader.Read())
            details.Add(new MeishanDetail(reader.GetInt64(0), reader.GetString(1), reader.GetInt32(2), reader.GetString(3), reader.GetString(4)));
        return details.ToLookup(detail => detail.Owner);
    }
}

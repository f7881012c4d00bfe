using System.Globalization;
using System.Text;
using System.Text.Json;
using Npgsql;
using NpgsqlTypes;

namespace DataHub.Core.Native.Meishan;

/// <summary>
/// The exchange database as the schema <c>meishan_exchange</c> of a PostgreSQL database. The database need not be there yet
/// when this is made: the schema is made, or brought up to the mapping table, before the first call that gets through.
/// A batch of statements is one transaction.
/// </summary>
public sealed class PostgresMeishanTables : IMeishanTables
{
    public const string Schema = "meishan_exchange";

    // One number for all who make the schema, so that two who start at once do not do it twice.
    private const long SchemaLock = 0x4D45_4953_4841_4E;

    private readonly NpgsqlDataSource _source;
    private readonly SemaphoreSlim _making = new(1, 1);
    private volatile bool _made;

    public PostgresMeishanTables(string connectionString, NativeMapping mapping)
    {
        Tables = new MeishanTableSet(mapping);
        // Whatever it says of the server's role: what writes needs the primary.
        var settings = new NpgsqlConnectionStringBuilder(connectionString) { TargetSessionAttributes = null };
        // A caller waits a few seconds for its answer; a server that takes longer is asked again by the next look.
        settings.Timeout = Math.Min(settings.Timeout, 5);
        settings.CommandTimeout = Math.Min(settings.CommandTimeout, 10);
        settings.CancellationTimeout = 1000;
        settings.ApplicationName ??= "datahub-meishan-exchange";
        // Also when the client is gone: a lock left behind would stop the other side.
        settings.Options ??= "-c statement_timeout=10s -c lock_timeout=5s -c idle_in_transaction_session_timeout=10s";
        var severalHosts = settings.Host?.Contains(',', StringComparison.Ordinal) == true;
        var builder = new NpgsqlDataSourceBuilder(settings.ToString());
        _source = severalHosts ? builder.BuildMultiHost().WithTargetSession(TargetSessionAttributes.Primary) : builder.Build();
    }

    public MeishanTableSet Tables { get; }

    /// <summary>The definition of the schema, committed as contracts/native/meishan.postgres.sql.</summary>
    public static string Ddl(NativeMapping mapping) =>
        $"""
        -- Exchange database (前置库) between Meishan's system and the hub, PostgreSQL. meishan.md says what each column means.

        CREATE SCHEMA IF NOT EXISTS {Schema};


        """ + new MeishanTableSet(mapping).Ddl(Ddl);

    public async Task<IReadOnlyDictionary<string, long>> InsertAsync(MeishanTable table, IReadOnlyList<MeishanEntry> entries, CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(cancellationToken);
        await using var batch = connection.CreateBatch();
        AddInsert(batch, table, entries);
        // A statement of its own sees what others committed while the one before waited for them.
        batch.BatchCommands.Add(Command(
            $"SELECT ROW_KEY, ID FROM {Schema}.{table.Name} WHERE ROW_KEY = ANY ($1)",
            Texts(entries.Select(entry => entry.Key))));
        var ids = new Dictionary<string, long>(StringComparer.Ordinal);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            ids[reader.GetString(0)] = reader.GetInt64(1);
        // The server commits after the last statement: only now is it certain.
        await reader.NextResultAsync(cancellationToken);
        return ids;
    }

    public Task<IReadOnlyList<MeishanRow>> ReadNewAsync(MeishanTable table, int limit, CancellationToken cancellationToken) =>
        ReadAsync(table, "STATUS = 0 ORDER BY ID LIMIT $1", new NpgsqlParameter<int> { TypedValue = limit }, cancellationToken);

    public Task<IReadOnlyList<MeishanRow>> ReadByKeyAsync(MeishanTable table, IReadOnlyCollection<string> keys, CancellationToken cancellationToken) =>
        ReadAsync(table, "ROW_KEY = ANY ($1) OFFSET 0", Texts(keys), cancellationToken);

    public async Task SetAsideAsync(MeishanTable asked, MeishanTable answers, IReadOnlyCollection<string> keys, CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(cancellationToken);
        await using var batch = connection.CreateBatch();
        foreach (var table in (MeishanTable[])[asked, answers])
            batch.BatchCommands.Add(Command($"UPDATE {Schema}.{table.Name} SET {MeishanTable.SetAside} WHERE ROW_KEY = ANY ($1)", Texts(keys)));
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task AnswerAsync(MeishanTable asked, MeishanTable answers, IReadOnlyList<MeishanAnswer> given, CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(cancellationToken);
        await using var batch = connection.CreateBatch();
        AddInsert(batch, answers, [.. given.Select(answer => answer.Entry)]);
        batch.BatchCommands.Add(Command(
            $"UPDATE {Schema}.{asked.Name} AS asked SET STATUS = given.status FROM unnest($1, $2) AS given (id, status) WHERE asked.ID = given.id",
            new NpgsqlParameter<long[]> { TypedValue = [.. given.Select(answer => answer.RowId)] },
            new NpgsqlParameter<short[]> { TypedValue = [.. given.Select(answer => (short)answer.Status)] }));
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    public void Dispose()
    {
        _source.Dispose();
        _making.Dispose();
    }

    private static string Ddl(MeishanTable table)
    {
        var ddl = new StringBuilder();
        ddl.Append($"CREATE TABLE IF NOT EXISTS {Schema}.{table.Name} (\n  {"ID",-28} BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n  {"ROW_KEY",-28} TEXT UNIQUE,\n");
        foreach (var field in table.Fields)
            ddl.Append($"  {field.Name,-28} {TypeOf(field)},\n");
        ddl.Append($"  {"STATUS",-28} SMALLINT NOT NULL DEFAULT 0 CHECK (STATUS IN (0, 1, 2))\n);\n");
        ddl.Append($"CREATE INDEX IF NOT EXISTS IX_{table.Name}_NEW ON {Schema}.{table.Name} (ID) WHERE STATUS = 0;\n");
        ddl.Append(
            $"""
            CREATE TABLE IF NOT EXISTS {Schema}.{table.Name}_MX (
              MX_ID     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
              OWNER_ID  BIGINT NOT NULL,
              LIST_NAME TEXT NOT NULL,
              ROW_NO    INTEGER NOT NULL,
              COL_NAME  TEXT NOT NULL,
              COL_VALUE TEXT NOT NULL
            );
            CREATE INDEX IF NOT EXISTS IX_{table.Name}_MX ON {Schema}.{table.Name}_MX (OWNER_ID);

            """);
        return ddl.ToString();
    }

    // Amounts and numbers are text, as in the detail rows: what a city's system wrote wrongly must fit, so that the hub can
    // refuse it with a reason and keep it as evidence.
    private static string TypeOf(NativeField field) => field.Kind == NativeKind.Text ? "TEXT" : "INTEGER";

    private async Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken)
    {
        if (!_made)
        {
            await _making.WaitAsync(cancellationToken);
            try
            {
                if (!_made)
                    await MakeAsync(cancellationToken);
                _made = true;
            }
            finally
            {
                _making.Release();
            }
        }

        return await _source.OpenConnectionAsync(cancellationToken);
    }

    private async Task MakeAsync(CancellationToken cancellationToken)
    {
        await using var connection = await _source.OpenConnectionAsync(cancellationToken);
        // Where all is there, an account that may not change the schema will do.
        if (await MissingAsync(connection, cancellationToken) is [])
            return;
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ExecuteAsync(connection, $"SELECT pg_advisory_xact_lock({SchemaLock.ToString(CultureInfo.InvariantCulture)})", cancellationToken);
        await ExecuteAsync(connection, $"CREATE SCHEMA IF NOT EXISTS {Schema}; {string.Concat(Tables.All.Select(Ddl))}", cancellationToken);
        foreach (var (table, field) in await MissingAsync(connection, cancellationToken))
            await ExecuteAsync(connection, $"ALTER TABLE {Schema}.{table.Name} ADD COLUMN {field.Name} {TypeOf(field)}", cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private async Task<List<(MeishanTable Table, NativeField Field)>> MissingAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var select = new NpgsqlCommand(
            """
            SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
            """, connection)
        { Parameters = { new NpgsqlParameter<string> { TypedValue = Schema } } };
        var known = new HashSet<(string, string)>();
        await using (var reader = await select.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
                known.Add((reader.GetString(0).ToUpperInvariant(), reader.GetString(1).ToUpperInvariant()));
        }

        return [.. Tables.All.SelectMany(table => table.Fields.Where(field => !known.Contains((table.Name, field.Name))).Select(field => (table, field)))];
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Rows and their details in one statement; details only of rows that were not there before.</summary>
    private static void AddInsert(NpgsqlBatch batch, MeishanTable table, IReadOnlyList<MeishanEntry> entries)
    {
        var columns = string.Join(", ", table.Columns);
        // The first of a key counts, as it does between calls.
        var distinct = entries.DistinctBy(entry => entry.Key, StringComparer.Ordinal).ToList();
        var details = distinct.SelectMany((entry, i) => MeishanTable.DetailsOf(i, entry.Record)).ToList();
        batch.BatchCommands.Add(Command(
            $"""
            WITH added AS (
              INSERT INTO {Schema}.{table.Name} (ROW_KEY, {columns})
              SELECT ROW_KEY, {columns} FROM jsonb_populate_recordset(NULL::{Schema}.{table.Name}, $1)
              ON CONFLICT (ROW_KEY) DO NOTHING RETURNING ID, ROW_KEY)
            INSERT INTO {Schema}.{table.Name}_MX (OWNER_ID, LIST_NAME, ROW_NO, COL_NAME, COL_VALUE)
            SELECT added.ID, mx.list, mx.row_no, mx.name, mx.value
            FROM unnest($2, $3, $4, $5, $6) WITH ORDINALITY AS mx (row_key, list, row_no, name, value, n) JOIN added ON added.ROW_KEY = mx.row_key
            ORDER BY mx.n
            """,
            new NpgsqlParameter { Value = Rows(table, distinct), NpgsqlDbType = NpgsqlDbType.Jsonb },
            Texts(details.Select(detail => distinct[(int)detail.Owner].Key)),
            Texts(details.Select(detail => detail.List)),
            new NpgsqlParameter<int[]> { TypedValue = [.. details.Select(detail => detail.Row)] },
            Texts(details.Select(detail => detail.Name)),
            Texts(details.Select(detail => detail.Value))));
    }

    // Names without quotes are lower-case names to the database.
    private static byte[] Rows(MeishanTable table, List<MeishanEntry> entries) => JsonSerializer.SerializeToUtf8Bytes(entries.Select(entry =>
    {
        var row = new Dictionary<string, object>(StringComparer.Ordinal) { ["row_key"] = entry.Key };
        foreach (var (column, value) in table.ValuesOf(entry.Record))
            row[column.ToLowerInvariant()] = value;
        return row;
    }));

    private async Task<IReadOnlyList<MeishanRow>> ReadAsync(MeishanTable table, string which, NpgsqlParameter parameter, CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(cancellationToken);
        var found = new List<(long Id, string? Key, bool TooLarge, string?[] Values)>();
        await using (var select = new NpgsqlCommand(table.SelectRows($"{Schema}.{table.Name}", which, static field => field.Kind == NativeKind.Text), connection))
        {
            select.Parameters.Add(parameter);
            await using var reader = await select.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                var values = new string?[table.Columns.Count];
                for (var i = 0; i < values.Length; i++)
                    values[i] = reader.IsDBNull(i + 3) ? null : Convert.ToString(reader.GetValue(i + 3), CultureInfo.InvariantCulture);
                found.Add((reader.GetInt64(0), reader.IsDBNull(1) ? null : reader.GetString(1), reader.GetBoolean(2), values));
            }
        }

        if (found.Count == 0)
            return [];
        // Rows and their details are written in one transaction, so the details of a row that was seen are there.
        var details = await ReadDetailsAsync(connection, table, [.. found.Select(row => row.Id)], cancellationToken);
        return [.. found.Select(row => table.ToRow(row.Id, row.Key, row.TooLarge, row.Values, details[row.Id]))];
    }

    private static async Task<ILookup<long, MeishanDetail>> ReadDetailsAsync(NpgsqlConnection connection, MeishanTable table, long[] owners, CancellationToken cancellationToken)
    {
        await using var select = new NpgsqlCommand(MeishanTable.SelectDetails($"{Schema}.{table.Name}_MX", "OWNER_ID = ANY ($1)"), connection)
        { Parameters = { new NpgsqlParameter<long[]> { TypedValue = owners } } };
        await using var reader = await select.ExecuteReaderAsync(cancellationToken);
        var details = new List<MeishanDetail>();
        while (await reader.ReadAsync(cancellationToken))
            details.Add(new MeishanDetail(reader.GetInt64(0), reader.GetString(1), reader.GetInt32(2), reader.GetString(3), reader.GetString(4)));
        return details.ToLookup(detail => detail.Owner);
    }

    private static NpgsqlBatchCommand Command(string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters)
            command.Parameters.Add(parameter);
        return command;
    }

    private static NpgsqlParameter<string[]> Texts(IEnumerable<string> values) => new() { TypedValue = [.. values] };
}

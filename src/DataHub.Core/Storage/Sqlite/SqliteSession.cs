using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace DataHub.Core.Storage.Sqlite;

/// <summary>
/// One SQLite connection with its prepared statements. Not safe for use by two threads at once. Statements are used
/// through SQLite's own interface: on the write path this costs a third of what ADO.NET parameters cost.
/// </summary>
public sealed class SqliteSession : IDisposable
{
    private readonly sqlite3 connection;
    private readonly Dictionary<string, SqliteStatement> statements = new(StringComparer.Ordinal);

    static SqliteSession() => Batteries_V2.Init();

    /// <summary>Opens the file, creating it where it does not exist.</summary>
    /// <param name="cacheKb">Upper bound of this connection's page cache, so that memory stays flat.</param>
    /// <exception cref="SqliteException">The file cannot be opened.</exception>
    public SqliteSession(string file, int cacheKb = 16 * 1024)
    {
        // No mutex: one thread at a time is this class's own rule, and the locks would be taken for every bound value.
        var code = raw.sqlite3_open_v2(file, out connection, raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_CREATE | raw.SQLITE_OPEN_NOMUTEX, null);
        try
        {
            Check(code);
            // FULL: a commit is on disk before anyone is told.
            Execute("PRAGMA busy_timeout=10000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=4000; PRAGMA temp_store=MEMORY;");
            Execute($"PRAGMA cache_size=-{cacheKb}");
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Runs one or several statements without parameters or results.</summary>
    public void Execute(string sql) => Check(raw.sqlite3_exec(connection, sql));

    /// <summary>The prepared statement of a text, reset and ready to bind.</summary>
    public SqliteStatement Prepare(string sql)
    {
        if (!statements.TryGetValue(sql, out var statement))
        {
            Check(raw.sqlite3_prepare_v2(connection, sql, out var prepared));
            statements.Add(sql, statement = new SqliteStatement(this, prepared));
        }

        return statement;
    }

    public void Check(int code)
    {
        if (code is raw.SQLITE_OK or raw.SQLITE_ROW or raw.SQLITE_DONE)
            return;
        throw new SqliteException(raw.sqlite3_errmsg(connection).utf8_to_string(), code, raw.sqlite3_extended_errcode(connection));
    }

    public void Dispose()
    {
        foreach (var statement in statements.Values)
            statement.Dispose();
        connection.Dispose();
    }
}

/// <summary>A prepared statement: bind by position from 1, run, read by column from 0.</summary>
public sealed class SqliteStatement(SqliteSession session, sqlite3_stmt statement) : IDisposable
{
    private int position;

    public SqliteStatement Bind(long value)
    {
        session.Check(raw.sqlite3_bind_int64(statement, ++position, value));
        return this;
    }

    public SqliteStatement Bind(long? value) => value is { } v ? Bind(v) : BindNull();

    public SqliteStatement Bind(bool value) => Bind(value ? 1L : 0L);

    public SqliteStatement Bind(string? value)
    {
        if (value is null)
            return BindNull();
        session.Check(raw.sqlite3_bind_text(statement, ++position, value));
        return this;
    }

    public SqliteStatement Bind(ReadOnlySpan<byte> value)
    {
        session.Check(raw.sqlite3_bind_blob(statement, ++position, value));
        return this;
    }

    private SqliteStatement BindNull()
    {
        session.Check(raw.sqlite3_bind_null(statement, ++position));
        return this;
    }

    /// <summary>Runs a statement that gives no rows.</summary>
    public void Run()
    {
        try
        {
            session.Check(raw.sqlite3_step(statement));
        }
        finally
        {
            Reset();
        }
    }

    /// <summary>Goes to the next row; false, and ready to bind again, at the end.</summary>
    public bool Step()
    {
        int code;
        try
        {
            code = raw.sqlite3_step(statement);
            session.Check(code);
        }
        catch
        {
            Reset();
            throw;
        }

        if (code == raw.SQLITE_ROW)
            return true;
        Reset();
        return false;
    }

    /// <summary>Ends a read before its last row.</summary>
    public void Reset()
    {
        position = 0;
        _ = raw.sqlite3_reset(statement);
        _ = raw.sqlite3_clear_bindings(statement);
    }

    public bool IsNull(int column) => raw.sqlite3_column_type(statement, column) == raw.SQLITE_NULL;

    public long Long(int column) => raw.sqlite3_column_int64(statement, column);

    public long? LongOrNull(int column) => IsNull(column) ? null : Long(column);

    public string Text(int column) => raw.sqlite3_column_text(statement, column).utf8_to_string();

    public string? TextOrNull(int column) => IsNull(column) ? null : Text(column);

    public byte[] Bytes(int column) => raw.sqlite3_column_blob(statement, column).ToArray();

    public void Dispose() => statement.Dispose();
}

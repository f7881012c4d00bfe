using Microsoft.Data.Sqlite;

namespace DataHub.Core.Native.Meishan;

/// <summary>
/// One party's connection to Meishan's exchange database (前置库, contracts/native/meishan.md). Safe to call concurrently:
/// calls take turns. Every write is one transaction, durable when the call returns.
/// </summary>
public sealed class MeishanDatabase : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly Lock _turn = new();

    public MeishanDatabase(string path, NativeMapping mapping)
    {
        (Send, SendAck, Receive, ReceiveAck, Notice) = Tables(mapping);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        _connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = 10 }.ToString());
        _connection.Open();
        using (var setUp = Command(_connection, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=10000;"))
            setUp.ExecuteNonQuery();
        Write(connection =>
        {
            using (var create = Command(connection, Ddl(mapping)))
                create.ExecuteNonQuery();
            foreach (var table in new[] { Send, SendAck, Receive, ReceiveAck, Notice })
                table.AddNewColumns(connection);
        });
    }

    /// <summary>City to hub: messages.</summary>
    public MeishanTable Send { get; }

    /// <summary>Hub to city: answers to <see cref="Send"/>; ROW_KEY is the ID of the row that is answered.</summary>
    public MeishanTable SendAck { get; }

    /// <summary>Hub to city: messages.</summary>
    public MeishanTable Receive { get; }

    /// <summary>City to hub: answers to <see cref="Receive"/> and <see cref="Notice"/>, under the ROW_KEY of the row that is answered.</summary>
    public MeishanTable ReceiveAck { get; }

    /// <summary>Hub to city: the hub refused a message that had been taken from <see cref="Send"/>.</summary>
    public MeishanTable Notice { get; }

    /// <summary>The definition of the tables, committed as contracts/native/meishan.sql.</summary>
    public static string Ddl(NativeMapping mapping)
    {
        var (send, sendAck, receive, receiveAck, notice) = Tables(mapping);
        return $"""
            -- Exchange database (前置库) between Meishan's system and the hub, SQLite. meishan.md says what each column means.

            -- City to hub. STATUS: 0 new, 1 taken in, 2 refused.
            {send.Ddl()}
            -- Answers to T_SEND. ROW_KEY: the ID of the row that is answered.
            {sendAck.Ddl()}
            -- Hub to city. STATUS: 0 new, 1 processed, 2 refused by the city's system.
            {receive.Ddl()}
            -- The city's answers to T_RECV and T_NOTICE. ROW_KEY: that of the row that is answered.
            {receiveAck.Ddl()}
            -- The hub refused a message that it had taken from T_SEND. STATUS: 0 new, 1 seen.
            {notice.Ddl()}
            """;
    }

    public T Read<T>(Func<SqliteConnection, T> read)
    {
        lock (_turn)
            return read(_connection);
    }

    public void Write(Action<SqliteConnection> write)
    {
        lock (_turn)
        {
            // Immediate: a transaction that first reads and then writes could otherwise find the file taken half-way.
            using var transaction = _connection.BeginTransaction(deferred: false);
            write(_connection);
            transaction.Commit();
        }
    }

    public void Dispose() => _connection.Dispose();

    internal static SqliteCommand Command(SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
            command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        return command;
    }

    /// <summary>T_SEND without a database, to read samples of its rows.</summary>
    public static MeishanTable SendTable(NativeMapping mapping) => Tables(mapping).Send;

    private static (MeishanTable Send, MeishanTable SendAck, MeishanTable Receive, MeishanTable ReceiveAck, MeishanTable Notice) Tables(NativeMapping mapping)
    {
        var fields = mapping.Shapes.SelectMany(shape => shape.Fields).ToList();
        return (
            new MeishanTable("T_SEND", fields), new MeishanTable("T_SEND_ACK", mapping.Acks.SubmitFields), new MeishanTable("T_RECV", fields),
            new MeishanTable("T_RECV_ACK", mapping.Acks.HeldFields), new MeishanTable("T_NOTICE", mapping.Acks.SubmitFields));
    }
}

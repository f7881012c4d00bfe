namespace DataHub.Core.Native.Meishan;

/// <summary>
/// One party's access to Meishan's exchange database (前置库, contracts/native/meishan.md), the same for a SQLite file and
/// for a PostgreSQL schema. Safe to call concurrently. Every write is one transaction, durable when the call returns; a
/// fault leaves nothing half done, and the same call may be made again.
/// </summary>
public interface IMeishanTables : IDisposable
{
    MeishanTableSet Tables { get; }

    /// <summary>Writes rows with STATUS 0; a key that is there already leaves the first row as it is.</summary>
    /// <returns>By key, the ID of the row that now has it.</returns>
    /// <exception cref="ArgumentException">A record has a field that is no column.</exception>
    Task<IReadOnlyDictionary<string, long>> InsertAsync(MeishanTable table, IReadOnlyList<MeishanEntry> entries, CancellationToken cancellationToken);

    /// <summary>Rows with STATUS 0, oldest first.</summary>
    Task<IReadOnlyList<MeishanRow>> ReadNewAsync(MeishanTable table, int limit, CancellationToken cancellationToken);

    Task<IReadOnlyList<MeishanRow>> ReadByKeyAsync(MeishanTable table, IReadOnlyCollection<string> keys, CancellationToken cancellationToken);

    /// <summary>Writes the answers and sets the STATUS of the rows of <paramref name="asked"/> that they answer, in one transaction.</summary>
    Task AnswerAsync(MeishanTable asked, MeishanTable answers, IReadOnlyList<MeishanAnswer> given, CancellationToken cancellationToken);

    /// <summary>
    /// Gives rows and their answers other keys, in one transaction: the next insert under these keys writes new rows, which are
    /// answered anew. A key that is not there changes nothing.
    /// </summary>
    Task SetAsideAsync(MeishanTable asked, MeishanTable answers, IReadOnlyCollection<string> keys, CancellationToken cancellationToken);
}

/// <summary>The tables as the mapping table lays them out.</summary>
public sealed class MeishanTableSet
{
    public MeishanTableSet(NativeMapping mapping)
    {
        var fields = mapping.Shapes.SelectMany(shape => shape.Fields).ToList();
        Send = new MeishanTable("T_SEND", fields);
        SendAck = new MeishanTable("T_SEND_ACK", mapping.Acks.SubmitFields);
        Receive = new MeishanTable("T_RECV", fields);
        ReceiveAck = new MeishanTable("T_RECV_ACK", mapping.Acks.HeldFields);
        Notice = new MeishanTable("T_NOTICE", mapping.Acks.SubmitFields);
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

    internal IReadOnlyList<MeishanTable> All => [Send, SendAck, Receive, ReceiveAck, Notice];

    /// <summary>The definition of all tables with what each is for; <paramref name="table"/> gives that of one.</summary>
    internal string Ddl(Func<MeishanTable, string> table) =>
        $"""
        -- City to hub. STATUS: 0 new, 1 taken in, 2 refused.
        {table(Send)}
        -- Answers to T_SEND. ROW_KEY: the ID of the row that is answered.
        {table(SendAck)}
        -- Hub to city. STATUS: 0 new, 1 processed, 2 refused by the city's system.
        {table(Receive)}
        -- The city's answers to T_RECV and T_NOTICE. ROW_KEY: that of the row that is answered.
        {table(ReceiveAck)}
        -- The hub refused a message that it had taken from T_SEND. STATUS: 0 new, 1 seen.
        {table(Notice)}
        """;
}

/// <summary>Opens the exchange database where it is.</summary>
public static class MeishanTables
{
    /// <param name="path">A SQLite file, made where it is missing.</param>
    /// <param name="connectionString">A PostgreSQL database; it need not be up yet.</param>
    /// <exception cref="ArgumentException">Neither is set, or both are.</exception>
    public static IMeishanTables Open(string? path, string? connectionString, NativeMapping mapping) => (path, connectionString) switch
    {
        ({ Length: > 0 }, null or "") => new SqliteMeishanTables(path, mapping),
        (null or "", { Length: > 0 }) => new PostgresMeishanTables(connectionString, mapping),
        (null or "", _) => throw new ArgumentException("Meishan needs its exchange database: either Path (a SQLite file) or ConnectionString (PostgreSQL); neither is set.", nameof(path)),
        _ => throw new ArgumentException("Meishan's exchange database is either Path (a SQLite file) or ConnectionString (PostgreSQL); both are set.", nameof(path)),
    };
}

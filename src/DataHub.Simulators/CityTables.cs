using System.Text.Json;
using System.Text.Json.Serialization;
using DataHub.Core.Flows;
using DataHub.Core.Storage.Sqlite;
using DataHub.Simulators.Behaviour;

namespace DataHub.Simulators;

internal enum ActionState
{
    Due = 0,
    Accepted = 1,
    Refused = 2,

    /// <summary>Not handed over any more: the case's opening was refused.</summary>
    Dropped = 3,
}

/// <summary>A message of this city that is to be handed over, was, or was refused.</summary>
/// <param name="Data">The payload as canonical JSON; empty for a sample that cannot be read.</param>
/// <param name="Native">A sample, handed over byte for byte; null for a message that is put into the city's form first.</param>
internal sealed record CityAction(
    string MessageId, string CaseNumber, string Type, DateTimeOffset MadeAt, byte[] Data, byte[]? Native, ActionState State, int Attempts);

/// <summary>A message that was delivered to this city.</summary>
internal sealed record InboxRow(string MessageId, string Type, byte[]? Data, Outcome? Outcome);

/// <summary>All SQL of a simulated city. Runs on one session, so by one thread at a time.</summary>
internal sealed partial class CityTables(SqliteSession db) : IOwnResults
{
    public const string Schema = """
        CREATE TABLE IF NOT EXISTS cases (
            number TEXT NOT NULL PRIMARY KEY, exchange_id TEXT UNIQUE, role INTEGER NOT NULL, flow TEXT NOT NULL, state TEXT NOT NULL,
            steps INTEGER NOT NULL, outcome TEXT, amount_fen INTEGER, reference TEXT, refusals TEXT NOT NULL, memory TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS actions (
            message_id TEXT NOT NULL PRIMARY KEY, case_number TEXT NOT NULL, type TEXT NOT NULL, due_at INTEGER NOT NULL, made_at INTEGER NOT NULL,
            data BLOB NOT NULL, native BLOB, state INTEGER NOT NULL, attempts INTEGER NOT NULL) WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS actions_due ON actions (due_at) WHERE state = 0;
        CREATE INDEX IF NOT EXISTS actions_waiting ON actions (case_number) WHERE state = 0;
        CREATE INDEX IF NOT EXISTS actions_refused ON actions (state) WHERE state = 2;
        CREATE TABLE IF NOT EXISTS inbox (
            message_id TEXT NOT NULL PRIMARY KEY, type TEXT NOT NULL, exchange_id TEXT NOT NULL, deliveries INTEGER NOT NULL, linked INTEGER NOT NULL,
            arrival INTEGER NOT NULL, data BLOB, outcome TEXT, amount_fen INTEGER, reference TEXT) WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS inbox_unlinked ON inbox (exchange_id, arrival) WHERE linked = 0;
        -- Beside the inbox and independent of it: how often a message really had an effect.
        CREATE TABLE IF NOT EXISTS effects (message_id TEXT NOT NULL PRIMARY KEY, times INTEGER NOT NULL) WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS effects_twice ON effects (times) WHERE times > 1;
        CREATE TABLE IF NOT EXISTS results (
            result_id TEXT NOT NULL PRIMARY KEY, case_number TEXT NOT NULL, patient_id TEXT NOT NULL, item TEXT NOT NULL, notice BLOB NOT NULL,
            digest TEXT NOT NULL, revoked INTEGER NOT NULL, followed INTEGER NOT NULL) WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS results_patient ON results (patient_id, item);
        """;

    private const string CaseColumns = "number, exchange_id, role, flow, state, steps, outcome, amount_fen, reference, refusals, memory";
    private const string ActionColumns = "message_id, case_number, type, made_at, data, native, state, attempts";

    public CityCase? Case(string number) => First(db.Prepare($"SELECT {CaseColumns} FROM cases WHERE number = ?").Bind(number), ReadCase);

    public CityCase? CaseOf(string exchangeId) => First(db.Prepare($"SELECT {CaseColumns} FROM cases WHERE exchange_id = ?").Bind(exchangeId), ReadCase);

    public IReadOnlyList<CityCase> Cases(string? after, int limit)
        => All(db.Prepare($"SELECT {CaseColumns} FROM cases WHERE number > ? ORDER BY number LIMIT ?").Bind(after ?? "").Bind((long)limit), ReadCase);

    public void Save(CityCase c) => db.Prepare(
            $"INSERT INTO cases ({CaseColumns}) VALUES (?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (number) DO UPDATE SET exchange_id = excluded.exchange_id, "
            + "state = excluded.state, steps = excluded.steps, outcome = excluded.outcome, amount_fen = excluded.amount_fen, reference = excluded.reference, "
            + "refusals = excluded.refusals, memory = excluded.memory")
        .Bind(c.Number).Bind(c.ExchangeId).Bind((long)c.Role).Bind(c.Flow).Bind(c.State).Bind((long)c.Steps)
        .Bind(c.Outcome?.Code).Bind(c.Outcome?.AmountFen).Bind(c.Outcome?.Reference).Bind(c.Refusals)
        .Bind(JsonSerializer.Serialize(c.Memory, MemoryJson.Default.DictionaryStringString)).Run();

    public CityAction? Action(string messageId) => First(db.Prepare($"SELECT {ActionColumns} FROM actions WHERE message_id = ?").Bind(messageId), ReadAction);

    public IReadOnlyList<CityAction> DueActions(DateTimeOffset now, int limit)
        => All(db.Prepare($"SELECT {ActionColumns} FROM actions WHERE state = 0 AND due_at <= ? ORDER BY due_at LIMIT ?").Bind(now.ToUnixTimeMilliseconds()).Bind((long)limit), ReadAction);

    /// <summary>When the next message falls due that is not due yet.</summary>
    public DateTimeOffset? NextDue(DateTimeOffset now)
        => First<DateTimeOffset?>(
            db.Prepare("SELECT due_at FROM actions WHERE state = 0 AND due_at > ? ORDER BY due_at LIMIT 1").Bind(now.ToUnixTimeMilliseconds()),
            r => DateTimeOffset.FromUnixTimeMilliseconds(r.Long(0)));

    public void AddAction(string messageId, PlannedStep step, DateTimeOffset madeAt)
    {
        var insert = db.Prepare(
            $"INSERT INTO actions (message_id, case_number, type, due_at, made_at, data, state, attempts, native) VALUES (?,?,?,?,?,?,0,0,{(step.Native is null ? "NULL" : "?")})")
            .Bind(messageId).Bind(step.CaseNumber).Bind(step.Type).Bind(step.DueAt.ToUnixTimeMilliseconds()).Bind(madeAt.ToUnixTimeMilliseconds()).Bind(step.Data);
        if (step.Native is { } native)
            insert.Bind(native);
        insert.Run();
    }

    public void EndAction(string messageId, ActionState state)
        => db.Prepare("UPDATE actions SET state = ?, attempts = attempts + 1 WHERE message_id = ?").Bind((long)state).Bind(messageId).Run();

    public void DropActions(string caseNumber) => db.Prepare("UPDATE actions SET state = 3 WHERE case_number = ? AND state = 0").Bind(caseNumber).Run();

    public void PostponeAction(string messageId, DateTimeOffset dueAt)
        => db.Prepare("UPDATE actions SET due_at = ?, attempts = attempts + 1 WHERE message_id = ? AND state = 0").Bind(dueAt.ToUnixTimeMilliseconds()).Bind(messageId).Run();

    public InboxRow? Inbox(string messageId)
        => First(db.Prepare("SELECT message_id, type, NULL, outcome, amount_fen, reference FROM inbox WHERE message_id = ?").Bind(messageId), ReadInbox);

    public void CountDelivery(string messageId) => db.Prepare("UPDATE inbox SET deliveries = deliveries + 1 WHERE message_id = ?").Bind(messageId).Run();

    /// <param name="data">Kept only while no case is known for the exchange.</param>
    public void AddInbox(string messageId, string type, string exchangeId, Outcome? outcome, DateTimeOffset arrival, ReadOnlyMemory<byte>? data)
    {
        var insert = db.Prepare(
            $"INSERT INTO inbox (message_id, type, exchange_id, deliveries, linked, arrival, outcome, amount_fen, reference, data) VALUES (?,?,?,1,?,?,?,?,?,{(data is null ? "NULL" : "?")})")
            .Bind(messageId).Bind(type).Bind(exchangeId).Bind(data is null).Bind(arrival.ToUnixTimeMilliseconds())
            .Bind(outcome?.Code).Bind(outcome?.AmountFen).Bind(outcome?.Reference);
        if (data is { } bytes)
            insert.Bind(bytes.Span);
        insert.Run();
    }

    public IReadOnlyList<InboxRow> Unlinked(string exchangeId) => All(
        db.Prepare("SELECT message_id, type, data, outcome, amount_fen, reference FROM inbox WHERE linked = 0 AND exchange_id = ? ORDER BY arrival").Bind(exchangeId), ReadInbox);

    public void Link(string messageId) => db.Prepare("UPDATE inbox SET linked = 1, data = NULL WHERE message_id = ?").Bind(messageId).Run();

    public void CountEffect(string messageId)
        => db.Prepare("INSERT INTO effects (message_id, times) VALUES (?, 1) ON CONFLICT (message_id) DO UPDATE SET times = times + 1").Bind(messageId).Run();

    public OwnResult? Find(string resultId)
        => First(db.Prepare("SELECT result_id, case_number, patient_id, item, notice, digest, revoked FROM results WHERE result_id = ?").Bind(resultId), ReadResult);

    public OwnResult? Find(string patientId, string itemCode) => First(
        db.Prepare("SELECT result_id, case_number, patient_id, item, notice, digest, revoked FROM results WHERE patient_id = ? AND item = ? AND revoked = 0 ORDER BY result_id DESC LIMIT 1")
            .Bind(patientId).Bind(itemCode),
        ReadResult);

    public void Add(OwnResult r) => db.Prepare(
            "INSERT OR IGNORE INTO results (result_id, case_number, patient_id, item, notice, digest, revoked, followed) VALUES (?,?,?,?,?,?,0,0)")
        .Bind(r.ResultId).Bind(r.CaseNumber).Bind(r.PatientId).Bind(r.ItemCode).Bind(r.Notice).Bind(r.Digest).Run();

    public bool TakeFollowUp(string resultId)
        => First<string>(db.Prepare("UPDATE results SET followed = 1 WHERE result_id = ? AND followed = 0 RETURNING result_id").Bind(resultId), r => r.Text(0)) is not null;

    public void Change(string resultId, string digest, bool revoked)
        => db.Prepare("UPDATE results SET digest = ?, revoked = ? WHERE result_id = ?").Bind(digest).Bind(revoked).Bind(resultId).Run();

    public CitySummary Summary()
    {
        long Count(string sql) => First<long?>(db.Prepare(sql), r => r.Long(0)) ?? 0;
        const string source = "SELECT count(*) FROM cases WHERE role = 0 AND ";
        return new CitySummary(
            Planned: Count(source + "state = 'planned'"),
            Submitted: Count(source + "exchange_id IS NOT NULL"),
            Refused: Count(source + "state = 'refused'"),
            Received: Count("SELECT count(*) FROM cases WHERE role <> 0"),
            Open: Count("SELECT count(*) FROM cases WHERE state = 'open'"),
            Done: Count("SELECT count(*) FROM cases WHERE state = 'done'"),
            ActionsDue: Count("SELECT count(*) FROM actions WHERE state = 0"),
            ActionsRefused: Count("SELECT count(*) FROM actions WHERE state = 2"),
            Deliveries: Count("SELECT coalesce(sum(deliveries), 0) FROM inbox"),
            Effects: Count("SELECT coalesce(sum(times), 0) FROM effects"),
            DuplicateEffects: Count("SELECT count(*) FROM effects WHERE times > 1"),
            Unlinked: Count("SELECT count(*) FROM inbox WHERE linked = 0"));
    }

    private static CityCase ReadCase(SqliteStatement r) => new()
    {
        Number = r.Text(0),
        ExchangeId = r.TextOrNull(1),
        Role = (Party)r.Long(2),
        Flow = r.Text(3),
        State = r.Text(4),
        Steps = (int)r.Long(5),
        Outcome = ReadOutcome(r, 6),
        Refusals = r.Text(9),
        Memory = JsonSerializer.Deserialize(r.Text(10), MemoryJson.Default.DictionaryStringString)!,
    };

    private static CityAction ReadAction(SqliteStatement r)
        => new(r.Text(0), r.Text(1), r.Text(2), DateTimeOffset.FromUnixTimeMilliseconds(r.Long(3)), r.Bytes(4), r.IsNull(5) ? null : r.Bytes(5), (ActionState)r.Long(6), (int)r.Long(7));

    private static InboxRow ReadInbox(SqliteStatement r) => new(r.Text(0), r.Text(1), r.IsNull(2) ? null : r.Bytes(2), ReadOutcome(r, 3));

    private static OwnResult ReadResult(SqliteStatement r) => new(r.Text(0), r.Text(1), r.Text(2), r.Text(3), r.Bytes(4), r.Text(5), r.Long(6) == 1);

    private static Outcome? ReadOutcome(SqliteStatement r, int column)
        => r.TextOrNull(column) is { } code ? new Outcome(code, r.LongOrNull(column + 1), r.TextOrNull(column + 2)) : null;

    private static T? First<T>(SqliteStatement query, Func<SqliteStatement, T> read)
    {
        if (!query.Step())
            return default;
        try
        {
            return read(query);
        }
        finally
        {
            query.Reset();
        }
    }

    private static List<T> All<T>(SqliteStatement query, Func<SqliteStatement, T> read)
    {
        var rows = new List<T>();
        try
        {
            while (query.Step())
                rows.Add(read(query));
        }
        catch
        {
            query.Reset();
            throw;
        }

        return rows;
    }

    [JsonSerializable(typeof(Dictionary<string, string>))]
    private sealed partial class MemoryJson : JsonSerializerContext;
}

using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using DataHub.Contracts;
using DataHub.Core.Flows;
using DataHub.Core.Journal;
using DataHub.Core.Statistics;
using Microsoft.Data.Sqlite;

namespace DataHub.Core.Storage.Sqlite;

/// <summary>The reads. Each borrows a reader connection; SQLite answers from its snapshot while the writer goes on.</summary>
public sealed partial class SqliteNodeStore
{
    private const string JournalColumns = "id, kind, key, message_id, type, exchange_id, sender, sequence, at, body, reasons, hash";
    private const string PublishedColumns = "result_id, exchange_id, city, item, hospital, mark, performed_at, digest, revoked";

    // There are as many readers as threads that ever read at once; what they read most was written a moment ago.
    private const int ReaderCacheKb = 2 * 1024;

    private readonly ConcurrentBag<SqliteSession> readers = [];

    public ValueTask<LinkState> LinkAsync(string node, string peer, CancellationToken cancel) => Read(db =>
    {
        var s = db.Prepare("SELECT sent, acknowledged, received FROM link WHERE node=? AND peer=?").Bind(SqliteKeys.Node(node)).Bind(SqliteKeys.Node(peer));
        var state = s.Step() ? new LinkState(s.Long(0), s.Long(1), s.Long(2)) : default;
        s.Reset();
        return state;
    });

    public ValueTask<Dictionary<string, KnownMessage>> KnownAsync(string node, IReadOnlyCollection<string> keys, CancellationToken cancel) => Read(db =>
    {
        var found = new Dictionary<string, KnownMessage>(StringComparer.Ordinal);
        var code = SqliteKeys.Node(node);
        foreach (var key in keys)
        {
            var s = db.Prepare("SELECT id, exchange_id, sequence, body FROM journal WHERE id >> 40 = ? AND key=?").Bind(code).Bind(key);
            if (s.Step())
                found[key] = new KnownMessage(SqliteKeys.Number(s.Long(0)), s.Text(1), s.Long(2), s.Bytes(3));
            s.Reset();
        }

        return found;
    });

    public ValueTask<Dictionary<string, ExchangeRow>> ExchangesAsync(string node, IReadOnlyCollection<string> exchangeIds, CancellationToken cancel) => Read(db =>
    {
        var found = new Dictionary<string, ExchangeRow>(StringComparer.Ordinal);
        var code = SqliteKeys.Node(node);
        foreach (var id in exchangeIds)
        {
            var s = db.Prepare("SELECT " + SqliteKeys.ExchangeColumns + " FROM exchange WHERE node=? AND exchange_id=?").Bind(code).Bind(id);
            if (s.Step())
                found[id] = SqliteKeys.ReadExchange(s);
            s.Reset();
        }

        return found;
    });

    public ValueTask<List<OutgoingMessage>> OutgoingAsync(string node, string peer, long after, int limit, CancellationToken cancel) => Read(db =>
    {
        var found = new List<OutgoingMessage>();
        var s = db.Prepare("SELECT o.link_sequence, j.body, o.hub_state, o.hub_version, o.flow FROM outgoing o JOIN journal j ON j.id = o.journal_id "
            + "WHERE o.node=? AND o.peer=? AND o.link_sequence>? ORDER BY o.link_sequence LIMIT ?")
            .Bind(SqliteKeys.Node(node)).Bind(SqliteKeys.Node(peer)).Bind(after).Bind(limit);
        while (s.Step())
            found.Add(new OutgoingMessage(s.Long(0), s.Bytes(1), s.TextOrNull(2), (int)s.Long(3), s.TextOrNull(4)));
        return found;
    });

    public ValueTask<List<PendingDelivery>> PendingDeliveriesAsync(string node, long afterJournalNumber, int limit, CancellationToken cancel) => Read(db =>
    {
        var code = SqliteKeys.Node(node);
        return Deliveries(db.Prepare(DeliverySelect + "WHERE d.journal_id > ? AND d.journal_id < ? AND d.parked_cause IS NULL ORDER BY d.journal_id, d.position LIMIT ?")
            .Bind(SqliteKeys.Journal(code, afterJournalNumber)).Bind(SqliteKeys.Journal(code + 1, 0)).Bind(limit));
    });

    public ValueTask<List<PendingDelivery>> ParkedDeliveriesAsync(string node, CancellationToken cancel) => Read(db =>
    {
        var code = SqliteKeys.Node(node);
        return Deliveries(db.Prepare(DeliverySelect + "WHERE d.journal_id > ? AND d.journal_id < ? AND d.parked_cause IS NOT NULL ORDER BY d.journal_id, d.position LIMIT 1000")
            .Bind(SqliteKeys.Journal(code, 0)).Bind(SqliteKeys.Journal(code + 1, 0)));
    });

    public ValueTask<PendingDelivery?> ParkedDeliveryAsync(string node, long number, int position, CancellationToken cancel) => Read(db =>
        Deliveries(db.Prepare(DeliverySelect + "WHERE d.journal_id = ? AND d.position = ? AND d.parked_cause IS NOT NULL")
            .Bind(SqliteKeys.Journal(SqliteKeys.Node(node), number)).Bind(position)).SingleOrDefault());

    public ValueTask<List<JournalRow>> ParkedAsync(string node, CancellationToken cancel) => Read(db =>
    {
        var code = SqliteKeys.Node(node);
        return Rows(db.Prepare("SELECT " + JournalColumns + " FROM journal WHERE id IN (SELECT journal_id FROM parked WHERE journal_id BETWEEN ? AND ?) ORDER BY id LIMIT 1000")
            .Bind(SqliteKeys.Journal(code, 0)).Bind(SqliteKeys.Journal(code + 1, 0) - 1));
    });

    public ValueTask<JournalRow?> ParkedMessageAsync(string node, long number, CancellationToken cancel) => Read(db =>
        Rows(db.Prepare("SELECT " + JournalColumns + " FROM journal WHERE id IN (SELECT journal_id FROM parked WHERE journal_id = ?)")
            .Bind(SqliteKeys.Journal(SqliteKeys.Node(node), number))).SingleOrDefault());

    // The filter on the id of no exchange lets SQLite use the partial index, which leaves those rows out.
    public ValueTask<List<JournalRow>> TimelineAsync(string node, string exchangeId, CancellationToken cancel) => Read(db => Rows(
        db.Prepare("SELECT " + JournalColumns + " FROM journal WHERE exchange_id=? AND exchange_id <> '000000-00000000-0000000000' AND id >> 40 = ? ORDER BY id LIMIT 1000")
            .Bind(exchangeId).Bind(SqliteKeys.Node(node))));

    public ValueTask<List<JournalRow>> JournalAsync(string node, long after, EntryKind? kind, int limit, CancellationToken cancel) => Read(db =>
    {
        var code = SqliteKeys.Node(node);
        return Rows(db.Prepare("SELECT " + JournalColumns + " FROM journal WHERE id > ? AND id < ? AND (?3 = 0 OR kind = ?3) ORDER BY id LIMIT ?4")
            .Bind(SqliteKeys.Journal(code, after)).Bind(SqliteKeys.Journal(code + 1, 0)).Bind(kind is { } k ? (long)k : 0L).Bind(limit));
    });

    public ValueTask<JournalRow?> ReceiptAsync(string node, string peer, long sequence, CancellationToken cancel) => Read(db =>
    {
        var s = db.Prepare("SELECT journal_id, from_sequence FROM receipt WHERE node=? AND city=? AND to_sequence>=? ORDER BY to_sequence LIMIT 1")
            .Bind(SqliteKeys.Node(node)).Bind(SqliteKeys.Node(peer)).Bind(sequence);
        var id = s.Step() && s.Long(1) <= sequence ? s.Long(0) : (long?)null;
        s.Reset();
        return id is null ? null : Rows(db.Prepare("SELECT " + JournalColumns + " FROM journal WHERE id=?").Bind(id.Value)).SingleOrDefault();
    });

    public ValueTask<PublishedResult?> PublishedAsync(string resultId, CancellationToken cancel) => Read(db =>
        Published(db, db.Prepare("SELECT " + PublishedColumns + " FROM published_result WHERE result_id=?").Bind(resultId)).FirstOrDefault());

    public ValueTask<bool> ConsentWithdrawnAsync(string city, string consentNumber, CancellationToken cancel) => Read(db =>
    {
        var s = db.Prepare("SELECT 1 FROM withdrawn_consent WHERE city=? AND consent=?").Bind(city).Bind(consentNumber);
        var found = s.Step();
        s.Reset();
        return found;
    });

    public ValueTask<List<PublishedResult>> PublishedOfAsync(string patientKey, IReadOnlyCollection<string> itemCodes, int limit, CancellationToken cancel) => Read(db =>
        Published(db, db.Prepare("SELECT " + PublishedColumns + " FROM published_result WHERE patient_key=? AND item IN (SELECT value FROM json_each(?)) ORDER BY performed_at DESC, result_id LIMIT ?")
            .Bind(patientKey).Bind(JsonSerializer.Serialize(itemCodes)).Bind(limit)));

    public ValueTask<List<ExchangeRow>> DueAsync(string node, DateOnly onOrBefore, int limit, CancellationToken cancel) => Read(db => Exchanges(
        db.Prepare("SELECT " + SqliteKeys.ExchangeColumns + " FROM exchange WHERE node = ? AND notice_on IS NOT NULL AND notice_on <= ? ORDER BY notice_on, exchange_id LIMIT ?")
            .Bind(SqliteKeys.Node(node)).Bind(onOrBefore.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)).Bind(limit)));

    // An embedded hub is not divided: its one shard is the hub itself, and the partial index names it.
    public ValueTask<List<ExchangeRow>> UnreconciledAsync(string node, DateTimeOffset unchangedSince, int limit, CancellationToken cancel) => Read(db => node != Nodes.Hub ? [] : Exchanges(
        db.Prepare("SELECT " + SqliteKeys.ExchangeColumns + " FROM exchange e WHERE node = 0 AND outcome IS NOT NULL AND reconciled_at IS NULL AND changed_at <= ?1 AND ("
            + "(source_digest IS NULL AND NOT EXISTS (SELECT 1 FROM break b WHERE b.exchange_id = e.exchange_id AND b.code = ?2 AND b.closed_at IS NULL)) OR "
            + "(target_digest IS NULL AND target_city <> '' AND NOT EXISTS (SELECT 1 FROM break b WHERE b.exchange_id = e.exchange_id AND b.code = ?3 AND b.closed_at IS NULL))) "
            + "ORDER BY changed_at LIMIT ?4")
            .Bind(unchangedSince.ToUnixTimeMilliseconds()).Bind(ReasonCodes.BreakMissingAtSource).Bind(ReasonCodes.BreakMissingAtTarget).Bind(limit)));

    public ValueTask<List<BreakRow>> BreaksAsync(string? exchangeId, bool openOnly, int limit, CancellationToken cancel) => Read(db =>
    {
        var found = new List<BreakRow>();
        var s = db.Prepare("SELECT exchange_id, code, detail, opened_at, closed_at FROM break WHERE (?1 IS NULL OR exchange_id = ?1) AND (?2 = 0 OR closed_at IS NULL) ORDER BY exchange_id, code LIMIT ?3")
            .Bind(exchangeId).Bind(openOnly).Bind(limit);
        while (s.Step())
            found.Add(new BreakRow(s.Text(0), s.Text(1), s.Text(2), SqliteKeys.Time(s.Long(3)), s.LongOrNull(4) is { } at ? SqliteKeys.Time(at) : null));
        return found;
    });

    public ValueTask<List<ExchangeRow>> ListExchangesAsync(string node, int limit, CancellationToken cancel) => Read(db => Exchanges(
        db.Prepare("SELECT " + SqliteKeys.ExchangeColumns + " FROM exchange WHERE node=? ORDER BY exchange_id LIMIT ?").Bind(SqliteKeys.Node(node)).Bind(limit)));

    public ValueTask<List<ExchangeCount>> CountExchangesAsync(string node, CancellationToken cancel) => Read(db =>
    {
        var found = new List<ExchangeCount>();
        var s = db.Prepare("SELECT source_city, flow, state, outcome IS NOT NULL, reconciled_at IS NOT NULL, refused_for IS NOT NULL, notice_stage >= 2, count(*) "
            + "FROM exchange WHERE node=? GROUP BY 1,2,3,4,5,6,7").Bind(SqliteKeys.Node(node));
        while (s.Step())
            found.Add(new ExchangeCount(s.Text(0), s.Text(1), s.Text(2), s.Long(3) == 1, s.Long(4) == 1, s.Long(5) == 1, s.Long(6) == 1, s.Long(7)));
        return found;
    });

    public ValueTask<List<KeyValuePair<StatisticKey, StatisticValue>>> StatisticsAsync(string counter, int fromMonth, int toMonth, CancellationToken cancel) => Read(db =>
    {
        var found = new List<KeyValuePair<StatisticKey, StatisticValue>>();
        var s = db.Prepare("SELECT month, flow, item, source_city, target_city, hospital, variant, detail, bucket, sum(count), sum(amount_fen) FROM statistic "
            + "WHERE counter = ? AND month BETWEEN ? AND ? GROUP BY 1,2,3,4,5,6,7,8,9 HAVING sum(count) <> 0 OR sum(amount_fen) <> 0")
            .Bind(counter).Bind(fromMonth).Bind(toMonth);
        while (s.Step())
        {
            var key = new StatisticKey(counter, (int)s.Long(0), s.Text(1), s.Text(2), s.Text(3), s.Text(4)) { Hospital = s.Text(5), Variant = s.Text(6), Detail = s.Text(7), Bucket = (int)s.Long(8) };
            found.Add(new(key, new StatisticValue(s.Long(9), s.Long(10))));
        }

        return found;
    });

    public ValueTask<List<string>> NodesAsync(CancellationToken cancel) => Read(db =>
    {
        var found = new List<string>();
        long next = 0;
        while (true)
        {
            // Jumps from journal to journal by the primary key instead of reading every row.
            var s = db.Prepare("SELECT id >> 40 FROM journal WHERE id >= ? ORDER BY id LIMIT 1").Bind(next);
            if (!s.Step())
                return found;
            var node = s.Long(0);
            s.Reset();
            found.Add(NodeCode.Name((int)node));
            next = SqliteKeys.Journal(node + 1, 0);
        }
    });

    private const string DeliverySelect = "SELECT j.id, j.kind, j.key, j.message_id, j.type, j.exchange_id, j.sender, j.sequence, j.at, j.body, j.reasons, j.hash, "
        + "d.exchange_id, d.refusal, d.position, d.attempts, d.next_attempt_at, d.parked_cause FROM native_delivery d JOIN journal j ON j.id = d.journal_id ";

    private static List<PendingDelivery> Deliveries(SqliteStatement s)
    {
        var found = new List<PendingDelivery>();
        while (s.Step())
            found.Add(new PendingDelivery(Row(s), s.Text(12), s.Long(13) == 1, (int)s.Long(14), (int)s.Long(15), SqliteKeys.Time(s.Long(16)), s.TextOrNull(17)));
        return found;
    }

    private static List<JournalRow> Rows(SqliteStatement s)
    {
        var found = new List<JournalRow>();
        while (s.Step())
            found.Add(Row(s));
        return found;
    }

    private static JournalRow Row(SqliteStatement s) => new(SqliteKeys.Number(s.Long(0)), (EntryKind)s.Long(1), s.Text(2), s.Text(3), s.Text(4), s.Text(5), s.Text(6),
        s.Long(7), SqliteKeys.Time(s.Long(8)), s.Bytes(9), s.TextOrNull(10), s.Bytes(11));

    private static List<ExchangeRow> Exchanges(SqliteStatement s)
    {
        var found = new List<ExchangeRow>();
        while (s.Step())
            found.Add(SqliteKeys.ReadExchange(s));
        return found;
    }

    private static List<PublishedResult> Published(SqliteSession db, SqliteStatement s)
    {
        var found = new List<PublishedResult>();
        while (s.Step())
            found.Add(new PublishedResult(s.Text(0), s.Text(1), s.Text(2), s.Text(3), s.Text(4), s.Text(5), SqliteKeys.Time(s.Long(6)), s.Text(7), s.Long(8) == 1, []));
        return [.. found.Select(r => r with { Holders = Holders(db, r.ResultId), Uses = Uses(db, r.ResultId) })];
    }

    private static List<ResultUse> Uses(SqliteSession db, string resultId)
    {
        var uses = new List<ResultUse>();
        var s = db.Prepare("SELECT exchange_id, city FROM result_use WHERE result_id=? ORDER BY exchange_id").Bind(resultId);
        while (s.Step())
            uses.Add(new ResultUse(s.Text(0), s.Text(1)));
        return uses;
    }

    private static List<string> Holders(SqliteSession db, string resultId)
    {
        var holders = new List<string>();
        var s = db.Prepare("SELECT city FROM result_holder WHERE result_id=? ORDER BY city").Bind(resultId);
        while (s.Step())
            holders.Add(s.Text(0));
        return holders;
    }

    private ValueTask<T> Read<T>(Func<SqliteSession, T> read)
    {
        SqliteSession? reader = null;
        try
        {
            if (!readers.TryTake(out reader))
                reader = new SqliteSession(file, ReaderCacheKb);
            var result = read(reader);
            readers.Add(reader);
            return ValueTask.FromResult(result);
        }
        catch (SqliteException e)
        {
            // The connection's condition is not known any more: it does not go back.
            reader?.Dispose();
            throw new StoreUnavailableException("The database could not be read.", e);
        }
    }
}

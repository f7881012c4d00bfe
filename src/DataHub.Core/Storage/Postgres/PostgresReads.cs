using DataHub.Contracts;
using DataHub.Core.Flows;
using DataHub.Core.Journal;
using DataHub.Core.Statistics;
using Npgsql;
using static DataHub.Core.Storage.Postgres.PostgresValues;

namespace DataHub.Core.Storage.Postgres;

/// <summary>
/// The reads: one statement each, however many keys are asked for. OFFSET 0 keeps a lookup a lookup: without statistics
/// (a month that has just begun) the planner would rather read all rows of a node once than look for a few of them.
/// </summary>
public sealed partial class PostgresNodeStore
{
    // Numbers on a link have no gaps, so what is wanted lies within `limit` numbers of the first that is left; the run
    // that holds the first may begin below it.
    private const string NextOutgoing =
        """
        WITH done AS (SELECT greatest($3, coalesce((SELECT acknowledged FROM datahub.link WHERE node = $1 AND peer = $2), 0)) AS upto),
        run AS (SELECT coalesce(
          (SELECT r.first_seq FROM (SELECT o.first_seq, o.last_seq FROM datahub.outgoing o, done WHERE o.node = $1 AND o.peer = $2 AND o.first_seq <= done.upto + 1 ORDER BY o.first_seq DESC LIMIT 1) r, done WHERE r.last_seq > done.upto),
          (SELECT o.first_seq FROM datahub.outgoing o, done WHERE o.node = $1 AND o.peer = $2 AND o.first_seq > done.upto ORDER BY o.first_seq LIMIT 1)) AS first_seq),
        wanted AS (SELECT run.first_seq AS first_run, greatest(run.first_seq, done.upto + 1) AS first_seq FROM run, done)
        SELECT j.number, j.block, j.body, m.seq, m.hub_state, m.hub_version, m.flow
        FROM (SELECT o.first_seq + u.i - 1 AS seq, u.number, u.hub_state, u.hub_version, u.flow, wanted.first_seq AS from_seq
              FROM wanted, datahub.outgoing o, unnest(o.journal_numbers, o.hub_states, o.hub_versions, o.flows) WITH ORDINALITY u(number, hub_state, hub_version, flow, i)
              WHERE o.node = $1 AND o.peer = $2 AND o.first_seq >= wanted.first_run AND o.first_seq < wanted.first_seq + $4) m
        CROSS JOIN LATERAL (SELECT number, block, body FROM datahub.journal WHERE node = $1 AND number = m.number OFFSET 0) j
        WHERE m.seq >= m.from_seq AND m.seq < m.from_seq + $4
        ORDER BY m.seq
        """;

    private const string Deliveries = "SELECT " + JournalColumns + ", d.exchange_id, d.refusal, d.position, d.attempts, d.next_attempt_at, d.parked_cause "
        + "FROM datahub.native_delivery d CROSS JOIN LATERAL (SELECT * FROM datahub.journal WHERE node = $1 AND number = d.number OFFSET 0) j ";

    public async ValueTask<LinkState> LinkAsync(string node, string peer, CancellationToken cancel) => await OneAsync(node,
        "SELECT sent, acknowledged, received FROM datahub.link WHERE node = $1 AND peer = $2",
        static r => new LinkState(r.GetInt64(0), r.GetInt64(1), r.GetInt64(2)), cancel, Of(NodeCode.Of(node)), Of(NodeCode.Of(peer)));

    public async ValueTask<Dictionary<string, KnownMessage>> KnownAsync(string node, IReadOnlyCollection<string> keys, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(keys);
        var rows = await WithBodiesAsync(node, "SELECT j.* FROM unnest($2) k "
            + "CROSS JOIN LATERAL (SELECT number, block, body, key, exchange_id, sequence FROM datahub.journal WHERE node = $1 AND key = k OFFSET 0) j",
            static r => (Key: r.GetString(3), Message: new KnownMessage(r.GetInt64(0), r.GetString(4), r.GetInt64(5), default)),
            static (row, body) => row with { Message = row.Message with { Body = body } }, cancel, Column(keys, Text));
        var found = rows.ToDictionary(r => r.Key, r => r.Message, StringComparer.Ordinal);
        foreach (var key in keys)
        {
            if (!ReferenceEquals(Text(key), key) && found.TryGetValue(Text(key), out var message))
                found[key] = message;
        }

        return found;
    }

    public async ValueTask<Dictionary<string, ExchangeRow>> ExchangesAsync(string node, IReadOnlyCollection<string> exchangeIds, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(exchangeIds);
        var rows = await ListAsync(node, "SELECT e.* FROM unnest($2) k CROSS JOIN LATERAL (SELECT " + ExchangeColumns + " FROM " + ExchangesOf(node)
            + " WHERE node = $1 AND exchange_id = k OFFSET 0) e", ReadExchange, cancel, Of(NodeCode.Of(node)), Column(exchangeIds, Text));
        return rows.ToDictionary(r => r.State.ExchangeId, StringComparer.Ordinal);
    }

    public ValueTask<List<OutgoingMessage>> OutgoingAsync(string node, string peer, long after, int limit, CancellationToken cancel) => WithBodiesAsync(node, NextOutgoing,
        static r => new OutgoingMessage(r.GetInt64(3), default, ReadText(r, 4), r.GetInt32(5), ReadText(r, 6)),
        static (message, body) => message with { Body = body }, cancel, Of(NodeCode.Of(peer)), Of(after), Of(limit));

    public ValueTask<List<PendingDelivery>> PendingDeliveriesAsync(string node, long afterJournalNumber, int limit, CancellationToken cancel) => DeliveriesAsync(node,
        Deliveries + "WHERE d.node = $1 AND d.number > $2 AND d.parked_cause IS NULL ORDER BY d.number, d.position LIMIT $3",
        cancel, Of(afterJournalNumber), Of(limit));

    public ValueTask<List<PendingDelivery>> ParkedDeliveriesAsync(string node, CancellationToken cancel) => DeliveriesAsync(node,
        Deliveries + "WHERE d.node = $1 AND d.parked_cause IS NOT NULL ORDER BY d.number, d.position LIMIT 1000", cancel);

    public async ValueTask<PendingDelivery?> ParkedDeliveryAsync(string node, long number, int position, CancellationToken cancel) => (await DeliveriesAsync(node,
        Deliveries + "WHERE d.node = $1 AND d.number = $2 AND d.position = $3 AND d.parked_cause IS NOT NULL", cancel, Of(number), Of(position))).FirstOrDefault();

    public ValueTask<List<JournalRow>> ParkedAsync(string node, CancellationToken cancel) => RowsAsync(node,
        "SELECT " + JournalColumns + " FROM datahub.parked p CROSS JOIN LATERAL (SELECT * FROM datahub.journal WHERE node = $1 AND number = p.number OFFSET 0) j WHERE p.node = $1 ORDER BY p.number LIMIT 1000",
        cancel);

    public async ValueTask<JournalRow?> ParkedMessageAsync(string node, long number, CancellationToken cancel) => (await RowsAsync(node,
        "SELECT " + JournalColumns + " FROM datahub.parked p CROSS JOIN LATERAL (SELECT * FROM datahub.journal WHERE node = $1 AND number = p.number OFFSET 0) j WHERE p.node = $1 AND p.number = $2",
        cancel, Of(number))).FirstOrDefault();

    // The filter on the id of no exchange lets PostgreSQL use the partial index, which leaves those rows out.
    public ValueTask<List<JournalRow>> TimelineAsync(string node, string exchangeId, CancellationToken cancel) => RowsAsync(node,
        "SELECT " + JournalColumns + " FROM datahub.journal j WHERE j.exchange_id = $2 AND j.exchange_id <> '000000-00000000-0000000000' AND j.node = $1 ORDER BY j.number LIMIT 1000",
        cancel, Of(Text(exchangeId)));

    public ValueTask<List<JournalRow>> JournalAsync(string node, long after, EntryKind? kind, int limit, CancellationToken cancel) => RowsAsync(node,
        "SELECT " + JournalColumns + " FROM datahub.journal j WHERE j.node = $1 AND j.number > $2 AND ($3 = 0 OR j.kind = $3) ORDER BY j.number LIMIT $4",
        cancel, Of(after), Of(kind is { } k ? (short)k : (short)0), Of(limit));

    public async ValueTask<JournalRow?> ReceiptAsync(string node, string peer, long sequence, CancellationToken cancel) => (await RowsAsync(node,
        "SELECT " + JournalColumns + " FROM (SELECT * FROM datahub.receipt WHERE node = $1 AND peer = $2 AND to_sequence >= $3 ORDER BY to_sequence LIMIT 1) r "
        + "CROSS JOIN LATERAL (SELECT * FROM datahub.journal WHERE node = $1 AND number = r.number OFFSET 0) j WHERE r.from_sequence <= $3",
        cancel, Of(NodeCode.Of(peer)), Of(sequence))).FirstOrDefault();

    public ValueTask<PublishedResult?> PublishedAsync(string resultId, CancellationToken cancel) => OneAsync(null,
        "SELECT " + PublishedColumns + " FROM datahub.published_result r WHERE r.result_id = $1", ReadPublished, cancel, Of(Text(resultId)));

    public async ValueTask<bool> ConsentWithdrawnAsync(string city, string consentNumber, CancellationToken cancel) =>
        (await ListAsync(null, "SELECT consent FROM datahub.withdrawn_consent WHERE city = $1 AND consent = $2", static r => r.GetString(0), cancel, Of(Text(city)), Of(Text(consentNumber)))).Count > 0;

    public ValueTask<List<PublishedResult>> PublishedOfAsync(string patientKey, IReadOnlyCollection<string> itemCodes, int limit, CancellationToken cancel) => ListAsync(null,
        "SELECT " + PublishedColumns + " FROM datahub.published_result r WHERE r.patient_key = $1 AND r.item = ANY ($2) ORDER BY r.performed_at DESC, r.result_id LIMIT $3",
        ReadPublished, cancel, Of(Text(patientKey)), Of(itemCodes.Select(Text).ToArray()), Of(limit));

    public ValueTask<List<ExchangeRow>> DueAsync(string node, DateOnly onOrBefore, int limit, CancellationToken cancel) => ListAsync(node,
        "SELECT " + ExchangeColumns + " FROM " + HubExchanges + " WHERE node = $1 AND notice_on IS NOT NULL AND notice_on <= $2 ORDER BY notice_on LIMIT $3",
        ReadExchange, cancel, Of(NodeCode.Of(node)), Of(onOrBefore), Of(limit));

    public ValueTask<List<ExchangeRow>> UnreconciledAsync(string node, DateTimeOffset unchangedSince, int limit, CancellationToken cancel) => ListAsync(node,
        "SELECT " + ExchangeColumns + " FROM " + HubExchanges + " e WHERE node = $1 AND outcome IS NOT NULL AND reconciled_at IS NULL AND changed_at <= $2 AND ("
        + "(source_digest IS NULL AND NOT EXISTS (SELECT FROM datahub.break b WHERE b.exchange_id = e.exchange_id AND b.code = $3 AND b.closed_at IS NULL)) OR "
        + "(target_digest IS NULL AND target_city <> '' AND NOT EXISTS (SELECT FROM datahub.break b WHERE b.exchange_id = e.exchange_id AND b.code = $4 AND b.closed_at IS NULL))) "
        + "ORDER BY changed_at LIMIT $5",
        ReadExchange, cancel, Of(NodeCode.Of(node)), OfTime(unchangedSince), Of(ReasonCodes.BreakMissingAtSource), Of(ReasonCodes.BreakMissingAtTarget), Of(limit));

    public ValueTask<List<BreakRow>> BreaksAsync(string? exchangeId, bool openOnly, int limit, CancellationToken cancel) => ListAsync(null,
        "SELECT exchange_id, code, detail, opened_at, closed_at FROM datahub.break WHERE " + (exchangeId is null ? "$1 = ''" : "exchange_id = $1")
        + (openOnly ? " AND closed_at IS NULL" : "") + " ORDER BY exchange_id, code LIMIT $2",
        static r => new BreakRow(r.GetString(0), r.GetString(1), r.GetString(2), ReadTime(r, 3), r.IsDBNull(4) ? null : ReadTime(r, 4)),
        cancel, Of(Text(exchangeId ?? "")), Of(limit));

    public ValueTask<List<ExchangeRow>> ListExchangesAsync(string node, int limit, CancellationToken cancel) => ListAsync(node,
        "SELECT " + ExchangeColumns + " FROM " + ExchangesOf(node) + " WHERE node = $1 ORDER BY exchange_id LIMIT $2", ReadExchange, cancel, Of(NodeCode.Of(node)), Of(limit));

    public ValueTask<List<ExchangeCount>> CountExchangesAsync(string node, CancellationToken cancel) => ListAsync(node,
        "SELECT source_city, flow, state, outcome IS NOT NULL, reconciled_at IS NOT NULL, refused_for IS NOT NULL, notice_stage >= 2, count(*) "
        + "FROM " + ExchangesOf(node) + " WHERE node = $1 GROUP BY 1, 2, 3, 4, 5, 6, 7",
        static r => new ExchangeCount(r.GetString(0), r.GetString(1), r.GetString(2), r.GetBoolean(3), r.GetBoolean(4), r.GetBoolean(5), r.GetBoolean(6), r.GetInt64(7)),
        cancel, Of(NodeCode.Of(node)));

    public ValueTask<List<KeyValuePair<StatisticKey, StatisticValue>>> StatisticsAsync(string counter, int fromMonth, int toMonth, CancellationToken cancel) => ListAsync(null,
        "SELECT month, flow, item, source_city, target_city, hospital, variant, detail, bucket, sum(count)::bigint, sum(amount_fen)::bigint FROM datahub.statistic "
        + "WHERE counter = $1 AND month BETWEEN $2 AND $3 GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9 HAVING sum(count) <> 0 OR sum(amount_fen) <> 0",
        r => KeyValuePair.Create(
            new StatisticKey(counter, r.GetInt32(0), r.GetString(1), r.GetString(2), r.GetString(3), r.GetString(4))
            {
                Hospital = r.GetString(5),
                Variant = r.GetString(6),
                Detail = r.GetString(7),
                Bucket = r.GetInt32(8),
            },
            new StatisticValue(r.GetInt64(9), r.GetInt64(10))),
        cancel, Of(counter), Of(fromMonth), Of(toMonth));

    public ValueTask<List<string>> NodesAsync(CancellationToken cancel) =>
        ListAsync(null, "SELECT code FROM datahub.node WHERE head_number > 0 ORDER BY code", static r => NodeCode.Name(r.GetInt32(0)), cancel);

    private static string ExchangesOf(string node) => IsHub(NodeCode.Of(node)) ? HubExchanges : CityExchanges;

    private ValueTask<List<JournalRow>> RowsAsync(string node, string sql, CancellationToken cancel, params NpgsqlParameter[] parameters) =>
        WithBodiesAsync(node, sql, ReadJournal, static (row, body) => row with { Body = body }, cancel, parameters);

    private ValueTask<List<PendingDelivery>> DeliveriesAsync(string node, string sql, CancellationToken cancel, params NpgsqlParameter[] parameters) => WithBodiesAsync(node, sql,
        static r => new PendingDelivery(ReadJournal(r), r.GetString(13), r.GetBoolean(14), r.GetInt32(15), r.GetInt32(16), ReadTime(r, 17), ReadText(r, 18)),
        static (delivery, body) => delivery with { Row = delivery.Row with { Body = body } }, cancel, parameters);

    /// <summary>
    /// Rows of a node's journal, or what refers to one, each with the body of the row. The statement names <see cref="BodyColumns"/>
    /// first and the node as its first parameter; each block is read once, however many of its bodies are wanted.
    /// </summary>
    private async ValueTask<List<T>> WithBodiesAsync<T>(string node, string sql, Func<NpgsqlDataReader, T> read, Func<T, byte[], T> with, CancellationToken cancel, params NpgsqlParameter[] parameters)
    {
        var rows = await ListAsync(node, sql, r => (Number: r.GetInt64(0), Block: r.IsDBNull(1) ? (long?)null : r.GetInt64(1), Body: r.IsDBNull(2) ? [] : r.GetFieldValue<byte[]>(2), Row: read(r)),
            cancel, [Of(NodeCode.Of(node)), .. parameters]);
        var blocks = rows.Where(r => r.Block is not null).ToLookup(r => r.Block!.Value, r => r.Number);
        var bodies = new Dictionary<long, byte[]>();
        if (blocks.Count > 0)
        {
            await ListAsync(node, "SELECT b.* FROM unnest($2) k CROSS JOIN LATERAL (SELECT number, bodies FROM datahub.journal_block WHERE node = $1 AND number = k OFFSET 0) b", r =>
            {
                var block = r.GetInt64(0);
                var unpacked = BodyBlock.Unpack(r.GetFieldValue<byte[]>(1));
                foreach (var number in blocks[block].Where(n => n - block >= 0 && n - block < unpacked.Length))
                    bodies[number] = unpacked[number - block];
                return block;
            }, cancel, Of(NodeCode.Of(node)), Of(blocks.Select(b => b.Key).ToArray()));
        }

        return rows.ConvertAll(r => with(r.Row, r.Block is null ? r.Body : bodies.GetValueOrDefault(r.Number, [])));
    }

    private async ValueTask<T?> OneAsync<T>(string? node, string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancel, params NpgsqlParameter[] parameters) =>
        (await ListAsync(node, sql, read, cancel, parameters)).FirstOrDefault();

    private async ValueTask<List<T>> ListAsync<T>(string? node, string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancel, params NpgsqlParameter[] parameters)
    {
        try
        {
            return await PostgresFaults.Reads.ExecuteAsync(async token =>
            {
                if (node is not null)
                    await SettleAfterFaultAsync(node, token);
                await using var command = source.CreateCommand(sql);
                try
                {
                    command.Parameters.AddRange(parameters);
                    await using var reader = await command.ExecuteReaderAsync(token);
                    var found = new List<T>();
                    while (await reader.ReadAsync(token))
                        found.Add(read(reader));
                    return found;
                }
                finally
                {
                    // A parameter belongs to one command at a time; the next try is another command.
                    command.Parameters.Clear();
                }
            }, cancel);
        }
        catch (Exception e) when (PostgresFaults.IsFault(e))
        {
            throw new StoreUnavailableException("The database could not be read.", e);
        }
    }

    /// <summary>A node that takes up its state after a failed commit must not read before that commit has ended one way or the other.</summary>
    private async ValueTask SettleAfterFaultAsync(string node, CancellationToken cancel)
    {
        if (!writers.TryGetValue(node, out var writer) || !writer.Unsettled)
            return;
        await writer.Turn.WaitAsync(cancel);
        try
        {
            if (writer.Unsettled)
                await SettleAsync(writer, cancel);
        }
        finally
        {
            writer.Turn.Release();
        }
    }
}

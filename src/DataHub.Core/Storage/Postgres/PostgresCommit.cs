using DataHub.Core.Journal;
using DataHub.Core.Statistics;
using Npgsql;
using static DataHub.Core.Storage.Postgres.PostgresValues;

namespace DataHub.Core.Storage.Postgres;

/// <summary>
/// Writes a commit as the statements of one batch: one statement per table that has rows, however many rows there are.
/// Arrays are unnested in the select list, because there PostgreSQL takes them apart row by row without a copy of them.
/// </summary>
internal static class PostgresCommit
{
    private const string InsertJournal = "INSERT INTO datahub.journal (node, number, at, sequence, kind, hash, key, message_id, type, exchange_id, sender, reasons, block) "
        + "SELECT $1, unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8), unnest($9), unnest($10), unnest($11), unnest($12), unnest($13)";

    private const string InsertBlocks = "INSERT INTO datahub.journal_block (node, number, at, bodies) SELECT $1, unnest($2), unnest($3), unnest($4)";

    private static readonly string UpsertHubExchanges = UpsertExchanges(HubExchanges);
    private static readonly string UpsertCityExchanges = UpsertExchanges(CityExchanges);

    /// <summary>Fills the batch. Returns the journal's head once it is committed.</summary>
    public static JournalHead Write(NpgsqlBatch batch, NodeCommit commit, JournalHead head)
    {
        var node = NodeCode.Of(commit.Node);
        var first = head.Number + 1;
        var entries = commit.Entries.ConvertAll(Storable);
        var hashes = new byte[entries.Count][];
        var hash = head.Hash;
        for (var i = 0; i < hashes.Length; i++)
            hashes[i] = hash = JournalHash.Next(hash, first + i, entries[i]);
        var next = new JournalHead(head.Number + entries.Count, hash);

        Add(batch, "SELECT datahub.advance_node($1, $2, $3, $4, $5)", Of(node), Of(commit.Fence), Of(head.Number), Of(next.Number), Of(next.Hash));
        if (entries.Count > 0)
            WriteEntries(batch, node, first, entries, hashes);
        long Number(int entryIndex, long number) => entryIndex >= 0 ? first + entryIndex : number;

        WriteLinks(batch, commit, node, Number);
        if (commit.Exchanges.Count > 0)
            WriteExchanges(batch, node, commit.Exchanges.Values);
        WriteDeliveries(batch, commit, node, Number);
        if (commit.ParkedResolved.Count > 0)
            Add(batch, "DELETE FROM datahub.parked WHERE node = $1 AND number = ANY ($2)", Of(node), Of(commit.ParkedResolved.ToArray()));
        foreach (var (id, outcome) in commit.Replayed)
            Add(batch, "UPDATE datahub.replay_request SET outcome = $2 WHERE id = $1", Of(Text(id)), Of((short)outcome));
        if (commit.Receipts.Count > 0)
        {
            Add(batch, "INSERT INTO datahub.receipt (node, peer, to_sequence, from_sequence, number) SELECT $1, unnest($2), unnest($3), unnest($4), unnest($5) ON CONFLICT DO NOTHING",
                Of(node), Column(commit.Receipts, r => NodeCode.Of(r.Peer)), Column(commit.Receipts, r => r.ToSequence), Column(commit.Receipts, r => r.FromSequence),
                Column(commit.Receipts, r => Number(r.EntryIndex, 0)));
        }

        WriteBreaks(batch, commit.Breaks);
        WriteResults(batch, commit);
        if (!commit.Statistics.IsEmpty)
            WriteStatistics(batch, node, [.. commit.Statistics]);
        WriteMaterials(batch, commit, node);
        return next;
    }

    private static string UpsertExchanges(string table) => "INSERT INTO " + table + " (node, " + ExchangeColumns + ") SELECT $1, "
        + string.Join(", ", Enumerable.Range(2, 31).Select(i => $"unnest(${i})"))
        + " ON CONFLICT (node, exchange_id) DO UPDATE SET "
        + string.Join(", ", ExchangeColumns.Split(", ").Skip(1).Select(c => $"{c} = excluded.{c}"));

    private static JournalEntry Storable(JournalEntry e)
    {
        var (key, id, type, exchange, sender, reasons) = (Text(e.Key), Text(e.MessageId), Text(e.Type), Text(e.ExchangeId), Text(e.Sender), TextOrNull(e.Reasons));
        return ReferenceEquals(key, e.Key) && ReferenceEquals(id, e.MessageId) && ReferenceEquals(type, e.Type) && ReferenceEquals(exchange, e.ExchangeId)
            && ReferenceEquals(sender, e.Sender) && ReferenceEquals(reasons, e.Reasons)
            ? e
            : e with { Key = key, MessageId = id, Type = type, ExchangeId = exchange, Sender = sender, Reasons = reasons };
    }

    private static void WriteEntries(NpgsqlBatch batch, int node, long first, List<JournalEntry> entries, byte[][] hashes)
    {
        var numbers = new long[entries.Count];
        var blocks = new long[entries.Count];
        List<(long Number, DateTimeOffset At, byte[] Bodies)> packed = [];
        for (int start = 0, end; start < entries.Count; start = end)
        {
            end = EndOfBlock(entries, start);
            packed.Add((first + start, entries[start].At, BodyBlock.Pack(entries.GetRange(start, end - start).ConvertAll(e => e.Body))));
            for (var i = start; i < end; i++)
                (numbers[i], blocks[i]) = (first + i, first + start);
        }

        Add(batch, InsertBlocks, Of(node), Column(packed, p => p.Number), TimeColumn(packed, p => p.At), Column(packed, p => p.Bodies));
        Add(batch, InsertJournal, Of(node), Of(numbers), TimeColumn(entries, e => e.At), Column(entries, e => e.Sequence), Column(entries, e => (short)e.Kind), Of(hashes),
            Column(entries, e => e.Key), Column(entries, e => KeyTells(e) ? null : e.MessageId), Column(entries, e => e.Type), Column(entries, e => e.ExchangeId),
            Column(entries, e => KeyTells(e) ? null : e.Sender), Column(entries, e => e.Reasons), Of(blocks));
        var parked = numbers.Where((_, i) => entries[i].Kind == EntryKind.Parked).ToArray();
        if (parked.Length > 0)
            Add(batch, "INSERT INTO datahub.parked (node, number) SELECT $1, unnest($2)", Of(node), Of(parked));
    }

    // The bodies of a block lie in one month, as it is archived with its rows.
    private static int EndOfBlock(List<JournalEntry> entries, int start)
    {
        var month = Time(entries[start].At);
        var end = start;
        for (var bytes = 0; end < entries.Count && bytes < BodyBlock.Bytes && Time(entries[end].At) is var at && (at.Year, at.Month) == (month.Year, month.Month); end++)
            bytes += entries[end].Body.Length;
        return end;
    }

    private static bool KeyTells(JournalEntry e) =>
        e.Key.Length == e.Sender.Length + 1 + e.MessageId.Length && e.Key.StartsWith(e.Sender, StringComparison.Ordinal) && e.Key[e.Sender.Length] == ':'
        && e.Key.EndsWith(e.MessageId, StringComparison.Ordinal) && !e.Sender.Contains(':', StringComparison.Ordinal);

    private static void WriteLinks(NpgsqlBatch batch, NodeCommit commit, int node, Func<int, long, long> number)
    {
        var sent = new Dictionary<string, (long First, long Last)>(StringComparer.Ordinal);
        foreach (var peer in commit.Outgoing.GroupBy(o => o.Peer, StringComparer.Ordinal))
        {
            var rows = peer.OrderBy(o => o.LinkSequence).ToList();
            sent[peer.Key] = (rows[0].LinkSequence, rows[^1].LinkSequence);
            for (int start = 0, end; start < rows.Count; start = end)
            {
                for (end = start + 1; end < rows.Count && rows[end].LinkSequence == rows[end - 1].LinkSequence + 1;)
                    end++;
                var run = rows.GetRange(start, end - start);
                Add(batch, "INSERT INTO datahub.outgoing (node, peer, first_seq, last_seq, journal_numbers, hub_states, hub_versions, flows) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                    Of(node), Of(NodeCode.Of(peer.Key)), Of(run[0].LinkSequence), Of(run[^1].LinkSequence), Column(run, o => number(o.EntryIndex, o.JournalNumber)),
                    Column(run, o => o.HubState), Column(run, o => o.HubVersion), Column(run, o => o.Flow));
            }
        }

        var peers = sent.Keys.Union(commit.Received.Keys).Union(commit.Acknowledged.Keys).ToList();
        if (peers.Count == 0)
            return;
        Add(batch, "SELECT datahub.advance_links($1, $2, $3, $4, $5, $6)", Of(node), Column(peers, NodeCode.Of), Column(peers, p => sent.GetValueOrDefault(p).First),
            Column(peers, p => sent.GetValueOrDefault(p).Last), Column(peers, p => commit.Received.GetValueOrDefault(p)), Column(peers, p => commit.Acknowledged.GetValueOrDefault(p)));
    }

    private static void WriteExchanges(NpgsqlBatch batch, int node, IReadOnlyCollection<ExchangeRow> rows) => Add(batch,
        IsHub(node) ? UpsertHubExchanges : UpsertCityExchanges, Of(node),
        Column(rows, r => r.State.ExchangeId), Column(rows, r => r.State.Flow), Column(rows, r => r.State.FlowVersion), Column(rows, r => r.State.Item),
        Column(rows, r => r.State.SourceCity), Column(rows, r => r.State.TargetCity), Column(rows, r => r.State.State), Column(rows, r => r.State.Version),
        TimeColumn(rows, r => r.State.OpenedAt), TimeColumn(rows, r => r.State.ChangedAt),
        Column(rows, r => r.State.Clock?.ResponsibleCity), Column(rows, r => r.State.Clock?.DueOn), Column(rows, r => r.State.Clock?.StoppedOn),
        Column(rows, r => r.State.Clock?.Remaining), Column(rows, r => r.State.Clock?.CalendarComplete),
        Column(rows, r => TextOrNull(r.State.Outcome?.Code)), Column(rows, r => r.State.Outcome?.AmountFen), Column(rows, r => TextOrNull(r.State.Outcome?.Reference)),
        Column(rows, r => r.State.Final), Column(rows, r => Text(FactsText.Write(r.State.Facts))),
        Column(rows, r => r.OutcomeDigest), Column(rows, r => r.SourceDigest), Column(rows, r => r.TargetDigest), TimeColumn(rows, r => r.ReconciledAt),
        Column(rows, r => r.NoticeStage), Column(rows, r => r.RefusedFor),
        Column(rows, r => r.State.Clock?.StartedOn), Column(rows, r => r.State.Clock?.Term), Column(rows, r => r.State.Clock?.AllowedDays), Column(rows, r => r.State.Clock?.UsedDays),
        Column(rows, r => r.NoticeOn));

    private static void WriteDeliveries(NpgsqlBatch batch, NodeCommit commit, int node, Func<int, long, long> number)
    {
        if (commit.NativeDeliveries.Count > 0)
        {
            // The last word on a delivery stands; one statement must not name a row twice.
            var rows = new Dictionary<(long Number, int Position), NativeDeliveryRow>();
            foreach (var d in commit.NativeDeliveries)
                rows[(number(d.EntryIndex, d.JournalNumber), d.Position)] = d;
            Add(batch, "INSERT INTO datahub.native_delivery (node, number, position, exchange_id, refusal, attempts, next_attempt_at, parked_cause) "
                + "SELECT $1, unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8) ON CONFLICT (node, number, position) DO UPDATE SET "
                + "exchange_id = excluded.exchange_id, refusal = excluded.refusal, attempts = excluded.attempts, next_attempt_at = excluded.next_attempt_at, parked_cause = excluded.parked_cause",
                Of(node), Column(rows.Keys, k => k.Number), Column(rows.Keys, k => k.Position), Column(rows.Values, d => d.ExchangeId), Column(rows.Values, d => d.Refusal),
                Column(rows.Values, d => d.Attempts), TimeColumn(rows.Values, d => d.NextAttemptAt), Column(rows.Values, d => TextOrNull(d.ParkedCause)));
        }

        if (commit.NativeDone.Count > 0)
        {
            Add(batch, "DELETE FROM datahub.native_delivery WHERE ctid = ANY (ARRAY(SELECT d.ctid FROM unnest($2, $3) u(number, position) "
                + "CROSS JOIN LATERAL (SELECT ctid FROM datahub.native_delivery WHERE node = $1 AND number = u.number AND position = u.position OFFSET 0) d))", Of(node), Column(commit.NativeDone, d => d.JournalNumber), Column(commit.NativeDone, d => d.Position));
        }
    }

    // The order of a commit's changes counts. Breaks are few; what heals them is not, since every exchange that is found
    // equal heals whatever it may have had: those that follow each other are one statement.
    private static void WriteBreaks(NpgsqlBatch batch, List<BreakChange> changes)
    {
        for (var i = 0; i < changes.Count; i++)
        {
            switch (changes[i])
            {
                case BreakChange.Opened(var b):
                    Add(batch, "INSERT INTO datahub.break AS b (exchange_id, code, detail, opened_at, closed_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (exchange_id, code) DO UPDATE SET "
                        + "detail = excluded.detail, opened_at = CASE WHEN b.closed_at IS NULL THEN b.opened_at ELSE excluded.opened_at END, closed_at = excluded.closed_at",
                        Of(b.ExchangeId), Of(b.Code), Of(Text(b.Detail)), OfTime(b.OpenedAt), OfTimeOrNull(b.ClosedAt));
                    break;
                case BreakChange.Healed(var exchangeId, var codes, var at):
                    List<string> healed = [exchangeId];
                    for (; i + 1 < changes.Count && changes[i + 1] is BreakChange.Healed next && ReferenceEquals(next.Codes, codes) && next.At == at; i++)
                        healed.Add(next.ExchangeId);
                    Add(batch, "UPDATE datahub.break SET closed_at = $1 WHERE exchange_id = ANY ($2) AND code = ANY ($3) AND closed_at IS NULL", OfTime(at), Of(healed.ToArray()), Of(codes.ToArray()));
                    break;
            }
        }
    }

    private static void WriteResults(NpgsqlBatch batch, NodeCommit commit)
    {
        var published = commit.Published;
        if (published.Count > 0)
        {
            Add(batch, "INSERT INTO datahub.published_result (result_id, patient_key, exchange_id, city, item, hospital, mark, performed_at, digest, revoked) "
                + "SELECT unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8), unnest($9), unnest($10)",
                Column(published, p => p.Result.ResultId), Column(published, p => p.PatientKey), Column(published, p => p.Result.ExchangeId), Column(published, p => p.Result.City),
                Column(published, p => p.Result.ItemCode), Column(published, p => p.Result.HospitalCode), Column(published, p => p.Result.Mark),
                TimeColumn(published, p => p.Result.PerformedAt), Column(published, p => p.Result.ResultDigest), Column(published, p => p.Result.Revoked));
        }

        if (commit.Holders.Count > 0)
        {
            // Shards share this table: in one order, so that none waits for one that waits for it.
            var holders = commit.Holders.OrderBy(h => h.ResultId, StringComparer.Ordinal).ThenBy(h => h.City, StringComparer.Ordinal).ToList();
            Add(batch, "INSERT INTO datahub.result_holder (result_id, city) SELECT unnest($1), unnest($2) ON CONFLICT DO NOTHING",
                Column(holders, h => h.ResultId), Column(holders, h => h.City));
        }

        foreach (var (resultId, digest, revoked) in commit.ChangedResults)
            Add(batch, "UPDATE datahub.published_result SET digest = $2, revoked = $3 WHERE result_id = $1", Of(resultId), Of(digest), Of(revoked));
        foreach (var (resultId, use, recognised) in commit.Uses)
        {
            if (recognised)
                Add(batch, "INSERT INTO datahub.result_use (result_id, exchange_id, city) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", Of(resultId), Of(use.ExchangeId), Of(use.City));
            else
                Add(batch, "DELETE FROM datahub.result_use WHERE result_id = $1 AND exchange_id = $2", Of(resultId), Of(use.ExchangeId));
        }

        foreach (var (city, consent) in commit.WithdrawnConsents)
            Add(batch, "INSERT INTO datahub.withdrawn_consent (city, consent) VALUES ($1, $2) ON CONFLICT DO NOTHING", Of(city), Of(consent));
    }

    private static void WriteStatistics(NpgsqlBatch batch, int node, List<KeyValuePair<StatisticKey, StatisticValue>> deltas) => Add(batch,
        "INSERT INTO datahub.statistic AS s (node, counter, month, flow, item, source_city, target_city, hospital, variant, detail, bucket, count, amount_fen) "
        + "SELECT $1, unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8), unnest($9), unnest($10), unnest($11), unnest($12), unnest($13) "
        + "ON CONFLICT (counter, month, node, flow, item, source_city, target_city, hospital, variant, detail, bucket) "
        + "DO UPDATE SET count = s.count + excluded.count, amount_fen = s.amount_fen + excluded.amount_fen",
        Of(node), Column(deltas, d => d.Key.Counter), Column(deltas, d => d.Key.Month), Column(deltas, d => d.Key.Flow), Column(deltas, d => d.Key.Item),
        Column(deltas, d => d.Key.SourceCity), Column(deltas, d => d.Key.TargetCity), Column(deltas, d => d.Key.Hospital), Column(deltas, d => d.Key.Variant),
        Column(deltas, d => d.Key.Detail), Column(deltas, d => d.Key.Bucket), Column(deltas, d => d.Value.Count), Column(deltas, d => d.Value.AmountFen));

    private static void WriteMaterials(NpgsqlBatch batch, NodeCommit commit, int node)
    {
        var named = commit.Materials;
        if (named.Count > 0)
        {
            Add(batch, "INSERT INTO datahub.material_ref (node, exchange_id, message_id, code, digest, name, size, media_type, city, at) "
                + "SELECT $1, unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8), unnest($9), unnest($10) ON CONFLICT DO NOTHING", Of(node),
                Column(named, m => m.ExchangeId), Column(named, m => m.MessageId), Column(named, m => m.Code), Column(named, m => m.Digest), Column(named, m => Text(m.Name)),
                Column(named, m => m.Size), Column(named, m => m.MediaType), Column(named, m => m.City), TimeColumn(named, m => m.At));
        }

        if (commit.MaterialsEnded.Count > 0)
            Add(batch, "SELECT datahub.end_materials($1, $2)", Column(commit.MaterialsEnded, m => m.Digest), OfTime(commit.MaterialsEnded[0].At));
    }

    private static void Add(NpgsqlBatch batch, string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters)
            command.Parameters.Add(parameter);
        batch.BatchCommands.Add(command);
    }
}

using System.Globalization;
using DataHub.Core.Journal;
using DataHub.Core.Statistics;

namespace DataHub.Core.Storage.Sqlite;

/// <summary>
/// Writes commits inside the open transaction. Keeps the head of each node's hash chain, so that appending needs no
/// read; <see cref="Forget()"/> drops what a rolled-back transaction had advanced.
/// </summary>
internal sealed class SqliteCommitWriter(SqliteSession db)
{
    private readonly Dictionary<string, (long Number, byte[] Hash)> heads = new(StringComparer.Ordinal);

    /// <summary>The connection, for what else goes into the same transaction.</summary>
    public SqliteSession Session => db;

    public void Forget() => heads.Clear();

    public void Forget(string node) => heads.Remove(node);

    public CommitResult Apply(NodeCommit commit)
    {
        var node = SqliteKeys.Node(commit.Node);
        var head = Head(commit.Node, node);
        var first = head.Number + 1;
        foreach (var entry in commit.Entries)
        {
            var number = head.Number + 1;
            var hash = JournalHash.Next(head.Hash, number, entry);
            db.Prepare("INSERT INTO journal (id, kind, key, message_id, type, exchange_id, sender, sequence, at, reasons, hash, body) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)")
                .Bind(SqliteKeys.Journal(node, number)).Bind((long)entry.Kind).Bind(entry.Key).Bind(entry.MessageId).Bind(entry.Type).Bind(entry.ExchangeId)
                .Bind(entry.Sender).Bind(entry.Sequence).Bind(entry.At.ToUnixTimeMilliseconds()).Bind(entry.Reasons).Bind(hash).Bind(entry.Body.Span).Run();
            if (entry.Kind == EntryKind.Parked)
                db.Prepare("INSERT INTO parked (journal_id) VALUES (?)").Bind(SqliteKeys.Journal(node, number)).Run();
            head = (number, hash);
        }

        heads[commit.Node] = head;
        long Id(int entryIndex, long number) => SqliteKeys.Journal(node, entryIndex >= 0 ? first + entryIndex : number);

        WriteLinks(commit, node, Id);
        foreach (var row in commit.Exchanges.Values)
            WriteExchange(node, row);
        foreach (var d in commit.NativeDeliveries)
        {
            db.Prepare("INSERT OR REPLACE INTO native_delivery (journal_id, position, exchange_id, refusal, attempts, next_attempt_at, parked_cause) VALUES (?,?,?,?,?,?,?)")
                .Bind(Id(d.EntryIndex, d.JournalNumber)).Bind(d.Position).Bind(d.ExchangeId).Bind(d.Refusal).Bind(d.Attempts)
                .Bind(d.NextAttemptAt.ToUnixTimeMilliseconds()).Bind(d.ParkedCause).Run();
        }

        foreach (var (number, position) in commit.NativeDone)
            db.Prepare("DELETE FROM native_delivery WHERE journal_id=? AND position=?").Bind(SqliteKeys.Journal(node, number)).Bind(position).Run();
        foreach (var number in commit.ParkedResolved)
            db.Prepare("DELETE FROM parked WHERE journal_id=?").Bind(SqliteKeys.Journal(node, number)).Run();
        foreach (var (id, outcome) in commit.Replayed)
            db.Prepare("UPDATE replay_request SET outcome=? WHERE id=?").Bind((long)outcome).Bind(id).Run();
        foreach (var r in commit.Receipts)
        {
            db.Prepare("INSERT OR IGNORE INTO receipt (node, city, to_sequence, from_sequence, journal_id) VALUES (?,?,?,?,?)")
                .Bind(node).Bind(SqliteKeys.Node(r.Peer)).Bind(r.ToSequence).Bind(r.FromSequence).Bind(Id(r.EntryIndex, 0)).Run();
        }

        foreach (var change in commit.Breaks)
            WriteBreak(change);
        WriteResults(commit);
        WriteStatistics(node, commit.Statistics);
        SqliteMaterials.Write(db, commit);
        return new CommitResult(first);
    }

    private void WriteLinks(NodeCommit commit, long node, Func<int, long, long> id)
    {
        foreach (var o in commit.Outgoing)
        {
            db.Prepare("INSERT INTO outgoing (node, peer, link_sequence, journal_id, hub_state, hub_version, flow) VALUES (?,?,?,?,?,?,?)")
                .Bind(node).Bind(SqliteKeys.Node(o.Peer)).Bind(o.LinkSequence).Bind(id(o.EntryIndex, o.JournalNumber)).Bind(o.HubState).Bind(o.HubVersion).Bind(o.Flow).Run();
        }

        foreach (var group in commit.Outgoing.GroupBy(o => o.Peer, StringComparer.Ordinal))
            Advance(node, group.Key, "sent", group.Max(o => o.LinkSequence));
        foreach (var (peer, upTo) in commit.Received)
            Advance(node, peer, "received", upTo);
        foreach (var (peer, upTo) in commit.Acknowledged)
        {
            db.Prepare("DELETE FROM outgoing WHERE node=? AND peer=? AND link_sequence<=?").Bind(node).Bind(SqliteKeys.Node(peer)).Bind(upTo).Run();
            Advance(node, peer, "acknowledged", upTo);
        }
    }

    private void Advance(long node, string peer, string column, long to) =>
        db.Prepare($"INSERT INTO link (node, peer, {column}) VALUES (?,?,?) ON CONFLICT (node, peer) DO UPDATE SET {column} = max({column}, excluded.{column})")
            .Bind(node).Bind(SqliteKeys.Node(peer)).Bind(to).Run();

    private void WriteExchange(long node, ExchangeRow row)
    {
        var s = row.State;
        db.Prepare("INSERT OR REPLACE INTO exchange (node, " + SqliteKeys.ExchangeColumns + ") VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)")
            .Bind(node).Bind(s.ExchangeId).Bind(s.Flow).Bind(s.FlowVersion).Bind(s.Item).Bind(s.SourceCity).Bind(s.TargetCity).Bind(s.State).Bind(s.Version)
            .Bind(s.OpenedAt.ToUnixTimeMilliseconds()).Bind(s.ChangedAt.ToUnixTimeMilliseconds())
            .Bind(s.Clock?.ResponsibleCity).Bind(Day(s.Clock?.DueOn)).Bind(Day(s.Clock?.StoppedOn)).Bind((long?)s.Clock?.Remaining)
            .Bind(s.Clock is { } clock ? (clock.CalendarComplete ? 1L : 0L) : (long?)null)
            .Bind(s.Outcome?.Code).Bind(s.Outcome?.AmountFen).Bind(s.Outcome?.Reference).Bind(s.Final).Bind(FactsText.Write(s.Facts))
            .Bind(row.OutcomeDigest).Bind(row.SourceDigest).Bind(row.TargetDigest).Bind(row.ReconciledAt?.ToUnixTimeMilliseconds())
            .Bind(row.NoticeStage).Bind(row.RefusedFor)
            .Bind(Day(s.Clock?.StartedOn)).Bind(s.Clock?.Term).Bind((long?)s.Clock?.AllowedDays).Bind((long?)s.Clock?.UsedDays)
            .Bind(Day(row.NoticeOn)).Run();
    }

    private void WriteBreak(BreakChange change)
    {
        switch (change)
        {
            case BreakChange.Opened(var b):
                db.Prepare("INSERT INTO break (exchange_id, code, detail, opened_at, closed_at) VALUES (?,?,?,?,?) ON CONFLICT (exchange_id, code) DO UPDATE SET "
                    + "detail = excluded.detail, opened_at = CASE WHEN closed_at IS NULL THEN opened_at ELSE excluded.opened_at END, closed_at = excluded.closed_at")
                    .Bind(b.ExchangeId).Bind(b.Code).Bind(b.Detail).Bind(b.OpenedAt.ToUnixTimeMilliseconds()).Bind(b.ClosedAt?.ToUnixTimeMilliseconds()).Run();
                break;
            case BreakChange.Healed(var exchangeId, var codes, var at):
                foreach (var code in codes)
                    db.Prepare("UPDATE break SET closed_at=? WHERE exchange_id=? AND code=? AND closed_at IS NULL").Bind(at.ToUnixTimeMilliseconds()).Bind(exchangeId).Bind(code).Run();
                break;
        }
    }

    private void WriteResults(NodeCommit commit)
    {
        foreach (var (r, patient) in commit.Published)
        {
            db.Prepare("INSERT INTO published_result (result_id, patient_key, exchange_id, city, item, hospital, mark, performed_at, digest, revoked) VALUES (?,?,?,?,?,?,?,?,?,?)")
                .Bind(r.ResultId).Bind(patient).Bind(r.ExchangeId).Bind(r.City).Bind(r.ItemCode).Bind(r.HospitalCode).Bind(r.Mark)
                .Bind(r.PerformedAt.ToUnixTimeMilliseconds()).Bind(r.ResultDigest).Bind(r.Revoked).Run();
        }

        foreach (var (resultId, city) in commit.Holders)
            db.Prepare("INSERT OR IGNORE INTO result_holder (result_id, city) VALUES (?,?)").Bind(resultId).Bind(city).Run();
        foreach (var (resultId, digest, revoked) in commit.ChangedResults)
            db.Prepare("UPDATE published_result SET digest=?, revoked=? WHERE result_id=?").Bind(digest).Bind(revoked).Bind(resultId).Run();
        foreach (var (resultId, use, recognised) in commit.Uses)
        {
            if (recognised)
                db.Prepare("INSERT OR IGNORE INTO result_use (result_id, exchange_id, city) VALUES (?,?,?)").Bind(resultId).Bind(use.ExchangeId).Bind(use.City).Run();
            else
                db.Prepare("DELETE FROM result_use WHERE result_id=? AND exchange_id=?").Bind(resultId).Bind(use.ExchangeId).Run();
        }

        foreach (var (city, consent) in commit.WithdrawnConsents)
            db.Prepare("INSERT OR IGNORE INTO withdrawn_consent (city, consent) VALUES (?,?)").Bind(city).Bind(consent).Run();
    }

    private void WriteStatistics(long node, StatisticDeltas statistics)
    {
        foreach (var (key, value) in statistics)
        {
            db.Prepare("INSERT INTO statistic (counter, month, flow, item, source_city, target_city, hospital, variant, detail, bucket, node, count, amount_fen) "
                + "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET count = count + excluded.count, amount_fen = amount_fen + excluded.amount_fen")
                .Bind(key.Counter).Bind(key.Month).Bind(key.Flow).Bind(key.Item).Bind(key.SourceCity).Bind(key.TargetCity).Bind(key.Hospital).Bind(key.Variant)
                .Bind(key.Detail).Bind(key.Bucket).Bind(node).Bind(value.Count).Bind(value.AmountFen).Run();
        }
    }

    private (long Number, byte[] Hash) Head(string name, long node)
    {
        if (heads.TryGetValue(name, out var head))
            return head;
        var last = db.Prepare("SELECT id, hash FROM journal WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT 1")
            .Bind(SqliteKeys.Journal(node, 0)).Bind(SqliteKeys.Journal(node + 1, 0) - 1);
        head = last.Step() ? (SqliteKeys.Number(last.Long(0)), last.Bytes(1)) : (0, JournalHash.Genesis(name));
        last.Reset();
        return head;
    }

    private static string? Day(DateOnly? day) => day?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}

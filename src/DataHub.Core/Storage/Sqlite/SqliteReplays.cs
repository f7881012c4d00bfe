namespace DataHub.Core.Storage.Sqlite;

/// <summary>What operators asked to work again.</summary>
public sealed partial class SqliteNodeStore
{
    private const string ReplaySelect = "SELECT id, node, number, position, operator, reason, asked_at, outcome FROM replay_request ";

    // Not by the writer: a command writes it from a process of its own, and SQLite lets the two follow each other.
    public ValueTask<ReplayRequest> AskReplayAsync(ReplayRequest request, CancellationToken cancel) => Read(db =>
    {
        db.Prepare("INSERT OR IGNORE INTO replay_request (id, node, number, position, operator, reason, asked_at) VALUES (?,?,?,?,?,?,?)")
            .Bind(request.Id).Bind(SqliteKeys.Node(request.Node)).Bind(request.Number).Bind(request.Position).Bind(request.Operator).Bind(request.Reason)
            .Bind(request.AskedAt.ToUnixTimeMilliseconds()).Run();
        return Replays(db.Prepare(ReplaySelect + "WHERE id=?").Bind(request.Id))[0];
    });

    public ValueTask<ReplayRequest?> ReplayRequestAsync(string id, CancellationToken cancel) => Read(db => Replays(db.Prepare(ReplaySelect + "WHERE id=?").Bind(id)).SingleOrDefault());

    public ValueTask<List<ReplayRequest>> OpenReplaysAsync(IReadOnlyCollection<string> nodes, int limit, CancellationToken cancel) => Read(db =>
    {
        var open = nodes.SelectMany(node => Replays(db.Prepare(ReplaySelect + "WHERE node=? AND outcome IS NULL ORDER BY asked_at, id LIMIT ?").Bind(SqliteKeys.Node(node)).Bind(limit)));
        return open.OrderBy(r => r.AskedAt).ThenBy(r => r.Id, StringComparer.Ordinal).Take(limit).ToList();
    });

    private static List<ReplayRequest> Replays(SqliteStatement s)
    {
        var found = new List<ReplayRequest>();
        while (s.Step())
        {
            found.Add(new ReplayRequest(s.Text(0), NodeCode.Name((int)s.Long(1)), s.Long(2), (int)s.Long(3), s.Text(4), s.Text(5), SqliteKeys.Time(s.Long(6)),
                s.LongOrNull(7) is { } outcome ? (ReplayOutcome)outcome : null));
        }

        return found;
    }
}

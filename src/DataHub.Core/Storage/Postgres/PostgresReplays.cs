using Npgsql;
using static DataHub.Core.Storage.Postgres.PostgresValues;

namespace DataHub.Core.Storage.Postgres;

/// <summary>What operators asked to work again.</summary>
public sealed partial class PostgresNodeStore
{
    private const string ReplayColumns = "id, node, number, position, operator, reason, asked_at, outcome";

    public async ValueTask<ReplayRequest> AskReplayAsync(ReplayRequest request, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(request);
        // The update changes nothing; it makes the statement answer with the request that was first.
        return (await ListAsync(null, "INSERT INTO datahub.replay_request AS r (id, node, number, position, operator, reason, asked_at) VALUES ($1, $2, $3, $4, $5, $6, $7) "
            + "ON CONFLICT (id) DO UPDATE SET id = r.id RETURNING " + ReplayColumns, ReadReplay, cancel,
            Of(Text(request.Id)), Of(NodeCode.Of(request.Node)), Of(request.Number), Of(request.Position), Of(Text(request.Operator)), Of(Text(request.Reason)), OfTime(request.AskedAt)))[0];
    }

    public ValueTask<ReplayRequest?> ReplayRequestAsync(string id, CancellationToken cancel) => OneAsync(null,
        "SELECT " + ReplayColumns + " FROM datahub.replay_request WHERE id = $1", ReadReplay, cancel, Of(Text(id)));

    public ValueTask<List<ReplayRequest>> OpenReplaysAsync(IReadOnlyCollection<string> nodes, int limit, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        return ListAsync(null, "SELECT " + ReplayColumns + " FROM datahub.replay_request WHERE node = ANY ($1) AND outcome IS NULL ORDER BY asked_at, id LIMIT $2",
            ReadReplay, cancel, Column(nodes, NodeCode.Of), Of(limit));
    }

    private static ReplayRequest ReadReplay(NpgsqlDataReader r) => new(r.GetString(0), NodeCode.Name(r.GetInt32(1)), r.GetInt64(2), r.GetInt32(3), r.GetString(4), r.GetString(5),
        ReadTime(r, 6), r.IsDBNull(7) ? null : (ReplayOutcome)r.GetInt16(7));
}

using static DataHub.Core.Storage.Postgres.PostgresValues;

namespace DataHub.Core.Storage.Postgres;

/// <summary>The leases: one row per node, by the database's clock.</summary>
public sealed partial class PostgresNodeStore
{
    public async ValueTask<long?> AcquireAsync(string node, string owner, TimeSpan ttl, CancellationToken cancel)
    {
        // Waits for a commit of the last holder that is under way: after this, no other can follow.
        var fences = await ListAsync(null, "INSERT INTO datahub.node AS n (code, fence, owner, expires_at) VALUES ($1, 1, $2, now() + $3) ON CONFLICT (code) DO UPDATE "
            + "SET fence = n.fence + 1, owner = excluded.owner, expires_at = excluded.expires_at WHERE n.owner IS NULL OR n.owner = excluded.owner OR n.expires_at <= now() RETURNING fence",
            static r => r.GetInt64(0), cancel, Of(NodeCode.Of(node)), Of(owner), Of(ttl));
        if (fences.Count == 0)
            return null;
        // Somebody else may have written in between.
        WriterOf(node).Unsettled = true;
        return fences[0];
    }

    public async ValueTask<bool> RenewAsync(string node, long fence, TimeSpan ttl, CancellationToken cancel) =>
        (await ListAsync(null, "UPDATE datahub.node SET expires_at = now() + $3 WHERE code = $1 AND fence = $2 AND owner IS NOT NULL RETURNING fence",
            static r => r.GetInt64(0), cancel, Of(NodeCode.Of(node)), Of(fence), Of(ttl))).Count > 0;

    // The fence goes up here too: a commit that is still on its way from us must not arrive after the node was given away.
    public async ValueTask ReleaseAsync(string node, long fence, CancellationToken cancel) =>
        await ListAsync(null, "UPDATE datahub.node SET fence = fence + 1, owner = NULL, expires_at = NULL WHERE code = $1 AND fence = $2 AND owner IS NOT NULL RETURNING fence",
            static r => r.GetInt64(0), cancel, Of(NodeCode.Of(node)), Of(fence));

    public async ValueTask AnnounceAsync(string role, string owner, TimeSpan ttl, CancellationToken cancel) =>
        await ListAsync(null, "WITH gone AS (DELETE FROM datahub.member WHERE expires_at < now() - interval '1 day' AND (role, owner) <> ($1, $2)) "
            + "INSERT INTO datahub.member (role, owner, expires_at) VALUES ($1, $2, now() + $3) ON CONFLICT (role, owner) DO UPDATE SET expires_at = excluded.expires_at RETURNING 1",
            static r => r.GetInt32(0), cancel, Of(role), Of(owner), Of(ttl));

    public async ValueTask<LeaseView> LeasesAsync(string role, CancellationToken cancel)
    {
        var rows = await ListAsync(null, "SELECT NULL::integer, owner FROM datahub.member WHERE role = $1 AND expires_at > now() "
            + "UNION ALL SELECT code, owner FROM datahub.node WHERE owner IS NOT NULL AND expires_at > now() ORDER BY 1, 2",
            static r => (Node: r.IsDBNull(0) ? null : NodeCode.Name(r.GetInt32(0)), Owner: r.GetString(1)), cancel, Of(role));
        return new LeaseView([.. rows.Where(r => r.Node is null).Select(r => r.Owner)],
            rows.Where(r => r.Node is not null).ToDictionary(r => r.Node!, r => r.Owner, StringComparer.Ordinal));
    }
}

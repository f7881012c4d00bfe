using DataHub.Core.Calendar;
using DataHub.Core.Materials;
using Npgsql;
using static DataHub.Core.Storage.Postgres.PostgresValues;

namespace DataHub.Core.Storage.Postgres;

/// <summary>What is known of materials. What has to be decided under a lock is a function of the schema: one round trip.</summary>
public sealed partial class PostgresNodeStore
{
    private const string UploadColumns = "id, city, digest, size, media_type, received, opened_at";

    /// <summary>The database as the place of the materials' bytes.</summary>
    public IMaterialBytes MaterialBytes => new PostgresMaterialBytes(source);

    public async Task<UploadOpening> OpenUploadAsync(UploadRow wanted, string? lost, MaterialOptions options, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        ArgumentNullException.ThrowIfNull(options);
        var (answer, id) = await WriteOneAsync("SELECT answer, id FROM datahub.open_upload($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            static r => (r.GetString(0), ReadText(r, 1)), cancel,
            Of(wanted.Id), Of(wanted.City), Of(wanted.Digest), Of(wanted.Size), Of(wanted.MediaType), OfTime(wanted.OpenedAt), Of(WorkingDayCalendar.ShanghaiDate(wanted.OpenedAt)),
            OfText(lost), OfTime(wanted.OpenedAt - options.UploadExpiry), OfTime(wanted.OpenedAt.AddDays(options.UnnamedDays)), Of(options.OpenUploads), Of(options.DailyBytes));
        return answer switch
        {
            "held" when await ContentAsync(wanted.Digest, cancel) is { } content => new UploadOpening.Held(content),
            "open" when await UploadAsync(id!, cancel) is { } upload => new UploadOpening.Open(upload, New: false),
            "new" => new UploadOpening.Open(wanted, New: true),
            "volume" => new UploadOpening.VolumeReached(),
            "many" => new UploadOpening.TooManyOpen(),
            // It has ended between the two questions.
            _ => await OpenUploadAsync(wanted, lost, options, cancel),
        };
    }

    public ValueTask<UploadRow?> UploadAsync(string id, CancellationToken cancel) => OneAsync(null, "SELECT " + UploadColumns + " FROM datahub.material_upload WHERE id = $1",
        static r => new UploadRow(r.GetString(0), r.GetString(1), r.GetString(2), r.GetInt64(3), r.GetString(4), r.GetInt64(5), ReadTime(r, 6)), cancel, Of(id));

    public async Task<bool> MoveAsync(string id, long from, long to, CancellationToken cancel) =>
        await WriteAsync("UPDATE datahub.material_upload SET received = $3 WHERE id = $1 AND received = $2", cancel, Of(id), Of(from), Of(to)) == 1;

    public Task CompleteAsync(UploadRow upload, string? lost, DateTimeOffset now, DateTimeOffset checkAt, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(upload);
        return WriteAsync("SELECT datahub.complete_upload($1, $2, $3, $4)", cancel, Of(upload.Id), OfText(lost), OfTime(now), OfTime(checkAt));
    }

    public Task DiscardAsync(string id, CancellationToken cancel) => WriteAsync("SELECT datahub.discard_upload($1)", cancel, Of(id));

    public ValueTask<ContentRow?> ContentAsync(string digest, CancellationToken cancel) => OneAsync(null,
        "SELECT digest, size, media_type, location FROM datahub.material_content WHERE digest = $1 AND removed_at IS NULL",
        static r => new ContentRow(r.GetString(0), r.GetInt64(1), r.GetString(2), r.GetString(3)), cancel, Of(digest));

    public ValueTask<List<ListedMaterial>> MaterialsAsync(string exchangeId, int limit, CancellationToken cancel) => ListAsync(null,
        "SELECT r.exchange_id, r.message_id, r.city, r.code, r.name, r.digest, r.size, r.media_type, r.at, EXISTS (SELECT FROM datahub.material_content c "
        + "JOIN datahub.material_ref o ON o.exchange_id = r.exchange_id AND o.digest = c.digest JOIN datahub.material_holder h ON h.digest = c.digest AND h.city = o.city "
        + "WHERE c.digest = r.digest AND c.removed_at IS NULL) FROM datahub.material_ref r WHERE r.exchange_id = $1 ORDER BY r.at, r.message_id, r.code, r.digest LIMIT $2",
        static r => new ListedMaterial(new NamedMaterial(r.GetString(0), r.GetString(1), r.GetString(2), r.GetString(3), r.GetString(4), r.GetString(5), r.IsDBNull(6) ? null : r.GetInt64(6),
            ReadText(r, 7), ReadTime(r, 8)), r.GetBoolean(9)), cancel, Of(Text(exchangeId)), Of(limit));

    public Task RecordAccessAsync(MaterialAccess access, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(access);
        return WriteAsync("INSERT INTO datahub.material_access (at, city, exchange_id, digest, given) SELECT $1, $2, $3, $4, $5 "
            + "WHERE $5 OR (SELECT count(*) FROM datahub.material_access a WHERE a.city = $2 AND NOT a.given AND a.at > $6) < $7", cancel,
            OfTime(access.At), Of(access.City), Of(access.ExchangeId), Of(access.Digest), Of(access.Given), OfTime(access.At.AddDays(-1)), Of((long)MaterialRules.RefusedAccesses));
    }

    public ValueTask<List<MaterialAccess>> AccessesAsync(string exchangeId, int limit, CancellationToken cancel) => ListAsync(null,
        "SELECT at, city, exchange_id, digest, given FROM datahub.material_access WHERE exchange_id = $1 ORDER BY id LIMIT $2",
        static r => new MaterialAccess(ReadTime(r, 0), r.GetString(1), r.GetString(2), r.GetString(3), r.GetBoolean(4)), cancel, Of(Text(exchangeId)), Of(limit));

    // An exchange that is not there is one that is not final.
    public ValueTask<List<DueContent>> DueContentsAsync(DateTimeOffset now, int limit, CancellationToken cancel) => ListAsync(null,
        "SELECT c.digest, c.size, c.touched_at, r.named, r.in_use, r.last_change FROM datahub.material_content c CROSS JOIN LATERAL ("
        + "SELECT count(*) > 0 AS named, coalesce(bool_or(NOT coalesce(e.final, false)), false) AS in_use, max(e.changed_at) AS last_change FROM datahub.material_ref r "
        + "LEFT JOIN datahub.exchange_hub e ON e.node = r.node AND e.exchange_id = r.exchange_id WHERE r.digest = c.digest) r "
        + "WHERE c.removed_at IS NULL AND c.check_at <= $1 ORDER BY c.check_at LIMIT $2",
        static r => new DueContent(r.GetString(0), r.GetInt64(1), r.GetBoolean(3), r.GetBoolean(4), r.IsDBNull(5) ? null : ReadTime(r, 5), ReadTime(r, 2)), cancel, OfTime(now), Of(limit));

    public Task PostponeAsync(IReadOnlyList<(string Digest, DateTimeOffset CheckAt)> contents, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(contents);
        return contents.Count == 0 ? Task.CompletedTask : WriteAsync(
            "UPDATE datahub.material_content c SET check_at = u.check_at FROM (SELECT unnest($1) AS digest, unnest($2) AS check_at) u WHERE c.digest = u.digest", cancel,
            Column(contents, c => c.Digest), TimeColumn(contents, c => c.CheckAt));
    }

    public async Task ForgetAsync(DateTimeOffset uploadsBefore, DateTimeOffset accessesBefore, CancellationToken cancel)
    {
        await WriteAsync("SELECT count(datahub.discard_upload(id)) FROM datahub.material_upload WHERE opened_at <= $1", cancel, OfTime(uploadsBefore));
        await WriteAsync("DELETE FROM datahub.material_volume WHERE day < $1", cancel, Of(WorkingDayCalendar.ShanghaiDate(uploadsBefore)));
        await WriteAsync("DELETE FROM datahub.material_access WHERE at < $1", cancel, OfTime(accessesBefore));
    }

    public ValueTask<List<string>> LeftoversAsync(int limit, CancellationToken cancel) =>
        ListAsync(null, "SELECT location FROM datahub.material_leftover ORDER BY location LIMIT $1", static r => r.GetString(0), cancel, Of(limit));

    public Task ClearedAsync(IReadOnlyList<string> locations, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(locations);
        return WriteAsync("DELETE FROM datahub.material_leftover WHERE location = ANY ($1)", cancel, Of(locations.ToArray()));
    }

    private static NpgsqlParameter OfText(string? text) => new() { Value = (object?)text ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text };

    private async Task<int> WriteAsync(string sql, CancellationToken cancel, params NpgsqlParameter[] parameters)
    {
        try
        {
            await using var command = source.CreateCommand(sql);
            command.Parameters.AddRange(parameters);
            return await command.ExecuteNonQueryAsync(cancel);
        }
        catch (Exception e) when (PostgresFaults.IsFault(e))
        {
            throw new StoreUnavailableException("The database could not be written.", e);
        }
    }

    private async Task<T> WriteOneAsync<T>(string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancel, params NpgsqlParameter[] parameters)
    {
        try
        {
            await using var command = source.CreateCommand(sql);
            command.Parameters.AddRange(parameters);
            await using var reader = await command.ExecuteReaderAsync(cancel);
            await reader.ReadAsync(cancel);
            return read(reader);
        }
        catch (Exception e) when (PostgresFaults.IsFault(e))
        {
            throw new StoreUnavailableException("The database could not be written.", e);
        }
    }
}

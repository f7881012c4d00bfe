using DataHub.Core.Calendar;
using DataHub.Core.Materials;

namespace DataHub.Core.Storage.Sqlite;

/// <summary>What node commits write of materials.</summary>
internal static class SqliteMaterials
{
    public static void Write(SqliteSession db, NodeCommit commit)
    {
        foreach (var m in commit.Materials)
        {
            db.Prepare("INSERT OR IGNORE INTO material_ref (exchange_id, message_id, code, digest, name, size, media_type, city, node, at) VALUES (?,?,?,?,?,?,?,?,?,?)")
                .Bind(m.ExchangeId).Bind(m.MessageId).Bind(m.Code).Bind(m.Digest).Bind(m.Name).Bind(m.Size).Bind(m.MediaType).Bind(m.City)
                .Bind(SqliteKeys.Node(commit.Node)).Bind(m.At.ToUnixTimeMilliseconds()).Run();
        }

        foreach (var (digest, ended) in commit.MaterialsEnded)
        {
            var at = ended.ToUnixTimeMilliseconds();
            db.Prepare("INSERT OR IGNORE INTO material_leftover (location) SELECT location FROM material_content WHERE digest=? AND removed_at IS NULL AND check_at<=?").Bind(digest).Bind(at).Run();
            db.Prepare("UPDATE material_content SET removed_at=? WHERE digest=? AND removed_at IS NULL AND check_at<=?").Bind(at).Bind(digest).Bind(at).Run();
            db.Prepare("DELETE FROM material_holder WHERE digest=? AND NOT EXISTS (SELECT 1 FROM material_content WHERE digest=? AND removed_at IS NULL)").Bind(digest).Bind(digest).Run();
        }
    }
}

/// <summary>What is known of materials. Writes go through the one writer, among the node commits.</summary>
public sealed partial class SqliteNodeStore
{
    private const string UploadColumns = "id, city, digest, size, media_type, received, opened_at";

    private const string HeldBySender =
        "EXISTS (SELECT 1 FROM material_content c JOIN material_ref o ON o.digest = c.digest AND o.exchange_id = r.exchange_id "
        + "JOIN material_holder h ON h.digest = c.digest AND h.city = o.city WHERE c.digest = r.digest AND c.removed_at IS NULL)";

    public Task<UploadOpening> OpenUploadAsync(UploadRow wanted, string? lost, MaterialOptions options, CancellationToken cancel) => WriteAsync(null, apply =>
    {
        ArgumentNullException.ThrowIfNull(wanted);
        ArgumentNullException.ThrowIfNull(options);
        var db = apply.Session;
        var now = wanted.OpenedAt.ToUnixTimeMilliseconds();
        if (Content(db, wanted.Digest) is { } content && content.Location != lost && Any(db.Prepare("SELECT 1 FROM material_holder WHERE digest=? AND city=?").Bind(wanted.Digest).Bind(wanted.City)))
        {
            Touch(db, wanted.Digest, wanted.OpenedAt, wanted.OpenedAt.AddDays(options.UnnamedDays));
            return new UploadOpening.Held(content);
        }

        if (Upload(db.Prepare("SELECT " + UploadColumns + " FROM material_upload WHERE city=? AND digest=?").Bind(wanted.City).Bind(wanted.Digest)) is { } open)
        {
            if (open.Size == wanted.Size && open.MediaType == wanted.MediaType && open.OpenedAt + options.UploadExpiry > wanted.OpenedAt)
                return new UploadOpening.Open(open, New: false);
            Discard(db, open.Id);
        }

        if (Number(db.Prepare("SELECT count(*) FROM material_upload WHERE city=?").Bind(wanted.City)) >= options.OpenUploads)
            return new UploadOpening.TooManyOpen();
        var day = Day(wanted.OpenedAt);
        if (Number(db.Prepare("SELECT coalesce(sum(bytes), 0) FROM material_volume WHERE city=? AND day=?").Bind(wanted.City).Bind(day)) + wanted.Size > options.DailyBytes)
            return new UploadOpening.VolumeReached();
        db.Prepare("INSERT INTO material_volume (city, day, bytes) VALUES (?,?,?) ON CONFLICT (city, day) DO UPDATE SET bytes = bytes + excluded.bytes").Bind(wanted.City).Bind(day).Bind(wanted.Size).Run();
        db.Prepare("INSERT INTO material_upload (" + UploadColumns + ") VALUES (?,?,?,?,?,?,?)")
            .Bind(wanted.Id).Bind(wanted.City).Bind(wanted.Digest).Bind(wanted.Size).Bind(wanted.MediaType).Bind(0).Bind(now).Run();
        return (UploadOpening)new UploadOpening.Open(wanted, New: true);
    }, cancel);

    public ValueTask<UploadRow?> UploadAsync(string id, CancellationToken cancel) =>
        Read(db => Upload(db.Prepare("SELECT " + UploadColumns + " FROM material_upload WHERE id=?").Bind(id)));

    public Task<bool> MoveAsync(string id, long from, long to, CancellationToken cancel) => WriteAsync(null, apply =>
        Any(apply.Session.Prepare("UPDATE material_upload SET received=? WHERE id=? AND received=? RETURNING 1").Bind(to).Bind(id).Bind(from)), cancel);

    public Task CompleteAsync(UploadRow upload, string? lost, DateTimeOffset now, DateTimeOffset checkAt, CancellationToken cancel) => WriteAsync(null, apply =>
    {
        ArgumentNullException.ThrowIfNull(upload);
        var db = apply.Session;
        // Two requests may have found the upload whole.
        if (!Any(db.Prepare("DELETE FROM material_upload WHERE id=? RETURNING 1").Bind(upload.Id)))
            return false;
        var at = now.ToUnixTimeMilliseconds();
        var held = Content(db, upload.Digest);
        if (held is not null && held.Location != lost)
        {
            Leave(db, upload.Id);
            Touch(db, upload.Digest, now, checkAt);
        }
        else
        {
            if (held is not null)
                Leave(db, held.Location);
            db.Prepare("INSERT OR REPLACE INTO material_content (digest, size, media_type, location, held_at, touched_at, check_at, removed_at) VALUES (?,?,?,?,?,?,?,NULL)")
                .Bind(upload.Digest).Bind(upload.Size).Bind(upload.MediaType).Bind(upload.Id).Bind(at).Bind(at).Bind(checkAt.ToUnixTimeMilliseconds()).Run();
        }

        db.Prepare("INSERT OR IGNORE INTO material_holder (digest, city) VALUES (?,?)").Bind(upload.Digest).Bind(upload.City).Run();
        return true;
    }, cancel);

    public Task DiscardAsync(string id, CancellationToken cancel) => WriteAsync(null, apply => Discard(apply.Session, id), cancel);

    public ValueTask<ContentRow?> ContentAsync(string digest, CancellationToken cancel) => Read(db => Content(db, digest));

    public ValueTask<List<ListedMaterial>> MaterialsAsync(string exchangeId, int limit, CancellationToken cancel) => Read(db =>
    {
        var s = db.Prepare("SELECT exchange_id, message_id, city, code, name, digest, size, media_type, at, " + HeldBySender
            + " FROM material_ref r WHERE exchange_id=? ORDER BY at, message_id, code, digest LIMIT ?").Bind(exchangeId).Bind(limit);
        var found = new List<ListedMaterial>();
        while (s.Step())
        {
            found.Add(new ListedMaterial(new NamedMaterial(s.Text(0), s.Text(1), s.Text(2), s.Text(3), s.Text(4), s.Text(5), s.LongOrNull(6), s.TextOrNull(7), SqliteKeys.Time(s.Long(8))),
                s.Long(9) == 1));
        }

        return found;
    });

    public Task RecordAccessAsync(MaterialAccess access, CancellationToken cancel) => WriteAsync(null, apply =>
    {
        ArgumentNullException.ThrowIfNull(access);
        var db = apply.Session;
        var at = access.At.ToUnixTimeMilliseconds();
        if (!access.Given && Number(db.Prepare("SELECT count(*) FROM material_access WHERE given = 0 AND city=? AND at>?").Bind(access.City).Bind(access.At.AddDays(-1).ToUnixTimeMilliseconds())) >= MaterialRules.RefusedAccesses)
            return false;
        db.Prepare("INSERT INTO material_access (at, city, exchange_id, digest, given) VALUES (?,?,?,?,?)").Bind(at).Bind(access.City).Bind(access.ExchangeId).Bind(access.Digest).Bind(access.Given).Run();
        return true;
    }, cancel);

    public ValueTask<List<MaterialAccess>> AccessesAsync(string exchangeId, int limit, CancellationToken cancel) => Read(db =>
    {
        var s = db.Prepare("SELECT at, city, exchange_id, digest, given FROM material_access WHERE exchange_id=? ORDER BY id LIMIT ?").Bind(exchangeId).Bind(limit);
        var found = new List<MaterialAccess>();
        while (s.Step())
            found.Add(new MaterialAccess(SqliteKeys.Time(s.Long(0)), s.Text(1), s.Text(2), s.Text(3), s.Long(4) == 1));
        return found;
    });

    public ValueTask<List<DueContent>> DueContentsAsync(DateTimeOffset now, int limit, CancellationToken cancel) => Read(db =>
    {
        // An exchange that is not there is one that is not final.
        var s = db.Prepare("SELECT c.digest, c.size, c.touched_at, count(r.digest), coalesce(max(r.digest IS NOT NULL AND coalesce(e.final, 0) = 0), 0), max(e.changed_at) "
            + "FROM (SELECT * FROM material_content WHERE removed_at IS NULL AND check_at <= ? ORDER BY check_at LIMIT ?) c "
            + "LEFT JOIN material_ref r ON r.digest = c.digest LEFT JOIN exchange e ON e.node = r.node AND e.exchange_id = r.exchange_id GROUP BY c.digest")
            .Bind(now.ToUnixTimeMilliseconds()).Bind(limit);
        var found = new List<DueContent>();
        while (s.Step())
            found.Add(new DueContent(s.Text(0), s.Long(1), s.Long(3) > 0, s.Long(4) == 1, s.LongOrNull(5) is { } changed ? SqliteKeys.Time(changed) : null, SqliteKeys.Time(s.Long(2))));
        return found;
    });

    public Task PostponeAsync(IReadOnlyList<(string Digest, DateTimeOffset CheckAt)> contents, CancellationToken cancel) => WriteAsync(null, apply =>
    {
        ArgumentNullException.ThrowIfNull(contents);
        foreach (var (digest, checkAt) in contents)
            apply.Session.Prepare("UPDATE material_content SET check_at=? WHERE digest=?").Bind(checkAt.ToUnixTimeMilliseconds()).Bind(digest).Run();
        return true;
    }, cancel);

    public Task ForgetAsync(DateTimeOffset uploadsBefore, DateTimeOffset accessesBefore, CancellationToken cancel) => WriteAsync(null, apply =>
    {
        var db = apply.Session;
        var uploads = uploadsBefore.ToUnixTimeMilliseconds();
        db.Prepare("INSERT OR IGNORE INTO material_leftover (location) SELECT id FROM material_upload WHERE opened_at<=?").Bind(uploads).Run();
        db.Prepare("DELETE FROM material_upload WHERE opened_at<=?").Bind(uploads).Run();
        db.Prepare("DELETE FROM material_volume WHERE day<?").Bind(Day(uploadsBefore)).Run();
        db.Prepare("DELETE FROM material_access WHERE at<?").Bind(accessesBefore.ToUnixTimeMilliseconds()).Run();
        return true;
    }, cancel);

    public ValueTask<List<string>> LeftoversAsync(int limit, CancellationToken cancel) => Read(db =>
    {
        var s = db.Prepare("SELECT location FROM material_leftover ORDER BY location LIMIT ?").Bind(limit);
        var found = new List<string>();
        while (s.Step())
            found.Add(s.Text(0));
        return found;
    });

    public Task ClearedAsync(IReadOnlyList<string> locations, CancellationToken cancel) => WriteAsync(null, apply =>
    {
        ArgumentNullException.ThrowIfNull(locations);
        foreach (var location in locations)
            apply.Session.Prepare("DELETE FROM material_leftover WHERE location=?").Bind(location).Run();
        return true;
    }, cancel);

    private static bool Discard(SqliteSession db, string id)
    {
        if (!Any(db.Prepare("DELETE FROM material_upload WHERE id=? RETURNING 1").Bind(id)))
            return false;
        Leave(db, id);
        return true;
    }

    private static void Touch(SqliteSession db, string digest, DateTimeOffset at, DateTimeOffset checkAt) =>
        db.Prepare("UPDATE material_content SET touched_at=max(touched_at, ?), check_at=max(check_at, ?) WHERE digest=?")
            .Bind(at.ToUnixTimeMilliseconds()).Bind(checkAt.ToUnixTimeMilliseconds()).Bind(digest).Run();

    private static void Leave(SqliteSession db, string location) => db.Prepare("INSERT OR IGNORE INTO material_leftover (location) VALUES (?)").Bind(location).Run();

    private static string Day(DateTimeOffset at) => WorkingDayCalendar.ShanghaiDate(at).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);

    private static ContentRow? Content(SqliteSession db, string digest)
    {
        var s = db.Prepare("SELECT digest, size, media_type, location FROM material_content WHERE digest=? AND removed_at IS NULL").Bind(digest);
        if (!s.Step())
            return null;
        var found = new ContentRow(s.Text(0), s.Long(1), s.Text(2), s.Text(3));
        s.Reset();
        return found;
    }

    private static UploadRow? Upload(SqliteStatement s)
    {
        if (!s.Step())
            return null;
        var found = new UploadRow(s.Text(0), s.Text(1), s.Text(2), s.Long(3), s.Text(4), s.Long(5), SqliteKeys.Time(s.Long(6)));
        s.Reset();
        return found;
    }

    private static bool Any(SqliteStatement s)
    {
        if (!s.Step())
            return false;
        // To its end: a statement that changes rows and returns them is not done before.
        while (s.Step())
        {
        }

        return true;
    }

    private static long Number(SqliteStatement s)
    {
        s.Step();
        var number = s.Long(0);
        s.Reset();
        return number;
    }
}

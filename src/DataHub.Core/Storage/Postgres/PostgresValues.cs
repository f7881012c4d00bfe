using System.Text;
using DataHub.Core.Flows;
using DataHub.Core.Journal;
using Npgsql;
using NpgsqlTypes;

namespace DataHub.Core.Storage.Postgres;

/// <summary>How values go into statements and come back out of rows.</summary>
internal static class PostgresValues
{
    /// <summary>Where the body of a row is: in the first columns of every statement that asks for bodies.</summary>
    public const string BodyColumns = "j.number, j.block, j.body";

    public const string JournalColumns = BodyColumns + ", j.kind, j.key, j.message_id, j.type, j.exchange_id, j.sender, j.sequence, j.at, j.reasons, j.hash";

    public const string ExchangeColumns = "exchange_id, flow, flow_version, item, source_city, target_city, state, version, opened_at, changed_at, responsible, due_on, "
        + "stopped_on, remaining, calendar_complete, outcome, amount_fen, reference, final, facts, outcome_digest, source_digest, target_digest, reconciled_at, notice_stage, refused_for, "
        + "leg_started_on, leg_term, leg_allowed_days, leg_used_days, notice_on";

    public const string PublishedColumns = "r.result_id, r.exchange_id, r.city, r.item, r.hospital, r.mark, r.performed_at, r.digest, r.revoked, "
        + "ARRAY(SELECT h.city FROM datahub.result_holder h WHERE h.result_id = r.result_id ORDER BY h.city), "
        + "ARRAY(SELECT u.exchange_id FROM datahub.result_use u WHERE u.result_id = r.result_id ORDER BY u.exchange_id), "
        + "ARRAY(SELECT u.city FROM datahub.result_use u WHERE u.result_id = r.result_id ORDER BY u.exchange_id)";

    /// <summary>The parts of <c>datahub.exchange</c>. Going to the one that is meant saves PostgreSQL the choice, per row.</summary>
    public const string HubExchanges = "datahub.exchange_hub";

    public const string CityExchanges = "datahub.exchange_city";

    /// <summary>The hub's shards have small numbers, cities their six-digit codes.</summary>
    public static bool IsHub(int node) => node < 100_000;

    public static NpgsqlParameter Of<T>(T value) => new NpgsqlParameter<T> { TypedValue = value };

    public static NpgsqlParameter OfTime(DateTimeOffset value) => new NpgsqlParameter<DateTime> { TypedValue = Time(value), NpgsqlDbType = NpgsqlDbType.TimestampTz };

    public static NpgsqlParameter OfTimeOrNull(DateTimeOffset? value) =>
        new NpgsqlParameter { Value = value is { } at ? Time(at) : DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz };

    /// <summary>One array parameter: a column of the rows that a statement unnests.</summary>
    public static NpgsqlParameter Column<TRow, T>(IReadOnlyCollection<TRow> rows, Func<TRow, T> value) => Of(Values(rows, value));

    public static NpgsqlParameter TimeColumn<TRow>(IReadOnlyCollection<TRow> rows, Func<TRow, DateTimeOffset> value) =>
        new NpgsqlParameter<DateTime[]> { TypedValue = Values(rows, r => Time(value(r))), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz };

    public static NpgsqlParameter TimeColumn<TRow>(IReadOnlyCollection<TRow> rows, Func<TRow, DateTimeOffset?> value) =>
        new NpgsqlParameter<DateTime?[]> { TypedValue = Values(rows, r => value(r) is { } at ? Time(at) : (DateTime?)null), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz };

    /// <summary>Whole milliseconds: what the journal's hash sees, in every store.</summary>
    public static DateTime Time(DateTimeOffset value) => new(value.UtcTicks - (value.UtcTicks % TimeSpan.TicksPerMillisecond), DateTimeKind.Utc);

    /// <summary>
    /// PostgreSQL's text holds no NUL and only whole characters, while a message that is journalled as refused may say
    /// anything: what cannot be held is replaced, so that it can be refused at all.
    /// </summary>
    public static string Text(string text)
    {
        if (!text.Contains('\0', StringComparison.Ordinal) && text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0)
            return text;
        return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)).Replace('\0', '\uFFFD');
    }

    public static string? TextOrNull(string? text) => text is null ? null : Text(text);

    /// <summary>Reads the columns of <see cref="JournalColumns"/>, all but the body.</summary>
    public static JournalRow ReadJournal(NpgsqlDataReader r)
    {
        // What the key says of a message is not stored beside it: "sender:message_id".
        var key = r.GetString(4);
        var colon = Math.Max(key.IndexOf(':', StringComparison.Ordinal), 0);
        return new(r.GetInt64(0), (EntryKind)r.GetInt16(3), key, ReadText(r, 5) ?? key[Math.Min(colon + 1, key.Length)..], r.GetString(6), r.GetString(7), ReadText(r, 8) ?? key[..colon],
            r.GetInt64(9), ReadTime(r, 10), [], ReadText(r, 11), r.GetFieldValue<byte[]>(12));
    }

    /// <summary>Reads the columns of <see cref="ExchangeColumns"/>.</summary>
    public static ExchangeRow ReadExchange(NpgsqlDataReader r) => new()
    {
        State = new ExchangeState
        {
            ExchangeId = r.GetString(0),
            Flow = r.GetString(1),
            FlowVersion = r.GetInt32(2),
            Item = r.GetString(3),
            SourceCity = r.GetString(4),
            TargetCity = r.GetString(5),
            State = r.GetString(6),
            Version = r.GetInt32(7),
            OpenedAt = ReadTime(r, 8),
            ChangedAt = ReadTime(r, 9),
            Clock = r.IsDBNull(10)
                ? null
                : new Clock(r.GetString(10), r.GetFieldValue<DateOnly>(11), ReadDay(r, 12), ReadInt(r, 13), r.GetBoolean(14))
                {
                    StartedOn = ReadDay(r, 26),
                    Term = ReadText(r, 27),
                    AllowedDays = ReadInt(r, 28),
                    UsedDays = ReadInt(r, 29) ?? 0,
                },
            Outcome = r.IsDBNull(15) ? null : new Outcome(r.GetString(15), r.IsDBNull(16) ? null : r.GetInt64(16), ReadText(r, 17)),
            Final = r.GetBoolean(18),
            Facts = FactsText.Read(r.GetString(19)),
        },
        OutcomeDigest = ReadText(r, 20),
        SourceDigest = ReadText(r, 21),
        TargetDigest = ReadText(r, 22),
        ReconciledAt = r.IsDBNull(23) ? null : ReadTime(r, 23),
        NoticeStage = r.GetInt32(24),
        RefusedFor = ReadText(r, 25),
        NoticeOn = ReadDay(r, 30),
    };

    public static PublishedResult ReadPublished(NpgsqlDataReader r) => new(r.GetString(0), r.GetString(1), r.GetString(2), r.GetString(3), r.GetString(4), r.GetString(5),
        ReadTime(r, 6), r.GetString(7), r.GetBoolean(8), r.GetFieldValue<string[]>(9))
    {
        Uses = [.. r.GetFieldValue<string[]>(10).Zip(r.GetFieldValue<string[]>(11), (exchange, city) => new ResultUse(exchange, city))],
    };

    public static DateTimeOffset ReadTime(NpgsqlDataReader r, int column) => new(r.GetDateTime(column), TimeSpan.Zero);

    private static DateOnly? ReadDay(NpgsqlDataReader r, int column) => r.IsDBNull(column) ? null : r.GetFieldValue<DateOnly>(column);

    private static int? ReadInt(NpgsqlDataReader r, int column) => r.IsDBNull(column) ? null : r.GetInt32(column);

    public static string? ReadText(NpgsqlDataReader r, int column) => r.IsDBNull(column) ? null : r.GetString(column);

    private static T[] Values<TRow, T>(IReadOnlyCollection<TRow> rows, Func<TRow, T> value)
    {
        var values = new T[rows.Count];
        var i = 0;
        foreach (var row in rows)
            values[i++] = value(row);
        return values;
    }
}

using System.Globalization;
using DataHub.Core.Flows;

namespace DataHub.Core.Storage.Sqlite;

/// <summary>How keys and rows are laid out in the SQLite tables.</summary>
internal static class SqliteKeys
{
    public const string ExchangeColumns = "exchange_id, flow, flow_version, item, source_city, target_city, state, version, opened_at, changed_at, responsible, due_on, "
        + "stopped_on, remaining, calendar_complete, outcome, amount_fen, reference, final, facts, outcome_digest, source_digest, target_digest, reconciled_at, notice_stage, refused_for, "
        + "leg_started_on, leg_term, leg_allowed_days, leg_used_days, notice_on";

    public static long Node(string node) => NodeCode.Of(node);

    /// <summary>2^40 rows per node; the largest GB/T 2260 code still fits in 63 bits.</summary>
    public static long Journal(long node, long number) => (node << 40) | number;

    public static long Number(long id) => id & 0xFF_FFFF_FFFF;

    public static DateTimeOffset Time(long unixMs) => DateTimeOffset.FromUnixTimeMilliseconds(unixMs);

    public static DateOnly Day(string day) => DateOnly.ParseExact(day, "yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static DateOnly? DayOrNull(string? day) => day is null ? null : Day(day);

    /// <summary>Reads the columns of <see cref="ExchangeColumns"/>, which start at column 0.</summary>
    public static ExchangeRow ReadExchange(SqliteStatement r) => new()
    {
        State = new ExchangeState
        {
            ExchangeId = r.Text(0),
            Flow = r.Text(1),
            FlowVersion = (int)r.Long(2),
            Item = r.Text(3),
            SourceCity = r.Text(4),
            TargetCity = r.Text(5),
            State = r.Text(6),
            Version = (int)r.Long(7),
            OpenedAt = Time(r.Long(8)),
            ChangedAt = Time(r.Long(9)),
            Clock = r.IsNull(10) ? null : new Clock(r.Text(10), Day(r.Text(11)), DayOrNull(r.TextOrNull(12)), (int?)r.LongOrNull(13), r.Long(14) == 1)
            {
                StartedOn = DayOrNull(r.TextOrNull(26)),
                Term = r.TextOrNull(27),
                AllowedDays = (int?)r.LongOrNull(28),
                UsedDays = (int)(r.LongOrNull(29) ?? 0),
            },
            Outcome = r.IsNull(15) ? null : new Outcome(r.Text(15), r.LongOrNull(16), r.TextOrNull(17)),
            Final = r.Long(18) == 1,
            Facts = FactsText.Read(r.Text(19)),
        },
        OutcomeDigest = r.TextOrNull(20),
        SourceDigest = r.TextOrNull(21),
        TargetDigest = r.TextOrNull(22),
        ReconciledAt = r.LongOrNull(23) is { } at ? Time(at) : null,
        NoticeStage = (int)r.Long(24),
        RefusedFor = r.TextOrNull(25),
        NoticeOn = DayOrNull(r.TextOrNull(30)),
    };
}

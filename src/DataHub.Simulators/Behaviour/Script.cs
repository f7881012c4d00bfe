using DataHub.Core.Registry;

namespace DataHub.Simulators.Behaviour;

internal enum ServiceEnd
{
    Approved,
    Refused,
    Returned,
    Withdrawn,
}

internal enum PensionEnd
{
    Completed,
    Returned,
    Withdrawn,
}

internal enum NoticeEnd
{
    Published,
    Corrected,
    Revoked,
}

/// <summary>
/// How a case goes, drawn from the seed and the number that stands in its opening message. Both cities draw alike without
/// speaking to each other, and the generator knows the end beforehand.
/// </summary>
internal static class Script
{
    public static ServiceEnd Service(Knobs knobs, string number)
    {
        if (knobs.FixedEnds.TryGetValue(number, out var end))
            return end switch { "returned" => ServiceEnd.Returned, "withdrawn" => ServiceEnd.Withdrawn, "refused" => ServiceEnd.Refused, _ => ServiceEnd.Approved };
        var draw = Draw.Of(knobs.Seed, number, "end");
        if ((draw -= knobs.ReturnRate) < 0)
            return ServiceEnd.Returned;
        if ((draw -= knobs.WithdrawalRate) < 0)
            return ServiceEnd.Withdrawn;
        return draw - knobs.RefusalRate < 0 ? ServiceEnd.Refused : ServiceEnd.Approved;
    }

    /// <summary>Whether something is missing at first; an item that is decided at once asks for nothing.</summary>
    public static bool Supplement(Knobs knobs, string number, ServiceItem item)
        => !item.Instant && item.Materials.Count > 0 && Draw.Of(knobs.Seed, number, "supplement") < knobs.SupplementRate;

    public static PensionEnd Pension(Knobs knobs, string number)
    {
        if (knobs.FixedEnds.TryGetValue(number, out var end))
            return end switch { "returned" => PensionEnd.Returned, "withdrawn" => PensionEnd.Withdrawn, _ => PensionEnd.Completed };
        var draw = Draw.Of(knobs.Seed, number, "end");
        if ((draw -= knobs.ReturnRate) < 0)
            return PensionEnd.Returned;
        return draw - knobs.WithdrawalRate < 0 ? PensionEnd.Withdrawn : PensionEnd.Completed;
    }

    public static bool Overlap(Knobs knobs, string number)
        => !knobs.FixedEnds.ContainsKey(number) && Draw.Of(knobs.Seed, number, "overlap") < knobs.OverlapRate;

    /// <summary>The order of table and money is free.</summary>
    public static bool RemittanceFirst(Knobs knobs, string number) => Draw.Of(knobs.Seed, number, "remittance-first") < 0.2;

    public static bool Recognised(Knobs knobs, string number)
        => knobs.FixedEnds.TryGetValue(number, out var end) ? end == "recognised" : Draw.Of(knobs.Seed, number, "recognised") >= knobs.RefusalRate;

    /// <summary>What becomes of a result once it has been used.</summary>
    public static NoticeEnd Notice(Knobs knobs, string resultId)
    {
        if (knobs.FixedEnds.TryGetValue(resultId, out var end))
            return end switch { "corrected" => NoticeEnd.Corrected, "revoked" => NoticeEnd.Revoked, _ => NoticeEnd.Published };
        var draw = Draw.Of(knobs.Seed, resultId, "end");
        if ((draw -= knobs.CorrectionRate) < 0)
            return NoticeEnd.Corrected;
        return draw - knobs.CorrectionRate < 0 ? NoticeEnd.Revoked : NoticeEnd.Published;
    }
}

using System.Globalization;
using DataHub.Core.Registry;

namespace DataHub.Simulators.Behaviour;

internal enum ServiceEnd
{
    Approved,
    Refused,
    Returned,
    Withdrawn,
}

/// <summary>What the clerks do between acceptance and decision.</summary>
internal enum Interlude
{
    None,

    /// <summary>催办: the target's clerk has let it lie until the source reminds.</summary>
    Reminder,

    /// <summary>更正: the source corrects what it wrote; the target waits for it.</summary>
    Correction,

    /// <summary>转办: the target's hall hands the case to another agency of its city.</summary>
    Forwarding,
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
    /// <summary>A part of a joint application has the whole's number and its own.</summary>
    public static string PartNumber(string whole, int part) => string.Create(CultureInfo.InvariantCulture, $"{whole}-P{part}");

    /// <summary>Whether the applicant takes a joint application back as a whole, by the whole's number or that of one of its parts.</summary>
    public static bool WholeWithdrawn(Knobs knobs, string number) => knobs.FixedEnds.TryGetValue(WholeOf(number), out var end)
        ? end == "withdrawn"
        : Draw.Of(knobs.Seed, WholeOf(number), "whole withdrawn") < knobs.WithdrawalRate * 4;

    public static bool IsPart(string number) => number.Length > 3 && number[^3] == '-' && number[^2] == 'P' && char.IsAsciiDigit(number[^1]);

    private static string WholeOf(string number) => IsPart(number) ? number[..^3] : number;

    public static ServiceEnd Service(Knobs knobs, string number)
    {
        if (IsPart(number) && WholeWithdrawn(knobs, number))
            return ServiceEnd.Withdrawn;
        if (knobs.FixedEnds.TryGetValue(WholeOf(number), out var end))
        {
            return end switch
            {
                "returned" => ServiceEnd.Returned,
                "withdrawn" => ServiceEnd.Withdrawn,
                "refused" or "not-completed" => ServiceEnd.Refused,
                // Of a whole that is to end so, the first part is approved.
                "partially-completed" when number != PartNumber(WholeOf(number), 1) => ServiceEnd.Refused,
                _ => ServiceEnd.Approved,
            };
        }

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

    /// <summary>Whether the cities hand in the files of this case, or only name them.</summary>
    public static bool HandsInFiles(Knobs knobs, string number) => Draw.Of(knobs.Seed, WholeOf(number), "files") < knobs.FileRate;

    public static bool Recognised(Knobs knobs, string number)
        => knobs.FixedEnds.TryGetValue(number, out var end) ? end == "recognised" : Draw.Of(knobs.Seed, number, "recognised") >= knobs.RefusalRate;

    /// <summary>Whether the patient takes the consent back while the query is open.</summary>
    public static bool ConsentTakenBack(Knobs knobs, string number) =>
        !knobs.FixedEnds.ContainsKey(number) && Draw.Of(knobs.Seed, number, "consent taken back") < knobs.ConsentWithdrawalRate;

    /// <summary>What happens between acceptance and decision beside the main path; an item that is decided at once has no such time.</summary>
    public static Interlude Between(Knobs knobs, string number)
    {
        if (IsPart(number) || knobs.FixedEnds.ContainsKey(number) || Service(knobs, number) is ServiceEnd.Returned or ServiceEnd.Withdrawn)
            return Interlude.None;
        var draw = Draw.Of(knobs.Seed, number, "interlude");
        if ((draw -= knobs.ReminderRate) < 0)
            return Interlude.Reminder;
        if ((draw -= knobs.FieldCorrectionRate) < 0)
            return Interlude.Correction;
        return draw - knobs.ForwardingRate < 0 ? Interlude.Forwarding : Interlude.None;
    }

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

using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using DataHub.Core.Registry;
using DataHub.Simulators.Behaviour;

namespace DataHub.Simulators.Cases;

/// <summary>
/// Generated medical results and the queries for them. A query asks for one generated result; each result has a patient of
/// its own.
/// </summary>
internal sealed class RecognitionCases(RegistrySnapshot registry, DateOnly on)
{
    private readonly HashSet<string> patients = new(StringComparer.Ordinal);

    public sealed record Pair(Generated Notice, string AskingCity);

    /// <summary>A result that <see cref="CaseSeed.City"/> publishes, and the city whose doctor may ask for it.</summary>
    public Pair? Publish(CaseSeed seed)
    {
        var offers = registry.Cities.Where(c => c.Code != seed.City)
            .SelectMany(asking => registry.RecognitionItems.Select(item => (Item: item, Asking: asking.Code)))
            .Where(o => registry.HasAgreement(o.Asking, seed.City, RecognitionUseFlow.Code, o.Item.Code, on)
                && Hospitals(seed.City, o.Item).Count > 0 && Hospitals(o.Asking, o.Item).Count > 0 && Marks(seed.City, o.Asking).Count > 0)
            .ToList();
        if (offers.Count == 0)
            return null;
        var (item, asking) = seed.Pick("offer", offers);
        var patient = People.Of(seed, "patient");
        if (!patients.Add(patient.IdNumber))
            return null;
        var expired = seed.OneIn(15, "expired") && item.ValidDays < 1000;
        var performed = seed.At.AddDays(expired ? -item.ValidDays - 3 : -1 - seed.Below("age", Math.Max(1, item.ValidDays - 2))).AddHours(-3);
        var resultId = $"JG{seed.Number}";
        var right = new ResultNotice
        {
            ResultId = resultId,
            Patient = patient,
            Category = item.Category,
            ItemCode = item.Code,
            Hospital = Hospital(seed.Pick("hospital", Hospitals(seed.City, item))),
            Mark = seed.Pick("mark", Marks(seed.City, asking)).Mark,
            ResultDigest = CaseDraft.DigestOf(resultId),
            FetchUrl = $"https://results.{registry.CityByCode(seed.City)!.Key}.example/r/{resultId}",
            PerformedAt = performed,
            ReportedAt = performed.AddHours(2),
        };
        return new Pair(Spoiled(seed, right) ?? new Generated(right, new Expectation.Reconciled("published")), asking);
    }

    /// <summary>The query of a doctor in <see cref="CaseSeed.City"/>, and what then becomes of the result itself.</summary>
    public (Generated Query, Generated Notice) Ask(CaseSeed seed, ResultNotice notice)
    {
        var item = registry.RecognitionItem(notice.ItemCode)!;
        var right = new RecognitionQuery
        {
            QueryNumber = seed.Number,
            Patient = notice.Patient,
            ItemCode = item.Code,
            Hospital = Hospital(seed.Pick("hospital", Hospitals(seed.City, item))),
            Doctor = new Doctor { StaffNumber = $"D{seed.City}{seed.Below("doctor", 900) + 100}", Name = People.Name(seed, "doctor") },
            Consent = new Consent { ConsentNumber = $"TY{seed.Number}", GrantedAt = seed.At.AddHours(-1), ExpiresAt = seed.At.AddDays(7), ItemCodes = [item.Code] },
            QueriedAt = seed.At,
        };
        var untouched = new Generated(notice, new Expectation.Reconciled("published"));
        if (seed.Chance("invalid") < seed.Knobs.InvalidRate)
            return (Spoiled(seed, right), untouched);

        var expired = (seed.At - notice.PerformedAt).Days > item.ValidDays;
        var recognised = !expired && Script.Recognised(seed.Knobs, seed.Number);
        var end = Script.Notice(seed.Knobs, notice.ResultId) switch
        {
            NoticeEnd.Corrected => "corrected",
            NoticeEnd.Revoked => "revoked",
            _ => "published",
        };
        return (new Generated(right, new Expectation.Reconciled(recognised ? "recognised" : "not-recognised")), new Generated(notice, new Expectation.Reconciled(end)));
    }

    private Generated? Spoiled(CaseSeed seed, ResultNotice right)
    {
        if (seed.Chance("invalid") >= seed.Knobs.InvalidRate)
            return null;
        static Generated Refused(ResultNotice wrong, string code) => new(wrong, new Expectation.Refused(code));
        return seed.Below("mistake", 4) switch
        {
            0 => Refused(right with { Mark = "本院内部" }, ReasonCodes.MarkMissing),
            1 => Refused(right with { Hospital = new Hospital { Code = "H519999999", Name = "未登记的医院" } }, ReasonCodes.UnknownHospital),
            2 => Refused(right with { Hospital = Hospital(registry.Hospitals.First(h => h.CityCode != seed.City)) }, ReasonCodes.HospitalNotOfCity),
            _ => Refused(right with { ReportedAt = right.PerformedAt.AddHours(-1) }, ReasonCodes.PeriodReversed),
        };
    }

    private Generated Spoiled(CaseSeed seed, RecognitionQuery right)
    {
        static Generated Refused(RecognitionQuery wrong, string code) => new(wrong, new Expectation.Refused(code));
        return seed.Below("mistake", 3) switch
        {
            0 => Refused(right with { Consent = right.Consent with { ItemCodes = [registry.RecognitionItems.First(i => i.Code != right.ItemCode).Code] } }, ReasonCodes.ConsentScope),
            1 => Refused(right with { Consent = right.Consent with { GrantedAt = seed.At.AddDays(-9), ExpiresAt = seed.At.AddDays(-2) } }, ReasonCodes.ConsentExpired),
            // A patient of whom nothing was published.
            _ => Refused(right with { Patient = People.Of(seed, "stranger") }, ReasonCodes.NoSharedResult),
        };
    }

    private List<RegisteredHospital> Hospitals(string city, RecognitionItem item) => [.. registry.Hospitals.Where(h => h.CityCode == city && h.Grade >= item.LowestGrade)];

    private List<RecognitionMark> Marks(string one, string other) => [.. registry.Marks.Where(m => m.Cities.Contains(one) && m.Cities.Contains(other))];

    private static Hospital Hospital(RegisteredHospital h) => new() { Code = h.Code, Name = h.Name };
}

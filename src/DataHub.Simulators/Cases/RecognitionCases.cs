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
            .Where(o => o.Item.InForce(on) && registry.HasAgreement(o.Asking, seed.City, RecognitionUseFlow.Code, o.Item.Code, on)
                && Hospitals(seed.City, o.Asking, o.Item).Count > 0 && Hospitals(o.Asking, seed.City, o.Item).Count > 0)
            .ToList();
        if (offers.Count == 0)
            return null;
        var (item, asking) = seed.Pick("offer", offers);
        var hospital = seed.Pick("hospital", Hospitals(seed.City, asking, item));
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
            Hospital = Hospital(hospital),
            Mark = seed.Pick("mark", Marks(hospital, asking, item)).Mark,
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
            Hospital = Hospital(seed.Pick("hospital", Covered(seed.City, notice))),
            Doctor = new Doctor { StaffNumber = $"D{seed.City}{seed.Below("doctor", 900) + 100}", Name = People.Name(seed, "doctor") },
            Consent = new Consent { ConsentNumber = $"TY{seed.Number}", GrantedAt = seed.At.AddHours(-1), ExpiresAt = seed.At.AddDays(7), ItemCodes = [item.Code], Purpose = seed.Pick("purpose", Enum.GetValues<ConsentPurpose>()), GrantMethod = seed.OneIn(4, "method told") ? null : seed.Pick("method", Enum.GetValues<GrantMethod>()) },
            QueriedAt = seed.At,
        };
        if (seed.OneIn(3, "hospital named"))
            right = right with { Consent = right.Consent with { HospitalCodes = [right.Hospital.Code] } };
        var untouched = new Generated(notice, new Expectation.Reconciled("published"));
        if (seed.Chance("invalid") < seed.Knobs.InvalidRate)
            return (Spoiled(seed, right, notice), untouched);

        if (Script.ConsentTakenBack(seed.Knobs, seed.Number))
            return (new Generated(right, new Expectation.Reconciled("withdrawn")), untouched);
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

    /// <summary>
    /// The doctor looks first for what there is: a search, and the query that names the result chosen from its list.
    /// </summary>
    /// <param name="seed">Of the search.</param>
    /// <param name="query">The query that follows.</param>
    /// <param name="mayBeWrong">Whether the search may be one that is refused.</param>
    public (Generated Search, Generated Query) Look(CaseSeed seed, Generated query, bool mayBeWrong)
    {
        var asked = (RecognitionQuery)query.Payload;
        var other = seed.Pick("other item", registry.RecognitionItems.Where(i => i.Code != asked.ItemCode).ToList());
        var consent = asked.Consent with { ItemCodes = [asked.ItemCode, other.Code] };
        var right = new RecognitionSearch
        {
            SearchNumber = seed.Number,
            Patient = asked.Patient,
            ItemCodes = consent.ItemCodes,
            Hospital = asked.Hospital,
            Doctor = asked.Doctor,
            Consent = consent,
            SearchedAt = seed.At,
        };
        var search = mayBeWrong && seed.Chance("invalid") < seed.Knobs.InvalidRate ? Spoiled(seed, right) : new Generated(right, new Expectation.Reconciled("listed"));
        return (search, query with { Payload = asked with { Consent = consent } });
    }

    /// <summary>A patient takes back a consent before anybody asks under it.</summary>
    public static Generated TakeBack(CaseSeed seed) => new(
        new ConsentWithdrawal { ConsentNumber = $"TY{seed.Number}", Patient = People.Of(seed, "patient"), Reason = seed.OneIn(2, "says why") ? "患者不再同意调阅" : null, WithdrawnAt = seed.At },
        new Expectation.Reconciled("consent-withdrawn"));

    /// <summary>The patient takes back the consent of a query while it is open.</summary>
    public static Generated TakeBack(RecognitionQuery query) => new(
        new ConsentWithdrawal { ConsentNumber = query.Consent.ConsentNumber, Patient = query.Patient, WithdrawnAt = query.QueriedAt },
        new Expectation.Reconciled("consent-withdrawn"));

    private Generated? Spoiled(CaseSeed seed, ResultNotice right)
    {
        if (seed.Chance("invalid") >= seed.Knobs.InvalidRate)
            return null;
        static Generated Refused(ResultNotice wrong, string code) => new(wrong, new Expectation.Refused(code));
        return seed.Below("mistake", 7) switch
        {
            0 => Refused(right with { Mark = "本院内部" }, ReasonCodes.MarkMissing),
            1 => Refused(right with { Hospital = new Hospital { Code = "H519999999", Name = "未登记的医院" } }, ReasonCodes.UnknownHospital),
            2 => Refused(right with { Hospital = Hospital(registry.Hospitals.First(h => h.CityCode != seed.City)) }, ReasonCodes.HospitalNotOfCity),
            3 when Publisher(right) is { } publisher && registry.Marks.FirstOrDefault(m => !m.Covers(publisher)) is { } elsewhere
                => Refused(right with { Mark = elsewhere.Mark }, ReasonCodes.MarkDoesNotCover),
            4 when Publisher(right) is { } publisher && registry.Marks.FirstOrDefault(m => m.Covers(publisher) && !m.InForce(on)) is { } ended
                => Refused(right with { Mark = ended.Mark }, ReasonCodes.MarkNotInForce),
            5 when registry.RecognitionItems.FirstOrDefault(i => !i.InForce(on)) is { } ended
                => Refused(right with { ItemCode = ended.Code, Category = ended.Category }, ReasonCodes.ItemNotInForce),
            _ => Refused(right with { ReportedAt = right.PerformedAt.AddHours(-1) }, ReasonCodes.PeriodReversed),
        };
    }

    private Generated Spoiled(CaseSeed seed, RecognitionQuery right, ResultNotice notice)
    {
        static Generated Refused(RecognitionQuery wrong, string code) => new(wrong, new Expectation.Refused(code));
        right = right with { Consent = right.Consent with { HospitalCodes = null } };
        return seed.Below("mistake", 5) switch
        {
            3 => Refused(right with { Consent = right.Consent with { HospitalCodes = ["H519999999"] } }, ReasonCodes.ConsentHospital),
            0 => Refused(right with { Consent = right.Consent with { ItemCodes = [registry.RecognitionItems.First(i => i.Code != right.ItemCode).Code] } }, ReasonCodes.ConsentScope),
            1 => Refused(right with { Consent = right.Consent with { GrantedAt = seed.At.AddDays(-9), ExpiresAt = seed.At.AddDays(-2) } }, ReasonCodes.ConsentExpired),
            2 when Uncovered(seed.City, notice) is { } uncovered => Refused(right with { Hospital = Hospital(uncovered) }, ReasonCodes.MarkDoesNotCover),
            // A patient of whom nothing was published.
            _ => Refused(right with { Patient = People.Of(seed, "stranger") }, ReasonCodes.NoSharedResult),
        };
    }

    private Generated Spoiled(CaseSeed seed, RecognitionSearch right)
    {
        static Generated Refused(RecognitionSearch wrong, string code) => new(wrong, new Expectation.Refused(code));
        right = right with { Consent = right.Consent with { HospitalCodes = null } };
        return seed.Below("mistake", 3) switch
        {
            0 => Refused(right with { Consent = right.Consent with { ItemCodes = [right.ItemCodes[0]] } }, ReasonCodes.ConsentScope),
            1 => Refused(right with { Consent = right.Consent with { GrantedAt = seed.At.AddDays(-9), ExpiresAt = seed.At.AddDays(-2) } }, ReasonCodes.ConsentExpired),
            _ => Refused(right with { Hospital = Hospital(registry.Hospitals.First(h => h.CityCode != seed.City)) }, ReasonCodes.HospitalNotOfCity),
        };
    }

    private List<RegisteredHospital> Hospitals(string city, string other, RecognitionItem item) =>
        [.. registry.Hospitals.Where(h => h.CityCode == city && h.Grade >= registry.LowestGrade(item, city, other, on))];

    private List<RecognitionMark> Marks(RegisteredHospital publisher, string asking, RecognitionItem item) =>
        [.. registry.Marks.Where(m => m.InForce(on) && m.Covers(publisher) && Hospitals(asking, publisher.CityCode, item).Exists(m.Covers))];

    /// <summary>The hospitals of a city that may use this result.</summary>
    private List<RegisteredHospital> Covered(string city, ResultNotice notice)
    {
        var mark = registry.Mark(notice.Mark)!;
        return [.. Hospitals(city, registry.Hospital(notice.Hospital.Code)!.CityCode, registry.RecognitionItem(notice.ItemCode)!).Where(mark.Covers)];
    }

    /// <summary>A hospital of a city to which the result's mark does not reach, though its grade would do; null where there is none.</summary>
    private RegisteredHospital? Uncovered(string city, ResultNotice notice)
    {
        var mark = registry.Mark(notice.Mark)!;
        return Hospitals(city, Publisher(notice)!.CityCode, registry.RecognitionItem(notice.ItemCode)!).Find(h => !mark.Covers(h));
    }

    private RegisteredHospital? Publisher(ResultNotice notice) => registry.Hospital(notice.Hospital.Code);

    private static Hospital Hospital(RegisteredHospital h) => new() { Code = h.Code, Name = h.Name };
}

using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Calendar;
using DataHub.Core.Registry;

namespace DataHub.Core.Flows;

/// <summary>
/// 互认检索: a doctor asks which published results of a patient there are; the hub itself answers with a list. It has no
/// target and is final at once. What was listed for whom, under which consent, stands in the journal (个人信息保护法: access is
/// recorded).
/// </summary>
public static class RecognitionSearchFlow
{
    public const string Code = "recognition.search";

    public const string Listed = "listed";

    /// <summary>Results of a patient that are looked at; one patient has few, and a list that is longer says that it is cut.</summary>
    public const int MaxCandidates = 500;

    public static FlowDefinition Definition { get; } = new(
        Code,
        version: 1,
        "检查检验结果检索",
        states: [new(Listed, "已列出") { Final = true }],
        steps:
        [
            new()
            {
                Type = MessageTypes.RecognitionSearch,
                Payload = typeof(RecognitionSearch),
                Title = "互认检索",
                Senders = [Party.Source],
                Moves = [new("", Listed)],
                Audience = Audience.Nobody,
                Outcome = OutcomeEffect.Set,
                Rule = Search,
            },
            // The hub's own word: it follows from the search, so that it is made with it and changes nothing.
            new()
            {
                Type = MessageTypes.ResultList,
                Payload = typeof(ResultList),
                Title = "互认结果清单",
                Senders = [Party.Hub],
                Moves = [new(Listed, Listed)],
                Audience = Audience.Source,
            },
        ])
    {
        HasTarget = false,
    };

    /// <summary>
    /// The hub's answer: results of other cities that this hospital may use, newest first, the expired ones with a warning.
    /// Results of the asker's own city are that city's own business and are not listed.
    /// </summary>
    /// <param name="found">The patient's results of the items, newest first, at most <see cref="MaxCandidates"/>.</param>
    /// <param name="registry">The catalogue, of which that day's versions hold.</param>
    public static ResultList ListFor(RecognitionSearch search, IReadOnlyList<PublishedResult> found, RegistrySnapshot registry, string city, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(search);
        ArgumentNullException.ThrowIfNull(found);
        ArgumentNullException.ThrowIfNull(registry);
        registry = registry.On(WorkingDayCalendar.ShanghaiDate(now));
        var others = found.Where(r => r.City != city && !r.Revoked).ToList();
        var covered = Usable(others, registry, search.Hospital, now).ToList();
        return new ResultList
        {
            SearchNumber = search.SearchNumber,
            Entries = [.. covered.Take(ResultList.MaxEntries).Select(r => Entry(r, registry, now))],
            Completeness = covered.Count > ResultList.MaxEntries || found.Count >= MaxCandidates ? ListCompleteness.Truncated : ListCompleteness.Complete,
            NotCovered = others.Count - covered.Count,
            ListedAt = now,
        };
    }

    /// <summary>
    /// The result that a query is for: the one that the doctor chose from a list, else the newest that the hospital may use.
    /// Where none may be used, the newest, so that the refusal can say why.
    /// </summary>
    /// <param name="found">The patient's results of the item, newest first.</param>
    /// <param name="registry">The catalogue, of which that day's versions hold.</param>
    /// <returns>Null where there is none.</returns>
    public static PublishedResult? Choose(RecognitionQuery query, IReadOnlyList<PublishedResult> found, RegistrySnapshot registry, string city, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(found);
        ArgumentNullException.ThrowIfNull(registry);
        if (query.ResultId is { } chosen)
            return found.FirstOrDefault(r => r.ResultId == chosen);
        registry = registry.On(WorkingDayCalendar.ShanghaiDate(now));
        var candidates = found.Where(r => !r.Revoked).ToList();
        var others = candidates.Where(r => r.City != city).ToList();
        return Usable(others, registry, query.Hospital, now).FirstOrDefault() ?? others.FirstOrDefault() ?? candidates.FirstOrDefault();
    }

    private static IEnumerable<PublishedResult> Usable(IEnumerable<PublishedResult> results, RegistrySnapshot registry, Hospital hospital, DateTimeOffset now)
    {
        var asking = registry.Hospital(hospital.Code);
        var today = WorkingDayCalendar.ShanghaiDate(now);
        return asking is null ? [] : results.Where(r => RecognitionRules.WhyNotShared(registry, r, asking, today) is null);
    }

    private static void Search(StepDraft draft)
    {
        var search = draft.Payload<RecognitionSearch>();
        draft.Item = search.ItemCodes[0];
        for (var i = 0; i < search.ItemCodes.Count; i++)
        {
            if (draft.Context.Registry.RecognitionItem(search.ItemCodes[i]) is null)
                draft.Refuse(ReasonCodes.UnknownItem, $"$.itemCodes[{i}]");
        }

        RecognitionRules.CheckOwnHospital(draft, search.Hospital);
        RecognitionRules.CheckConsent(draft, search.Consent);
        draft.Cause(new Effect.ListResults(search));
    }

    private static ResultListEntry Entry(PublishedResult result, RegistrySnapshot registry, DateTimeOffset now) => new()
    {
        ResultId = result.ResultId,
        ItemCode = result.ItemCode,
        City = result.City,
        Hospital = new Hospital { Code = result.HospitalCode, Name = registry.Hospital(result.HospitalCode)!.Name },
        Mark = result.Mark,
        PerformedAt = result.PerformedAt,
        Validity = RecognitionRules.Expired(registry.RecognitionItem(result.ItemCode), result.PerformedAt, now) ? ResultValidity.Expired : ResultValidity.Valid,
    };
}

using System.Globalization;
using System.Text;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Calendar;
using DataHub.Core.Registry;
using DataHub.Core.Validation;

namespace DataHub.Simulators.Behaviour;

/// <summary>检查检验结果互认: how publishing hospitals, asking doctors and holders go on.</summary>
internal static class RecognitionBehaviour
{
    /// <summary>
    /// A doctor may look and ask before the result is published, and long before it where very many cases wait: each is repeated for some 25 minutes.
    /// </summary>
    private const int MaxAttempts = 60;

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private const string DecidedKey = "decided";

    /// <summary>With a publication: the case in which the result was asked for.</summary>
    private const string UsedInKey = "used-in";

    /// <summary>With a consent that is taken back: the case of the query that rests on it.</summary>
    private const string QueryKey = "query";

    private const string SearchKey = "search";

    public static void Opened(CaseDraft draft, ResultNotice notice)
    {
        draft.Remember("result", notice.ResultId);
        draft.Results.Add(new OwnResult(
            notice.ResultId, draft.Case.Number, notice.Patient.IdNumber, notice.ItemCode, PayloadReader.Write(notice), notice.ResultDigest, Revoked: false));
    }

    public static void Opened(CaseDraft draft, RecognitionSearch search)
    {
        draft.Remember("number", search.SearchNumber);
        draft.Remember(SearchKey, Encoding.UTF8.GetString(PayloadReader.Write(search)));
    }

    public static void Opened(CaseDraft draft, RecognitionQuery query)
    {
        draft.Remember("number", query.QueryNumber);
        draft.Remember("item", query.ItemCode);
        draft.Remember("doctor", query.Doctor.StaffNumber);
        draft.Remember("doctor-name", query.Doctor.Name);
    }

    public static void Opened(CaseDraft draft, ConsentWithdrawal withdrawal) => draft.Remember("number", withdrawal.ConsentNumber);

    public static void Received(CaseDraft draft, string messageId, IPayload payload)
    {
        switch (payload)
        {
            // The patient changes their mind before anybody has looked.
            case RecognitionQuery when Script.ConsentTakenBack(draft.Knobs, draft.Number):
                break;
            case RecognitionQuery query:
                Answer(draft, query);
                break;
            case ResultList list:
                draft.Done();
                Choose(draft, list);
                break;
            case RecognitionResult when draft.Recall(DecidedKey) is not null:
                // The corrected version of what was decided on: read, and acknowledged in the exchange of its publication.
                draft.Done();
                break;
            case ResultAcknowledgement acknowledgement:
                DeliverAgain(draft, acknowledgement);
                break;
            case RecognitionResult result:
                Decide(draft, result);
                break;
            case RecognitionDecision decision:
                draft.Done();
                FollowUp(draft, decision.ResultId);
                break;
            case ResultCorrection correction:
                Acknowledge(draft, messageId, correction.ResultId);
                break;
            case ResultRevocation revocation:
                Acknowledge(draft, messageId, revocation.ResultId);
                break;
        }
    }

    public static void Sent(CaseDraft draft, IPayload payload)
    {
        if (payload is RecognitionQuery && draft.Held<ConsentWithdrawal>(MessageTypes.ConsentWithdrawal) is var (number, withdrawal))
        {
            draft.LetGo();
            draft.RememberIn(number, QueryKey, draft.Case.Number);
            draft.ThenIn(number, at => withdrawal with { WithdrawnAt = at });
        }
        else if (payload is ConsentWithdrawal && draft.Recall(QueryKey) is { } query)
        {
            draft.ThenIn(query, at => new CaseWithdrawal { Reason = "患者已撤回授权。", WithdrawnAt = at });
        }

        if (payload is ResultCorrection correction)
            draft.Results.Change(correction.ResultId, correction.CorrectedDigest, revoked: false);
        else if (payload is ResultRevocation revocation && draft.Results.Find(revocation.ResultId) is { } own)
            draft.Results.Change(own.ResultId, own.Digest, revoked: true);

        if (payload is ResultNotice or ConsentWithdrawal or RecognitionResult or RecognitionDecision or ResultCorrection or ResultRevocation or ResultAcknowledgement)
            draft.Done();
    }

    /// <summary>True where the doctor asks again instead of giving up.</summary>
    public static bool AskAgain(CaseDraft draft, IPayload payload, IReadOnlyList<Reason> reasons)
    {
        if (payload is not RecognitionQuery query || draft.Case.Steps >= MaxAttempts || draft.Recall("expects-result") is null
            || !reasons.All(r => r.Code == ReasonCodes.NoSharedResult))
        {
            return false;
        }

        draft.Then(at => query with { QueriedAt = at }, Pause(draft));
        return true;
    }

    private static TimeSpan Pause(CaseDraft draft)
    {
        var longer = TimeSpan.FromSeconds(draft.Case.Steps);
        return longer < LongestPause ? longer : LongestPause;
    }

    /// <summary>The doctor chooses by the list, and looks again where the result is not on it yet; in the end the query names the item only.</summary>
    private static void Choose(CaseDraft draft, ResultList list)
    {
        if (draft.Held<RecognitionQuery>(MessageTypes.RecognitionQuery) is not var (number, query))
            return;
        var chosen = list.Entries.FirstOrDefault(e => e.ItemCode == query.ItemCode)?.ResultId;
        if (chosen is null && draft.Case.Steps < MaxAttempts && draft.Recall(SearchKey) is { } text
            && PayloadReader.Read(MessageTypes.RecognitionSearch, Encoding.UTF8.GetBytes(text)) is ReadOutcome.Ok { Payload: RecognitionSearch search })
        {
            draft.Then(at => search with { SearchedAt = at }, Pause(draft));
            return;
        }

        draft.LetGo();
        draft.ThenIn(number, at => query with { ResultId = chosen, QueriedAt = at });
    }

    private static void Answer(CaseDraft draft, RecognitionQuery query)
    {
        var asked = query.ResultId is { } chosen ? draft.Results.Find(chosen) : draft.Results.Find(query.Patient.IdNumber, query.ItemCode);
        if (asked is not { } own
            || PayloadReader.Read(MessageTypes.ResultNotice, own.Notice) is not ReadOutcome.Ok { Payload: ResultNotice notice })
        {
            ServiceBehaviour.Return(draft);
            return;
        }

        draft.Then(at => Result(draft, own, notice, at));
    }

    /// <summary>The holders know of the correction: now they get the corrected content, each in the exchange in which it was asked for.</summary>
    private static void DeliverAgain(CaseDraft draft, ResultAcknowledgement acknowledgement)
    {
        if (draft.Recall(UsedInKey) is not { Length: > 0 } usedIn || draft.Results.Find(acknowledgement.ResultId) is not { Revoked: false } own
            || PayloadReader.Read(MessageTypes.ResultNotice, own.Notice) is not ReadOutcome.Ok { Payload: ResultNotice notice })
        {
            return;
        }

        draft.Remember(UsedInKey, "");
        // The holder may have heard of the correction before this city knows that the hub took it.
        var corrected = own with { Digest = CorrectedDigest(own.ResultId) };
        draft.ThenIn(usedIn, at => Result(draft, corrected, notice, at));
    }

    private static RecognitionResult Result(CaseDraft draft, OwnResult own, ResultNotice notice, DateTimeOffset at) => new()
    {
        ResultId = own.ResultId,
        ItemCode = own.ItemCode,
        Hospital = notice.Hospital,
        Mark = notice.Mark,
        ResultDigest = own.Digest,
        FetchUrl = notice.FetchUrl,
        Observations = notice.Category == ResultCategory.Laboratory ? Observations(draft, own.ItemCode) : null,
        Image = notice.Category == ResultCategory.Examination ? Image(draft, notice, at) : null,
        PerformedAt = notice.PerformedAt,
        DeliveredAt = at,
    };

    private static Observation[] Observations(CaseDraft draft, string item) =>
        [.. draft.Registry.LaboratoryCodes.Where(c => c.Item == item).Select(c => c.Value == LaboratoryValue.Numeric ? Measured(draft, c) : Found(draft, c))];

    private static Observation Measured(CaseDraft draft, LaboratoryCode code)
    {
        var value = draft.Below("value " + code.Code, 1200) / 100m;
        return new Observation
        {
            Code = code.Code,
            Name = code.Name,
            Value = value.ToString("0.00", CultureInfo.InvariantCulture),
            Unit = code.Unit.Length == 0 ? null : code.Unit,
            ReferenceRange = "2.00-10.00",
            ReferenceLow = "2.00",
            ReferenceHigh = "10.00",
            Comparator = value == 0 ? ValueComparator.AtMost : null,
            Abnormal = value < 2 ? AbnormalFlag.Low : value > 10 ? AbnormalFlag.High : AbnormalFlag.Normal,
            Method = draft.Below("method " + code.Code, 3) == 0 ? "化学发光法" : null,
        };
    }

    private static Observation Found(CaseDraft draft, LaboratoryCode code)
    {
        var positive = draft.Below("finding " + code.Code, 6) == 0;
        return new Observation { Code = code.Code, Name = code.Name, Value = positive ? "阳性" : "阴性", Abnormal = positive ? AbnormalFlag.Abnormal : AbnormalFlag.Normal };
    }

    private static ImageReference? Image(CaseDraft draft, ResultNotice notice, DateTimeOffset at) => new()
    {
        Modality = notice.ItemCode switch
        {
            _ when notice.ItemCode.EndsWith("-ct", StringComparison.Ordinal) => "CT",
            _ when notice.ItemCode.EndsWith("-mri", StringComparison.Ordinal) => "MR",
            _ when notice.ItemCode.EndsWith("ultrasound", StringComparison.Ordinal) => "US",
            "img.mammography" => "MG",
            "exam.ecg" => "ECG",
            _ => "DX",
        },
        SeriesCount = 1 + draft.Below("series", 6),
        Digest = CaseDraft.DigestOf("images " + notice.ResultId),
        FetchUrl = notice.FetchUrl + "/images",
        ExpiresAt = at.AddDays(30),
    };

    private static void Decide(CaseDraft draft, RecognitionResult result)
    {
        draft.Remember(DecidedKey, "1");
        var item = draft.Registry.RecognitionItem(result.ItemCode);
        var doctor = new Doctor { StaffNumber = draft.Recall("doctor") ?? "D0", Name = draft.Recall("doctor-name") ?? "值班医生" };
        draft.Then(at =>
        {
            var age = WorkingDayCalendar.ShanghaiDate(at).DayNumber - WorkingDayCalendar.ShanghaiDate(result.PerformedAt).DayNumber;
            var expired = item is null || age > item.ValidDays;
            var recognised = !expired && Script.Recognised(draft.Knobs, draft.Number);
            RepeatReason? reason = recognised ? null : expired ? RepeatReason.FastChanging : draft.Pick("repeat", Enum.GetValues<RepeatReason>());
            return new RecognitionDecision
            {
                ResultId = result.ResultId,
                Verdict = recognised ? RecognitionVerdict.Recognised : RecognitionVerdict.NotRecognised,
                Reason = reason,
                ReasonText = reason == RepeatReason.Other ? "与既往结果差异较大，需当面复查。" : null,
                Doctor = doctor,
                AvoidedFen = recognised ? item!.PriceFen : null,
                DecidedAt = at,
            };
        });
    }

    private static void FollowUp(CaseDraft draft, string resultId)
    {
        var end = Script.Notice(draft.Knobs, resultId);
        if (end == NoticeEnd.Published || draft.Results.Find(resultId) is not { } own || !draft.Results.TakeFollowUp(resultId))
            return;
        if (end == NoticeEnd.Corrected)
        {
            draft.RememberIn(own.CaseNumber, UsedInKey, draft.Case.Number);
            var digest = CorrectedDigest(resultId);
            draft.ThenIn(own.CaseNumber, at => new ResultCorrection { ResultId = resultId, Reason = "报告录入有误，已更正。", CorrectedDigest = digest, CorrectedAt = at });
        }
        else
        {
            draft.ThenIn(own.CaseNumber, at => new ResultRevocation { ResultId = resultId, Reason = "标本标识有误，结果作废。", RevokedAt = at });
        }
    }

    private static string CorrectedDigest(string resultId) => CaseDraft.DigestOf("corrected " + resultId);

    private static void Acknowledge(CaseDraft draft, string messageId, string resultId) => draft.Then(at => new ResultAcknowledgement
    {
        ResultId = resultId,
        MessageId = messageId,
        Doctor = new Doctor { StaffNumber = "DZB01", Name = "值班医生" },
        Reassessment = draft.Pick("reassessment", Enum.GetValues<Reassessment>()),
        AcknowledgedAt = at,
    });
}

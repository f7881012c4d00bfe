using System.Globalization;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Calendar;
using DataHub.Core.Validation;

namespace DataHub.Simulators.Behaviour;

/// <summary>检查检验结果互认: how publishing hospitals, asking doctors and holders go on.</summary>
internal static class RecognitionBehaviour
{
    /// <summary>A query may come before the result that it asks for; the doctor then asks again.</summary>
    private const int MaxQueries = 8;

    public static void Opened(CaseDraft draft, ResultNotice notice)
    {
        draft.Remember("result", notice.ResultId);
        draft.Results.Add(new OwnResult(
            notice.ResultId, draft.Case.Number, notice.Patient.IdNumber, notice.ItemCode, PayloadReader.Write(notice), notice.ResultDigest, Revoked: false));
    }

    public static void Opened(CaseDraft draft, RecognitionQuery query)
    {
        draft.Remember("number", query.QueryNumber);
        draft.Remember("item", query.ItemCode);
        draft.Remember("doctor", query.Doctor.StaffNumber);
        draft.Remember("doctor-name", query.Doctor.Name);
    }

    public static void Received(CaseDraft draft, string messageId, IPayload payload)
    {
        switch (payload)
        {
            case RecognitionQuery query:
                Answer(draft, query);
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
        if (payload is ResultCorrection correction)
            draft.Results.Change(correction.ResultId, correction.CorrectedDigest, revoked: false);
        else if (payload is ResultRevocation revocation && draft.Results.Find(revocation.ResultId) is { } own)
            draft.Results.Change(own.ResultId, own.Digest, revoked: true);

        if (payload is ResultNotice or RecognitionResult or RecognitionDecision or ResultCorrection or ResultRevocation or ResultAcknowledgement)
            draft.Done();
    }

    /// <summary>True where the doctor asks again instead of giving up.</summary>
    public static bool AskAgain(CaseDraft draft, IPayload payload, IReadOnlyList<Reason> reasons)
    {
        if (payload is not RecognitionQuery query || draft.Case.Steps >= MaxQueries || draft.Recall("expects-result") is null
            || !reasons.All(r => r.Code == ReasonCodes.NoSharedResult))
        {
            return false;
        }

        draft.Then(at => query with { QueriedAt = at }, TimeSpan.FromSeconds(draft.Case.Steps));
        return true;
    }

    private static void Answer(CaseDraft draft, RecognitionQuery query)
    {
        if (draft.Results.Find(query.Patient.IdNumber, query.ItemCode) is not { } own
            || PayloadReader.Read(MessageTypes.ResultNotice, own.Notice) is not ReadOutcome.Ok { Payload: ResultNotice notice })
        {
            ServiceBehaviour.Return(draft);
            return;
        }

        draft.Then(at => new RecognitionResult
        {
            ResultId = own.ResultId,
            ItemCode = own.ItemCode,
            Hospital = notice.Hospital,
            Mark = notice.Mark,
            ResultDigest = own.Digest,
            FetchUrl = notice.FetchUrl,
            Observations = notice.Category == ResultCategory.Laboratory ? Observations(draft, own.ItemCode) : null,
            PerformedAt = notice.PerformedAt,
            DeliveredAt = at,
        });
    }

    private static Observation[] Observations(CaseDraft draft, string item) =>
    [
        new Observation { Code = "V1", Name = draft.Registry.RecognitionItem(item)?.Name ?? item, Value = (draft.Below("value", 900) / 100m).ToString("0.00", CultureInfo.InvariantCulture), Unit = "mmol/L", ReferenceRange = "3.90-6.10" },
    ];

    private static void Decide(CaseDraft draft, RecognitionResult result)
    {
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
            var digest = CaseDraft.DigestOf("corrected " + resultId);
            draft.ThenIn(own.CaseNumber, at => new ResultCorrection { ResultId = resultId, Reason = "报告录入有误，已更正。", CorrectedDigest = digest, CorrectedAt = at });
        }
        else
        {
            draft.ThenIn(own.CaseNumber, at => new ResultRevocation { ResultId = resultId, Reason = "标本标识有误，结果作废。", RevokedAt = at });
        }
    }

    private static void Acknowledge(CaseDraft draft, string messageId, string resultId) => draft.Then(at => new ResultAcknowledgement
    {
        ResultId = resultId,
        MessageId = messageId,
        Doctor = new Doctor { StaffNumber = "DZB01", Name = "值班医生" },
        AcknowledgedAt = at,
    });
}

using DataHub.Contracts.Payloads;

namespace DataHub.Simulators.Behaviour;

/// <summary>好差评: what applicants say afterwards, and what the target's clerks do about a bad evaluation.</summary>
internal static class ServiceAfterwards
{
    private static readonly string[] Comments = ["办理很快，谢谢。", "不用再跑一趟，很方便。", "工作人员态度好。"];
    private static readonly string[] Complaints = ["等了太久，没有人告知原因。", "同样的材料要我交了两次。", "电话一直打不通。"];
    private static readonly string[] Measures = ["已向申请人致歉，并增开受理窗口。", "已调整材料清单，不再重复收取。"];

    public static void Rate(CaseDraft draft)
    {
        if (draft.Below("bad", 10_000) < draft.Knobs.DissatisfactionRate * 10_000)
        {
            draft.Then(at => new ServiceEvaluation
            {
                Score = 1 + draft.Below("bad score", ServiceEvaluation.DissatisfiedUpTo),
                Comment = draft.Below("bad comments", 100) < 80 ? draft.Pick("complaint", Complaints) : null,
                EvaluatedAt = at,
            });
            return;
        }

        draft.Then(at => new ServiceEvaluation
        {
            Score = 5 - (draft.Below("score", 10) / 7),
            Comment = draft.Below("comments", 100) < 30 ? draft.Pick("comment", Comments) : null,
            EvaluatedAt = at,
        });
    }

    public static void FollowUp(CaseDraft draft)
    {
        draft.Remember("followed-up", "1");
        var holds = draft.Below("substantiated", 100) < 70;
        draft.Then(at => new ServiceFollowUp
        {
            ContactedAt = at,
            Finding = holds ? FollowUpFinding.Substantiated : FollowUpFinding.Unsubstantiated,
            Explanation = holds ? "经回访核实，情况属实。" : "经回访核实，办理时限和材料均符合规定。",
            Measure = holds ? draft.Pick("measure", Measures) : null,
            FollowedUpAt = at,
        });
    }

    /// <summary>Half of those who were called back rate once more.</summary>
    public static void RateAgain(CaseDraft draft)
    {
        if (draft.Below("rates again", 2) == 0)
        {
            draft.Done();
            return;
        }

        draft.Remember("rated-again", "1");
        draft.Then(at => new ServiceEvaluation { Score = 3 + draft.Below("second score", 3), Comment = "回访后问题已解决。", EvaluatedAt = at });
    }
}

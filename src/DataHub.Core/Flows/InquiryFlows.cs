using DataHub.Contracts;
using DataHub.Contracts.Payloads;

namespace DataHub.Core.Flows;

/// <summary>
/// Short flows of one question and one answer between two cities' agencies: the yearly verification of a pensioner who
/// lives elsewhere (人社厅发〔2018〕107号), and a person's contribution months for a purpose that they consented to.
/// </summary>
public static class InquiryFlows
{
    public const string QualificationCode = "verification.pension-qualification";
    public const string ContributionCode = "contribution.query";

    public const string Inquired = "inquired";
    public const string Answered = "answered";

    public static FlowDefinition Qualification { get; } = Build(
        QualificationCode, "养老保险待遇领取资格异地认证", MessageTypes.QualificationRequest, typeof(QualificationRequest), MessageTypes.QualificationAnswer, typeof(QualificationAnswer));

    public static FlowDefinition Contribution { get; } = Build(
        ContributionCode, "参保缴费年限互认查询", MessageTypes.ContributionQuery, typeof(ContributionQuery), MessageTypes.ContributionAnswer, typeof(ContributionAnswer));

    private static FlowDefinition Build(string code, string title, string question, Type questionPayload, string answer, Type answerPayload) => new(
        code,
        version: 1,
        title,
        states:
        [
            new(Inquired, "已请求") { Leg = new(Party.Target, FactKeys.DecisionDays) },
            new(Answered, "已答复") { Final = true },
            .. Administrative.EndStates,
        ],
        steps:
        [
            new()
            {
                Type = question,
                Payload = questionPayload,
                Title = "请求",
                Senders = [Party.Source],
                Moves = [new("", Inquired)],
                Correctable = ["$.person.name", "$.person.mobile"],
                Rule = draft => Ask(draft, code),
            },
            new()
            {
                Type = answer,
                Payload = answerPayload,
                Title = "答复",
                Senders = [Party.Target],
                Moves = [new(Inquired, Answered)],
                Outcome = OutcomeEffect.Set,
            },
            Administrative.Return(Party.Target, Inquired),
            Administrative.Withdraw(Party.Source, Inquired),
            Administrative.Remind([Party.Source], Inquired),
            Administrative.Correct([Party.Source], Inquired),
            Administrative.Close([Party.Source], Inquired),
            // A wrong answer, such as of a death that was none, is taken back and given anew.
            Administrative.Revoke(Party.Target, Answered),
            Administrative.Reopen(Party.Source, Inquired, Administrative.Returned, Administrative.Withdrawn, Administrative.Closed, Administrative.Revoked),
        ]);

    private static void Ask(StepDraft draft, string flow)
    {
        var inquiry = draft.Payload<IInquiry>();
        draft.Item = inquiry.ItemCode;
        if (draft.Context.Registry.Item(inquiry.ItemCode) is not { } item || item.Flow != flow)
            draft.Refuse(ReasonCodes.UnknownItem, "$.itemCode");
        else
            draft.Remember(FactKeys.DecisionDays, item.PromisedDays);
    }
}

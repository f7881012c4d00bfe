using DataHub.Contracts;
using DataHub.Contracts.Payloads;

namespace DataHub.Core.Flows;

/// <summary>
/// 撤回授权 (个人信息保护法第十五条): the patient takes a consent back in the city that asked under it. The hub remembers the number: it
/// lists and delivers nothing under it any more. A query that is still open is withdrawn by the asking city; else the hub ends it when
/// the publisher answers, at the latest when its deadline is told of. What was delivered before stays lawful.
/// </summary>
public static class RecognitionConsentFlow
{
    public const string Code = "recognition.consent";

    public const string Withdrawn = "withdrawn";

    public static FlowDefinition Definition { get; } = new(
        Code,
        version: 1,
        "患者授权撤回",
        states: [new(Withdrawn, "已撤回授权") { Final = true }],
        steps:
        [
            new()
            {
                Type = MessageTypes.ConsentWithdrawal,
                Payload = typeof(ConsentWithdrawal),
                Title = "撤回授权",
                Senders = [Party.Source],
                Moves = [new("", Withdrawn)],
                Audience = Audience.Nobody,
                Outcome = OutcomeEffect.Set,
                Rule = draft => draft.Cause(new Effect.WithdrawConsent(draft.Payload<ConsentWithdrawal>().ConsentNumber)),
            },
        ])
    {
        HasTarget = false,
    };
}

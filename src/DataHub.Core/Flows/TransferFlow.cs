using DataHub.Contracts;
using DataHub.Contracts.Payloads;

namespace DataHub.Core.Flows;

/// <summary>
/// 转移接续 of every kind. The source is the city that the person moves to (转入地), the target the one that holds the old
/// relation (转出地). The table and the money may come in either order and the money in several parts; the step of the
/// money is skipped where none moves. Money that was paid too much, to a wrong account or in error goes back before the
/// case can end: at completion, what was posted equals remittances less returns equals the table's total. What moves after the end
/// changes nothing of it and is a break until both agree again (<see cref="TransferAfterEnd"/>).
/// </summary>
public static class TransferFlow
{
    public const string Applied = "applied";
    public const string LetterSent = "letter-sent";

    /// <summary>Applied for, of a kind without a contact letter: the old agency has to act.</summary>
    public const string Requested = "requested";

    public const string Supplementing = "supplementing";
    public const string TableReceived = "table-received";
    public const string RemittanceReceived = "remittance-received";
    public const string Transferred = "transferred";
    public const string Overpaid = "overpaid";
    public const string Recalled = "recalled";
    public const string Completed = "completed";

    // The table and the remittances share one deadline, so these states share one leg.
    private static readonly Leg OldAgency = new(Party.Target, FactKeys.InformationTableDays);

    private static readonly Leg NewAgency = new(Party.Source, FactKeys.CompletionDays);

    private static readonly string[] Ended = [Administrative.Returned, Administrative.Withdrawn, Administrative.Closed, Administrative.Revoked];

    // Ended without completion: whatever is paid after that has to go back.
    private static readonly string[] Unposted = [Administrative.Returned, Administrative.Withdrawn, Administrative.Closed];

    internal static FlowDefinition Build(TransferKind kind)
    {
        // From here on the old agency has to act.
        var asked = kind.HasLetter ? LetterSent : Requested;
        var first = kind.HasLetter ? Applied : Requested;
        string[] beforeTable = kind.HasLetter ? [Applied, LetterSent, Supplementing] : [Requested, Supplementing];
        string[] paying = [TableReceived, RemittanceReceived, Transferred, Overpaid];
        string[] running = [.. beforeTable, .. paying, Recalled];
        return new(kind.Code, version: 1, kind.Title, States(kind, asked), [.. Papers(kind, first, asked), .. Money(asked), .. Family(first, asked, beforeTable, paying, running)]);
    }

    private static FlowState[] States(TransferKind kind, string asked) =>
    [
        .. kind.HasLetter ? [new FlowState(Applied, "已申请") { Leg = new(Party.Source, FactKeys.ContactLetterDays) }] : Array.Empty<FlowState>(),
        new(asked, kind.HasLetter ? "已发联系函" : "已申请转出") { Leg = OldAgency },
        new(Supplementing, "补正中") { StopsClock = true },
        new(TableReceived, "已收信息表") { Leg = OldAgency },
        new(RemittanceReceived, "已收划款通知") { Leg = OldAgency },
        new(Transferred, "已转出") { Leg = NewAgency },
        new(Overpaid, "多划待退") { Leg = NewAgency },
        new(Recalled, "已撤回转出") { Leg = NewAgency },
        new(Completed, "已办结") { Final = true },
        .. Administrative.EndStates,
    ];

    private static IEnumerable<FlowStep> Papers(TransferKind kind, string first, string asked)
    {
        var papers = kind.Papers;
        yield return Step(papers.Application, "转移接续申请", Party.Source) with
        {
            Moves = [new("", first)],
            Rule = draft => TransferRules.Apply(draft, kind),
        };
        if (kind.HasLetter)
        {
            yield return Step(papers.Letter, "联系函", Party.Source) with
            {
                Moves = [new(Applied, LetterSent)],
                Rule = TransferRules.SendLetter,
            };
        }

        yield return Step(papers.Table, "信息表", Party.Target) with
        {
            Moves =
            [
                new(asked, Transferred, Guard.MoneyStays),
                new(asked, Transferred, Guard.PaidInFull),
                new(asked, TableReceived),
                new(RemittanceReceived, Transferred, Guard.PaidInFull),
                new(RemittanceReceived, Overpaid, Guard.PaidOver),
                new(RemittanceReceived, TableReceived),
            ],
            Rule = TransferRules.SendTable,
        };
        var advice = Step(papers.Advice, "划款通知", Party.Target);
        yield return advice with
        {
            Moves =
            [
                new(asked, RemittanceReceived, Guard.MoneyMoves),
                new(RemittanceReceived, RemittanceReceived),
                new(TableReceived, Transferred, Guard.PaidInFull),
                new(TableReceived, Overpaid, Guard.PaidOver),
                new(TableReceived, TableReceived),
                new(Transferred, Overpaid, Guard.PaidOver),
                new(Transferred, Transferred),
                new(Overpaid, Overpaid),
            ],
            Rule = TransferMoney.Remit,
        };
        yield return advice with { Moves = [new(Completed, Completed)], Rule = draft => TransferAfterEnd.Remit(draft, TransferAfterEnd.Posted) };
        yield return advice with { Moves = [.. Unposted.Select(s => new Move(s, s))], Rule = draft => TransferAfterEnd.Remit(draft, TransferAfterEnd.Nothing) };
        yield return advice with { Moves = [new(Recalled, Recalled), new(Administrative.Revoked, Administrative.Revoked)], Rule = TransferAfterEnd.RemitRecalled };
        yield return Step(papers.Completion, "办结通知", Party.Source) with
        {
            Moves = [new(Transferred, Completed)],
            Outcome = OutcomeEffect.Set,
            RefusedIn = new Dictionary<string, string> { [TableReceived] = ReasonCodes.MoneyOutstanding, [Overpaid] = ReasonCodes.SurplusNotReturned },
            Rule = TransferRules.Complete,
        };
    }

    private static FlowStep[] Money(string asked) =>
    [
        Refund with
        {
            Moves =
            [
                new(RemittanceReceived, asked, Guard.NothingPaid),
                new(RemittanceReceived, RemittanceReceived),
                new(TableReceived, TableReceived),
                new(Transferred, TableReceived),
                new(Overpaid, Transferred, Guard.PaidInFull),
                new(Overpaid, Overpaid, Guard.PaidOver),
                new(Overpaid, TableReceived),
                new(Recalled, Recalled),
                new(Administrative.Revoked, Administrative.Revoked),
            ],
            Rule = TransferMoney.TakeBack,
        },
        Refund with { Moves = [new(Completed, Completed)], Rule = draft => TransferAfterEnd.TakeBack(draft, TransferAfterEnd.Posted) },
        Refund with { Moves = [.. Unposted.Select(s => new Move(s, s))], Rule = draft => TransferAfterEnd.TakeBack(draft, TransferAfterEnd.Nothing) },
        new()
        {
            Type = MessageTypes.CaseRecall,
            Payload = typeof(CaseRecall),
            Title = "撤回转出",
            Senders = [Party.Target],
            Moves =
            [
                .. new[] { TableReceived, RemittanceReceived, Transferred, Overpaid }.SelectMany(from => new Move[]
                {
                    new(from, Recalled, Guard.RecalledWhole),
                    new(from, asked, Guard.NothingPaid),
                    new(from, RemittanceReceived),
                }),
            ],
            RefusedIn = new Dictionary<string, string> { [Completed] = ReasonCodes.RecallAfterCompletion },
            Rule = TransferMoney.Recall,
        },
        new()
        {
            Type = MessageTypes.TransferOverlapResolution,
            Payload = typeof(TransferOverlapResolution),
            Title = "重复缴费处理",
            Senders = [Party.Source, Party.Target],
            Moves = [.. new[] { TableReceived, Transferred, Overpaid, Completed }.Select(s => new Move(s, s))],
            Rule = TransferOverlap.Resolve,
        },
    ];

    private static IEnumerable<FlowStep> Family(string first, string asked, string[] beforeTable, string[] paying, string[] running) =>
    [
        Administrative.Return(Party.Target, beforeTable),
        // Once the table or the money is on its way, the case is ended by a recall or a closure, not taken back by one side.
        Administrative.Withdraw(Party.Source, beforeTable),
        Administrative.RequestSupplement(Party.Target, (asked, Supplementing)),
        Administrative.Supplement(Party.Source, (Supplementing, asked)),
        Administrative.Remind([Party.Source, Party.Target], running),
        Administrative.Forward([Party.Source, Party.Target], running),
        Administrative.Correct([Party.Source, Party.Target], [.. running, Completed]) with { Rule = TransferMoney.Correct },
        Administrative.Close([Party.Source, Party.Target], [Supplementing, .. paying]) with { Rule = End },
        Administrative.Close([Party.Source], Recalled) with { Rule = End },
        Administrative.Revoke(Party.Source, Completed) with { Rule = Revoke },
        Reopen(Administrative.Reopen(Party.Source, first, Ended)),
    ];

    private static FlowStep Step(TransferPaper paper, string title, Party sender) => new()
    {
        Type = paper.Type,
        Payload = paper.Payload,
        Title = title,
        Senders = [sender],
        Moves = [],
        Correctable = paper.Correctable,
    };

    private static FlowStep Refund => new()
    {
        Type = MessageTypes.TransferRemittanceReturn,
        Payload = typeof(TransferRemittanceReturn),
        Title = "退款通知",
        Senders = [Party.Source],
        Moves = [],
    };

    private static void End(StepDraft draft)
    {
        Administrative.SupplementPeriodOver(draft);
        TransferMoney.RefuseWhileHeld(draft);
        TransferOverlap.Drop(draft);
    }

    private static void Revoke(StepDraft draft)
    {
        TransferOverlap.Drop(draft);
        TransferAfterEnd.Revoked(draft);
    }

    private static FlowStep Reopen(FlowStep step) => step with
    {
        Rule = draft =>
        {
            TransferMoney.RefuseWhileHeld(draft);
            step.Rule!(draft);
        },
    };
}

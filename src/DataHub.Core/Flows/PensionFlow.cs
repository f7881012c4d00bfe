using DataHub.Contracts;
using DataHub.Contracts.Payloads;

namespace DataHub.Core.Flows;

/// <summary>
/// 职工基本养老保险关系转移接续 (国办发〔2009〕66号). The source is the city that the person moves to (转入地), the target the one
/// that holds the old relation (转出地). The table and the money may come in either order; the step of the money is
/// skipped where none moves.
/// </summary>
public static class PensionFlow
{
    public const string Code = "transfer.pension";

    public const string Applied = "applied";
    public const string LetterSent = "letter-sent";
    public const string Supplementing = "supplementing";
    public const string TableReceived = "table-received";
    public const string RemittanceReceived = "remittance-received";
    public const string Transferred = "transferred";
    public const string Completed = "completed";

    private static readonly string[] Running = [Applied, LetterSent, Supplementing, TableReceived, RemittanceReceived, Transferred];

    // The table and the remittance share one deadline, so these three states share one leg.
    private static readonly Leg OldAgency = new(Party.Target, FactKeys.InformationTableDays);

    public static FlowDefinition Definition { get; } = new(
        Code,
        version: 1,
        "养老保险关系转移接续",
        states:
        [
            new(Applied, "已申请") { Leg = new(Party.Source, FactKeys.ContactLetterDays) },
            new(LetterSent, "已发联系函") { Leg = OldAgency },
            new(Supplementing, "补正中") { StopsClock = true },
            new(TableReceived, "已收信息表") { Leg = OldAgency },
            new(RemittanceReceived, "已收划款通知") { Leg = OldAgency },
            new(Transferred, "已转出") { Leg = new(Party.Source, FactKeys.CompletionDays) },
            new(Completed, "已办结") { Final = true },
            .. Administrative.EndStates,
        ],
        steps:
        [
            new()
            {
                Type = MessageTypes.PensionApplication,
                Payload = typeof(PensionApplication),
                Title = "转移接续申请",
                Senders = [Party.Source],
                Moves = [new("", Applied)],
                Correctable = ["$.applicant.name", "$.applicant.mobile", "$.applicant.sex", "$.newAgency", "$.certificate"],
                Rule = Apply,
            },
            new()
            {
                Type = MessageTypes.PensionContactLetter,
                Payload = typeof(PensionContactLetter),
                Title = "联系函",
                Senders = [Party.Source],
                Moves = [new(Applied, LetterSent)],
                Correctable = ["$.receivingAccount.name", "$.receivingAccount.bank"],
                Rule = SendLetter,
            },
            new()
            {
                Type = MessageTypes.PensionInformationTable,
                Payload = typeof(PensionInformationTable),
                Title = "信息表",
                Senders = [Party.Target],
                Moves =
                [
                    new(LetterSent, TableReceived, Guard.MoneyMoves),
                    new(LetterSent, Transferred, Guard.MoneyStays),
                    new(RemittanceReceived, Transferred),
                ],
                Correctable = ["$.relationEndedOn"],
                Rule = SendTable,
            },
            new()
            {
                Type = MessageTypes.PensionRemittanceAdvice,
                Payload = typeof(PensionRemittanceAdvice),
                Title = "基金划转通知",
                Senders = [Party.Target],
                Moves = [new(LetterSent, RemittanceReceived, Guard.MoneyMoves), new(TableReceived, Transferred)],
                Correctable = ["$.payerName", "$.payerAccount"],
                Rule = Remit,
            },
            new()
            {
                Type = MessageTypes.PensionCompletion,
                Payload = typeof(PensionCompletion),
                Title = "办结通知",
                Senders = [Party.Source],
                Moves = [new(Transferred, Completed)],
                Outcome = OutcomeEffect.Set,
                Rule = Complete,
            },
            Administrative.Return(Party.Target, Applied, LetterSent, Supplementing),
            // Once the table or the money is on its way, the case is ended by a closure, not taken back by one side.
            Administrative.Withdraw(Party.Source, Applied, LetterSent, Supplementing),
            Administrative.RequestSupplement(Party.Target, (LetterSent, Supplementing)),
            Administrative.Supplement(Party.Source, (Supplementing, LetterSent)),
            Administrative.Remind([Party.Source, Party.Target], Running),
            Administrative.Correct([Party.Source, Party.Target], [.. Running, Completed]),
            Administrative.Close([Party.Source, Party.Target], Supplementing, TableReceived, RemittanceReceived, Transferred) with { Rule = CloseOverlap },
            Administrative.Revoke(Party.Source, Completed) with { Rule = CloseOverlap },
            Administrative.Reopen(
                Party.Source, Applied, Administrative.Returned, Administrative.Withdrawn, Administrative.Closed, Administrative.Revoked),
        ]);

    private static void Apply(StepDraft draft)
    {
        var application = draft.Payload<PensionApplication>();
        draft.Item = application.ItemCode;
        if (draft.Context.Registry.Item(application.ItemCode) is not { Flow: Code }
            || draft.Context.Registry.TransferRule(application.ItemCode, draft.SourceCity, draft.TargetCity) is not { } rule)
        {
            draft.Refuse(ReasonCodes.UnknownItem, "$.itemCode");
            return;
        }

        draft.Remember(FactKeys.ContactLetterDays, rule.ContactLetterDays);
        draft.Remember(FactKeys.InformationTableDays, rule.InformationTableDays);
        draft.Remember(FactKeys.CompletionDays, rule.CompletionDays);
        draft.RememberIf(FactKeys.MoneyMoves, rule.MoneyMoves);
    }

    private static void SendLetter(StepDraft draft)
    {
        var letter = draft.Payload<PensionContactLetter>();
        draft.Remember(FactKeys.LetterNumber, letter.LetterNumber);
        draft.Remember(FactKeys.ReceivingAccount, letter.ReceivingAccount.Account);
        if (letter.HeldPeriods.Count > 0)
            draft.Remember(FactKeys.HeldPeriods, PensionMonths.Write(letter.HeldPeriods));
    }

    private static void SendTable(StepDraft draft)
    {
        var table = draft.Payload<PensionInformationTable>();
        if (table.LetterNumber != draft.Fact(FactKeys.LetterNumber))
            draft.Refuse(ReasonCodes.LetterNumberDiffers, "$.letterNumber");
        if (draft.Fact(FactKeys.AdviceTable) is { } named && named != table.TableNumber)
            draft.Refuse(ReasonCodes.TableNumberDiffers, "$.tableNumber");
        if (draft.Number(FactKeys.AdviceFen) is { } paid && paid != table.TotalFen)
            draft.Refuse(ReasonCodes.RemittanceAmountDiffers, "$.totalFen");

        draft.Remember(FactKeys.TableNumber, table.TableNumber);
        draft.Remember(FactKeys.TableMonths, table.TotalMonths);
        draft.Remember(FactKeys.TableTotalFen, table.TotalFen);

        // 重复缴费 is worked by people of both agencies; it does not stop the transfer.
        if (PensionMonths.Overlap(table.Years, draft.Fact(FactKeys.HeldPeriods)) is { } overlap)
        {
            draft.Remember(FactKeys.OverlappingMonths, overlap.Count);
            draft.Cause(new Effect.OpenBreak(ReasonCodes.BreakOverlappingMonths, $"重复缴费 {overlap.Count} 个月({overlap.First} 至 {overlap.Last})"));
        }

        draft.Facts.Remove(FactKeys.HeldPeriods);
    }

    private static void Remit(StepDraft draft)
    {
        var advice = draft.Payload<PensionRemittanceAdvice>();
        if (!Guards.Holds(Guard.MoneyMoves, draft.Facts))
        {
            draft.Refuse(ReasonCodes.MoneyDoesNotMove, "$");
            return;
        }

        if (advice.PayeeAccount != draft.Fact(FactKeys.ReceivingAccount))
            draft.Refuse(ReasonCodes.RemittanceAccountDiffers, "$.payeeAccount");
        if (draft.Fact(FactKeys.TableNumber) is { } table && table != advice.TableNumber)
            draft.Refuse(ReasonCodes.TableNumberDiffers, "$.tableNumber");
        if (draft.Number(FactKeys.TableTotalFen) is { } total && total != advice.AmountFen)
            draft.Refuse(ReasonCodes.RemittanceAmountDiffers, "$.amountFen");

        draft.Remember(FactKeys.AdviceNumber, advice.AdviceNumber);
        draft.Remember(FactKeys.AdviceTable, advice.TableNumber);
        draft.Remember(FactKeys.AdviceFen, advice.AmountFen);
    }

    private static void Complete(StepDraft draft)
    {
        var completion = draft.Payload<PensionCompletion>();
        var months = draft.Number(FactKeys.TableMonths) ?? 0;
        if (completion.JoinedMonths != months)
            draft.Refuse(ReasonCodes.CompletionMonthsDiffer, "$.joinedMonths");

        var due = Guards.Holds(Guard.MoneyMoves, draft.Facts) ? draft.Number(FactKeys.TableTotalFen) ?? 0 : 0;
        if (completion.PostedFen != due)
            draft.Refuse(ReasonCodes.CompletionAmountDiffers, "$.postedFen");
    }

    private static void CloseOverlap(StepDraft draft)
    {
        if (draft.Facts.Remove(FactKeys.OverlappingMonths))
            draft.Cause(new Effect.CloseBreak(ReasonCodes.BreakOverlappingMonths, "转移未完成,重复缴费不再存在"));
    }
}

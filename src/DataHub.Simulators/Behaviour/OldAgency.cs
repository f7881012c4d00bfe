using System.Globalization;
using DataHub.Contracts.Payloads;

namespace DataHub.Simulators.Behaviour;

/// <summary>转出地: sends the table and the money.</summary>
internal static class OldAgency
{
    public static void Asked(CaseDraft draft)
    {
        var story = TransferBehaviour.Story(draft);
        if (story.End == TransferEnd.Returned)
            ServiceBehaviour.Return(draft);
        // The withdrawal is on its way.
        else if (story.End == TransferEnd.Withdrawn)
            return;
        else if (story.MoneyFirst)
            Pay(draft);
        else
            SendTable(draft);
    }

    /// <summary>After the table, a payment or a recall of its own went out.</summary>
    public static void GoOn(CaseDraft draft, IPayload sent)
    {
        var story = TransferBehaviour.Story(draft);
        switch (sent)
        {
            case CaseRecall { Scope: RecallScope.Table }:
                SendTable(draft);
                break;
            case CaseRecall:
                break;
            case ITransferInformationTable when story.Money == MoneyStory.TableRecalled && Count(draft, "tables") == 1:
                draft.Then(at => new CaseRecall { Scope = RecallScope.Table, Reason = "信息表填写有误，重新出具。", RecalledAt = at });
                break;
            case ITransferRemittanceAdvice when Count(draft, "tables") == 0:
                SendTable(draft);
                break;
            case ITransferRemittanceAdvice when story.End == TransferEnd.Closed:
                draft.Then(at => new CaseRecall { Scope = RecallScope.Transfer, Reason = "误转他人关系，撤回转出。", RecalledAt = at });
                break;
            default:
                if (TransferPapers.MoneyMoves(draft) && Count(draft, "payments") < Parts(draft, story))
                    Pay(draft);
                else
                    draft.Done();
                break;
        }
    }

    public static void AccountCorrected(CaseDraft draft, CaseCorrection correction)
    {
        if (correction.Changes.FirstOrDefault(c => c.Path == "$.receivingAccount.account") is not { } change)
            return;
        draft.Remember("payee", change.After);
        PayRightly(draft);
    }

    /// <summary>All of it once more: the first payment came back, its notice was refused, or the bank carried the order out twice.</summary>
    public static void PayRightly(CaseDraft draft) => Advise(draft, TransferPapers.Total(draft), part: null);

    private static void SendTable(CaseDraft draft)
    {
        Increase(draft, "tables");
        var number = TableNumber(draft);
        draft.Then(at => TransferPapers.Table(draft, number, at));
    }

    private static void Pay(CaseDraft draft)
    {
        var story = TransferBehaviour.Story(draft);
        var total = TransferPapers.Total(draft);
        var (parts, made) = (Parts(draft, story), Count(draft, "payments"));
        if (parts > 1)
            Advise(draft, made == parts - 1 ? total - (total / parts * made) : total / parts, made + 1);
        else if (story.End == TransferEnd.Closed)
            Advise(draft, total / 2, part: 1);
        else
            Advise(draft, story.Money switch
            {
                MoneyStory.Overpaid => total + 1 + draft.Below("surplus", 50_000),
                MoneyStory.Misstated => total - 1,
                _ => total,
            }, part: null);
    }

    private static void Advise(CaseDraft draft, long fen, int? part)
    {
        Increase(draft, "payments");
        var (advice, table) = (Numbered("HK", draft, "payments"), TableNumber(draft));
        draft.Then(at => TransferPapers.Advice(draft, advice, table, fen, part, at));
    }

    private static int Parts(CaseDraft draft, TransferStory story) => story is { End: TransferEnd.Completed, Money: MoneyStory.Split } ? 2 + draft.Below("parts", 2) : 1;

    // Money that goes first names the table that follows.
    private static string TableNumber(CaseDraft draft) => Numbered("XXB", draft, "tables");

    private static string Numbered(string prefix, CaseDraft draft, string what) => Count(draft, what) > 1
        ? string.Create(CultureInfo.InvariantCulture, $"{prefix}{draft.Number}-{Count(draft, what)}")
        : prefix + draft.Number;

    private static int Count(CaseDraft draft, string what) => int.Parse(draft.Recall(what) ?? "0", CultureInfo.InvariantCulture);

    private static void Increase(CaseDraft draft, string what) => draft.Remember(what, (Count(draft, what) + 1).ToString(CultureInfo.InvariantCulture));
}

using System.Globalization;
using DataHub.Contracts.Payloads;
using DataHub.Core.Calendar;

namespace DataHub.Simulators.Behaviour;

/// <summary>养老保险关系转移: how the agencies of the new and of the old city go on.</summary>
internal static class PensionBehaviour
{
    public static void Opened(CaseDraft draft, PensionApplication application)
    {
        draft.Remember("number", application.CaseNumber);
        draft.Remember("item", application.ItemCode);
        draft.Remember("old-city", application.OldCity);
        draft.Remember("from", application.Certificate.Period.From);
        draft.Remember("to", application.Certificate.Period.To);
    }

    public static void Received(CaseDraft draft, IPayload payload)
    {
        switch (payload)
        {
            case PensionContactLetter when Script.Pension(draft.Knobs, draft.Number) == PensionEnd.Returned:
                ServiceBehaviour.Return(draft);
                break;
            case PensionContactLetter letter:
                draft.Remember("letter", letter.LetterNumber);
                draft.Remember("payee", letter.ReceivingAccount.Account);
                if (RemittanceFirst(draft))
                    Remit(draft);
                else
                    SendTable(draft);
                break;
            case PensionInformationTable table:
                draft.Remember("months", table.TotalMonths.ToString(CultureInfo.InvariantCulture));
                draft.Remember("total", table.TotalFen.ToString(CultureInfo.InvariantCulture));
                CompleteWhenBothAreHere(draft);
                break;
            case PensionRemittanceAdvice advice:
                draft.Remember("paid", advice.AmountFen.ToString(CultureInfo.InvariantCulture));
                CompleteWhenBothAreHere(draft);
                break;
            case CaseSupplementRequest request:
                draft.Then(at => new CaseSupplement { Materials = [.. request.Items.Select(i => ServiceBehaviour.Material(draft, i.MaterialCode, i.Name))], SuppliedAt = at });
                break;
        }
    }

    public static void Sent(CaseDraft draft, IPayload payload)
    {
        switch (payload)
        {
            case PensionApplication when Script.Pension(draft.Knobs, draft.Number) == PensionEnd.Withdrawn:
                ServiceBehaviour.Withdraw(draft);
                break;
            case PensionApplication:
                SendLetter(draft);
                break;
            case PensionInformationTable when MoneyMoves(draft) && !RemittanceFirst(draft):
                Remit(draft);
                break;
            case PensionRemittanceAdvice when RemittanceFirst(draft):
                SendTable(draft);
                break;
            case PensionInformationTable or PensionRemittanceAdvice or PensionCompletion:
                draft.Done();
                break;
        }
    }

    // The exchange id begins with the source city, 转入地.
    private static bool MoneyMoves(CaseDraft draft)
        => draft.Registry.TransferRule(draft.Recall("item") ?? "", draft.Case.ExchangeId?[..6] ?? "", draft.Recall("old-city") ?? "")?.MoneyMoves == true;

    private static bool RemittanceFirst(CaseDraft draft) => MoneyMoves(draft) && Script.RemittanceFirst(draft.Knobs, draft.Number);

    private static MonthSpan Period(CaseDraft draft) => new() { From = draft.Recall("from") ?? "2010-01", To = draft.Recall("to") ?? "2010-12" };

    private static void SendLetter(CaseDraft draft)
    {
        var end = PensionRecord.Month(Period(draft).To);
        // Paid in the new city since: the months after the old record, or by mistake its last two again.
        var held = Script.Overlap(draft.Knobs, draft.Number) ? (From: end - 1, To: end + 2) : (From: end + 1, To: end + 3);
        draft.Then(at => new PensionContactLetter
        {
            LetterNumber = $"LXH{draft.Number}",
            ReceivingAccount = new BankAccount { Name = Agency(draft, draft.City), Bank = "中国工商银行", Account = $"62{draft.City}{draft.Below("account", 900_000_000) + 100_000_000}" },
            HeldPeriods = [new MonthSpan { From = PensionRecord.Text(held.From), To = PensionRecord.Text(held.To) }],
            IssuedAt = at,
        });
    }

    private static void SendTable(CaseDraft draft)
    {
        var record = PensionRecord.Of(draft.Knobs.Seed, draft.Number, Period(draft));
        draft.Then(at => new PensionInformationTable
        {
            TableNumber = TableNumber(draft),
            LetterNumber = draft.Recall("letter") ?? "",
            Years = record.Years,
            TotalMonths = record.Months,
            PersonalAccountFen = record.PersonalFen,
            PooledFen = record.PooledFen,
            TotalFen = record.PersonalFen + record.PooledFen,
            RelationEndedOn = WorkingDayCalendar.ShanghaiDate(at),
            IssuedAt = at,
        });
    }

    private static void Remit(CaseDraft draft)
    {
        var record = PensionRecord.Of(draft.Knobs.Seed, draft.Number, Period(draft));
        draft.Then(at => new PensionRemittanceAdvice
        {
            AdviceNumber = $"HK{draft.Number}",
            TableNumber = TableNumber(draft),
            AmountFen = record.PersonalFen + record.PooledFen,
            PayerName = Agency(draft, draft.City),
            PayerAccount = $"62{draft.City}000000001",
            PayeeAccount = draft.Recall("payee") ?? "",
            PaidAt = at,
        });
    }

    private static void CompleteWhenBothAreHere(CaseDraft draft)
    {
        if (draft.Recall("months") is not { } months || draft.Recall("total") is not { } total || (MoneyMoves(draft) && draft.Recall("paid") is null))
            return;
        draft.Then(at => new PensionCompletion
        {
            JoinedMonths = int.Parse(months, CultureInfo.InvariantCulture),
            PostedFen = MoneyMoves(draft) ? long.Parse(total, CultureInfo.InvariantCulture) : 0,
            CompletedAt = at,
        });
    }

    private static string TableNumber(CaseDraft draft) => $"XXB{draft.Number}";

    private static string Agency(CaseDraft draft, string city) => draft.Registry.Agency($"A{city}-SI")?.Name ?? city;
}

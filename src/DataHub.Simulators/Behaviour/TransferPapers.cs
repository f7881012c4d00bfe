using DataHub.Contracts.Payloads;
using DataHub.Core.Calendar;
using DataHub.Core.Flows;
using DataHub.Core.Registry;

namespace DataHub.Simulators.Behaviour;

/// <summary>The documents of a transfer as a clerk fills them in, in the words of the pension's messages or of the shared ones.</summary>
internal static class TransferPapers
{
    public static IPayload Letter(CaseDraft draft, IReadOnlyList<MonthSpan> held, DateTimeOffset at) => draft.Case.Flow == PensionFlow.Code
        ? new PensionContactLetter { LetterNumber = $"LXH{draft.Number}", ReceivingAccount = Account(draft), HeldPeriods = held, IssuedAt = at }
        : new TransferContactLetter { LetterNumber = $"LXH{draft.Number}", ReceivingAccount = MoneyMoves(draft) ? Account(draft) : null, HeldPeriods = held, IssuedAt = at };

    public static IPayload Table(CaseDraft draft, string tableNumber, DateTimeOffset at)
    {
        if (draft.Case.Flow == PensionFlow.Code)
        {
            var pension = PensionRecord.Of(draft.Knobs.Seed, draft.Number, Period(draft));
            return new PensionInformationTable
            {
                TableNumber = tableNumber,
                LetterNumber = draft.Recall("letter") ?? "",
                Years = pension.Years,
                TotalMonths = pension.Months,
                PersonalAccountFen = pension.PersonalFen,
                PooledFen = pension.PooledFen,
                TotalFen = pension.PersonalFen + pension.PooledFen,
                RelationEndedOn = WorkingDayCalendar.ShanghaiDate(at),
                IssuedAt = at,
            };
        }

        var record = Record(draft);
        return new TransferInformationTable
        {
            TableNumber = tableNumber,
            LetterNumber = draft.Recall("letter"),
            Years = record.Years,
            TotalMonths = record.Months,
            PrincipalFen = record.PrincipalFen,
            InterestFen = record.InterestFen,
            PooledFen = record.PooledFen,
            PooledBaseFen = record.PooledBaseFen,
            TotalFen = record.TotalFen,
            RelationEndedOn = WorkingDayCalendar.ShanghaiDate(at),
            IssuedAt = at,
        };
    }

    public static IPayload Advice(CaseDraft draft, string adviceNumber, string tableNumber, long fen, int? part, DateTimeOffset at)
    {
        var (payer, payerAccount, payee) = (Agency(draft), $"62{draft.City}000000001", draft.Recall("payee") ?? "");
        return draft.Case.Flow == PensionFlow.Code
            ? new PensionRemittanceAdvice
            {
                AdviceNumber = adviceNumber,
                TableNumber = tableNumber,
                AmountFen = fen,
                Part = part,
                PayerName = payer,
                PayerAccount = payerAccount,
                PayeeAccount = payee,
                PaidAt = at,
            }
            : new TransferRemittanceAdvice
            {
                AdviceNumber = adviceNumber,
                TableNumber = tableNumber,
                AmountFen = fen,
                Part = part,
                PayerName = payer,
                PayerAccount = payerAccount,
                PayeeAccount = payee,
                PaidAt = at,
            };
    }

    public static IPayload Completion(CaseDraft draft, int months, long fen, string reference, DateTimeOffset at)
    {
        var joined = Rule(draft)?.MonthsJoin == false ? 0 : months;
        return draft.Case.Flow == PensionFlow.Code
            ? new PensionCompletion { JoinedMonths = joined, PostedFen = fen, Reference = reference, CompletedAt = at }
            : new TransferCompletion { JoinedMonths = joined, PostedFen = fen, Reference = reference, CompletedAt = at };
    }

    /// <summary>What the table of this transfer sums up to.</summary>
    public static long Total(CaseDraft draft)
    {
        if (draft.Case.Flow != PensionFlow.Code)
            return Record(draft).TotalFen;
        var pension = PensionRecord.Of(draft.Knobs.Seed, draft.Number, Period(draft));
        return pension.PersonalFen + pension.PooledFen;
    }

    public static bool MoneyMoves(CaseDraft draft) => Rule(draft)?.MoneyMoves == true;

    public static bool HasLetter(string flow) => flow != TransferFlows.MedicalCode;

    public static MonthSpan Period(CaseDraft draft) => new() { From = draft.Recall("from") ?? "2010-01", To = draft.Recall("to") ?? "2010-12" };

    /// <summary>Paid in the new city since: the months after the old record, or by mistake its last two again.</summary>
    public static MonthSpan Held(MonthSpan period, bool overlap)
    {
        var end = PensionRecord.Month(period.To);
        var (from, to) = overlap ? (end - 1, end + 2) : (end + 1, end + 3);
        return new MonthSpan { From = PensionRecord.Text(from), To = PensionRecord.Text(to) };
    }

    /// <param name="city">The new city.</param>
    /// <param name="agency">Its agency that takes the money.</param>
    public static BankAccount Account(int seed, string number, string city, string agency) =>
        new() { Name = agency, Bank = "中国工商银行", Account = $"62{city}{Draw.Below(seed, number, "account", 900_000_000) + 100_000_000}" };

    /// <summary>Kind of office that handles a transfer, as the codes of agencies end.</summary>
    public static string OfficeOf(string flow) => flow switch
    {
        TransferFlows.MedicalCode => "MI",
        TransferFlows.HousingFundCode => "HF",
        _ => "SI",
    };

    private static BankAccount Account(CaseDraft draft) => Account(draft.Knobs.Seed, draft.Number, draft.City, Agency(draft));

    private static string Agency(CaseDraft draft) => draft.Registry.Agency($"A{draft.City}-{OfficeOf(draft.Case.Flow)}")?.Name ?? draft.City;

    // The exchange id begins with the source city, 转入地.
    private static TransferRule? Rule(CaseDraft draft) =>
        draft.Registry.TransferRule(draft.Recall("item") ?? "", draft.Case.ExchangeId?[..6] ?? "", draft.Recall("old-city") ?? "");

    private static TransferRecord Record(CaseDraft draft) => TransferRecord.Of(draft.Knobs.Seed, draft.Number, Period(draft), Rule(draft)!);
}

using System.Globalization;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using Shouldly;
using static DataHub.UnitTests.Flows.Samples;

namespace DataHub.UnitTests.Flows;

/// <summary>What the side whose turn it is in a transfer would send, and the law that its money keeps.</summary>
internal static class WillingTransfer
{
    public static (string Sender, IPayload Payload) Next(ExchangeState state)
    {
        var pension = state.Flow == PensionFlow.Code;
        var (source, target, facts) = (state.SourceCity, state.TargetCity, state.Facts);
        var paid = Number(facts, FactKeys.AdviceFen);
        var total = Number(facts, FactKeys.TableTotalFen);
        switch (state.State)
        {
            case TransferFlow.Applied:
                return (source, pension ? Letter : FundLetter);
            case TransferFlow.LetterSent or TransferFlow.Requested or TransferFlow.RemittanceReceived:
                // No more than what was paid so far, where something was.
                var amount = paid > 0 ? paid : facts[FactKeys.MovedAmounts].Contains("principal", StringComparison.Ordinal) ? 30_000 : 0;
                var number = facts.GetValueOrDefault(FactKeys.AdviceTable, "T-1");
                var letter = facts.GetValueOrDefault(FactKeys.LetterNumber);
                return (target, pension
                    ? Table with { LetterNumber = letter!, TotalFen = amount, TableNumber = number }
                    : FundTable with { LetterNumber = letter, TotalFen = amount, PrincipalFen = amount, TableNumber = number });
            case TransferFlow.TableReceived:
                var account = facts.GetValueOrDefault(FactKeys.ReceivingAccount) ?? facts[FactKeys.AppliedAccount];
                var advice = Free(facts, FactKeys.PaymentPrefix, "B-");
                return (target, pension
                    ? Advice with { AmountFen = total - paid, AdviceNumber = advice, PayeeAccount = account, TableNumber = facts[FactKeys.TableNumber] }
                    : FundAdvice with { AmountFen = total - paid, AdviceNumber = advice, PayeeAccount = account, TableNumber = facts[FactKeys.TableNumber] });
            case TransferFlow.Overpaid:
                return (source, Return(facts, paid - total));
            case TransferFlow.Recalled:
                return (source, paid > 0 ? Return(facts, paid) : Closure);
            case TransferFlow.Transferred:
                var posted = facts.ContainsKey(FactKeys.MoneyMoves) ? total : 0;
                var months = facts.ContainsKey(FactKeys.MonthsJoin) ? 18 : 0;
                var reference = facts.GetValueOrDefault(FactKeys.AdviceNumber) ?? facts[FactKeys.TableNumber];
                return (source, pension
                    ? Completion with { PostedFen = posted, JoinedMonths = months }
                    : FundCompletion with { PostedFen = posted, JoinedMonths = months, Reference = reference });
            default:
                throw new InvalidOperationException(state.State);
        }
    }

    /// <summary>Posted = remittances less returns = the table's total.</summary>
    public static void MoneyIsConserved(ExchangeState completed, string where)
    {
        var left = completed.Facts.Where(f => f.Key.StartsWith(FactKeys.PaymentPrefix, StringComparison.Ordinal)).Sum(f => long.Parse(f.Value, CultureInfo.InvariantCulture));
        completed.Outcome!.AmountFen.ShouldBe(left, where);
        if (completed.Facts.ContainsKey(FactKeys.MoneyMoves))
            Number(completed.Facts, FactKeys.TableTotalFen).ShouldBe(left, where);
    }

    /// <summary>Held = remittances less returns; a difference to what the case ended with opens the break, and its end heals it.</summary>
    public static void MoneyAfterTheEndIsABreakAsLongAsItDiffers(ExchangeState before, ExchangeState after, IReadOnlyList<Effect> effects, string where)
    {
        var left = after.Facts.Where(f => f.Key.StartsWith(FactKeys.PaymentPrefix, StringComparison.Ordinal)).Sum(f => long.Parse(f.Value, CultureInfo.InvariantCulture));
        Number(after.Facts, FactKeys.AdviceFen).ShouldBe(left, where);
        var opened = effects.OfType<Effect.OpenBreak>().Count(b => b.Code == ReasonCodes.BreakMoneyAfterEnd);
        var closed = effects.OfType<Effect.CloseBreak>().Count(b => b.Code == ReasonCodes.BreakMoneyAfterEnd);
        var moved = Number(before.Facts, FactKeys.AdviceFen) != Number(after.Facts, FactKeys.AdviceFen);
        opened.ShouldBe(Differs(after) && moved ? 1 : 0, where);
        closed.ShouldBe(Differs(before) && !Differs(after) ? 1 : 0, where);
    }

    private static bool Differs(ExchangeState state) => state.State switch
    {
        TransferFlow.Completed => Number(state.Facts, FactKeys.AdviceFen) != state.Outcome!.AmountFen,
        "returned" or "withdrawn" or "closed" => Number(state.Facts, FactKeys.AdviceFen) != 0,
        _ => false,
    };

    private static TransferRemittanceReturn Return(IReadOnlyDictionary<string, string> facts, long atMost)
    {
        var (key, left) = facts.Where(f => f.Key.StartsWith(FactKeys.PaymentPrefix, StringComparison.Ordinal)).MaxBy(f => long.Parse(f.Value, CultureInfo.InvariantCulture));
        return Bounced with
        {
            ReturnNumber = Free(facts, FactKeys.ReturnPrefix, "TH-"),
            AdviceNumber = key[FactKeys.PaymentPrefix.Length..],
            AmountFen = Math.Min(atMost, long.Parse(left, CultureInfo.InvariantCulture)),
        };
    }

    private static string Free(IReadOnlyDictionary<string, string> facts, string prefix, string number) =>
        Enumerable.Range(10, 90).Select(i => number + i.ToString(CultureInfo.InvariantCulture)).First(n => !facts.ContainsKey(prefix + n));

    private static long Number(IReadOnlyDictionary<string, string> facts, string key) => long.Parse(facts.GetValueOrDefault(key, "0"), CultureInfo.InvariantCulture);
}

using System.Text.Json;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using Shouldly;
using Xunit;
using static DataHub.UnitTests.Flows.Samples;

namespace DataHub.UnitTests.Flows;

/// <summary>The definition lets the table and the money come in any order: wherever the table comes among the parts, the end is the same.</summary>
public sealed class TransferOrderTests
{
    private const int Seeds = 500;
    private const string ExchangeId = "510100-20260304-0000000001";

    public static TheoryData<string> Kinds => ["pension", "housing-fund", "medical"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Wherever_the_table_comes_among_the_payments_the_exchange_ends_alike(string kind)
    {
        for (var seed = 0; seed < Seeds; seed++)
        {
            var amounts = Split(30_000, new Random(seed));
            var first = Ended(kind, amounts, 0);
            JsonSerializer.Deserialize<ExchangeState>(first)!.State.ShouldBe(TransferFlow.Transferred, $"seed {seed}");
            for (var at = 1; at <= amounts.Count; at++)
                Ended(kind, amounts, at).ShouldBe(first, $"seed {seed}: {string.Join('+', amounts)}, table after {at}");
        }
    }

    private static string Ended(string kind, List<long> amounts, int tableAfter)
    {
        var (opener, letter, table, advice) = Papers(kind);
        var state = Decide(null, Chengdu, opener, "apply");
        if (letter is not null)
            state = Decide(state, Chengdu, letter, "letter");
        for (var i = 0; i <= amounts.Count; i++)
        {
            if (i == tableAfter)
                state = Decide(state, Deyang, table, "table");
            if (i < amounts.Count)
                state = Decide(state, Deyang, advice(i + 1, amounts[i]), $"advice-{i + 1}");
        }

        return JsonSerializer.Serialize(state);
    }

    private static (IPayload Opener, IPayload? Letter, IPayload Table, Func<int, long, IPayload> Advice) Papers(string kind) => kind switch
    {
        "pension" => (Application, Letter, Table, (part, fen) => Advice with { AdviceNumber = $"B-{part}", AmountFen = fen, Part = part }),
        "medical" => (MedicalApplication, null, FundTable with { LetterNumber = null }, (part, fen) => FundAdvice with { AdviceNumber = $"B-{part}", AmountFen = fen, Part = part }),
        _ => (HousingApplication, FundLetter, FundTable, (part, fen) => FundAdvice with { AdviceNumber = $"B-{part}", AmountFen = fen, Part = part }),
    };

    private static ExchangeState Decide(ExchangeState? state, string sender, IPayload payload, string id) =>
        FlowEngine.Decide(state, Journey.Message(id, ExchangeId, sender, payload), Journey.Context(Deyang, null)).ShouldBeOfType<Decision.Advanced>(id).State;

    /// <summary>One to four amounts above zero with this sum.</summary>
    private static List<long> Split(long total, Random random)
    {
        List<long> cuts = [0, .. Enumerable.Range(0, random.Next(4)).Select(_ => random.NextInt64(1, total)).Distinct().Order(), total];
        return [.. cuts.Skip(1).Zip(cuts, (to, from) => to - from)];
    }
}

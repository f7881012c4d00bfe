using System.Globalization;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using DataHub.Core.Statistics;
using DataHub.Core.Validation;
using DataHub.UnitTests.Flows;
using Shouldly;
using Xunit;

namespace DataHub.UnitTests.Statistics;

/// <summary>Counting step by step gives what counting from the whole history gives, whatever the history.</summary>
public sealed class StatisticsPropertyTests
{
    private const int Sequences = 2500;

    [Fact]
    public void After_any_sequences_the_counts_equal_those_of_the_whole_histories()
    {
        var counted = new StatisticDeltas();
        var recounted = new StatisticDeltas();
        var (replaced, reopened) = (0, 0);
        for (var seed = 0; seed < Sequences; seed++)
        {
            var history = new List<(IPayload Payload, ExchangeState State)>();
            FlowPropertyTests.Play(seed, steps: 40, (previous, message, next) =>
            {
                StepStatistics.Add(counted, previous, message.Type, message.SenderCity, message.Payload, next, Journey.Registry);
                replaced += previous?.Outcome is { } before && next.Outcome is { } after && before.Code != after.Code ? 1 : 0;
                reopened += previous?.Outcome is not null && next.Outcome is null ? 1 : 0;
                history.Add((message.Payload, next));
            });
            Recount(recounted, history);
        }

        Lines(counted.Where(d => d.Key.Counter != Counters.Leg)).ShouldBe(Lines(recounted));

        // Histories without what takes counts back would prove little.
        replaced.ShouldBeGreaterThan(50);
        reopened.ShouldBeGreaterThan(50);
    }

    [Fact]
    public void After_any_sequences_the_standing_counts_equal_those_of_the_exchanges_as_they_stand()
    {
        var counted = new StatisticDeltas();
        var standing = new StatisticDeltas();
        for (var seed = 0; seed < Sequences; seed++)
        {
            ExchangeState? last = null;
            FlowPropertyTests.Play(seed, steps: 40, (previous, message, next) =>
            {
                StepStatistics.Add(counted, previous, message.Type, message.SenderCity, message.Payload, next, Journey.Registry);
                last = next;
            });
            StandingCounts.Add(standing, last, 1);
        }

        Lines(counted.Where(d => d.Key.Counter is Counters.Outcome or Counters.Recognition)).ShouldBe(Lines(standing));
        standing.ShouldAllBe(d => d.Value.Count > 0 && d.Value.AmountFen >= 0);
    }

    // Written without the product's own notion of what stands: from the messages of one exchange.
    private static void Recount(StatisticDeltas counts, List<(IPayload Payload, ExchangeState State)> history)
    {
        var (opener, first) = history[0];
        var mode = opener is ServiceSubmission s ? s.Mode switch { ServiceMode.Online => "online", ServiceMode.Joint => "joint", _ => "collect-on-behalf" } : "";
        StatisticKey Key(string counter, ExchangeState at) =>
            new(counter, int.Parse(at.ChangedAt.ToOffset(TimeSpan.FromHours(8)).ToString("yyyyMM", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture), at.Flow, first.Item, first.SourceCity, first.TargetCity);

        counts.Add(Key(Counters.Opened, first) with { Variant = mode });
        (IPayload Payload, ExchangeState State)? standing = null;
        foreach (var (payload, state) in history)
        {
            if (payload is CaseReopening)
                standing = null;
            else if (OutcomeReader.From(PayloadReader.TypeOf(payload), payload, state.Flow) is not null)
                standing = (payload, state);
            var kind = payload switch
            {
                CaseReturn => "return",
                CaseWithdrawal => "withdrawal",
                CaseSupplementRequest => "supplement-request",
                CaseSupplement => "supplement",
                CaseReminder => "reminder",
                CaseCorrection => "correction",
                CaseRevocation => "revocation",
                CaseReopening => "reopening",
                CaseClosure => "closure",
                CaseRecall => "recall",
                CaseForwarding => "forwarding",
                _ => null,
            };
            if (kind is not null)
                counts.Add(Key(Counters.Administrative, state) with { Detail = kind });
            if (payload is ServiceEvaluation evaluation)
                counts.Add(Key(Counters.Evaluation, state) with { Bucket = evaluation.Score });
        }

        for (var i = 1; i < history.Count; i++)
        {
            var (payload, state, before) = (history[i].Payload, history[i].State, history[i - 1].State.State);
            if (payload is ITransferRemittanceAdvice advice && before is ("completed" or "closed" or "returned" or "withdrawn" or "revoked"))
                counts.Add(Key(Counters.MoneyAfterEnd, state) with { Detail = "remitted" }, 1, advice.AmountFen);
            if (payload is TransferRemittanceReturn refund && before is ("completed" or "closed" or "returned" or "withdrawn"))
                counts.Add(Key(Counters.MoneyAfterEnd, state) with { Detail = "returned" }, 1, refund.AmountFen);
            var reason = Key(Counters.AdministrativeReason, history[i].State);
            if (history[i].Payload is CaseReturn r)
                counts.Add(reason with { Detail = "return", Variant = r.ReasonCode });
            if (history[i].Payload is CaseWithdrawal)
                counts.Add(reason with { Detail = "withdrawal", Variant = history[i - 1].State.State });
            if (history[i].Payload is CaseSupplementRequest request)
            {
                foreach (var code in request.Items.Select(m => m.MaterialCode).Distinct())
                    counts.Add(reason with { Detail = "supplement-request", Variant = Journey.Registry.Item(first.Item)!.Materials.Any(m => m.Code == code) ? code : "other" });
            }
        }

        if (standing is not { } end)
            return;
        var outcome = end.State.Outcome!;
        counts.Add(Key(Counters.Outcome, end.State) with { Detail = outcome.Code, Variant = mode }, 1, outcome.AmountFen ?? 0);
        if (end.Payload is RecognitionDecision d)
        {
            counts.Add(
                Key(Counters.Recognition, end.State) with
                {
                    Hospital = ((RecognitionQuery)opener).Hospital.Code,
                    Detail = d.Verdict == RecognitionVerdict.Recognised ? "recognised" : "not-recognised",
                    Variant = d is { Verdict: RecognitionVerdict.NotRecognised, Reason: RepeatReason.ConditionChanged } ? "condition-changed" : "",
                },
                1,
                d.AvoidedFen ?? 0);
        }
    }

    private static IEnumerable<string> Lines(IEnumerable<KeyValuePair<StatisticKey, StatisticValue>> counts) =>
        counts.Select(c => $"{c.Key} {c.Value}").Order(StringComparer.Ordinal);
}

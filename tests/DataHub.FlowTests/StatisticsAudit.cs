using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Contracts.Payloads;
using DataHub.Core.Errors;
using DataHub.Core.Flows;
using DataHub.Core.Journal;
using DataHub.Core.Registry;
using DataHub.Core.Statistics;
using DataHub.Core.Storage;
using DataHub.Core.Validation;
using Shouldly;

namespace DataHub.FlowTests;

/// <summary>What was counted step by step equals what is counted now from the exchanges and journals, whatever died in between.</summary>
internal static class StatisticsAudit
{
    public static async Task HoldsAsync(INodeStore store, RegistrySnapshot registry, HubShards shards)
    {
        var recounted = new StatisticDeltas();
        foreach (var hub in shards.Nodes)
        {
            var exchanges = await store.ListExchangesAsync(hub, 1_000_000, default);
            LegAudit.Recount(recounted, exchanges, await Conservation.JournalAsync(store, hub, null), registry.Calendar);
            foreach (var row in exchanges)
            {
                var s = row.State;
                recounted.Add(new StatisticKey(Counters.Opened, StandingCounts.MonthOf(s.OpenedAt), s.Flow, s.Item, s.SourceCity, s.TargetCity) { Variant = s.Facts.GetValueOrDefault(FactKeys.Mode, "") });
                StandingCounts.Add(recounted, s, 1);
            }
        }

        foreach (var counter in new[] { Counters.Opened, Counters.Outcome, Counters.Recognition, Counters.Leg })
            Lines(await store.StatisticsAsync(counter, 0, 999_912, default)).ShouldBe(Lines(recounted.Where(d => d.Key.Counter == counter)), counter);

        var refused = new List<JournalRow>();
        var received = new List<JournalRow>();
        foreach (var node in shards.Nodes)
        {
            refused.AddRange(await Conservation.JournalAsync(store, node, EntryKind.Refused));
            received.AddRange(await Conservation.JournalAsync(store, node, EntryKind.Received));
        }

        foreach (var city in registry.Cities)
            refused.AddRange((await Conservation.JournalAsync(store, city.Code, EntryKind.Refused)).Where(r => r.Sender == city.Code));
        (await store.StatisticsAsync(Counters.Refusal, 0, 999_912, default)).Sum(c => c.Value.Count).ShouldBe(refused.Count, "refused messages");
        (await store.StatisticsAsync(Counters.RefusalReason, 0, 999_912, default)).GroupBy(c => c.Key.Detail).Select(g => (g.Key, g.Sum(c => c.Value.Count))).Order()
            .ShouldBe(refused.SelectMany(r => ReasonList.Read(r.Reasons!).Select(c => c.Code).Distinct()).GroupBy(c => c).Select(g => (g.Key, (long)g.Count())).Order());

        var prefix = MessageTypes.Prefix + "case.";
        foreach (var node in shards.Nodes)
        {
            // The hub's own word goes to both cities and is one step.
            received.AddRange((await Conservation.JournalAsync(store, node, EntryKind.Sent)).Where(r => r.Type.StartsWith(prefix, StringComparison.Ordinal)).DistinctBy(r => (r.ExchangeId, r.Type)));
        }

        (await store.StatisticsAsync(Counters.Administrative, 0, 999_912, default)).GroupBy(c => c.Key.Detail).Select(g => (g.Key, g.Sum(c => c.Value.Count))).Order()
            .ShouldBe(received.Where(r => r.Type.StartsWith(prefix, StringComparison.Ordinal)).GroupBy(r => r.Type[prefix.Length..^3]).Select(g => (g.Key, (long)g.Count())).Order());
        (await store.StatisticsAsync(Counters.Evaluation, 0, 999_912, default)).GroupBy(c => c.Key.Bucket).Select(g => (g.Key, g.Sum(c => c.Value.Count))).Order()
            .ShouldBe(received.Where(r => r.Type == MessageTypes.ServiceEvaluation).GroupBy(Score).Select(g => (g.Key, (long)g.Count())).Order());
    }

    private static int Score(JournalRow row) =>
        PayloadReader.Read(row.Type, EventFormat.ReadElement(row.Body).Event!.Data.Span) is ReadOutcome.Ok { Payload: ServiceEvaluation evaluation } ? evaluation.Score : 0;

    private static IEnumerable<string> Lines(IEnumerable<KeyValuePair<StatisticKey, StatisticValue>> counts) => counts.Select(c => $"{c.Key} {c.Value}").Order(StringComparer.Ordinal);
}

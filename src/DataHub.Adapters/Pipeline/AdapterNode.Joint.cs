using System.Globalization;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using DataHub.Core.Storage;

namespace DataHub.Adapters.Pipeline;

/// <summary>
/// 多地联办: what the city's system hands in for the whole becomes the messages of its parts, in the same commit and behind
/// the whole's own on the same link, so that the hub never sees a part before its whole.
/// </summary>
public sealed partial class AdapterNode
{
    private const string PartPrefix = "joint-";
    private const string PartFact = "part.";

    /// <summary>True for ids that this node gives to the messages of parts: a city's system may not take one of them.</summary>
    private bool IsPartId(string id) => id.StartsWith(PartPrefix + City + "-", StringComparison.Ordinal);

    /// <summary>The link number of the whole's message makes it unique, over all shards by the exchange number's rule.</summary>
    private string PartId(int shard, long number, int part) =>
        string.Create(CultureInfo.InvariantCulture, $"{PartPrefix}{City}-{shards.ExchangeNumber(number, shard)}-{part}");

    private void SplitApplication(AdapterStep step, int shard, long number, ExchangeRow row, JointApplication whole)
    {
        var opens = FlowCatalogue.OpenedBy(MessageTypes.ServiceSubmission)!;
        var parts = new Dictionary<string, string>(row.State.Facts, StringComparer.Ordinal);
        foreach (var part in whole.Parts)
        {
            var exchangeId = NewExchangeId(step, shard, step.Links[shard].Assigned + 1);
            var submission = JointSplit.Part(whole, part, row.State.ExchangeId, check.Catalogue);
            var id = PartId(shard, number, part.Number);
            step.Make(shard, id, exchangeId, submission);
            step.Put(Views.AfterSending(null, opens, exchangeId, City, submission, step.Now));
            step.Told.Add(id);
            parts[PartFact + part.Number.ToString(CultureInfo.InvariantCulture)] = exchangeId;
        }

        step.Put(row with { State = row.State with { Facts = parts } });
    }

    // What is decided already stays decided: those parts are left out as far as this city knows, and the hub refuses the rest.
    private async Task SplitWithdrawalAsync(AdapterStep step, int shard, long number, ExchangeRow row, CaseWithdrawal withdrawal, CancellationToken cancel)
    {
        var parts = row.State.Facts.Where(f => f.Key.StartsWith(PartFact, StringComparison.Ordinal)).OrderBy(f => f.Key, StringComparer.Ordinal).ToList();
        await step.LoadAsync([], [.. parts.Select(p => p.Value)], cancel);
        foreach (var (key, exchangeId) in parts)
        {
            if (step.Exchange(exchangeId) is not { State.Outcome: null, State.State: not Views.Refused })
                continue;
            var id = PartId(shard, number, int.Parse(key.AsSpan(PartFact.Length), NumberStyles.None, CultureInfo.InvariantCulture));
            step.Make(shard, id, exchangeId, withdrawal);
            step.Sent.Add((id, MessageTypes.CaseWithdrawal, withdrawal));
        }
    }
}

using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Contracts.Payloads;
using DataHub.Core.Errors;
using DataHub.Core.Journal;
using DataHub.Core.Storage;

namespace DataHub.Host.Api;

/// <summary>What a city may see of exchanges: only of those that its own node has, which are those it takes part in.</summary>
internal sealed class Exchanges(INodeStore store, HubShards shards, Receipts receipts)
{
    /// <summary>The state, as the hub has it; before the hub has taken the opening message in, as the city has it.</summary>
    public async Task<IResult> GetAsync(string city, string id, CancellationToken cancel)
    {
        if (await OfCityAsync(city, id, cancel) is not { } own)
            return Problems.Of(ReasonCodes.NotFound, "$");
        var row = (await store.ExchangesAsync(shards.NodeOf(id), [id], cancel)).GetValueOrDefault(id, own);
        var breaks = await store.BreaksAsync(id, openOnly: false, 100, cancel);
        return Results.Json(Answer(row, breaks));
    }

    public async Task<IResult> TimelineAsync(string city, string id, CancellationToken cancel)
    {
        if (await OfCityAsync(city, id, cancel) is null)
            return Problems.Of(ReasonCodes.NotFound, "$");
        List<TimelineEntry> entries = [];
        foreach (var row in await store.TimelineAsync(city, id, cancel))
        {
            if (row.Kind != EntryKind.Operator)
                entries.Add(await EntryAsync(city, row, cancel));
        }

        return Results.Json(new TimelineAnswer(id, entries));
    }

    private async Task<ExchangeRow?> OfCityAsync(string city, string id, CancellationToken cancel) =>
        EventFormat.IsExchangeId(id) ? (await store.ExchangesAsync(city, [id], cancel)).GetValueOrDefault(id) : null;

    private static ExchangeAnswer Answer(ExchangeRow row, List<BreakRow> breaks)
    {
        var state = row.State;
        return new ExchangeAnswer
        {
            ExchangeId = state.ExchangeId,
            Flow = state.Flow,
            Item = state.Item,
            SourceCity = state.SourceCity,
            TargetCity = state.TargetCity.Length == 0 ? null : state.TargetCity,
            State = state.State,
            Version = state.Version,
            OpenedAt = state.OpenedAt,
            ChangedAt = state.ChangedAt,
            Final = state.Final,
            Deadline = state.Clock is { } clock ? new DeadlineAnswer(clock.ResponsibleCity, clock.DueOn, clock.StoppedOn, row.NoticeStage >= 2, clock.CalendarComplete) : null,
            Outcome = state.Outcome is { } outcome ? new OutcomeAnswer(outcome.Code, outcome.AmountFen, outcome.Reference) : null,
            ReconciledAt = row.ReconciledAt,
            RefusedFor = row.RefusedFor?.Split(','),
            Breaks = [.. breaks.Select(b => new BreakAnswer(b.Code, b.OpenedAt, b.ClosedAt))],
        };
    }

    private async Task<TimelineEntry> EntryAsync(string city, JournalRow row, CancellationToken cancel)
    {
        // A refused input is whatever the city's system sent, not an event that was made of it.
        var e = row.Kind == EntryKind.Refused ? null : EventFormat.ReadElement(row.Body).Event;
        var receipt = row.Kind == EntryKind.Sent ? (await receipts.FindAsync(city, row.MessageId, row.ExchangeId, row.Sequence, cancel))?.Entry : null;
        return new TimelineEntry
        {
            MessageId = row.MessageId,
            Type = row.Type,
            Sender = row.Sender,
            Time = e?.Time ?? row.At,
            Direction = row.Kind switch
            {
                EntryKind.Sent => "sent",
                EntryKind.Refused => "refused",
                _ => "received",
            },
            Digest = e?.DataDigest,
            Verdict = row.Kind switch
            {
                EntryKind.Sent => receipt is null ? "pending" : Receipts.Name(receipt.Verdict),
                EntryKind.Refused => Receipts.Name(Verdict.Refused),
                EntryKind.Parked => Receipts.Name(Verdict.Parked),
                _ => Receipts.Name(Verdict.Accepted),
            },
            State = receipt?.State ?? e?.HubState,
            Reasons = row.Reasons is { } reasons ? ReasonList.Read(reasons) : receipt?.Reasons,
        };
    }
}

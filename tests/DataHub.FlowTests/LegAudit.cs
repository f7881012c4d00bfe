using System.Globalization;
using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Contracts.Payloads;
using DataHub.Core.Calendar;
using DataHub.Core.Flows;
using DataHub.Core.Journal;
using DataHub.Core.Statistics;
using DataHub.Core.Storage;
using DataHub.Core.Validation;

namespace DataHub.FlowTests;

/// <summary>
/// Counts the legs of all exchanges again, without the product's clock: from the journal, where each accepted message has
/// its moment and its receipt the state that it led to, and from what the definitions say of that state.
/// </summary>
internal static class LegAudit
{
    public static void Recount(StatisticDeltas counts, List<ExchangeRow> exchanges, List<JournalRow> journal, WorkingDayCalendar calendar)
    {
        var states = new Dictionary<(string Sender, string MessageId), string>();
        foreach (var row in journal.Where(r => r.Kind == EntryKind.Sent && r.Type == MessageTypes.HubReceipt))
        {
            var receipt = (HubReceipt)((ReadOutcome.Ok)PayloadReader.Read(row.Type, EventFormat.ReadElement(row.Body).Event!.Data.Span)).Payload;
            // The first says what the message led to; one for a repetition says how the exchange stood by then.
            foreach (var entry in receipt.Entries.Where(e => e.Verdict == Verdict.Accepted))
                states.TryAdd((receipt.City, entry.MessageId), entry.State ?? "");
        }

        var accepted = journal.Where(r => r.Kind == EntryKind.Received).ToLookup(r => r.ExchangeId, StringComparer.Ordinal);
        foreach (var exchange in exchanges)
        {
            var flow = (FlowCatalogue.Find(exchange.State.Flow, exchange.State.FlowVersion) ?? FlowCatalogue.Find(exchange.State.Flow))!;
            var (from, running) = ((FlowState?)null, (Running?)null);
            foreach (var row in accepted[exchange.State.ExchangeId])
            {
                var to = flow.State(states[(row.Sender, row.MessageId)])!;
                var today = WorkingDayCalendar.ShanghaiDate(row.At);
                var next = After(from, to, running, exchange.State, today, calendar);
                if (running is { } ended && next?.Leg != ended.Leg)
                    Count(counts, exchange.State, ended.Stop(today, calendar), row, today);
                (from, running) = (to, next);
            }
        }
    }

    private static Running? After(FlowState? from, FlowState to, Running? running, ExchangeState exchange, DateOnly today, WorkingDayCalendar calendar)
    {
        if (to.StopsClock)
            return running?.Stop(today, calendar);
        if (to.Leg is not { } leg)
            return null;
        if (running is { Since: null } standing && from is { StopsClock: true })
            return standing with { Since = today, DueOn = calendar.AddWorkingDays(today, Math.Max(0, standing.Left)).Date };
        if (running is not null && from?.Leg == leg)
            return running;
        return exchange.Facts.TryGetValue(leg.Term, out var text)
            ? new Running(leg, int.Parse(text, CultureInfo.InvariantCulture), 0, today, calendar.AddWorkingDays(today, int.Parse(text, CultureInfo.InvariantCulture)).Date, 0, today)
            : null;
    }

    private static void Count(StatisticDeltas counts, ExchangeState exchange, Running leg, JournalRow row, DateOnly today)
    {
        var responsible = leg.Leg.Responsible switch
        {
            Party.Source => row.Sender == exchange.SourceCity,
            Party.Target => row.Sender == exchange.TargetCity,
            _ => row.Sender != exchange.SourceCity,
        };
        if (!responsible)
            return;
        var term = leg.Leg.Term["term.".Length..^"-days".Length];
        counts.Add(new StatisticKey(Counters.Leg, (today.Year * 100) + today.Month, exchange.Flow, exchange.Item, exchange.SourceCity, exchange.TargetCity.Length > 0 ? exchange.TargetCity : row.Sender)
        {
            Detail = term,
            Variant = leg.Used <= leg.Allowed && leg.StoppedOn <= leg.DueOn ? "on-time" : "late",
            Bucket = Math.Min(leg.Used, 250),
        });
    }

    /// <param name="Since">Day on which it began to run; null while it stands still.</param>
    /// <param name="Left">Working days that were left when it stopped.</param>
    /// <param name="StoppedOn">Day on which it stopped.</param>
    private sealed record Running(Leg Leg, int Allowed, int Used, DateOnly? Since, DateOnly DueOn, int Left, DateOnly StoppedOn)
    {
        public Running Stop(DateOnly today, WorkingDayCalendar calendar) => Since is not { } since ? this : this with
        {
            Since = null,
            Used = Used + calendar.WorkingDaysBetween(since, today),
            Left = calendar.WorkingDaysBetween(today, DueOn),
            StoppedOn = today,
        };
    }
}

using System.Globalization;
using DataHub.Broker.Intake;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Calendar;
using DataHub.Core.Flows;
using DataHub.Core.Registry;
using DataHub.Core.Storage;

namespace DataHub.Broker.Deadlines;

/// <summary>
/// Tells both sides when a leg's deadline is near and when it has passed: once per leg and stage. A leg is late when its
/// due day has ended in Asia/Shanghai.
/// </summary>
internal sealed class DeadlineSweep(INodeStore store, RegistrySnapshot registry)
{
    /// <summary>Working days before the due day on which the warning goes out.</summary>
    private const int WarningDays = 2;

    private const int AtOnce = 200;

    public async Task ApplyAsync(HubStep step, CancellationToken cancel)
    {
        var today = WorkingDayCalendar.ShanghaiDate(step.Now);
        var breached = await store.DueAsync(step.Node, today.AddDays(-1), stageBelow: 2, AtOnce, cancel);
        var near = await store.DueAsync(step.Node, registry.Calendar.AddWorkingDays(today, WarningDays).Date, stageBelow: 1, AtOnce, cancel);
        await step.LoadAsync([], [.. breached.Concat(near).Select(r => r.State.ExchangeId)], cancel);
        foreach (var id in breached.Concat(near).Select(r => r.State.ExchangeId).Distinct(StringComparer.Ordinal))
        {
            // Read again through the step: an earlier work item of this group may have moved it on.
            if (step.Exchange(id) is { State.Clock: { StoppedOn: null } clock, State.Final: false } row)
                Notify(step, row, clock.DueOn < today ? DeadlineStage.Breach : DeadlineStage.Warning);
        }
    }

    private static void Notify(HubStep step, ExchangeRow row, DeadlineStage stage)
    {
        var number = stage == DeadlineStage.Breach ? 2 : 1;
        if (row.NoticeStage >= number)
            return;
        var clock = row.State.Clock!;
        var notice = new DeadlineNotice
        {
            Stage = stage,
            State = row.State.State,
            ResponsibleCity = clock.ResponsibleCity,
            DueOn = clock.DueOn,
            CalendarComplete = clock.CalendarComplete,
        };
        foreach (var city in new[] { row.State.SourceCity, row.State.TargetCity, clock.ResponsibleCity }.Where(c => c.Length > 0).Distinct(StringComparer.Ordinal))
        {
            var id = string.Create(CultureInfo.InvariantCulture, $"deadline-{row.State.ExchangeId}-{row.State.Version}-{number}-{city}");
            step.Make(city, id, row.State.ExchangeId, notice);
        }

        // A holder that has not acknowledged may be treating a patient by a wrong result: worked until it is closed.
        if (stage == DeadlineStage.Breach && row.State.Flow == RecognitionNoticeFlow.Code)
            step.Commit.Breaks.Add(new BreakChange.Opened(new BreakRow(row.State.ExchangeId, ReasonCodes.BreakUnacknowledgedCorrection, clock.ResponsibleCity, step.Now, null)));
        step.Put(row with { NoticeStage = number });
    }
}

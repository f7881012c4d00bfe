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
/// Tells both sides when a deadline is near, when it has passed, and again while nothing is done, each stage once
/// (<see cref="NoticePlan"/>). What is told and the stage reached are one commit, so a crash repeats nothing.
/// </summary>
internal sealed class DeadlineSweep(INodeStore store, RegistrySnapshot registry)
{
    /// <summary>Exchanges in one turn: with their notices well below what a group of the hub's loop may weigh.</summary>
    private const int AtOnce = 200;

    /// <returns>True where more may be waiting for the next turn.</returns>
    public async Task<bool> ApplyAsync(HubStep step, CancellationToken cancel)
    {
        var today = WorkingDayCalendar.ShanghaiDate(step.Now);
        var due = await store.DueAsync(step.Node, today, AtOnce, cancel);
        await step.LoadAsync([], [.. due.Select(r => r.State.ExchangeId)], cancel);
        foreach (var id in due.Select(r => r.State.ExchangeId))
        {
            // Read again through the step: an earlier work item of this group may have moved it on.
            if (step.Exchange(id) is not { NoticeOn: { } day } row || day > today)
                continue;
            if (await WithdrawnConsents.DueAsync(step, row, registry, cancel))
                continue;
            var stage = NoticePlan.Due(row.State, row.NoticeStage, today, registry);
            if (stage is { } reached)
                Tell(step, row, reached);
            step.Put(row with { NoticeStage = stage ?? row.NoticeStage, NoticeOn = NoticePlan.Next(row.State, stage ?? row.NoticeStage, registry) });
        }

        return due.Count == AtOnce;
    }

    private void Tell(HubStep step, ExchangeRow row, int stage)
    {
        var state = row.State;
        var deadline = Deadline.Of(state, registry.Calendar)!;
        var level = NoticePlan.LevelOf(stage);
        DeadlineNotices.Tell(step, state, deadline, level > 0 ? DeadlineStage.Breach : DeadlineStage.Warning, stage);

        // A holder that has not acknowledged may be treating a patient by a wrong result: worked until all have. With each that
        // does, another is responsible, so that the rest are told again and the break names them.
        if (level > 0 && state.Flow == RecognitionNoticeFlow.Code)
            Open(step, state, ReasonCodes.BreakUnacknowledgedCorrection, string.Join(' ', FactKeys.OpenHolders(state.Facts)));
        if (level >= registry.CaseRules(state.Item).BreakLevel)
            Open(step, state, ReasonCodes.BreakLegOverdue, string.Create(CultureInfo.InvariantCulture, $"{deadline.ResponsibleCity}: {state.State}, {deadline.DueOn:yyyy-MM-dd}, {level}"));
    }

    private static void Open(HubStep step, ExchangeState state, string code, string detail) =>
        step.Commit.Breaks.Add(new BreakChange.Opened(new BreakRow(state.ExchangeId, code, detail, step.Now, null)));
}

using DataHub.Broker.Intake;
using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Core.Messaging;
using DataHub.Core.Storage;
using DataHub.Core.Validation;

namespace DataHub.Broker.Operations;

/// <summary>
/// Works a parked message again. The parked row stays as evidence; what the operator did and why is a row of its own,
/// and the message, if it now takes effect, is forwarded like any other.
/// </summary>
internal static class ParkedReplay
{
    /// <summary>Carries a request out. Null where the journal says that it was carried out before.</summary>
    public static async Task<ReplayOutcome?> ApplyAsync(HubStep step, INodeStore store, FrameIntake intake, PayloadCheck check, ReplayRequest request, CancellationToken cancel)
    {
        if (await IsDoneAsync(step, request, cancel))
            return null;
        var row = await store.ParkedMessageAsync(step.Node, request.Number, cancel);
        // The table still names a row that an earlier replay of this group has dealt with.
        if (row is null || step.Commit.ParkedResolved.Contains(request.Number) || EventFormat.ReadElement(row.Body).Event is not { } e)
            return Close(step, request, ReplayOutcome.NothingParked, ReasonCodes.NotFound);

        // The message's age was checked when it came; that it waited here since is no fault of its sender.
        var (payload, invalid) = check.Read(e.Type, e.Data);
        var received = new ReceivedEvent { Raw = row.Body, Event = e, Payload = payload, Invalid = invalid };
        var outcome = await intake.ReplayAsync(step, received, request.Number, request.Entry(row, row.ExchangeId, step.Now), cancel);
        step.Commit.ParkedResolved.Add(request.Number);
        step.Commit.Replayed.Add((request.Id, outcome));
        return outcome;
    }

    /// <summary>Closes a request that could not be carried out for a fault of the hub's own; the message stays parked.</summary>
    public static async Task<ReplayOutcome?> GiveUpAsync(HubStep step, ReplayRequest request, CancellationToken cancel) =>
        await IsDoneAsync(step, request, cancel) ? null : Close(step, request, ReplayOutcome.Failed, ReasonCodes.InternalFault);

    private static async Task<bool> IsDoneAsync(HubStep step, ReplayRequest request, CancellationToken cancel)
    {
        await step.LoadAsync([request.JournalKey], [], cancel);
        return step.Known(request.JournalKey) is not null;
    }

    private static ReplayOutcome Close(HubStep step, ReplayRequest request, ReplayOutcome outcome, string obstacle)
    {
        step.Append(request.Entry(null, Nodes.NoExchange, step.Now, obstacle));
        step.Commit.Replayed.Add((request.Id, outcome));
        return outcome;
    }
}

using DataHub.Broker.Intake;
using DataHub.Contracts.Envelope;
using DataHub.Core.Journal;
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
    public static async Task<bool> ApplyAsync(HubStep step, INodeStore store, FrameIntake intake, PayloadCheck check, long journalNumber, string operatorName, string reason, CancellationToken cancel)
    {
        var row = (await store.ParkedAsync(step.Node, cancel)).Find(r => r.Number == journalNumber);
        // The table still names a row that an earlier replay of this group has dealt with.
        if (row is null || step.Commit.ParkedResolved.Contains(journalNumber) || EventFormat.ReadElement(row.Body).Event is not { } e)
            return false;

        // The message's age was checked when it came; that it waited here since is no fault of its sender.
        var (payload, invalid) = check.Read(e.Type, e.Data);
        await intake.ReplayAsync(step, new ReceivedEvent { Raw = row.Body, Event = e, Payload = payload, Invalid = invalid }, journalNumber, new JournalEntry
        {
            Kind = EntryKind.Operator,
            Key = $"operator:replay:{journalNumber}:{step.Now.UtcTicks}",
            MessageId = row.MessageId,
            Type = row.Type,
            ExchangeId = row.ExchangeId,
            Sender = operatorName,
            Sequence = 0,
            At = step.Now,
            Body = System.Text.Encoding.UTF8.GetBytes(reason),
        }, cancel);
        step.Commit.ParkedResolved.Add(journalNumber);
        return true;
    }
}

using DataHub.Contracts.Payloads;
using DataHub.Core.Native;

namespace DataHub.Adapters.Pipeline;

/// <summary>A row or a line as a city's tables or files held it.</summary>
/// <param name="Record">Null where it could not be read; <paramref name="Reasons"/> then says why.</param>
internal sealed record ReceivedRecord(NativeRecord? Record, IReadOnlyList<Reason> Reasons, ReadOnlyMemory<byte> Native);

/// <summary>Takes in what came in tables and files, many at once.</summary>
internal sealed class RecordIntake(NativeMapping mapping, IAdapterIntake intake, TimeProvider time)
{
    private const int AtOnce = 256;

    /// <summary>
    /// Answers every record, in the records' order. Records of one exchange are taken in one after the other, since a later
    /// step may need the earlier one; those of different exchanges side by side. A busy node is waited for.
    /// </summary>
    public async Task<SubmitAck[]> TakeInAsync(IReadOnlyList<ReceivedRecord> records, CancellationToken cancellationToken)
    {
        var acks = new SubmitAck[records.Count];
        var read = records.Select(record => record.Record is { } native
            ? mapping.ToCanonical(native)
            : new NativeReadOutcome.Refused(null, record.Reasons)).ToList();
        var groups = Enumerable.Range(0, records.Count).GroupBy(i => read[i] is NativeReadOutcome.Ok ok ? ok.Message.ExchangeId ?? ok.Message.MessageId : "");
        var options = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(groups, options, async (group, token) =>
        {
            foreach (var i in group)
                acks[i] = await TakeInAsync(read[i], records[i].Native, token);
        });
        return acks;
    }

    private async Task<SubmitAck> TakeInAsync(NativeReadOutcome read, ReadOnlyMemory<byte> native, CancellationToken cancellationToken)
    {
        switch (read)
        {
            case NativeReadOutcome.Refused refused:
                await intake.RefuseAsync(native, refused.MessageId, refused.Reasons, cancellationToken);
                return new SubmitAck(refused.MessageId, SubmitResult.Refused, null, refused.Reasons);
            case NativeReadOutcome.Ok { Message: var message }:
                var taken = new NativeIntake(message.MessageId, message.Type, message.ExchangeId, message.Data, native);
                while (true)
                {
                    switch (await intake.TakeInAsync(taken, cancellationToken))
                    {
                        case IntakeOutcome.Accepted accepted:
                            return new SubmitAck(
                                message.MessageId, accepted.Duplicate ? SubmitResult.Duplicate : SubmitResult.Accepted, accepted.ExchangeId, []);
                        case IntakeOutcome.Refused refused:
                            return new SubmitAck(message.MessageId, SubmitResult.Refused, message.ExchangeId, refused.Reasons);
                        case IntakeOutcome.Busy busy:
                            await Task.Delay(busy.RetryAfter, time, cancellationToken);
                            break;
                    }
                }

            default:
                throw new ArgumentOutOfRangeException(nameof(read));
        }
    }
}

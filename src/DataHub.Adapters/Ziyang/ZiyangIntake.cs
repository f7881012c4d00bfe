using System.Text;
using DataHub.Adapters.Pipeline;
using DataHub.Contracts.Payloads;
using DataHub.Core.Native;
using DataHub.Core.Native.Ziyang;
using Microsoft.Extensions.Logging;

namespace DataHub.Adapters.Ziyang;

/// <summary>
/// City to hub: takes in the files of <c>out/</c> in the order of their names, answers each in <c>ack/</c>, then moves it
/// away. A crash in between repeats the file: its rows are recognised as repetitions and the same answer is written again.
/// </summary>
internal sealed class ZiyangIntake(ZiyangFolders folders, CityAdapterContext context, ILogger log)
{
    /// <summary>The file itself is kept in <c>bad/</c>; the journal gets its beginning.</summary>
    private const int EvidenceBytes = 64 * 1024;

    private readonly RecordIntake _intake = new(context.Mapping, context.Intake, context.Time);

    public async Task<TimeSpan> LookAsync(CancellationToken cancellationToken)
    {
        folders.DropStaleMarkers(folders.Out);
        var names = folders.Out.Ready();
        foreach (var name in names)
            await TakeInAsync(name, cancellationToken);
        return names.Count > 0 ? TimeSpan.Zero : context.Endpoint.PollInterval;
    }

    private async Task TakeInAsync(string name, CancellationToken cancellationToken)
    {
        var content = await folders.Out.ReadAsync(name, ZiyangFormat.MaxBytes + 1, cancellationToken);
        SubmitAck[] acks;
        DropFolder target;
        switch (folders.MessageFormat.Read(content))
        {
            case ZiyangReadOutcome.Ok { Rows: var rows }:
                acks = await _intake.TakeInAsync([.. rows.Select(row => new ReceivedRecord(row.Record, row.Reasons, row.Native))], cancellationToken);
                target = folders.Done;
                break;
            case ZiyangReadOutcome.Refused { Reasons: var reasons }:
                // Without its name, which the city chose: it stands in the folder of bad files with its reasons.
                log.LogWarning("A file of {City} is refused: {Codes}", context.City.Key, string.Join(", ", reasons.Select(reason => reason.Code)));
                await context.Intake.RefuseAsync(content.AsMemory(0, Math.Min(content.Length, EvidenceBytes)), null, reasons, cancellationToken);
                acks = [new SubmitAck(null, SubmitResult.Refused, null, reasons)];
                target = folders.Bad;
                await target.WriteAsync(name + ".reason.txt", Note(reasons), cancellationToken);
                break;
            default:
                throw new InvalidOperationException();
        }

        var answer = folders.SubmitAckFormat.Write([.. acks.Select(context.Mapping.Acks.ToNative)]);
        await folders.Ack.PublishAsync(ZiyangFolders.AckName(name, content), answer, cancellationToken);
        if (target.Contains(name))
            log.LogWarning("A file name of {City} is used again", context.City.Key);
        ZiyangFolders.PutAway(folders.Out, target, name, content);
    }

    private static byte[] Note(IReadOnlyList<Reason> reasons)
    {
        var text = new StringBuilder();
        foreach (var reason in reasons)
            text.Append(reason.Code).Append(' ').Append(reason.Path).Append(' ').Append(reason.Message).Append("\r\n");
        return Gb18030.Strict.GetBytes(text.ToString());
    }
}

using DataHub.Core.Native;
using DataHub.Core.Native.Ziyang;
using Microsoft.Extensions.Logging;

namespace DataHub.Simulators.Ziyang;

/// <summary>Ziyang's side of the drop folders: writes <c>out/</c>, works off <c>in/</c>.</summary>
public sealed class ZiyangFrontEnd : INativePort
{
    private const string Submissions = "SB_";
    private static readonly TimeSpan OnFault = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(200);

    private readonly NativeMapping _mapping;
    private readonly TimeSpan _poll;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly ZiyangFolders _folders;
    private readonly ZiyangCalls<PortOutcome> _calls;

    /// <param name="root">The drop folders' root, made where it is missing.</param>
    /// <param name="poll">Pause between two looks when nothing was found.</param>
    public ZiyangFrontEnd(string root, NativeMapping mapping, TimeSpan poll, TimeProvider time, ILogger log)
    {
        (_mapping, _poll, _time, _log) = (mapping, poll, time, log);
        _folders = new ZiyangFolders(root, mapping);
        _calls = new ZiyangCalls<PortOutcome>(
            _folders, _folders.Out, _folders.Ack, _folders.SubmitAckFormat, ReadAnswer, outcome => outcome is not PortOutcome.Retry, poll, time, log);
    }

    public Task<PortOutcome> SendAsync(OutgoingNative message, CancellationToken cancellationToken) =>
        CityHandlers.Compose(_mapping, message, out var refused) is { } record
            ? PatientlyAsync(token => _calls.AskAsync(message.MessageId, new ZiyangPosting(Submissions, _folders.MessageFormat, record), token), cancellationToken)
            : Task.FromResult(refused);

    /// <param name="sample">A whole file of one row with its trailer, in GB18030.</param>
    public Task<PortOutcome> SendRawAsync(string messageId, ReadOnlyMemory<byte> sample, CancellationToken cancellationToken) =>
        PatientlyAsync(token => _calls.AskWithFileAsync(messageId, Submissions, sample, token), cancellationToken);

    /// <summary>Runs until cancelled.</summary>
    public Task RunAsync(CityHandlers city, CancellationToken cancellationToken) => Task.WhenAll(
        _calls.RunAsync(OnFault, cancellationToken),
        Poller.RunAsync(token => LookAsync(city, token), OnFault, _log, _time, cancellationToken));

    private async Task<PortOutcome> PatientlyAsync(Func<CancellationToken, Task<PortOutcome>> send, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Patience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            return await send(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new PortOutcome.Retry(RetryAfter);
        }
    }

    private PortOutcome ReadAnswer(ZiyangRow row)
    {
        var faults = row.Reasons;
        var ack = row.Record is { } record ? _mapping.Acks.SubmitFromNative(record, out faults) : null;
        return CityHandlers.Outcome(ack, faults, RetryAfter);
    }

    private async Task<TimeSpan> LookAsync(CityHandlers city, CancellationToken cancellationToken)
    {
        _folders.DropStaleMarkers(_folders.In);
        var pause = _poll;
        foreach (var name in _folders.In.Ready())
        {
            if (await WorkOffAsync(name, city, cancellationToken))
                pause = TimeSpan.Zero;
        }

        return pause;
    }

    private async Task<bool> WorkOffAsync(string name, CityHandlers city, CancellationToken cancellationToken)
    {
        var content = await _folders.In.ReadAsync(name, ZiyangFormat.MaxBytes + 1, cancellationToken);
        var notice = name.StartsWith(ZiyangFolders.Notices, StringComparison.Ordinal);
        if ((notice ? _folders.SubmitAckFormat : _folders.MessageFormat).Read(content) is not ZiyangReadOutcome.Ok { Rows: var rows })
        {
            _log.LogWarning("File {Name} from the hub cannot be read and is set aside", name);
            ZiyangFolders.PutAway(_folders.In, _folders.Bad, name, content);
            return true;
        }

        var acks = await CityHandlers.HandleAllAsync(
            rows,
            row => row.Record?.Text("办件编号") ?? "",
            (row, token) => notice ? city.HandleRefusalAsync(_mapping, row.Record, row.Reasons, token) : city.HandleAsync(_mapping, row.Record, row.Reasons, token),
            cancellationToken);
        // A system that is down answers nothing; one that failed for some rows asks for those again.
        if (acks.All(ack => ack.Result == HeldResult.Busy))
            return false;
        await _folders.InAck.PublishAsync(ZiyangFolders.AckName(name, content), _folders.HeldAckFormat.Write([.. acks.Select(_mapping.Acks.ToNative)]), cancellationToken);
        ZiyangFolders.PutAway(_folders.In, _folders.Done, name, content);
        return true;
    }
}

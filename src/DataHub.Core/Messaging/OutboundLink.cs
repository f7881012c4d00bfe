using System.Buffers;
using DataHub.Contracts;
using DataHub.Contracts.Envelope;
using DataHub.Contracts.Payloads;
using DataHub.Core.Signing;
using DataHub.Core.Storage;
using DataHub.Core.Telemetry;
using DataHub.Core.Validation;
using Microsoft.Extensions.Logging;

namespace DataHub.Core.Messaging;

/// <summary>Bounds of a link. The defaults suit two cores; docs/design/links.md gives the reasons.</summary>
public sealed record LinkOptions
{
    /// <summary>Events in one frame.</summary>
    public int FrameCount { get; init; } = 256;

    /// <summary>Bytes in one frame.</summary>
    public int FrameBytes { get; init; } = 1024 * 1024;

    /// <summary>Events sent but not yet held by the peer; beyond it the link waits.</summary>
    public int Window { get; init; } = 2048;

    /// <summary>Committed events kept in memory for sending; beyond it they are read back from the journal.</summary>
    public int Buffered { get; init; } = 2048;

    /// <summary>Without progress for this long, everything the peer does not hold is sent again, in order.</summary>
    public TimeSpan ResendAfter { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Upper bound of the wait between re-sends; each fruitless one doubles it.</summary>
    public TimeSpan ResendAtMost { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>
/// The sending side of the link from one node to another. What was committed is sent in order and stays in the
/// <c>outgoing</c> table until the peer says that it holds it; loss of a frame, of either process or of the bus's memory
/// only means that it is sent again. Delivery is at least once; the receiver's numbering makes it exactly once.
/// </summary>
#pragma warning disable CA1001 // A semaphore without a wait handle holds nothing that needs disposing; the link lives as long as its node.
public sealed class OutboundLink(string node, string peer, string queue, INodeStore store, IFrameBus bus, TimeProvider time, ILogger log, LinkOptions options)
#pragma warning restore CA1001
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    private readonly Lock gate = new();
    private readonly Queue<OutgoingMessage> buffered = new();
    private readonly ArrayBufferWriter<byte> frame = new(16 * 1024);
    private readonly SemaphoreSlim wake = new(0, 1);
    private readonly WaitingSince unconfirmed = new(time);
    private long assigned;
    private long acknowledged;
    private long forgotten;
    private long sentUpTo;
    private long owed;
    private long told;
    private bool tellNow;
    private long urgentUpTo;
    private long? waitingSince;
    private long lastMoveAt;
    private int fruitless;

    public string Peer => peer;

    /// <summary>Number of the last committed message.</summary>
    public long Assigned => Interlocked.Read(ref assigned);

    /// <summary>Messages that the peer does not hold yet.</summary>
    public long Backlog => Interlocked.Read(ref assigned) - Interlocked.Read(ref acknowledged);

    /// <summary>How long the oldest message that the peer does not hold has waited, as far as this process knows.</summary>
    public TimeSpan Oldest
    {
        get
        {
            lock (gate)
                return unconfirmed.Oldest;
        }
    }

    /// <summary>Takes up where the store stands: everything the peer does not hold will be sent.</summary>
    public async Task LoadAsync(CancellationToken cancel)
    {
        var state = await store.LinkAsync(node, peer, cancel);
        lock (gate)
        {
            buffered.Clear();
            assigned = state.Sent;
            acknowledged = forgotten = sentUpTo = state.Acknowledged;
            owed = state.Received;
            tellNow = state.Received > 0;
            urgentUpTo = state.Sent;
            waitingSince = null;
            unconfirmed.Reset(state.Sent > state.Acknowledged ? state.Sent : null);
        }

        Wake();
    }

    /// <summary>Hands over messages that were just committed, numbered from <see cref="Assigned"/> + 1.</summary>
    public void Offer(IReadOnlyList<OutgoingMessage> committed)
    {
        ArgumentNullException.ThrowIfNull(committed);
        if (committed.Count == 0)
            return;
        lock (gate)
        {
            foreach (var message in committed)
            {
                if (!message.CanWait)
                    urgentUpTo = message.LinkSequence;
                // What does not fit is read back from the journal when its turn comes; what follows a gap must not be buffered.
                if (buffered.Count < options.Buffered && (buffered.Count > 0 || sentUpTo == message.LinkSequence - 1))
                    buffered.Enqueue(message);
                assigned = message.LinkSequence;
            }

            unconfirmed.Add(assigned);
            WaitFrom();
        }

        Wake();
    }

    /// <summary>The peer holds everything up to this number.</summary>
    public void OnProgress(long upTo)
    {
        lock (gate)
        {
            // A peer that tells what it has told before is there and misses something: a re-send is no longer in vain.
            if (upTo == acknowledged)
                fruitless = 0;
            if (upTo <= acknowledged || upTo > assigned)
                return;
            acknowledged = upTo;
            unconfirmed.Remove(upTo);
            sentUpTo = Math.Max(sentUpTo, upTo);
            while (buffered.TryPeek(out var head) && head.LinkSequence <= upTo)
                buffered.Dequeue();
            fruitless = 0;
            lastMoveAt = time.GetTimestamp();
        }

        Wake();
    }

    /// <summary>
    /// We hold the peer's messages up to this number, durably: tell it. At once where it might otherwise have to wait,
    /// or where it sent again what we hold: it does not know.
    /// </summary>
    public void Tell(long received)
    {
        lock (gate)
        {
            tellNow = tellNow || received <= told || received - told >= options.Window / 4;
            owed = Math.Max(owed, received);
            WaitFrom();
        }

        Wake();
    }

    /// <summary>A number up to which rows can be forgotten with the node's next commit; null when there is nothing new.</summary>
    public long? TakeAcknowledged()
    {
        lock (gate)
        {
            if (acknowledged <= forgotten)
                return null;
            forgotten = acknowledged;
            return forgotten;
        }
    }

    /// <summary>Sends until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        KeyValuePair<string, object?>[] tags = [new("node", node), new("peer", peer)];
        using var backlog = Gauges.LinkBacklog.Watch(() => Backlog, tags);
        using var age = Gauges.LinkAge.Watch(() => Oldest.TotalSeconds, tags);
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await wake.WaitAsync(UntilNextLook(), cancel);
                GoBackIfStuck();
                while (IsTime() && await NextFrameAsync(cancel) is { } frame)
                    await bus.SendAsync(queue, frame, cancel);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // Nothing is lost: the rows are still there. Start again from what the peer is known to hold.
                log.LogWarning("Sending from {Node} to {Peer} failed ({Fault}); it is tried again.", node, peer, e.GetType().Name);
                GoBack();
                await Task.Delay(TimeSpan.FromMilliseconds(250), time, cancel).ContinueWith(static _ => { }, TaskScheduler.Default);
            }
        }
    }

    private void WaitFrom()
    {
        waitingSince ??= time.GetTimestamp();
    }

    // True where something urgent is to be sent, or something has waited long enough.
    private bool IsTime()
    {
        lock (gate)
            return tellNow || sentUpTo < urgentUpTo || (waitingSince is { } since && time.GetElapsedTime(since) >= Urgency.WaitsAtMost);
    }

    private TimeSpan UntilNextLook()
    {
        lock (gate)
        {
            if (waitingSince is not { } since || sentUpTo < urgentUpTo)
                return Look;
            var left = Urgency.WaitsAtMost - time.GetElapsedTime(since);
            // Timers ring by the millisecond: not a moment too early, or this would be asked many times.
            return left <= TimeSpan.Zero ? TimeSpan.Zero : left + TimeSpan.FromMilliseconds(1);
        }
    }

    private async Task<byte[]?> NextFrameAsync(CancellationToken cancel)
    {
        long readAfter;
        lock (gate)
        {
            waitingSince = null;
            if (sentUpTo < assigned && sentUpTo - acknowledged < options.Window && !Contiguous())
                readAfter = sentUpTo;
            else
                return Compose(buffered);
        }

        var rows = await store.OutgoingAsync(node, peer, readAfter, options.FrameCount, cancel);
        lock (gate)
        {
            if (sentUpTo != readAfter)
                return Compose(buffered);
            if (rows.Count > 0 && rows[0].LinkSequence != readAfter + 1)
            {
                // The rows are gone although no progress was heard: the peer holds them and the store knows.
                acknowledged = sentUpTo = rows[0].LinkSequence - 1;
                unconfirmed.Remove(acknowledged);
            }

            return Compose(new Queue<OutgoingMessage>(rows));
        }
    }

    private bool Contiguous()
    {
        while (buffered.TryPeek(out var head) && head.LinkSequence <= sentUpTo)
            buffered.Dequeue();
        if (buffered.TryPeek(out var next) && next.LinkSequence == sentUpTo + 1)
            return true;
        buffered.Clear();
        return false;
    }

    private byte[]? Compose(Queue<OutgoingMessage> messages)
    {
        frame.ResetWrittenCount();
        frame.Write("["u8);
        if (tellNow || owed > told)
        {
            frame.Write(EventFormat.Write(ProgressEvent(owed)));
            told = owed;
            tellNow = false;
        }

        var count = 0;
        var nothingUnderWay = sentUpTo == acknowledged;
        while (count < options.FrameCount && sentUpTo - acknowledged < options.Window && messages.TryPeek(out var next)
               && next.LinkSequence == sentUpTo + 1 && (count == 0 || frame.WrittenCount + next.Body.Length < options.FrameBytes))
        {
            messages.Dequeue();
            if (frame.WrittenCount > 1)
                frame.Write(","u8);
            if (HubShards.IsHub(node))
                EventFormat.WriteForwarded(frame, next.Body.Span, next.LinkSequence, next.HubState, next.HubVersion, next.Flow);
            else
                frame.Write(next.Body.Span);
            sentUpTo = next.LinkSequence;
            count++;
        }

        // What is left did not fit: it goes as soon as there is room.
        if (sentUpTo < assigned)
            urgentUpTo = assigned;
        if (frame.WrittenCount == 1)
            return null;
        // The wait for progress begins with the first that is under way: traffic behind a lost frame must not put it off.
        if (count > 0 && nothingUnderWay)
            lastMoveAt = time.GetTimestamp();
        frame.Write("]"u8);
        return frame.WrittenSpan.ToArray();
    }

    private void GoBackIfStuck()
    {
        lock (gate)
        {
            if (sentUpTo == acknowledged || lastMoveAt == 0)
                return;
            var wait = options.ResendAfter * Math.Pow(2, Math.Min(fruitless, 6));
            if (time.GetElapsedTime(lastMoveAt) < (wait < options.ResendAtMost ? wait : options.ResendAtMost))
                return;
            fruitless++;
        }

        log.LogInformation("{Peer} has not confirmed what {Node} sent; it is sent again.", peer, node);
        NodeMetrics.Resent(node, peer);
        GoBack();
    }

    private void GoBack()
    {
        lock (gate)
        {
            buffered.Clear();
            sentUpTo = acknowledged;
            urgentUpTo = assigned;
            tellNow = tellNow || owed > 0;
            lastMoveAt = time.GetTimestamp();
        }
    }

    private CloudEvent ProgressEvent(long upTo)
    {
        var data = PayloadReader.Write(new LinkProgress { UpTo = upTo });
        return new CloudEvent
        {
            Id = "progress-" + upTo.ToString(System.Globalization.CultureInfo.InvariantCulture),
            Source = "/nodes/" + node,
            Type = MessageTypes.LinkProgress,
            Time = time.GetUtcNow(),
            ExchangeId = Nodes.NoExchange,
            Sequence = 1,
            SenderCity = HubShards.IsHub(node) ? Nodes.Hub : node,
            DataDigest = SignedText.DigestOf(data),
            Data = data,
        };
    }

    private void Wake()
    {
        try
        {
            if (wake.CurrentCount == 0)
                wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // Someone else woke it at the same moment: that is enough.
        }
    }
}

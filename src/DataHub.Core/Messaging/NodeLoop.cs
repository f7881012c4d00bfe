using System.Threading.Channels;
using DataHub.Core.Storage;
using Microsoft.Extensions.Logging;

namespace DataHub.Core.Messaging;

/// <summary>
/// A node's single thread of decision: takes all work that waits (up to a bound) as one group, so that the group is one
/// commit. While the store is unavailable nothing is taken in, and the node says so.
/// </summary>
/// <typeparam name="T">A unit of work. Those that take part in a failed group are told by <paramref name="fail"/>.</typeparam>
/// <param name="capacity">Work that may wait; beyond it <see cref="TryPost"/> is false and <see cref="PostAsync"/> waits.</param>
/// <param name="groupWeight">A group is closed when its weight (events) reaches this.</param>
/// <param name="weight">Weight of a unit of work.</param>
/// <param name="canWait">True for work that may wait a moment for other work (<see cref="Urgency"/>); it keeps its place.</param>
/// <param name="process">Decides and commits a group. Throws <see cref="StoreUnavailableException"/> when it could not be committed.</param>
/// <param name="fail">Tells the owner of a unit of work that it was not done.</param>
/// <param name="reload">Brings the node's memory back to what the store holds.</param>
#pragma warning disable CA1001 // A semaphore without a wait handle holds nothing that needs disposing; the loop lives as long as its node.
public sealed class NodeLoop<T>(int capacity, int groupWeight, Func<T, int> weight, Func<T, bool> canWait, Func<List<T>, CancellationToken, Task> process,
    Action<T, Exception> fail, Func<CancellationToken, Task> reload, TimeProvider time, ILogger log)
#pragma warning restore CA1001
{
    /// <summary>A group waits no longer than this for company.</summary>
    private static readonly TimeSpan GatherAtMost = TimeSpan.FromMilliseconds(20);

    private readonly Channel<T> channel = Channel.CreateBounded<T>(new BoundedChannelOptions(capacity) { SingleReader = true });
    private readonly SemaphoreSlim hurry = new(0, 1);
    private volatile bool storeAvailable = true;
    private long urgent;
    private TimeSpan lastTook;
    private long lastEnd;

    /// <summary>False while the journal cannot be written.</summary>
    public bool StoreAvailable => storeAvailable;

    public bool TryPost(T work)
    {
        if (!storeAvailable || !channel.Writer.TryWrite(work))
            return false;
        Hurry(work);
        return true;
    }

    /// <exception cref="OperationCanceledException">Cancelled, or the loop has ended: the work was not taken.</exception>
    public async ValueTask PostAsync(T work, CancellationToken cancel)
    {
        try
        {
            await channel.Writer.WriteAsync(work, cancel);
            Hurry(work);
        }
        catch (ChannelClosedException closed)
        {
            throw new OperationCanceledException("The node has stopped.", closed);
        }
    }

    /// <summary>Works until cancelled.</summary>
    /// <exception cref="LeaseLostException">Another process has taken the node over; nothing more is done here.</exception>
    public async Task RunAsync(CancellationToken cancel)
    {
        var group = new List<T>();
        var sum = 0;
        try
        {
            while (await channel.Reader.WaitToReadAsync(cancel))
            {
                if (sum < groupWeight / 2)
                    await GatherAsync(cancel);
                group.Clear();
                sum = 0;
                while (sum < groupWeight && channel.Reader.TryRead(out var work))
                {
                    group.Add(work);
                    sum += weight(work);
                    if (!canWait(work))
                        Interlocked.Decrement(ref urgent);
                }

                await ProcessAsync(group, cancel);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // Shutting down: what waits is told below; senders send it again after the next start.
        }
        finally
        {
            storeAvailable = false;
            channel.Writer.TryComplete();
            while (channel.Reader.TryRead(out var left))
                fail(left, new OperationCanceledException(cancel));
        }
    }

    private void Hurry(T work)
    {
        if (canWait(work))
            return;
        Interlocked.Increment(ref urgent);
        lock (hurry)
        {
            if (hurry.CurrentCount == 0)
                hurry.Release();
        }
    }

    /// <summary>
    /// A commit costs nearly the same however much is in it. So as long as the last one took, the next gathers what comes:
    /// nothing to speak of on an idle machine, and the busier the machine the fewer and the larger the commits.
    /// </summary>
    private async Task GatherAsync(CancellationToken cancel)
    {
        var gather = (lastTook < GatherAtMost ? lastTook : GatherAtMost) - time.GetElapsedTime(lastEnd);
        if (gather > TimeSpan.FromMilliseconds(1))
            await Task.Delay(gather, time, cancel);
        // An old signal only lets it look once more.
        while (Interlocked.Read(ref urgent) <= 0 && await hurry.WaitAsync(Urgency.WaitsAtMost, cancel))
        {
        }
    }

    private async Task ProcessAsync(List<T> group, CancellationToken cancel)
    {
        var begin = time.GetTimestamp();
        try
        {
            await process(group, cancel);
            (lastEnd, lastTook) = (time.GetTimestamp(), time.GetElapsedTime(begin));
        }
        catch (Exception e)
        {
            foreach (var work in group)
                fail(work, e);
            if (e is LeaseLostException || (e is OperationCanceledException && cancel.IsCancellationRequested))
                throw;
            if (e is not StoreUnavailableException)
            {
                // Type and place only: the message may quote what was worked on.
                log.LogError("A group of work failed and was not committed: {Fault} {Place}", e.GetType().FullName, e.StackTrace);
            }
            await RecoverAsync(e, cancel);
        }
    }

    private async Task RecoverAsync(Exception cause, CancellationToken cancel)
    {
        storeAvailable = false;
        log.LogError("The journal cannot be used ({Fault}); nothing is taken in until it can.", (cause.InnerException ?? cause).GetType().Name);
        while (true)
        {
            try
            {
                await reload(cancel);
                storeAvailable = true;
                return;
            }
            catch (StoreUnavailableException)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), time, cancel);
            }
        }
    }
}

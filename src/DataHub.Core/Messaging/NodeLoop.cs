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
/// <param name="process">Decides and commits a group. Throws <see cref="StoreUnavailableException"/> when it could not be committed.</param>
/// <param name="fail">Tells the owner of a unit of work that it was not done.</param>
/// <param name="reload">Brings the node's memory back to what the store holds.</param>
public sealed class NodeLoop<T>(int capacity, int groupWeight, Func<T, int> weight, Func<List<T>, CancellationToken, Task> process,
    Action<T, Exception> fail, Func<CancellationToken, Task> reload, TimeProvider time, ILogger log)
{
    private readonly Channel<T> channel = Channel.CreateBounded<T>(new BoundedChannelOptions(capacity) { SingleReader = true });
    private volatile bool storeAvailable = true;

    /// <summary>False while the journal cannot be written.</summary>
    public bool StoreAvailable => storeAvailable;

    public bool TryPost(T work) => storeAvailable && channel.Writer.TryWrite(work);

    /// <exception cref="OperationCanceledException">Cancelled, or the loop has ended: the work was not taken.</exception>
    public async ValueTask PostAsync(T work, CancellationToken cancel)
    {
        try
        {
            await channel.Writer.WriteAsync(work, cancel);
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
        try
        {
            while (await channel.Reader.WaitToReadAsync(cancel))
            {
                group.Clear();
                var sum = 0;
                while (sum < groupWeight && channel.Reader.TryRead(out var work))
                {
                    group.Add(work);
                    sum += weight(work);
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

    private async Task ProcessAsync(List<T> group, CancellationToken cancel)
    {
        try
        {
            await process(group, cancel);
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

namespace DataHub.Core.Messaging;

/// <summary>
/// Puts the frames of one link back into the order of their numbers. The bus runs several handlers side by side, so a
/// later frame may be ready before an earlier one; applied as they come, the later one would be a gap, dropped and sent
/// again only after seconds. A frame waits for the one before it, but only for a moment: where that was lost, it goes on and
/// the node sees the gap.
/// </summary>
public sealed class FrameOrder(TimeProvider time)
{
    /// <summary>How long a frame waits for the one before it, which is normally in another handler's hands already.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Lock gate = new();
    private readonly List<(long First, TaskCompletionSource Turn)> waiting = [];
    private long next = 1;
    private bool lost;

    /// <summary>The node holds everything up to this number and no more.</summary>
    public void Reset(long received)
    {
        lock (gate)
        {
            next = received + 1;
            lost = false;
            Release();
        }
    }

    /// <summary>Hands a frame with these numbers to the node when it is its turn.</summary>
    public async Task PostAsync(long first, long last, Func<ValueTask> post, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(post);
        await TurnAsync(first, cancel);
        await post();
        lock (gate)
        {
            if (first > next)
                return;
            next = Math.Max(next, last + 1);
            lost = false;
            Release();
        }
    }

    private async Task TurnAsync(long first, CancellationToken cancel)
    {
        var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            // Behind a loss nothing waits: everything up to the re-sent frame is a gap anyhow, and would only keep it waiting.
            if (first <= next || lost)
                return;
            waiting.Add((first, turn));
        }

        try
        {
            await turn.Task.WaitAsync(Patience, time, cancel);
        }
        catch (TimeoutException)
        {
            lock (gate)
                lost = first > next;
        }
        finally
        {
            lock (gate)
                waiting.RemoveAll(w => w.Turn == turn);
        }
    }

    private void Release()
    {
        foreach (var (_, turn) in waiting.Where(w => w.First <= next))
            turn.TrySetResult();
    }
}

namespace DataHub.Bench;

/// <summary>
/// What the cities of a run saw, by case number: a few bytes per case, so that the load does not hide the hub's own
/// memory. Times are timestamps of the clock.
/// </summary>
internal sealed class Tracker(int cases, TimeProvider time)
{
    private readonly int[] takenByTarget = new int[cases];
    private readonly int[] heldBySource = new int[cases];
    private readonly TaskCompletionSource?[] waiting = new TaskCompletionSource?[cases];
    private readonly TaskCompletionSource<string> failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int held;
    private int busy;
    private int repeatedDeliveries;

    /// <summary>When the case was to be handed in, whether or not it could be then.</summary>
    public long[] Intended { get; } = new long[cases];

    /// <summary>When the source's system held the decision; 0 until then.</summary>
    public long[] HeldAt { get; } = new long[cases];

    public string?[] ExchangeIds { get; } = new string?[cases];

    public int Held => Volatile.Read(ref held);

    /// <summary>Times a node asked the load to come again.</summary>
    public int BusyAnswers => Volatile.Read(ref busy);

    /// <summary>Deliveries that a city's system recognised as repetitions: allowed, as long as they have no second effect.</summary>
    public int RepeatedDeliveries => Volatile.Read(ref repeatedDeliveries);

    /// <summary>Completes with the reason when something happened that makes the run worthless.</summary>
    public Task<string> Failed => failed.Task;

    public void Fail(string why) => failed.TrySetResult(why);

    public void Busy() => Interlocked.Increment(ref busy);

    /// <summary>Waits until the source holds the decision of a case. Call before the case is handed in.</summary>
    public Task HeldAsync(int number)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        waiting[number] = done;
        return done.Task;
    }

    /// <summary>True the first time: the case has its effect at the target.</summary>
    public bool TargetTook(int number) => First(takenByTarget, number);

    public void SourceHeld(int number)
    {
        if (!First(heldBySource, number))
            return;
        HeldAt[number] = time.GetTimestamp();
        Interlocked.Increment(ref held);
        Interlocked.Exchange(ref waiting[number], null)?.TrySetResult();
    }

    /// <summary>Cases that had no effect at the target or whose decision the source does not hold.</summary>
    public int Unfinished(int count) => Enumerable.Range(0, count).Count(i => takenByTarget[i] == 0 || heldBySource[i] == 0);

    private bool First(int[] marks, int number)
    {
        if (Interlocked.Increment(ref marks[number]) == 1)
            return true;
        Interlocked.Increment(ref repeatedDeliveries);
        return false;
    }
}

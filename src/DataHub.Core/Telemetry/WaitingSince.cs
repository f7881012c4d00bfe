namespace DataHub.Core.Telemetry;

/// <summary>
/// Since when the oldest of a row of numbered messages has waited, without a time per message: messages that come within a
/// second, or within a small part of the longest wait, share one. Not safe for several threads.
/// </summary>
public sealed class WaitingSince(TimeProvider time)
{
    /// <summary>The answer may be too great by this part, and no more.</summary>
    private const int Part = 64;

    private static readonly TimeSpan AtLeast = TimeSpan.FromSeconds(1);

    private readonly List<(long UpTo, long At)> marks = [];

    /// <summary>How long the oldest has waited; zero where none waits.</summary>
    public TimeSpan Oldest => marks.Count == 0 ? TimeSpan.Zero : time.GetElapsedTime(marks[0].At);

    /// <summary>Moments that are kept.</summary>
    public int Marks => marks.Count;

    /// <summary>Messages up to this number wait.</summary>
    public void Add(long upTo)
    {
        var now = time.GetTimestamp();
        if (marks.Count > 0)
        {
            var share = time.GetElapsedTime(marks[0].At, now) / Part;
            if (time.GetElapsedTime(marks[^1].At, now) < (share > AtLeast ? share : AtLeast))
            {
                marks[^1] = marks[^1] with { UpTo = upTo };
                return;
            }
        }

        marks.Add((upTo, now));
    }

    /// <summary>Messages up to this number wait no more.</summary>
    public void Remove(long upTo)
    {
        var gone = 0;
        while (gone < marks.Count && marks[gone].UpTo <= upTo)
            gone++;
        marks.RemoveRange(0, gone);
    }

    /// <summary>Begins anew: messages up to a number wait from now on, or none.</summary>
    public void Reset(long? upTo)
    {
        marks.Clear();
        if (upTo is { } number)
            Add(number);
    }
}

using System.Collections.Concurrent;
using System.Threading.Channels;

namespace DataHub.Core.Native;

/// <summary>
/// Many callers, each waiting for its own answer; one loop that takes what they ask in groups, so that a file or a
/// transaction carries many. For interfaces whose answer comes later by another way (tables, folders).
/// </summary>
public sealed class GroupedCalls<TItem, TAnswer>(int capacity)
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource<TAnswer>> _waiting = new(StringComparer.Ordinal);
    private readonly Channel<(string Key, TItem Item)> _asked = Channel.CreateBounded<(string, TItem)>(capacity);

    /// <summary>True while someone waits: the answering side is then worth looking at often.</summary>
    public bool AnyWaiting => !_waiting.IsEmpty;

    /// <summary>Whose answers are still to come.</summary>
    public IReadOnlyCollection<string> WaitingKeys => [.. _waiting.Keys];

    /// <summary>Waits until the answer comes or the caller gives up; giving up takes nothing back that was handed over.</summary>
    public async Task<TAnswer> AskAsync(string key, TItem item, CancellationToken cancellationToken)
    {
        var answer = AwaitAsync(key, cancellationToken);
        await _asked.Writer.WriteAsync((key, item), cancellationToken);
        return await answer;
    }

    /// <summary>Waits for an answer to what was handed over by another way.</summary>
    public async Task<TAnswer> AwaitAsync(string key, CancellationToken cancellationToken)
    {
        var answer = _waiting.GetOrAdd(key, static _ => new TaskCompletionSource<TAnswer>(TaskCreationOptions.RunContinuationsAsynchronously));
        try
        {
            return await answer.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            _waiting.TryRemove(new KeyValuePair<string, TaskCompletionSource<TAnswer>>(key, answer));
        }
    }

    /// <summary>Waits for the first item, then takes what else has come within <paramref name="linger"/>, up to <paramref name="max"/>.</summary>
    public async Task<IReadOnlyList<(string Key, TItem Item)>> TakeGroupAsync(int max, TimeSpan linger, TimeProvider time, CancellationToken cancellationToken)
    {
        await _asked.Reader.WaitToReadAsync(cancellationToken);
        if (_asked.Reader.Count < max)
            await Task.Delay(linger, time, cancellationToken);
        var group = new List<(string, TItem)>();
        while (group.Count < max && _asked.Reader.TryRead(out var asked))
        {
            // Who gave up meanwhile asks again later; handing it over now could only double it.
            if (_waiting.ContainsKey(asked.Key))
                group.Add(asked);
        }

        return group;
    }

    /// <summary>False where no one waits for the answer any more.</summary>
    public bool Answer(string key, TAnswer answer) => _waiting.TryGetValue(key, out var waiting) && waiting.TrySetResult(answer);

    public void Fail(string key, Exception fault)
    {
        if (_waiting.TryGetValue(key, out var waiting))
            waiting.TrySetException(fault);
    }
}

using System.Globalization;
using Microsoft.Extensions.Logging;

namespace DataHub.Core.Native.Ziyang;

/// <summary>One row to hand over.</summary>
/// <param name="Prefix">Begins the file's name; rows of different prefixes go to different files.</param>
public sealed record ZiyangPosting(string Prefix, ZiyangFormat Format, NativeRecord Record);

/// <summary>
/// The asking half of either side: writes rows to files of one folder, many a file, and finds each row's answer in the
/// answer folder. What a file asked is remembered in memory only: after a restart the same row is written again, and the
/// other side, which knows a message by its number, gives the same answer.
/// </summary>
public sealed class ZiyangCalls<TAnswer>(
    ZiyangFolders folders, DropFolder questions, DropFolder answers, ZiyangFormat answerFormat, Func<ZiyangRow, TAnswer> read, Func<TAnswer, bool> isFinal,
    TimeSpan poll, TimeProvider time, ILogger log)
{
    private const int GroupSize = 500;
    private const int MaxLateAnswers = 10_000;
    private static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan WhileWaiting = TimeSpan.FromMilliseconds(25);

    private readonly GroupedCalls<ZiyangPosting, TAnswer> _calls = new(2 * GroupSize);
    private readonly Lock _turn = new();

    /// <summary>By the name of the answer: the file, and whom its rows are for.</summary>
    private readonly Dictionary<string, (string File, IReadOnlyList<string> Keys)> _asked = new(StringComparer.Ordinal);

    /// <summary>By key: the name of the answer that is to come.</summary>
    private readonly Dictionary<string, string> _unanswered = new(StringComparer.Ordinal);

    /// <summary>Answers that came when no one waited any more: a side that is slower than the time-out still gets on.</summary>
    private readonly Dictionary<string, TAnswer> _late = new(StringComparer.Ordinal);

    private int _files;

    /// <summary>Waits until the row is answered or the caller gives up. Asking again while the file still lies there writes no second row.</summary>
    public async Task<TAnswer> AskAsync(string key, ZiyangPosting posting, CancellationToken cancellationToken)
    {
        lock (_turn)
        {
            if (_late.Remove(key, out var answer))
                return answer;
        }

        return await _calls.AskAsync(key, posting, cancellationToken);
    }

    private async Task PublishAsync(string prefix, ReadOnlyMemory<byte> content, IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().ToOffset(TimeSpan.FromHours(8)).ToString("yyyyMMddHHmmssfff", CultureInfo.InvariantCulture);
        var name = $"{prefix}{now}_{Interlocked.Increment(ref _files) % 10_000:0000}.csv";
        var answer = ZiyangFolders.AckName(name, content.Span);
        lock (_turn)
        {
            _asked[answer] = (name, keys);
            foreach (var key in keys)
                _unanswered[key] = answer;
        }

        await questions.PublishAsync(name, content, cancellationToken);
    }

    /// <summary>Hands a file of one row over as it is, byte for byte, and waits for its answer.</summary>
    public async Task<TAnswer> AskWithFileAsync(string key, string prefix, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var answer = _calls.AwaitAsync(key, cancellationToken);
        await PublishAsync(prefix, content, [key], cancellationToken);
        return await answer;
    }

    public Task RunAsync(TimeSpan onFault, CancellationToken cancellationToken) => Task.WhenAll(
        Poller.RunAsync(WriteAsync, onFault, log, time, cancellationToken),
        Poller.RunAsync(ReadAnswersAsync, onFault, log, time, cancellationToken));

    private async Task<TimeSpan> WriteAsync(CancellationToken cancellationToken)
    {
        var asked = await _calls.TakeGroupAsync(GroupSize, Linger, time, cancellationToken);
        foreach (var group in asked.Where(call => !IsOnItsWay(call.Key)).DistinctBy(call => call.Key).GroupBy(call => call.Item.Prefix))
        {
            try
            {
                var content = group.First().Item.Format.Write([.. group.Select(call => call.Item.Record)]);
                await PublishAsync(group.Key, content, [.. group.Select(call => call.Key)], cancellationToken);
            }
            catch (Exception fault)
            {
                foreach (var (key, _) in group)
                    _calls.Fail(key, fault);
                throw;
            }
        }

        return TimeSpan.Zero;
    }

    /// <summary>True while a file that holds it lies before the other side, or its answer before us.</summary>
    private bool IsOnItsWay(string key)
    {
        lock (_turn)
        {
            return _unanswered.TryGetValue(key, out var answer) && (questions.Contains(_asked[answer].File) || answers.Contains(answer));
        }
    }

    private async Task<TimeSpan> ReadAnswersAsync(CancellationToken cancellationToken)
    {
        folders.DropStaleMarkers(answers);
        foreach (var name in answers.Ready())
            await ReadAnswerAsync(name, cancellationToken);
        return _calls.AnyWaiting ? WhileWaiting : poll;
    }

    private async Task ReadAnswerAsync(string name, CancellationToken cancellationToken)
    {
        var content = await answers.ReadAsync(name, ZiyangFormat.MaxBytes + 1, cancellationToken);
        var rows = answerFormat.Read(content) is ZiyangReadOutcome.Ok ok ? ok.Rows : null;
        IReadOnlyList<string> keys;
        lock (_turn)
        {
            keys = _asked.Remove(name, out var asked) ? asked.Keys : [];
            foreach (var key in keys.Where(key => _unanswered.GetValueOrDefault(key) == name))
                _unanswered.Remove(key);
        }

        if (rows is null || (keys.Count > 0 && rows.Count != keys.Count))
        {
            // What it was to answer is asked again when its time is up.
            log.LogWarning("An answer of the city cannot be read and is set aside");
            ZiyangFolders.PutAway(answers, folders.Bad, name, content);
            return;
        }

        for (var i = 0; i < keys.Count; i++)
            Answer(keys[i], read(rows[i]));
        ZiyangFolders.PutAway(answers, folders.Done, name, content);
    }

    private void Answer(string key, TAnswer answer)
    {
        if (_calls.Answer(key, answer) || !isFinal(answer))
            return;
        lock (_turn)
        {
            if (_late.Count < MaxLateAnswers)
                _late[key] = answer;
        }
    }
}

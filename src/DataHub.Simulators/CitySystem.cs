using System.Threading.Channels;
using DataHub.Contracts;
using DataHub.Contracts.Payloads;
using DataHub.Core.Flows;
using DataHub.Core.Registry;
using DataHub.Core.Validation;
using DataHub.Simulators.Behaviour;
using DataHub.Simulators.Cases;
using Microsoft.Extensions.Logging;

namespace DataHub.Simulators;

/// <summary>
/// What all four simulated city systems have in common: they own cases, react to what they get, and keep everything in
/// their <see cref="CityStore"/>, so that an end at any moment loses nothing and repeats are recognised. A message is
/// handed over at least once, always under the number and with the bytes that were stored before.
/// </summary>
public sealed class CitySystem(
    string cityKey, CityStore store, Knobs knobs, INativePort port, TimeProvider time, RegistrySnapshot registry, ILogger<CitySystem>? log = null, CityFiles? files = null)
{
    private static readonly TimeSpan DownPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    // Between two looks at the store: what falls due meanwhile is handed over together.
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(5);

    private readonly Channel<bool> woken = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly HashSet<string> busyCases = new(StringComparer.Ordinal);
    private volatile Knobs knobs = knobs;
    private long calls;

    /// <summary>GB/T 2260 code.</summary>
    public string City { get; } = registry.CityByKey(cityKey)?.Code ?? throw new ArgumentException($"There is no city '{cityKey}'.", nameof(cityKey));

    /// <summary>May be changed at any time; what was generated before expects the knobs of then.</summary>
    public Knobs Knobs
    {
        get => knobs;
        set
        {
            knobs = value;
            Wake();
        }
    }

    public INativePort Port => port;

    /// <summary>Null where the city only names files.</summary>
    public CityFiles? Files => files;

    /// <summary>Adds cases to submit. A case number that is there already is left as it is.</summary>
    /// <exception cref="ArgumentException">A case is of another city.</exception>
    public async Task PlanAsync(IReadOnlyList<PlannedCase> cases, CancellationToken cancellationToken)
    {
        if (cases.FirstOrDefault(c => c.City != City) is { } stray)
            throw new ArgumentException($"Case {stray.CaseNumber} is of {stray.City}, not of {City}.", nameof(cases));
        foreach (var some in cases.Chunk(500))
        {
            await WriteAsync(
                desk =>
                {
                    foreach (var planned in some)
                        desk.Plan(planned);
                    return true;
                },
                cancellationToken);
        }

        Wake();
    }

    /// <summary>
    /// Takes a message that the hub's side delivers. When the task is done the message is durable here; a repetition by its
    /// id has no second effect and gives the same answer.
    /// </summary>
    /// <returns>The outcome that this system recorded because of the message; null where the message carries none.</returns>
    /// <exception cref="CityUnavailableException">Down or failed; the message may or may not have been taken.</exception>
    /// <exception cref="UnacceptableMessageException">The message cannot be read.</exception>
    public async Task<Outcome?> HandleAsync(string messageId, string type, string exchangeId, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        var failsAfter = FailOrLater(messageId);
        var outcome = await WriteAsync(desk => desk.Receive(messageId, type, exchangeId, data), cancellationToken);
        // A submission of our own case is a part of our joint application: its files are ours.
        if (files is not null && ReadFor(type, data.Span) is { } payload && store.Read(t => t.CaseOf(exchangeId)) is { } its && !(payload is ServiceSubmission && its.Role == Party.Source))
            files.Want(payload, knobs, CaseDraft.NumberOf(its), exchangeId);
        Wake();
        return failsAfter ? throw new CityUnavailableException("The city's system failed before it could answer.") : outcome;
    }

    /// <summary>Takes the hub's notice that it refused a message of this city. Repetitions have no effect.</summary>
    /// <exception cref="CityUnavailableException">Down or failed; the notice may or may not have been taken.</exception>
    public async Task HandleRefusalAsync(string messageId, string type, string exchangeId, IReadOnlyList<Reason> reasons, CancellationToken cancellationToken)
    {
        var failsAfter = FailOrLater(messageId);
        await WriteAsync(
            desk =>
            {
                desk.Refused(messageId, reasons);
                return true;
            },
            cancellationToken);
        Wake();
        if (failsAfter)
            throw new CityUnavailableException("The city's system failed before it could answer.");
    }

    /// <summary>Hands over what is due until cancelled. Runs once at a time.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                if (knobs.Down)
                {
                    await Task.Delay(DownPause, time, cancellationToken);
                    continue;
                }

                var now = time.GetUtcNow();
                var started = Start(now, cancellationToken);
                // What is due but waits for a free hand is woken by the next answer.
                var next = store.Read(t => t.NextDue(now));
                var pause = next is { } due && due - now < LongestPause ? due - now : LongestPause;
                await PauseAsync(started > 0 || pause < ShortestPause ? ShortestPause : pause, waitsForWake: started == 0, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The end that was asked for. What is under way is handed over again after the next start.
        }
    }

    /// <summary>The outcome of this exchange as this city's own system recorded it; null for none.</summary>
    public Outcome? Recorded(string exchangeId) => store.Read(t => t.CaseOf(exchangeId))?.Outcome;

    /// <summary>The case of this number, or null.</summary>
    public CaseView? FindCase(string caseNumber) => store.Read(t => t.Case(caseNumber)) is { } found ? View(found) : null;

    /// <summary>Cases in the order of their numbers, beginning after <paramref name="after"/> (null: from the first).</summary>
    public IReadOnlyList<CaseView> Cases(string? after, int limit) => [.. store.Read(t => t.Cases(after, limit)).Select(View)];

    public CitySummary Summary() => store.Read(t => t.Summary());

    private int Start(DateTimeOffset now, CancellationToken cancellationToken)
    {
        int busy;
        lock (busyCases)
            busy = busyCases.Count;
        var free = Math.Max(1, knobs.Parallel) - busy;
        if (free <= 0)
            return 0;
        var started = 0;
        foreach (var action in store.Read(t => t.DueActions(now, free + busy)))
        {
            lock (busyCases)
            {
                // One message of a case at a time, so that its steps go out in order.
                if (started == free || !busyCases.Add(action.CaseNumber))
                    continue;
            }

            started++;
            _ = Task.Run(() => SendAsync(action, cancellationToken), CancellationToken.None);
        }

        return started;
    }

    private async Task SendAsync(CityAction action, CancellationToken cancellationToken)
    {
        try
        {
            var exchangeId = !FlowCatalogue.Opens(action.Type) ? store.Read(t => t.Case(action.CaseNumber))?.ExchangeId : null;
            var outcome = await TrySendAsync(action, exchangeId, cancellationToken);
            await WriteAsync(
                desk =>
                {
                    switch (outcome)
                    {
                        case PortOutcome.Accepted accepted:
                            desk.Accepted(action.MessageId, accepted.ExchangeId);
                            break;
                        case PortOutcome.Refused refused:
                            desk.Refused(action.MessageId, refused.Reasons);
                            break;
                        case PortOutcome.Retry retry:
                            desk.Postpone(action.MessageId, retry.After);
                            break;
                    }

                    return true;
                },
                cancellationToken);
        }
        catch (Exception e) when (e is OperationCanceledException or ChannelClosedException)
        {
            // Stopping: still due, handed over again after the next start.
        }
        catch (Exception e)
        {
            log?.LogError("Message {MessageId} of city {City} could not be booked ({Fault}); it is handed over again", action.MessageId, City, e.GetType().Name);
            await Task.Delay(LongestPause, time, CancellationToken.None);
        }
        finally
        {
            lock (busyCases)
                busyCases.Remove(action.CaseNumber);
            Wake();
        }
    }

    private async Task<PortOutcome> TrySendAsync(CityAction action, string? exchangeId, CancellationToken cancellationToken)
    {
        try
        {
            if (files is not null && action.Native is null && ReadFor(action.Type, action.Data) is { } payload && store.Read(t => t.Case(action.CaseNumber)) is { } its)
                await files.HandInAsync(payload, knobs, CaseDraft.NumberOf(its), cancellationToken);
            return await (action.Native is { } sample
                ? port.SendRawAsync(action.MessageId, sample, cancellationToken)
                : port.SendAsync(new OutgoingNative(action.Type, action.MessageId, exchangeId, CaseDraft.WholeSecond(action.MadeAt), action.Data), cancellationToken));
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            log?.LogDebug("Message {MessageId} of city {City} was not handed over ({Fault})", action.MessageId, City, e.GetType().Name);
            return new PortOutcome.Retry(TimeSpan.FromMilliseconds(Math.Min(10_000, 100 << Math.Min(action.Attempts, 7))));
        }
    }

    /// <summary>True where the work is to be done and the answer lost.</summary>
    private bool FailOrLater(string messageId)
    {
        var current = knobs;
        if (current.Down)
            throw new CityUnavailableException("The city's system is down.");
        if (current.FaultRate <= 0)
            return false;
        var call = $"fault {Interlocked.Increment(ref calls)}";
        var draw = Draw.Of(current.Seed, messageId, call);
        if (draw < current.FaultRate / 2)
            throw new CityUnavailableException("The city's system failed.");
        return draw < current.FaultRate;
    }

    private Task<T> WriteAsync<T>(Func<CityDesk, T> work, CancellationToken cancellationToken)
        => store.WriteAsync(t => work(new CityDesk(t, City, registry, knobs, time.GetUtcNow())), cancellationToken);

    private void Wake() => woken.Writer.TryWrite(true);

    private async Task PauseAsync(TimeSpan pause, bool waitsForWake, CancellationToken cancellationToken)
    {
        if (!waitsForWake)
        {
            await Task.Delay(pause, time, cancellationToken);
            return;
        }

        using var first = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(Task.Delay(pause, time, first.Token), woken.Reader.WaitToReadAsync(first.Token).AsTask());
        await first.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        while (woken.Reader.TryRead(out _))
        {
        }
    }

    /// <summary>The payload, where it may name files.</summary>
    private static IPayload? ReadFor(string type, ReadOnlySpan<byte> data) =>
        type is MessageTypes.ServiceSubmission or MessageTypes.JointApplication or MessageTypes.CaseSupplement or MessageTypes.ServiceDecision && PayloadReader.Read(type, data) is ReadOutcome.Ok ok ? ok.Payload : null;

    private static CaseView View(CityCase c) => new(c.Number, c.ExchangeId, c.Role, c.Flow, c.State, c.Outcome, c.Refusals);
}
